// From text to tokens and back.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/byte_range.hpp"
#include "weft/core/config.hpp"
#include "weft/core/token.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/encoding.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft {

class ThreadPool;

namespace detail {
class TokenizerFamily;
}

/// A tokenizer: an immutable value, cheap to copy, safe to share between threads.
///
/// Texts may hold any bytes: encoding takes what is no UTF-8 byte by byte and never fails on it, and with a byte-level vocabulary that
/// covers all bytes decode(encode(text), InvalidUtf8::keep) is the text. All costs are O(n log n) in the longest word at worst, or, where
/// tokens are looked for in a trie (Unigram, WordPiece, RWKV, PLaMo 2), O(n) times the longest token, which has 1,024 bytes at most.
/// Texts are never cut to a length nor filled up to one: that is the caller's.
class Tokenizer {
 public:
  /// Throws Error(unsupported) for a model that Vocabulary::model does not list or an unknown pre-tokeniser, Error(format) for merges
  /// that are none and for missing scores, Error(argument) for ids outside the vocabulary.
  explicit Tokenizer(Vocabulary vocabulary);
  explicit Tokenizer(std::shared_ptr<const detail::TokenizerFamily> family);

  /// Text as a user typed it: no control token can come out, whatever the text, and nothing is added.
  [[nodiscard]] std::vector<Token> encode(std::string_view text) const;
  /// Text in which the names of control tokens (and of the unknown token) stand for them: a rendered template, say.
  [[nodiscard]] std::vector<Token> encode_with_control(std::string_view text) const;
  /// Text of which some parts may hold control tokens: their names stand for them where they lie wholly inside one of the ranges
  /// `trusted` (sorted, apart from each other), everywhere else they are text. Throws Error(argument) for other ranges.
  std::vector<Token> encode_marked(std::string_view text, std::span<const ByteRange> trusted) const;
  /// encode(text), with BOS before and EOS after it as the vocabulary says.
  [[nodiscard]] std::vector<Token> encode_prompt(std::string_view text) const;

  /// The tokens of many texts, each as encode, encode_with_control or encode_prompt gives them under the options (`unit` says nothing
  /// here); workers of the pool take turns with the texts. Throws what the first text that fails throws.
  [[nodiscard]] std::vector<std::vector<Token>> encode_all(std::span<const std::string_view> texts, ThreadPool& pool, const EncodeOptions& options = {}) const;
  /// The same on the pool of the process.
  [[nodiscard]] std::vector<std::vector<Token>> encode_all(std::span<const std::string_view> texts, const EncodeOptions& options = {}) const;

  /// The tokens of a text with their places in it; what encode, encode_with_control and encode_prompt give is `ids` under the options.
  [[nodiscard]] Encoding encoding(std::string_view text, const EncodeOptions& options = {}) const;
  /// The same for two texts (question and context, premise and hypothesis), put together as the tokenizer says.
  [[nodiscard]] Encoding encoding(std::string_view text, std::string_view pair, const EncodeOptions& options = {}) const;

  /// The text of tokens, control tokens left out. Throws Error(argument) for an id outside the vocabulary.
  [[nodiscard]] std::string decode(std::span<const Token> tokens, InvalidUtf8 invalid = InvalidUtf8::replace) const;

  /// The same with the names of control tokens.
  [[nodiscard]] std::string decode_with_control(std::span<const Token> tokens, InvalidUtf8 invalid = InvalidUtf8::replace) const;

  /// The bytes of one token, maybe part of a character; a control token's name. Valid as long as the tokenizer or a copy.
  [[nodiscard]] std::string_view bytes(Token id) const;
  /// True for control tokens and for the unknown token: what decode() leaves out.
  [[nodiscard]] bool is_control(Token id) const;
  [[nodiscard]] std::size_t size() const noexcept;
  /// Sorted.
  [[nodiscard]] std::span<const Token> end_tokens() const noexcept;
  [[nodiscard]] bool is_end(Token id) const noexcept;
  [[nodiscard]] const Vocabulary& vocabulary() const noexcept;

 private:
  friend class StreamDecoder;
  void check(Token id) const;
  [[nodiscard]] std::string decode_tokens(std::span<const Token> tokens, bool control, InvalidUtf8 invalid) const;

  std::shared_ptr<const detail::TokenizerFamily> family_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/tokenizer.ipp"
#endif
