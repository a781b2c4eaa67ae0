// Finding families, and cutting.
#pragma once

#include <algorithm>
#include <utility>

#include "weft/text/pretokenizer.hpp"
#include "weft/text/pretokenizer_table.ipp"

namespace weft {
WEFT_INLINE const PreTokenizerFamily* find_pre_tokenizer(std::string_view name) noexcept {
  for (const auto& family : detail::pre_tokenizer_families)
    if (std::find(family.aliases.begin(), family.aliases.end(), name) != family.aliases.end()) return &family;
  return nullptr;
}

WEFT_INLINE std::string pre_tokenizer_names() {
  std::string names;
  for (const auto& family : detail::pre_tokenizer_families)
    for (const auto alias : family.aliases) names.append(names.empty() ? "" : ", ").append(alias);
  return names;
}

WEFT_INLINE PreTokenizer::PreTokenizer(std::span<const std::string_view> patterns) {
  for (const auto pattern : patterns) stages_.emplace_back(pattern);
}

WEFT_INLINE std::vector<std::string_view> PreTokenizer::split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  PieceScanner scanner(*this);
  scanner.reset(text);
  for (std::string_view piece; scanner.next(piece);) pieces.push_back(piece);
  return pieces;
}

WEFT_INLINE PieceScanner::PieceScanner(const PreTokenizer& pre_tokenizer) {
  for (const auto& regex : pre_tokenizer.stages()) stages_.push_back({RegexScanner(regex, {}), {}});
}

WEFT_INLINE void PieceScanner::reset(std::string_view text) {
  for (auto& stage : stages_) stage.ended = true;
  if (!stages_.empty()) start(stages_.front(), text);
}

WEFT_INLINE void PieceScanner::start(Stage& stage, std::string_view text) {
  stage.scanner.reset(text);
  stage.text = text;
  stage.done = 0;
  stage.ahead = stage.ended = false;
}

WEFT_INLINE bool PieceScanner::next_of(std::size_t index, std::string_view& piece) {
  Stage& stage = stages_[index];
  for (;;) {
    if (stage.ended) {
      std::string_view text;
      if (index == 0 || !next_of(index - 1, text)) return false;
      start(stage, text);
    }
    if (!stage.ahead && !stage.scanner.next(stage.match)) {
      stage.ended = true;
      piece = stage.text.substr(stage.done);
    } else if (stage.match.begin > stage.done) {
      stage.ahead = true;  // first what lies before the match
      piece = stage.text.substr(stage.done, stage.match.begin - stage.done);
      stage.done = stage.match.begin;
    } else {
      stage.ahead = false;
      piece = stage.text.substr(stage.match.begin, stage.match.end - stage.match.begin);
      stage.done = stage.match.end;
    }
    if (!piece.empty()) return true;
  }
}

}  // namespace weft
