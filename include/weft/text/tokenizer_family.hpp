// What a Tokenizer needs of the algorithm behind it. Not API: use text/tokenizer.hpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/encoding.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft::detail {

/// What decoding remembers from token to token: a value, copied where a sequence forks.
struct DecodeState {
  struct Step {
    std::string held{};      ///< text not yet certain
    std::string previous{};  ///< the token before
    std::size_t count = 0;   ///< tokens or characters seen
  };
  std::size_t tokens = 0;
  std::uint64_t credit = 1024;  ///< bytes of text that decoders may yet make
  std::vector<Step> steps{};
};

/// An algorithm with its vocabulary: immutable, shared between threads. Ids that come in lie in the vocabulary.
class TokenizerFamily {
 public:
  TokenizerFamily(const TokenizerFamily&) = delete;
  TokenizerFamily& operator=(const TokenizerFamily&) = delete;
  virtual ~TokenizerFamily() = default;

  /// Appends the tokens of a text and, if asked, where in it each stands (bytes).
  virtual void encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const = 0;
  /// BOS and EOS as the vocabulary says, around each text.
  virtual void encode_prompt(std::string_view text, bool control, std::vector<Token>& out) const;
  virtual Encoding encoding(std::string_view text, const std::string_view* pair, const EncodeOptions& options) const;

  [[nodiscard]] virtual std::string_view bytes(Token id) const = 0;
  /// Appends the text that a token adds after those before it, maybe part of a character.
  virtual void decode(Token id, DecodeState& state, InvalidUtf8 invalid, std::string& out) const;
  /// Appends what was held back, and makes the state new.
  virtual void finish(DecodeState& state, InvalidUtf8 invalid, std::string& out) const;

  [[nodiscard]] const Vocabulary& vocabulary() const noexcept { return vocabulary_; }
  [[nodiscard]] bool is_control(Token id) const noexcept {
    return !vocabulary_.types.empty() && is_control(vocabulary_.types[static_cast<std::size_t>(id)]);
  }
  /// Whether decode() leaves a token out: control tokens, but for those in `shown_`.
  [[nodiscard]] bool is_left_out(Token id) const noexcept {
    return is_control(id) && (shown_.empty() || !shown_[static_cast<std::size_t>(id)]);
  }
  static constexpr bool is_control(TokenType type) noexcept { return type == TokenType::control || type == TokenType::unknown; }

 protected:
  /// Throws Error(argument) for ids outside the vocabulary, Error(unsupported) for one too large.
  explicit TokenizerFamily(Vocabulary vocabulary);

  Vocabulary vocabulary_;
  std::vector<bool> shown_{};  ///< [vocab], or empty: none
};

/// Ranges in bytes of a text become ranges in its characters; a range that ends inside a character ends behind it.
void to_characters(std::string_view text, std::vector<TextRange>& ranges);

/// Throws Error(format) unless each token has a score that is a number.
void check_scores(const Vocabulary& vocabulary);

/// What a token adds to a text whose first token loses the space that encoding put there.
void append_without_front_space(std::string_view token, bool space, DecodeState& state, std::string& out);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/tokenizer_family.ipp"
#endif
