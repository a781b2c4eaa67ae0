// Every value is checked here, so that a tokenizer can trust it.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/io/gguf.hpp"
#include "weft/text/gguf_vocabulary.hpp"
#include "weft/text/pretokenizer.hpp"

namespace weft {
namespace detail {

// Marks after which a model has nothing more to say, as instruction-tuned models spell them.
inline constexpr std::array<std::string_view, 19> end_marks{
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|endoftext|>", "<|end_of_text|>", "<|end|>", "<|return|>", "<|call|>", "<|calls|>",
    "<|flush|>", "<end_of_turn>", "<turn|>", "<end_of_utterance>", "<eos>", "</s>", "<EOT>", "<｜end▁of▁sentence｜>",
    "<|tool_response>", "[e~["};

class GgufVocabularyReader {
 public:
  explicit GgufVocabularyReader(const Gguf& file) : file_(file) {}

  Vocabulary read() {
    const auto model = file_.string("tokenizer.ggml.model");
    if (!model) missing("tokenizer.ggml.model");
    if (*model != "gpt2")
      fail(ErrorKind::unsupported, file_.source(), ": tokenizer.ggml.model is '", *model, "', which this build cannot read; supported: gpt2 (byte-level BPE)");
    out_.model = std::string(*model);
    const auto pre = file_.string("tokenizer.ggml.pre");
    if (!pre) missing("tokenizer.ggml.pre");
    out_.pre = std::string(*pre);
    const auto* family = find_pre_tokenizer(out_.pre);
    if (family == nullptr)
      fail(ErrorKind::unsupported, file_.source(), ": tokenizer.ggml.pre is '", *pre, "', which this build does not know; supported: ", pre_tokenizer_names());
    read_tokens();
    read_merges();
    out_.bos = special("tokenizer.ggml.bos_token_id", true);
    out_.eos = special("tokenizer.ggml.eos_token_id", true);
    out_.eot = special("tokenizer.ggml.eot_token_id", true);
    out_.eom = special("tokenizer.ggml.eom_token_id", true);
    out_.unknown = special("tokenizer.ggml.unknown_token_id", false);
    out_.pad = special("tokenizer.ggml.padding_token_id", false);
    out_.add_bos = flag("tokenizer.ggml.add_bos_token", family->add_bos, out_.bos);
    out_.add_eos = flag("tokenizer.ggml.add_eos_token", false, out_.eos);
    find_end_tokens();
    return std::move(out_);
  }

 private:
  [[noreturn]] void missing(std::string_view key) const {
    fail(ErrorKind::format, file_.source(), ": ", key, " is missing; a byte-level BPE vocabulary needs it");
  }

  void read_tokens() {
    const auto tokens = file_.strings("tokenizer.ggml.tokens");
    if (tokens.empty()) missing("tokenizer.ggml.tokens");
    out_.tokens.assign(tokens.begin(), tokens.end());
    const auto types = file_.integers("tokenizer.ggml.token_type");
    if (!types.empty() && types.size() != tokens.size())
      fail(ErrorKind::format, file_.source(), ": tokenizer.ggml.token_type has ", types.size(), " items, expected ", tokens.size(),
           " as in tokenizer.ggml.tokens");
    out_.types.assign(tokens.size(), TokenType::normal);
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (types[i] < 0 || types[i] > 6)
        fail(ErrorKind::format, file_.source(), ": tokenizer.ggml.token_type[", i, "] is ", types[i], ", expected 1 to 6");
      if (types[i] > 0) out_.types[i] = static_cast<TokenType>(types[i]);  // 0 is "undefined": nothing special
    }
  }

  void read_merges() {
    if (!file_.has("tokenizer.ggml.merges")) missing("tokenizer.ggml.merges");
    const auto merges = file_.strings("tokenizer.ggml.merges");
    out_.merges.assign(merges.begin(), merges.end());
  }

  // required: an id outside the vocabulary is an error, not "none".
  std::optional<Token> special(std::string_view key, bool required) const {
    const auto id = file_.integer(key);
    if (!id || *id < out_.tokens.size()) return id ? std::optional(static_cast<Token>(*id)) : std::nullopt;
    if (!required) return std::nullopt;
    fail(ErrorKind::format, file_.source(), ": ", key, " is ", *id, ", expected an id below ", out_.tokens.size());
  }

  bool flag(std::string_view key, bool otherwise, const std::optional<Token>& needed) const {
    const auto value = file_.boolean(key);
    if (value && *value && !needed) fail(ErrorKind::format, file_.source(), ": ", key, " is true, but the token to add is not named");
    return value.value_or(otherwise) && needed;
  }

  static bool is_end_mark(std::string_view text) {
    return (text.starts_with('<') || text.starts_with('[')) && std::find(end_marks.begin(), end_marks.end(), text) != end_marks.end();
  }

  void find_end_tokens() {
    auto& ends = out_.end_tokens;
    for (const auto& id : {out_.eos, out_.eot, out_.eom})
      if (id) ends.push_back(*id);
    Token end = -1;
    int harmony = 0;
    for (std::size_t i = 0; i < out_.tokens.size(); ++i) {
      const std::string_view text = out_.tokens[i];
      if (!is_end_mark(text)) continue;
      // Some converters leave an end mark typed as a normal token. No text becomes it even so, for every family's pre-tokeniser
      // cuts between its letters and its brackets: only the model can write it.
      if (out_.types[i] == TokenType::normal) out_.types[i] = TokenType::control;
      if (out_.types[i] != TokenType::control) continue;
      ends.push_back(static_cast<Token>(i));
      if (text == "<|end|>") end = static_cast<Token>(i);
      if (text == "<|return|>" || text == "<|call|>") ++harmony;
    }
    if (harmony == 2 && end != out_.eos.value_or(-1)) std::erase(ends, end);
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  }

  const Gguf& file_;
  Vocabulary out_;
};

}  // namespace detail

WEFT_INLINE Vocabulary read_vocabulary(const Gguf& file) { return detail::GgufVocabularyReader(file).read(); }

}  // namespace weft
