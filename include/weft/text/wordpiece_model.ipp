// WordPiece: again and again the longest token that fits; and WordLevel: the word or nothing.
// Source: Schuster and Nakajima 2012 ("Japanese and Korean Voice Search"); Devlin et al. 2018, arXiv:1810.04805.
#pragma once

#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/byte_trie.hpp"
#include "weft/text/subword_model.hpp"

namespace weft::detail {

inline Token unknown_or_fail(Token unknown, const std::string& name, std::string_view word) {
  if (unknown < 0) fail(ErrorKind::format, "encode: the vocabulary lacks ", quote(word, 60), ", and has no unknown token ", quote(name, 60));
  return unknown;
}

class WordPieceModel final : public SubwordModel {
 public:
  WordPieceModel(const ModelContext& context, std::string unknown, std::string_view prefix, std::size_t max_characters)
      : control_(context.control), unknown_name_(std::move(unknown)), unknown_(context.vocabulary.find(unknown_name_)), max_characters_(max_characters) {
    for (const auto& [text, id] : context.vocabulary.ids) trie_.add(text, id);
    inside_ = trie_.descend(ByteTrie::root, prefix);
  }

  void encode(std::string_view word, bool control, std::vector<WordToken>& out) const override {
    const std::size_t first = out.size();
    if (fits(word)) {
      std::size_t begin = 0;
      while (begin < word.size()) {
        const WordToken token = longest(word, begin, control);
        if (token.id < 0) break;
        out.push_back(token);
        begin = token.end;
      }
      if (begin == word.size()) return;
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
    }
    out.push_back({unknown_or_fail(unknown_, unknown_name_, word), 0, word.size()});
  }

 private:
  [[nodiscard]] bool fits(std::string_view word) const noexcept {
    std::size_t count = 0;
    for (std::size_t at = 0; at < word.size() && count <= max_characters_; ++count) at += read_unit(word, at).length;
    return count <= max_characters_;
  }

  [[nodiscard]] WordToken longest(std::string_view word, std::size_t begin, bool control) const noexcept {
    const auto allowed = [&](Token id) { return control || !control_[static_cast<std::size_t>(id)]; };
    const auto best = trie_.longest(word.substr(begin), begin == 0 ? ByteTrie::root : inside_, allowed);
    return {best.id, begin, begin + best.length};
  }

  ByteTrie trie_{};
  const std::vector<bool>& control_;
  std::uint32_t inside_ = ByteTrie::none;  // where the prefix of tokens inside words ends
  std::string unknown_name_;
  Token unknown_;
  std::size_t max_characters_;
};

class WordLevelModel final : public SubwordModel {
 public:
  WordLevelModel(const ModelContext& context, std::string unknown)
      : vocabulary_(context.vocabulary), control_(context.control), unknown_name_(std::move(unknown)), unknown_(vocabulary_.find(unknown_name_)) {}

  void encode(std::string_view word, bool control, std::vector<WordToken>& out) const override {
    Token id = vocabulary_.find(word);
    if (id < 0 || (!control && control_[static_cast<std::size_t>(id)])) id = unknown_or_fail(unknown_, unknown_name_, word);
    out.push_back({id, 0, word.size()});
  }

 private:
  const ModelVocabulary& vocabulary_;
  const std::vector<bool>& control_;
  std::string unknown_name_;
  Token unknown_;
};

WEFT_INLINE OwnedModel read_wordpiece_model(JsonReader& reader, const ModelContext& context) {
  std::string unknown = reader.text("unk_token");
  const std::string prefix = reader.text("continuing_subword_prefix");
  const auto most = static_cast<std::size_t>(reader.integer("max_input_chars_per_word", 0, std::int64_t{1} << 31));
  return OwnedModel(new WordPieceModel(context, std::move(unknown), prefix, most));
}

WEFT_INLINE OwnedModel read_wordlevel_model(JsonReader& reader, const ModelContext& context) {
  return OwnedModel(new WordLevelModel(context, reader.text("unk_token")));
}

}  // namespace weft::detail
