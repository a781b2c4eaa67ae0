// What the families share.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/text/tokenizer_family.hpp"

namespace weft::detail {

WEFT_INLINE TokenizerFamily::TokenizerFamily(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
  const auto& v = vocabulary_;
  const auto check = [&](Token id) {
    if (id < 0 || static_cast<std::size_t>(id) >= v.tokens.size())
      fail(ErrorKind::argument, "token ", id, " is outside the vocabulary of ", v.tokens.size());
  };
  for (const auto& id : {v.bos, v.eos, v.eot, v.eom, v.unknown, v.pad})
    if (id) check(*id);
  for (const Token id : v.end_tokens) check(id);
  for (const auto* strip : {&v.strip_left, &v.strip_right})
    for (const Token id : *strip) check(id);
  if (!v.types.empty() && v.types.size() != v.tokens.size())
    fail(ErrorKind::argument, "vocabulary: ", v.types.size(), " types for ", v.tokens.size(), " tokens");
  std::sort(vocabulary_.end_tokens.begin(), vocabulary_.end_tokens.end());
}

WEFT_INLINE void TokenizerFamily::encode_prompt(std::string_view text, bool control, std::vector<Token>& out) const {
  if (vocabulary_.add_bos && vocabulary_.bos) out.push_back(*vocabulary_.bos);
  encode(text, control, out, nullptr);
  if (vocabulary_.add_eos && vocabulary_.eos) out.push_back(*vocabulary_.eos);
}

WEFT_INLINE Encoding TokenizerFamily::encoding(std::string_view text, const std::string_view* pair, const EncodeOptions& options) const {
  Encoding out;
  const auto add = [&](bool wanted, const std::optional<Token>& id) {
    if (!options.add_special || !wanted || !id) return;
    out.ids.push_back(*id);
    out.offsets.push_back({});
    out.added.push_back(true);
  };
  const auto add_text = [&](std::string_view part, std::uint32_t type) {
    add(vocabulary_.add_bos && (type == 0 || vocabulary_.model != "bert"), vocabulary_.bos);  // BERT begins once
    std::vector<TextRange> ranges;
    encode(part, options.control, out.ids, &ranges);
    if (options.unit == OffsetUnit::characters) to_characters(part, ranges);
    out.offsets.insert(out.offsets.end(), ranges.begin(), ranges.end());
    out.added.resize(out.ids.size(), false);
    add(vocabulary_.add_eos, vocabulary_.eos);
    out.types.resize(out.ids.size(), type);
  };
  add_text(text, 0);
  if (pair != nullptr) add_text(*pair, 1);
  out.tokens.reserve(out.ids.size());
  for (const Token id : out.ids) out.tokens.push_back(vocabulary_.tokens[static_cast<std::size_t>(id)]);
  return out;
}

WEFT_INLINE void TokenizerFamily::decode(Token id, DecodeState& state, InvalidUtf8, std::string& out) const {
  ++state.tokens;
  out.append(bytes(id));
}

WEFT_INLINE void TokenizerFamily::finish(DecodeState& state, InvalidUtf8, std::string&) const { state = {}; }

WEFT_INLINE void to_characters(std::string_view text, std::vector<TextRange>& ranges) {
  std::vector<std::size_t> character(text.size() + 1);  // of each byte
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const auto unit = read_unit(text, at);
    for (const std::size_t end = at + unit.length; at < end; ++at) character[at] = count;
  }
  character[text.size()] = count;
  for (auto& range : ranges) {
    const std::size_t begin = std::min(range.begin, text.size()), end = std::min(range.end, text.size());
    range.begin = character[begin];
    range.end = end > begin ? character[end - 1] + 1 : range.begin;
  }
}

WEFT_INLINE void check_scores(const Vocabulary& vocabulary) {
  const auto& scores = vocabulary.scores;
  if (scores.size() != vocabulary.tokens.size())
    fail(ErrorKind::format, "vocabulary: ", scores.size(), " scores for ", vocabulary.tokens.size(), " tokens; a SentencePiece vocabulary has one each");
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (std::isnan(scores[i])) fail(ErrorKind::format, "vocabulary: the score of token ", i, " is not a number");
}

WEFT_INLINE void append_without_front_space(std::string_view token, bool space, DecodeState& state, std::string& out) {
  if (state.tokens++ == 0 && space && token.starts_with(' ')) token.remove_prefix(1);
  out.append(token);
}

}  // namespace weft::detail
