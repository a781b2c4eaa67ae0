// Which tokens spell given bytes: those of the tokenizer where it gives these bytes back, else the longest that fit, one after the other.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/token.hpp"
#include "weft/text/byte_trie.hpp"

namespace weft::detail {

template <class Tokenizer>
class Speller {
 public:
  explicit Speller(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
    std::size_t all = 0;
    for (Token id = 0; id < size(); ++id) all += bytes(id).size();
    trie_.reserve(all);
    for (Token id = size() - 1; id >= 0; --id) trie_.add(bytes(id), id);  // of equal ones the lowest id
  }

  /// None for control tokens and for ids that the tokenizer does not know.
  [[nodiscard]] std::string_view bytes(Token id) const {
    return id < 0 || id >= size() || tokenizer_.is_control(id) ? std::string_view() : std::string_view(tokenizer_.bytes(id));
  }
  /// The first of the tokens that end a text; -1 for none.
  [[nodiscard]] Token end_token() const {
    const auto ends = tokenizer_.end_tokens();
    return ends.empty() ? -1 : ends.front();
  }

  /// Tokens that have these bytes, of a text that goes on. False where there are none.
  bool spell(std::string_view text, std::vector<Token>& tokens) const {
    if (takes(text, tokenizer_.encode(text), tokens)) return true;
    // SentencePiece puts a space before a text
    if (text.substr(0, 1) == " " && takes(text, tokenizer_.encode(text.substr(1)), tokens)) return true;
    tokens.clear();
    const auto word = text.find(' ', 1);  // it may be only the first one that is cut otherwise
    if (!spell_by_length(text.substr(0, word), tokens)) return false;
    if (word == text.npos) return true;
    std::vector<Token> rest;
    text.remove_prefix(word);
    if (!takes(text, tokenizer_.encode(text), rest) && !takes(text, tokenizer_.encode(text.substr(1)), rest)) return spell_by_length(text, tokens);
    tokens.insert(tokens.end(), rest.begin(), rest.end());
    return true;
  }
  /// The same of a whole text, with the control tokens that stand before one; with a space before it if the tokenizer puts it there.
  bool spell_prompt(std::string_view text, std::vector<Token>& tokens) const {
    if (takes(text, tokenizer_.encode_prompt(text), tokens)) return true;
    if (text.substr(0, 1) == " " && takes(text, tokenizer_.encode_prompt(text.substr(1)), tokens)) return true;
    return spell(text, tokens);
  }

 private:
  [[nodiscard]] Token size() const { return static_cast<Token>(tokenizer_.size()); }

  bool spell_by_length(std::string_view text, std::vector<Token>& tokens) const {
    while (!text.empty()) {
      const auto best = trie_.longest(text);
      if (best.id < 0) return false;
      tokens.push_back(best.id);
      text.remove_prefix(best.length);
    }
    return true;
  }
  /// Whether these tokens have these bytes.
  bool takes(std::string_view text, std::vector<Token> found, std::vector<Token>& tokens) const {
    std::size_t at = 0;
    for (const Token id : found) {
      const auto piece = bytes(id);
      if (text.substr(at, piece.size()) != piece) return false;
      at += piece.size();
    }
    if (at != text.size()) return false;
    tokens = std::move(found);
    return true;
  }

  Tokenizer tokenizer_;
  ByteTrie trie_;
};

}  // namespace weft::detail
