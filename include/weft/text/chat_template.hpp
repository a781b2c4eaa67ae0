// Chat templates: a conversation becomes the text that a model was trained on, and that text becomes tokens.
// Source: the templates of Hugging Face ("Chat templates" in transformers), which are Jinja (jinja2 3.1, sandboxed).
#pragma once

#include <cstddef>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/byte_range.hpp"
#include "weft/core/config.hpp"
#include "weft/core/token.hpp"
#include "weft/text/render_limits.hpp"
#include "weft/text/tokenizer.hpp"

namespace weft {

/// A call of a tool that the model asked for.
struct ToolCall {
  std::string name{};
  std::string arguments = "{}";  ///< a JSON object
  std::string id{};              ///< left out if empty
};

/// One message of a conversation.
struct Message {
  std::string role{};  ///< "system", "user", "assistant", "tool", or what the template knows
  std::string content{};
  std::vector<ToolCall> tool_calls{};
  std::string tool_call_id{};  ///< of a tool's answer; left out if empty
  std::string name{};          ///< of the tool or the speaker; left out if empty
  std::string extra{};         ///< a JSON object of further fields ({"reasoning_content": "..."}), or empty
};

using Conversation = std::vector<Message>;

/// The special tokens' texts, which templates write: {{ bos_token }}.
struct TemplateTokens {
  std::string bos_token{};
  std::string eos_token{};
};

struct RenderOptions {
  bool add_generation_prompt = false;  ///< ends with the opening of the assistant's turn
  std::string tools{};                 ///< a JSON array of tools, or empty: none
  std::string documents{};             ///< a JSON array of documents, or empty: none
  std::string extra{};                 ///< a JSON object of further variables ({"enable_thinking": false}), or empty
  std::optional<std::tm> now{};        ///< what strftime_now prints; none: the local time
  RenderLimits limits{};
};

/// What a template made of a conversation.
struct RenderedChat {
  std::string text{};
  std::vector<ByteRange> written{};    ///< the bytes that the template wrote; all others came with the data
  std::vector<ByteRange> generation{};  ///< the bytes of {% generation %} blocks: what the assistant says
};

/// A parsed chat template: an immutable value, cheap to copy, safe to share between threads.
///
/// The engine is Jinja as Hugging Face runs it: jinja2's ImmutableSandboxedEnvironment with trim_blocks and lstrip_blocks, loop controls,
/// {% generation %}, tojson without HTML escapes, raise_exception and strftime_now. Not there: include, import, extends, automatic escaping, the
/// filters random, pprint, urlize, wordwrap and xmlattr, and integers beyond 64 bits; each is an error that says so.
///
/// **Where text came from.** Every byte of the result is known to be the template's or the data's, through all filters, methods and slices.
/// encode() lets control tokens come only from what the template wrote, so a user who types <|im_end|> types nine harmless characters. The
/// role of a message counts as the template's where it is one of the usual words (templates write '<|' + role + '|>').
class ChatTemplate {
 public:
  /// Throws Error(format) for what is no template, Error(unsupported) for a part of Jinja that is left out, Error(resource) for nesting
  /// above 100 levels; each with line and column. The text of `source` is copied.
  explicit ChatTemplate(std::string_view source, TemplateTokens tokens = {});

  /// Renders a conversation. As in transformers, `tools` and `documents` are variables that are none when not given.
  ///
  /// Throws Error(argument) with the message when the template calls raise_exception (roles out of order, say), and for JSON that is none;
  /// Error(format) for what fails inside of the template; Error(resource) past a limit. Messages name line and column.
  [[nodiscard]] RenderedChat render(const Conversation& messages, const RenderOptions& options = {}) const;
  /// The same with the messages as a JSON array, which may have any fields.
  [[nodiscard]] RenderedChat render(std::string_view messages, const RenderOptions& options = {}) const;
  /// Renders with the fields of a JSON object as all the variables there are (and the special tokens, unless it has them too). Of
  /// `options` only now and limits count.
  [[nodiscard]] RenderedChat render_variables(std::string_view variables, const RenderOptions& options = {}) const;

  [[nodiscard]] const std::string& source() const noexcept;
  [[nodiscard]] const TemplateTokens& tokens() const noexcept;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

/// The tokens of a rendered chat. Control tokens come only from names that lie wholly in what the template wrote; all else is text. No
/// BOS is added: the template writes it.
std::vector<Token> encode(const Tokenizer& tokenizer, const RenderedChat& chat);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/chat_template.ipp"
#include "weft/text/jinja/convert.ipp"
#include "weft/text/jinja/filters_texts.ipp"
#include "weft/text/jinja/format.ipp"
#include "weft/text/jinja/interpreter.ipp"
#include "weft/text/jinja/lexer.ipp"
#include "weft/text/jinja/methods.ipp"
#include "weft/text/jinja/natives.ipp"
#include "weft/text/jinja/operators.ipp"
#include "weft/text/jinja/parser.ipp"
#include "weft/text/jinja/percent_format.ipp"
#include "weft/text/jinja/printing.ipp"
#include "weft/text/jinja/statements.ipp"
#include "weft/text/jinja/tests.ipp"
#include "weft/text/jinja/text.ipp"
#include "weft/text/jinja/to_json.ipp"
#include "weft/text/jinja/values.ipp"
#endif
