// Vocabularies and merges out of a file's tables.
#pragma once

#include <algorithm>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/subword_model.hpp"

namespace weft::detail {

WEFT_INLINE ModelVocabulary make_model_vocabulary(const ModelTables& tables, const std::string& where) {
  ModelVocabulary out;
  constexpr std::int64_t limit = MergeTable::max_tokens;
  if (tables.has_scores) {
    if (static_cast<std::int64_t>(tables.scores.size()) > limit)
      fail(ErrorKind::unsupported, where, ": vocab has ", tables.scores.size(), " tokens, at most ", limit, " are supported");
    for (const auto& [text, score] : tables.scores) out.texts.push_back(text);
    out.known.assign(out.texts.size(), true);
    out.count = out.texts.size();
  } else {
    if (!tables.has_ids) fail(ErrorKind::format, where, ": 'vocab' is missing");
    std::int64_t greatest = -1;
    for (const auto& [text, id] : tables.ids) {
      if (id < 0 || id >= limit)
        fail(id < 0 ? ErrorKind::format : ErrorKind::unsupported, where, ": vocab: token ", quote(text, 60), " has id ", id, ", expected 0 to ", limit - 1);
      greatest = std::max(greatest, id);
    }
    out.texts.resize(static_cast<std::size_t>(greatest + 1));
    out.known.resize(out.texts.size());
    for (const auto& [text, id] : tables.ids) {
      auto& place = out.texts[static_cast<std::size_t>(id)];
      if (out.known[static_cast<std::size_t>(id)] && place != text)
        fail(ErrorKind::format, where, ": vocab: ", quote(place, 60), " and ", quote(text, 60), " both have id ", id);
      place = text;
      out.known[static_cast<std::size_t>(id)] = true;
    }
  }
  out.ids.reserve(out.texts.size());
  for (std::size_t i = 0; i < out.texts.size(); ++i)
    if (out.known[i]) out.ids[out.texts[i]] = static_cast<Token>(i);
  if (!tables.has_scores) out.count = out.ids.size();
  return out;
}

WEFT_INLINE std::array<Token, 256> byte_tokens_of(const ModelVocabulary& vocabulary) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::array<Token, 256> out{};
  for (std::size_t b = 0; b < 256; ++b) out[b] = vocabulary.find(std::string("<0x") + digits[b / 16] + digits[b % 16] + ">");
  return out;
}

WEFT_INLINE std::vector<MergeTable::Merge> resolve_merges(const ModelTables& tables, const ModelContext& context, std::size_t prefix_length) {
  if (!tables.has_merges) fail(ErrorKind::format, context.where, ": 'merges' is missing");
  std::vector<MergeTable::Merge> out;
  out.reserve(tables.merges.size());
  std::string both;
  const auto id_of = [&](std::size_t i, std::string_view text) {
    const Token id = context.vocabulary.find(text);
    if (id < 0)
      fail(ErrorKind::format, context.where, ": merges[", i, "] is ", quote(tables.merges[i].first, 40), " ", quote(tables.merges[i].second, 40),
           ", but the vocabulary has no ", quote(text, 80));
    return static_cast<std::uint32_t>(id);
  };
  for (std::size_t i = 0; i < tables.merges.size(); ++i) {
    const auto& [left, right] = tables.merges[i];
    both.assign(left).append(right, std::min(prefix_length, right.size()));
    const std::uint32_t left_id = id_of(i, left), right_id = id_of(i, right);
    out.push_back({left_id, right_id, id_of(i, both)});
  }
  return out;
}

}  // namespace weft::detail
