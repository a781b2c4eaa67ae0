#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/io/json.hpp"
#include "weft/text/chat_template.hpp"
#include "weft/text/jinja/interpreter.hpp"
#include "weft/text/jinja/syntax.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft {
namespace detail {

/// Levels of nested syntax. Real templates have about 15; Python itself ends at 100 nested blocks.
inline constexpr std::size_t max_template_nesting = 100;
inline constexpr std::size_t max_variable_depth = 120;

/// What JSON and typed messages become: values of the data, which live in the arena of the rendering.
class TemplateVariables final : public JsonHandler {
 public:
  explicit TemplateVariables(jinja::Budget& budget) : budget_(budget) {}

  /// The value of a JSON text. where: what errors begin with.
  jinja::Value parse(std::string_view json, std::string_view where) {
    stack_.clear();
    parse_json(json, *this, where, max_variable_depth);
    return result_;
  }

  void open(bool is_object) override {
    stack_.emplace_back();
    stack_.back().is_object = is_object;
  }
  void close(bool is_object) override {
    Level level = std::move(stack_.back());
    stack_.pop_back();
    if (is_object) put(make_dict(budget_, std::move(level.pairs)));
    else put(make_sequence(budget_, jinja::Kind::list, level.items));
  }
  void key(std::string& name) override { stack_.back().key = make_text(name); }
  void null() override { put(data(jinja::Value{})); }
  void boolean(bool value) override { put(jinja::make_bool(value, true)); }
  void integer(std::int64_t value) override { put(jinja::make_integer(value, true)); }
  void natural(std::uint64_t value) override {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      fail(ErrorKind::argument, "the number ", value, " in the variables of a chat template is outside 64 bits with a sign");
    integer(static_cast<std::int64_t>(value));
  }
  void number(double value) override { put(jinja::make_real(value, true)); }
  void text(std::string& value) override { put(make_text(value)); }

  /// A text of the data, copied.
  jinja::Value make_text(std::string_view text) { return jinja::text_copy(budget_, text, false); }

 private:
  struct Level {
    bool is_object = false;
    jinja::Value key{};
    std::vector<jinja::Value> items;
    std::vector<jinja::Pair> pairs;
  };

  static jinja::Value data(jinja::Value value) {
    value.data = true;
    return value;
  }
  void put(const jinja::Value& value) {
    if (stack_.empty()) result_ = value;
    else if (stack_.back().is_object) stack_.back().pairs.push_back({stack_.back().key, value});
    else stack_.back().items.push_back(value);
  }

  jinja::Budget& budget_;
  std::vector<Level> stack_;
  jinja::Value result_;
};

/// Roles that no user can put to use: a template may build a control token with them.
inline bool is_usual_role(std::string_view role) {
  static constexpr std::array<std::string_view, 14> roles{"system", "user", "assistant", "tool", "developer", "function", "model", "ipython",
                                                          "observation", "human", "gpt", "bot", "context", "tools"};
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

inline void trust_role(jinja::Budget& budget, const jinja::Value& message) {
  if (message.kind != jinja::Kind::dict) return;
  const jinja::Value* role = find(budget, *message.dict, "role");
  if (role != nullptr && role->kind == jinja::Kind::string && is_usual_role(view_of(budget, *role))) role->string->written = true;
}

inline void trust_roles(jinja::Budget& budget, const jinja::Value& messages) {
  if (messages.kind != jinja::Kind::list) return;
  for (std::size_t i = 0; i < messages.seq->size; ++i) trust_role(budget, messages.seq->items[i]);
}

}  // namespace detail

struct ChatTemplate::Data {
  Data(std::string_view source, TemplateTokens special) : original(source), tokens(std::move(special)) {
    program.source = original;
    try {
      detail::jinja::parse(program, detail::max_template_nesting);
    } catch (const Error& error) {
      throw Error(error.kind(), std::string("chat template, ") + error.what());
    }
  }

  std::string original;
  TemplateTokens tokens;
  detail::jinja::Program program;
};

namespace detail {

/// One rendering: variables are put together, then the program runs over them.
class ChatRendering {
 public:
  ChatRendering(const jinja::Program& program, const TemplateTokens& tokens, const RenderOptions& options, std::size_t input_bytes)
      : interpreter_(program, options.limits, input_bytes + options.tools.size() + options.documents.size() + options.extra.size(), options.now),
        variables_(interpreter_) {
    set("bos_token", jinja::text_view(interpreter_, tokens.bos_token, true));
    set("eos_token", jinja::text_view(interpreter_, tokens.eos_token, true));
  }

  /// Later values of a name win.
  void set(std::string_view name, const jinja::Value& value) {
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const jinja::Variable& v) { return v.name == name; });
    if (found != all_.end()) found->value = value;
    else all_.push_back({name, value});
  }

  void set_messages(std::string_view json) {
    const jinja::Value messages = parsed(json, "messages", jinja::Kind::list);
    trust_roles(interpreter_, messages);
    set("messages", messages);
  }

  void set_messages(const Conversation& conversation) {
    std::vector<jinja::Value> messages;
    for (const Message& message : conversation) messages.push_back(make(message));
    const jinja::Value list = make_sequence(interpreter_, jinja::Kind::list, messages);
    trust_roles(interpreter_, list);
    set("messages", list);
  }

