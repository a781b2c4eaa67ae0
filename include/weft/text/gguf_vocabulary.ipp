// Every value is checked here, so that a tokenizer can trust it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
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
    out_.model = std::string(*model);
    bool add_bos = true;
    if (out_.model == "gpt2")
      add_bos = read_byte_level();
    else if (out_.model == "llama")
      read_sentencepiece();
    else
      fail(ErrorKind::unsupported, file_.source(), ": tokenizer.ggml.model is ", quote(out_.model),
           ", which this build cannot read; supported: gpt2 (byte-level BPE), llama (SentencePiece BPE)");
    out_.bos = special("tokenizer.ggml.bos_token_id", true, out_.bos);
    out_.eos = special("tokenizer.ggml.eos_token_id", true, out_.eos);
    out_.eot = special("tokenizer.ggml.eot_token_id", true);
    out_.eom = special("tokenizer.ggml.eom_token_id", true);
    out_.unknown = special("tokenizer.ggml.unknown_token_id", false, out_.unknown);
    out_.pad = special("tokenizer.ggml.padding_token_id", false);
    out_.add_bos = flag("tokenizer.ggml.add_bos_token", add_bos, out_.bos);
    out_.add_eos = flag("tokenizer.ggml.add_eos_token", false, out_.eos);
    find_end_tokens();
    find_strip_right();
    return std::move(out_);
  }

 private:
  [[noreturn]] void missing(std::string_view key) const {
    fail(ErrorKind::format, file_.source(), ": ", key, " is missing; ",
         out_.model.empty() ? "a" : out_.model == "gpt2" ? "a byte-level BPE" : "a SentencePiece", " vocabulary needs it");
  }

  // Whether prompts begin with BOS where the file does not say.
  bool read_byte_level() {
    const auto pre = file_.string("tokenizer.ggml.pre");
    if (!pre) missing("tokenizer.ggml.pre");
    out_.pre = std::string(*pre);
    const auto* family = find_pre_tokenizer(out_.pre);
    if (family == nullptr)
      fail(ErrorKind::unsupported, file_.source(), ": tokenizer.ggml.pre is '", *pre, "', which this build does not know; supported: ", pre_tokenizer_names());
    read_tokens();
    read_merges();
    return family->add_bos;
  }

  // `tokenizer.ggml.pre` says nothing here. Without keys the special ids are those of the first Llama.
  void read_sentencepiece() {
    read_tokens();
    out_.scores = file_.numbers("tokenizer.ggml.scores");
    if (out_.scores.empty()) missing("tokenizer.ggml.scores");
    if (out_.scores.size() != out_.tokens.size())
      fail(ErrorKind::format, file_.source(), ": tokenizer.ggml.scores has ", out_.scores.size(), " items, expected ", out_.tokens.size(),
           " as in tokenizer.ggml.tokens");
    for (std::size_t i = 0; i < out_.scores.size(); ++i)
      if (std::isnan(out_.scores[i])) fail(ErrorKind::format, file_.source(), ": tokenizer.ggml.scores[", i, "] is not a number");
    out_.add_space_prefix = file_.boolean("tokenizer.ggml.add_space_prefix").value_or(true);
    if (out_.tokens.size() > 2) {
      out_.unknown = 0;
      out_.bos = 1;
      out_.eos = 2;
    }
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
  std::optional<Token> special(std::string_view key, bool required, std::optional<Token> otherwise = {}) const {
    const auto id = file_.integer(key);
    if (!id || *id < out_.tokens.size()) return id ? std::optional(static_cast<Token>(*id)) : otherwise;
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
      // Some converters leave an end mark typed as a normal or as a user's token: it is one that only the model can write.
      if (out_.types[i] == TokenType::normal || out_.types[i] == TokenType::user_defined) out_.types[i] = TokenType::control;
      if (out_.types[i] != TokenType::control) continue;
      ends.push_back(static_cast<Token>(i));
      if (text == "<|end|>") end = static_cast<Token>(i);
      if (text == "<|return|>" || text == "<|call|>") ++harmony;
    }
    if (harmony == 2 && end != out_.eos.value_or(-1)) std::erase(ends, end);
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  }

  // Phi-3's added tokens were made to swallow white space, which GGUF cannot say: llama.cpp knows the model by its name.
  void find_strip_right() {
    std::string name(file_.string("general.name").value_or(""));
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (name.find("phi-3") == std::string::npos && name.find("phi3") == std::string::npos) return;
    for (std::size_t i = 0; i < out_.tokens.size(); ++i) {
      const auto type = out_.types[i];
      const std::string_view text = out_.tokens[i];
      if (type != TokenType::control && type != TokenType::user_defined && type != TokenType::unknown) continue;
      if (text != "<unk>" && text != "<s>" && text != "<|endoftext|>") out_.strip_right.push_back(static_cast<Token>(i));
    }
  }

  const Gguf& file_;
  Vocabulary out_;
};

}  // namespace detail

WEFT_INLINE Vocabulary read_vocabulary(const Gguf& file) { return detail::GgufVocabularyReader(file).read(); }

}  // namespace weft
