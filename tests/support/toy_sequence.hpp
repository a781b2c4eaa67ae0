// A model without weights for tests of decoding: logits are a hash of the last tokens, so they are free, deterministic
// and differ everywhere. Tokens are any byte strings, also parts of characters.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/core/philox.hpp"
#include "weft/core/thread_pool.hpp"
#include "weft/core/token.hpp"

namespace weft::test {

/// Emits whole characters only, as the library's decoder does; what cannot be completed becomes U+FFFD.
class ToyDecoder {
 public:
  explicit ToyDecoder(const std::vector<std::string>& vocabulary) : vocabulary_(&vocabulary) {}

  std::string_view push(Token token) {
    out_.clear();
    waiting_ += (*vocabulary_)[static_cast<std::size_t>(token)];
    while (!waiting_.empty()) {
      const auto lead = static_cast<unsigned char>(waiting_[0]);
      const std::size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
      std::size_t good = 1;
      while (good < length && good < waiting_.size() && (static_cast<unsigned char>(waiting_[good]) & 0xC0) == 0x80) ++good;
      if (length != 0 && good == waiting_.size() && good < length) break;  // may yet be completed
      if (length != 0 && good == length)
        out_ += waiting_.substr(0, length);
      else
        out_ += "\xEF\xBF\xBD";
      waiting_.erase(0, length != 0 && good == length ? length : good);
    }
    return out_;
  }
  std::string_view finish() {
    out_ = waiting_.empty() ? "" : "\xEF\xBF\xBD";
    waiting_.clear();
    return out_;
  }

 private:
  const std::vector<std::string>* vocabulary_;
  std::string waiting_, out_;
};

class ToyTokenizer {
 public:
  using StreamDecoder = ToyDecoder;
  explicit ToyTokenizer(std::vector<std::string> vocabulary) : vocabulary_(std::move(vocabulary)) {}
  operator const std::vector<std::string>&() const { return vocabulary_; }

  /// The longest token that fits, again and again.
  [[nodiscard]] std::vector<Token> encode_prompt(std::string_view text) const {
    std::vector<Token> tokens;
    while (!text.empty()) {
      std::size_t best = 0, longest = 0;
      for (std::size_t i = 0; i < vocabulary_.size(); ++i)
        if (vocabulary_[i].size() > longest && text.substr(0, vocabulary_[i].size()) == vocabulary_[i])
          best = i, longest = vocabulary_[i].size();
      if (longest == 0) fail(ErrorKind::argument, "the toy cannot encode '", text, "'");
      tokens.push_back(static_cast<Token>(best));
      text.remove_prefix(longest);
    }
    return tokens;
  }

 private:
  std::vector<std::string> vocabulary_;
};

struct ToyModel {
  std::vector<std::string> vocabulary{};
  std::vector<Token> ends{};
  std::size_t context = 1 << 20;
  std::size_t order = 3;      ///< how many of the last tokens the logits depend on
  float spread = 4;           ///< logits lie in [0, spread)
  std::uint64_t seed = 1;
  bool tokenizes = true;
  /// What follows which token for certain (the rest of the logits stays below); for scripted texts.
  std::vector<Token> script{};
  ToyTokenizer toy_tokenizer{vocabulary};
  mutable std::size_t passes = 0, positions = 0;  ///< appends, and tokens appended
  mutable std::array<std::size_t, 130> widths{};  ///< how many appends had so many tokens, or, the last, more

  [[nodiscard]] std::int64_t vocab_size() const { return static_cast<std::int64_t>(vocabulary.size()); }
  [[nodiscard]] std::span<const Token> end_tokens() const { return ends; }
  [[nodiscard]] bool has_tokenizer() const { return tokenizes; }
  [[nodiscard]] const ToyTokenizer& tokenizer() const {
    if (!tokenizes) fail(ErrorKind::unsupported, "the toy has no tokenizer");
    return toy_tokenizer;
  }

  /// More workers than most machines under test have cores: they are preempted anywhere.
  [[nodiscard]] static ThreadPool& pool() {
    static ThreadPool threads(3);
    return threads;
  }

  void logits_after(std::span<const Token> tokens, std::vector<float>& logits) const {
    std::uint64_t hash = seed;
    for (const Token t : tokens.last(tokens.size() < order ? tokens.size() : order))
      hash = (hash ^ static_cast<std::uint64_t>(t + 1)) * 0x9E3779B97F4A7C15u;
    for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = spread * static_cast<float>(uniform(hash, 7, i));
    if (tokens.size() <= script.size() && !script.empty())  // token n of the sequence is script[n - 1]
      logits[static_cast<std::size_t>(script[tokens.size() - 1])] = spread + 30;
  }
};

struct ToyAppendOptions {
  std::stop_token cancel{};
};

class ToySequence {
 public:
  explicit ToySequence(const ToyModel& model) : model_(&model), logits_(model.vocabulary.size()) {}

  void append(std::span<const Token> tokens, const ToyAppendOptions& options = {}) {
    if (options.cancel.stop_requested()) fail(ErrorKind::cancelled, "cancelled");
    if (tokens_.size() + tokens.size() > capacity()) fail(ErrorKind::resource, "the toy's context is full");
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    model_->passes += 1;
    model_->positions += tokens.size();
    ++model_->widths[std::min(tokens.size(), model_->widths.size() - 1)];
    model_->logits_after(tokens_, logits_);
  }
  /// earlier: [tokens - 1, vocab], the logits after each token before the last.
  void append_with_logits(std::span<const Token> tokens, std::span<float> earlier, const ToyAppendOptions& options = {}) {
    const std::size_t before = tokens_.size(), vocab = logits_.size();
    append(tokens, options);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      std::vector<float> row(vocab);
      model_->logits_after(std::span<const Token>(tokens_).first(before + i + 1), row);
      std::copy(row.begin(), row.end(), earlier.begin() + static_cast<std::ptrdiff_t>(i * vocab));
    }
  }
  [[nodiscard]] std::span<const float> logits() const { return logits_; }
  [[nodiscard]] std::span<const Token> tokens() const { return tokens_; }
  [[nodiscard]] std::size_t size() const { return tokens_.size(); }
  [[nodiscard]] std::size_t capacity() const { return model_->context; }
  [[nodiscard]] ToySequence fork() const { return *this; }
  void rewind(std::size_t n) {
    tokens_.resize(n);
    if (n > 0) model_->logits_after(tokens_, logits_);
  }
  void reserve(std::size_t n) { tokens_.reserve(n); }
  [[nodiscard]] const ToyModel& model() const { return *model_; }

 private:
  const ToyModel* model_;
  std::vector<Token> tokens_;
  std::vector<float> logits_;
};

inline ToySequence make_sequence(const ToyModel& model) { return ToySequence(model); }

/// A vocabulary of n tokens "<0>", "<1>" ...; the last is an end token.
inline ToyModel numbered_toy(std::size_t n) {
  ToyModel model;
  for (std::size_t i = 0; i < n; ++i) model.vocabulary.push_back("<" + std::to_string(i) + ">");
  model.ends = {static_cast<Token>(n - 1)};
  model.toy_tokenizer = ToyTokenizer(model.vocabulary);
  return model;
}

}  // namespace weft::test