  void set_options(const RenderOptions& options) {
    set("add_generation_prompt", jinja::make_bool(options.add_generation_prompt));
    set("tools", options.tools.empty() ? jinja::Value{} : parsed(options.tools, "tools", jinja::Kind::list));
    set("documents", options.documents.empty() ? jinja::Value{} : parsed(options.documents, "documents", jinja::Kind::list));
    if (!options.extra.empty()) set_all(options.extra, "extra");
  }

  void set_all(std::string_view json, std::string_view where) {
    const jinja::Value object = parsed(json, where, jinja::Kind::dict);
    for (std::size_t i = 0; i < object.dict->size; ++i) {
      const jinja::Pair& pair = object.dict->items[i];
      const std::string_view name = view_of(interpreter_, pair.key);
      if (name == "messages") trust_roles(interpreter_, pair.value);
      set(name, pair.value);
    }
  }

  RenderedChat run() {
    try {
      interpreter_.run(all_);
    } catch (const Error& error) {
      throw Error(error.kind(), std::string("chat template, ") + error.what());
    }
    RenderedChat chat;
    std::size_t begin = 0;
    for (const jinja::Run& run : interpreter_.output.runs) {
      if (run.written) chat.written.push_back({begin, run.end});
      begin = run.end;
    }
    for (const auto& [first, last] : interpreter_.generation) chat.generation.push_back({first, last});
    chat.text = std::move(interpreter_.output.text);
    return chat;
  }

 private:
  jinja::Value parsed(std::string_view json, std::string_view what, jinja::Kind kind) {
    try {
      const jinja::Value value = variables_.parse(json, concat("chat template: ", what));
      if (value.kind == kind) return value;
      fail(ErrorKind::argument, "chat template: ", what, " must be a JSON ", kind == jinja::Kind::list ? "array" : "object");
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::format) throw;
      throw Error(ErrorKind::argument, error.what());
    }
  }

  jinja::Value make(const Message& message) {
    std::vector<jinja::Pair> pairs;
    const auto add = [&](std::string_view key, const jinja::Value& value) { pairs.push_back({jinja::text_view(interpreter_, key, false), value}); };
    const auto text = [&](std::string_view value) { return jinja::text_view(interpreter_, value, false); };
    add("role", text(message.role));
    add("content", text(message.content));
    if (!message.tool_calls.empty()) {
      std::vector<jinja::Value> calls;
      for (const ToolCall& call : message.tool_calls) calls.push_back(make(call));
      add("tool_calls", make_sequence(interpreter_, jinja::Kind::list, calls));
    }
    if (!message.tool_call_id.empty()) add("tool_call_id", text(message.tool_call_id));
    if (!message.name.empty()) add("name", text(message.name));
    if (!message.extra.empty()) {
      const jinja::Value extra = parsed(message.extra, "Message::extra", jinja::Kind::dict);
      pairs.insert(pairs.end(), extra.dict->items, extra.dict->items + extra.dict->size);
    }
    return make_dict(interpreter_, std::move(pairs));
  }

  jinja::Value make(const ToolCall& call) {
    const auto text = [&](std::string_view value) { return jinja::text_view(interpreter_, value, false); };
    std::vector<jinja::Pair> function{{text("name"), text(call.name)},
                                      {text("arguments"), parsed(call.arguments, "ToolCall::arguments", jinja::Kind::dict)}};
    std::vector<jinja::Pair> pairs;
    if (!call.id.empty()) pairs.push_back({text("id"), text(call.id)});
    pairs.push_back({text("type"), text("function")});
    pairs.push_back({text("function"), make_dict(interpreter_, std::move(function))});
    return make_dict(interpreter_, std::move(pairs));
  }

  jinja::Interpreter interpreter_;
  TemplateVariables variables_;
  std::vector<jinja::Variable> all_;
};

inline std::size_t bytes_of(const Conversation& conversation) {
  std::size_t bytes = 0;
  for (const Message& m : conversation) {
    bytes += 64 + m.role.size() + m.content.size() + m.tool_call_id.size() + m.name.size() + m.extra.size();
    for (const ToolCall& call : m.tool_calls) bytes += 64 + call.name.size() + call.arguments.size() + call.id.size();
  }
  return bytes;
}

}  // namespace detail

WEFT_INLINE ChatTemplate::ChatTemplate(std::string_view source, TemplateTokens tokens) : data_(std::make_shared<const Data>(source, std::move(tokens))) {}

WEFT_INLINE RenderedChat ChatTemplate::render(const Conversation& messages, const RenderOptions& options) const {
  detail::ChatRendering rendering(data_->program, data_->tokens, options, detail::bytes_of(messages));
  rendering.set_messages(messages);
  rendering.set_options(options);
  return rendering.run();
}

WEFT_INLINE RenderedChat ChatTemplate::render(std::string_view messages, const RenderOptions& options) const {
  detail::ChatRendering rendering(data_->program, data_->tokens, options, messages.size());
  rendering.set_messages(messages);
  rendering.set_options(options);
  return rendering.run();
}

WEFT_INLINE RenderedChat ChatTemplate::render_variables(std::string_view variables, const RenderOptions& options) const {
  detail::ChatRendering rendering(data_->program, data_->tokens, options, variables.size());
  rendering.set_all(variables, "variables");
  return rendering.run();
}

WEFT_INLINE const std::string& ChatTemplate::source() const noexcept { return data_->original; }
WEFT_INLINE const TemplateTokens& ChatTemplate::tokens() const noexcept { return data_->tokens; }

WEFT_INLINE std::vector<Token> encode(const Tokenizer& tokenizer, const RenderedChat& chat) { return tokenizer.encode_marked(chat.text, chat.written); }

}  // namespace weft
