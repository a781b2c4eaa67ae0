// Unigram: the cut of greatest likelihood.
// Source: Kudo 2018, arXiv:1804.10959; SentencePiece for the price of what is unknown.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/subword_model.hpp"
#include "weft/text/unigram_lattice.hpp"

namespace weft::detail {

class UnigramModel final : public SubwordModel {
 public:
  UnigramModel(const ModelTables& tables, const ModelContext& context, Token unknown, bool byte_fallback)
      : vocabulary_(context.vocabulary), control_(context.control), unknown_(unknown), byte_fallback_(byte_fallback) {
    double least = std::numeric_limits<double>::infinity();
    std::size_t bytes = 0;
    for (const auto& [text, score] : tables.scores) {
      if (!std::isfinite(score)) fail(ErrorKind::format, context.where, ": vocab: the score of ", quote(text, 60), " is not finite");
      least = std::min(least, score);
      bytes += text.size();
    }
    lattice_.reserve(tables.scores.size(), bytes);
    for (std::size_t i = 0; i < tables.scores.size(); ++i) lattice_.add(tables.scores[i].first, static_cast<Token>(i), tables.scores[i].second);
    constexpr double penalty = 10;
    lattice_.set_unknown(unknown, least - penalty);
    if (byte_fallback_) bytes_ = byte_tokens_of(vocabulary_);
  }

  void encode(std::string_view word, bool control, std::vector<WordToken>& out) const override {
    if (word.size() >= 0xFFFFFFF0) fail(ErrorKind::resource, "encode: a word of ", word.size(), " bytes; at most 4 GiB are supported");
    UnigramLattice::Cut cut;
    lattice_.cut(word, [&](Token id) { return control || !control_[static_cast<std::size_t>(id)]; }, cut);
    trace(word, cut, control, out);
  }

 private:
  // Walks back from the end. Unknown tokens side by side are one, whose text may even be a token.
  void trace(std::string_view word, const UnigramLattice::Cut& cut, bool control, std::vector<WordToken>& out) const {
    const std::size_t first = out.size();
    for (std::size_t end = word.size(); end > 0;) {
      const auto node = lattice_.piece(cut, end);
      if (node.id == unknown_ && out.size() > first && out.back().id == unknown_)
        out.back().begin = static_cast<std::uint32_t>(node.begin);
      else
        out.push_back({node.id, node.begin, end, true});
      end = node.begin;
    }
    std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
    const bool any_unknown = std::any_of(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), [&](const WordToken& t) { return t.id == unknown_; });
    if (!any_unknown) return;
    std::vector<WordToken> tokens(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
    for (const auto& token : tokens) {
      if (token.id != unknown_)
        out.push_back(token);
      else
        name_unknown(word, token, control, out);
    }
  }

  void name_unknown(std::string_view word, const WordToken& token, bool control, std::vector<WordToken>& out) const {
    const std::string_view text = word.substr(token.begin, token.end - token.begin);
    const Token id = vocabulary_.find(text);
    if (id >= 0 && (control || !control_[static_cast<std::size_t>(id)])) return out.push_back({id, token.begin, token.end, true});
    const auto byte_token = [&](char c) { return bytes_[static_cast<unsigned char>(c)]; };
    if (byte_fallback_ && std::all_of(text.begin(), text.end(), [&](char c) { return byte_token(c) >= 0; })) {
      for (const char c : text) out.push_back({byte_token(c), token.begin, token.end});
      return;
    }
    if (unknown_ < 0) fail(ErrorKind::format, "encode: the vocabulary lacks ", quote(text, 60), ", and has no unknown token (unk_id)");
    out.push_back({unknown_, token.begin, token.end, true});
  }

  const ModelVocabulary& vocabulary_;
  const std::vector<bool>& control_;
  UnigramLattice lattice_{};
  std::array<Token, 256> bytes_{};
  Token unknown_;
  bool byte_fallback_;
};

WEFT_INLINE OwnedModel read_unigram_model(JsonReader& reader, const ModelTables& tables, const ModelContext& context) {
  if (!tables.has_scores) fail(ErrorKind::format, context.where, ": 'vocab' of a Unigram model must be a list of [text, score]");
  const auto size = static_cast<std::int64_t>(tables.scores.size());
  Token unknown = -1;
  if (reader.optional("unk_id")) {
    if (size == 0) fail(ErrorKind::format, context.where, ": 'vocab' is empty, but 'unk_id' is set");
    unknown = static_cast<Token>(reader.integer("unk_id", 0, size - 1));
  }
  return OwnedModel(new UnigramModel(tables, context, unknown, reader.boolean("byte_fallback", false)));
}

}  // namespace weft::detail
