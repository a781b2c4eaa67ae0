// The component `model` of a tokenizer.json: how a word becomes tokens. Not API.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/token.hpp"
#include "weft/io/json_value.hpp"
#include "weft/text/bpe.hpp"

namespace weft::detail {

/// A token and the bytes of the word (or text, of less than 4 GiB) that it stands for. A word of megabytes has millions: they are small.
struct WordToken {
  WordToken(Token token, std::size_t from, std::size_t to, bool is_surface = false)
      : id(token), begin(static_cast<std::uint32_t>(from)), end(static_cast<std::uint32_t>(to)), surface(is_surface) {}

  Token id;
  std::uint32_t begin, end;
  bool surface = false;  ///< its text is that of the word, not the vocabulary's
};

class SubwordModel {
 public:
  virtual ~SubwordModel() = default;
  /// Appends the tokens of a word. control: control tokens may come out, if the word's letters lead there.
  /// Throws Error(format) for what the vocabulary cannot express where it has no unknown token either.
  virtual void encode(std::string_view word, bool control, std::vector<WordToken>& out) const = 0;
};

/// Made by new, not make_unique: that would compile a unique_ptr for every model.
using OwnedModel = std::unique_ptr<const SubwordModel>;

/// The parts of `model` that grow with the vocabulary, as read from the file.
struct ModelTables {
  std::vector<std::pair<std::string, std::int64_t>> ids{};      ///< of a vocabulary that maps texts to ids
  std::vector<std::pair<std::string, double>> scores{};         ///< of Unigram's, in order of ids
  std::vector<std::pair<std::string, std::string>> merges{};
  bool has_ids = false, has_scores = false, has_merges = false;
};

/// A vocabulary by id and by text. Ids without a token have empty texts and are not `known`.
struct ModelVocabulary {
  std::vector<std::string> texts{};
  std::vector<bool> known{};
  std::unordered_map<std::string_view, Token> ids{};  ///< views of texts: it cannot be copied
  std::size_t count = 0;                              ///< texts that have an id

  ModelVocabulary() = default;
  ModelVocabulary(ModelVocabulary&&) = default;
  ModelVocabulary& operator=(ModelVocabulary&&) = default;

  [[nodiscard]] Token find(std::string_view text) const noexcept {
    const auto found = ids.find(text);
    return found == ids.end() ? -1 : found->second;
  }
};

ModelVocabulary make_model_vocabulary(const ModelTables& tables, const std::string& where);

/// Token of each byte as "<0xNN>", -1 where there is none.
std::array<Token, 256> byte_tokens_of(const ModelVocabulary& vocabulary);

/// What a model needs beside its own members: control tells which ids are control tokens.
struct ModelContext {
  const ModelVocabulary& vocabulary;
  const std::vector<bool>& control;
  std::string where;
};

/// BPE over characters. (Over bytes, Bpe is faster.)
OwnedModel read_bpe_model(JsonReader& reader, const ModelTables& tables, const ModelContext& context);
OwnedModel read_unigram_model(JsonReader& reader, const ModelTables& tables, const ModelContext& context);
OwnedModel read_wordpiece_model(JsonReader& reader, const ModelContext& context);
OwnedModel read_wordlevel_model(JsonReader& reader, const ModelContext& context);

/// The merges as ids; throws Error(format) naming the first that is none. prefix_length: bytes that the right part loses.
std::vector<MergeTable::Merge> resolve_merges(const ModelTables& tables, const ModelContext& context, std::size_t prefix_length);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/bpe_model.ipp"
#include "weft/text/subword_model.ipp"
#include "weft/text/unigram_model.ipp"
#include "weft/text/wordpiece_model.ipp"
#endif
