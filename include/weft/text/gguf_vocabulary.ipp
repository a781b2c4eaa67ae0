// Every value is checked here, so that a tokenizer can trust it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <optional>
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
    const Defaults defaults = read_kind();
    out_.bos = special("tokenizer.ggml.bos_token_id", true, out_.bos);
    out_.eos = special("tokenizer.ggml.eos_token_id", true, out_.eos);
    out_.eot = special("tokenizer.ggml.eot_token_id", true);
    out_.eom = special("tokenizer.ggml.eom_token_id", true);
    out_.unknown = special("tokenizer.ggml.unknown_token_id", false, out_.unknown);
    out_.pad = special("tokenizer.ggml.padding_token_id", false, out_.pad);
    if (out_.model == "bert") out_.eos = special("tokenizer.ggml.seperator_token_id", true, out_.eos);
    if (defaults.fixed) {
      out_.add_bos = defaults.add_bos && out_.bos;
      out_.add_eos = defaults.add_eos && out_.eos;
    } else {
      out_.add_bos = flag("tokenizer.ggml.add_bos_token", defaults.add_bos, out_.bos);
      if (defaults.always_bos && out_.bos) out_.add_bos = true;
      out_.add_eos = flag("tokenizer.ggml.add_eos_token", defaults.add_eos, out_.eos);
    }
    find_end_tokens();
    find_strip_right();
    return std::move(out_);
  }

 private:
  /// What encode_prompt adds where the file does not say, or whatever it says.
  struct Defaults {
    bool add_bos = false, add_eos = false, fixed = false;
    bool always_bos = false;
  };

  [[noreturn]] void missing(std::string_view key) const {
    fail(ErrorKind::format, file_.source(), ": ", key, " is missing; ", out_.model.empty() ? "a vocabulary" : "a vocabulary of the model " + quote(out_.model),
         " needs it");
  }

  Defaults read_kind() {
    const std::string_view model = out_.model;
    if (model == "gpt2" || model == "whitespace" || model == "gemma4" || model == "hybriddna") return read_bpe();
    if (model == "llama") return read_sentencepiece();
    if (model == "t5") return read_unigram();
    if (model == "bert") return read_wordpiece();
    if (model == "rwkv" || model == "plamo2") {
      read_tokens();
      if (model == "plamo2") {
        read_scores();
        set_default_ids({{&Vocabulary::bos, 1}, {&Vocabulary::eos, 2}, {&Vocabulary::unknown, 0}, {&Vocabulary::pad, 3}});
      }
      return {.fixed = true};
    }
    if (model == "none" || model == "no_vocab")
      fail(ErrorKind::unsupported, file_.source(), ": tokenizer.ggml.model is ", quote(model), ": the file has no vocabulary; take the one of the model it belongs to");
    fail(ErrorKind::unsupported, file_.source(), ": tokenizer.ggml.model is ", quote(model), ", which this build cannot read; supported: ", vocabulary_models);
  }

  Defaults read_bpe() {
    const auto pre = file_.string("tokenizer.ggml.pre");
    if (!pre && out_.model != "gemma4") missing("tokenizer.ggml.pre");
    out_.pre = out_.model == "gemma4" ? "gemma4" : std::string(*pre);
    const auto* family = find_pre_tokenizer(out_.pre);
    if (family == nullptr)
      fail(ErrorKind::unsupported, file_.source(), ": tokenizer.ggml.pre is '", *pre, "', which this build does not know; supported: ", pre_tokenizer_names());
    read_tokens();
    if (out_.pre != "kimi-k2" || file_.has("tokenizer.ggml.merges")) read_merges();
    out_.lowercase = file_.boolean("tokenizer.ggml.normalizer.lowercase").value_or(family->name != "whitespace");
    return {.add_bos = family->add_bos, .always_bos = family->name == "gemma4"};  // files of Gemma 4 say wrongly that it has none
  }

  // Without keys the special ids are those of the first models of each kind; where the vocabulary is too small there are none.
  void set_default_ids(std::initializer_list<std::pair<std::optional<Token> Vocabulary::*, Token>> defaults) {
    for (const auto& [role, id] : defaults)
      if (static_cast<std::size_t>(id) < out_.tokens.size()) out_.*role = id;
  }

  // `tokenizer.ggml.pre` says nothing here and in what follows.
  Defaults read_sentencepiece() {
    read_tokens();
    read_scores();
    out_.add_space_prefix = file_.boolean("tokenizer.ggml.add_space_prefix").value_or(true);
    if (out_.tokens.size() > 2) set_default_ids({{&Vocabulary::bos, 1}, {&Vocabulary::eos, 2}, {&Vocabulary::unknown, 0}});
    return {.add_bos = true};
  }

  Defaults read_unigram() {
    read_tokens();
    read_scores();
    out_.add_space_prefix = file_.boolean("tokenizer.ggml.add_space_prefix").value_or(false);
    out_.remove_extra_spaces = file_.boolean("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
    for (const std::int64_t byte : file_.integers("tokenizer.ggml.precompiled_charsmap"))
      out_.charsmap.push_back(static_cast<char>(static_cast<unsigned char>(byte & 0xFF)));
    set_default_ids({{&Vocabulary::eos, 1}, {&Vocabulary::unknown, 2}, {&Vocabulary::pad, 0}});
    return {.add_eos = true};
  }

  Defaults read_wordpiece() {
    read_tokens();
    out_.lowercase = file_.boolean("tokenizer.ggml.normalizer.lowercase").value_or(true);
    out_.strip_accents = file_.boolean("tokenizer.ggml.normalizer.strip_accents").value_or(out_.lowercase);
    set_default_ids({{&Vocabulary::bos, 101}, {&Vocabulary::eos, 102}, {&Vocabulary::unknown, 100}, {&Vocabulary::pad, 0}});
    return {.add_bos = true, .add_eos = true, .fixed = true};
  }

  void read_scores() {
    out_.scores = file_.numbers("tokenizer.ggml.scores");
    if (out_.scores.empty()) missing("tokenizer.ggml.scores");
    if (out_.scores.size() != out_.tokens.size())
      fail(ErrorKind::format, file_.source(), ": tokenizer.ggml.scores has ", out_.scores.size(), " items, expected ", out_.tokens.size(),
           " as in tokenizer.ggml.tokens");
    for (std::size_t i = 0; i < out_.scores.size(); ++i)
      if (std::isnan(out_.scores[i])) fail(ErrorKind::format, file_.source(), ": tokenizer.ggml.scores[", i, "] is not a number");
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
