// BPE over characters, with all that tokenizer.json can ask of it.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/subword_model.hpp"

namespace weft::detail {

class BpeModel final : public SubwordModel {
 public:
  struct Settings {
    std::string unknown{}, prefix{}, suffix{};
    bool has_unknown = false, fuse_unknown = false, byte_fallback = false, ignore_merges = false;
  };

  BpeModel(Settings settings, const ModelContext& context, std::vector<MergeTable::Merge> merges)
      : settings_(std::move(settings)), vocabulary_(context.vocabulary), control_(context.control), merges_(merges, true) {
    if (settings_.byte_fallback) bytes_ = byte_tokens_of(vocabulary_);
    if (settings_.has_unknown) unknown_ = vocabulary_.find(settings_.unknown);
    const PairFilter joins = find_joins(merges);
    merges_.set_joins(joins);
    const auto harmless = [&](const MergeTable::Merge& merge) { return !control_[merge.result]; };
    if (!std::all_of(merges.begin(), merges.end(), harmless)) {
      std::erase_if(merges, [&](const MergeTable::Merge& merge) { return !harmless(merge); });
      auto table = std::make_unique<MergeTable>(merges, true);
      table->set_joins(joins);
      user_merges_ = std::move(table);
    }
  }

  void encode(std::string_view word, bool control, std::vector<WordToken>& out) const override {
    if (word.empty()) return;
    if (word.size() >= 0xFFFFFFF0) fail(ErrorKind::resource, "encode: a word of ", word.size(), " bytes; at most 4 GiB are supported");
    if (settings_.ignore_merges) {
      if (const Token id = find(word, control); id >= 0) return out.push_back({id, 0, word.size()});
    }
    Scratch scratch;
    read_symbols(word, control, scratch);
    const auto begin_of = [&](std::uint32_t i) { return i < scratch.symbols.size() ? scratch.symbols[i].begin : scratch.end; };
    (control || !user_merges_ ? merges_ : *user_merges_)
        .merge(static_cast<std::uint32_t>(scratch.symbols.size()), [&](std::uint32_t i) { return scratch.symbols[i].id; }, scratch.merging,
               [&](std::uint32_t id, std::uint32_t begin, std::uint32_t end) { out.push_back({static_cast<Token>(id), begin_of(begin), begin_of(end)}); });
  }

 private:
  struct Scratch {
    struct Symbol {
      std::uint32_t id, begin;
    };
    BpeScratch merging{};
    std::vector<Symbol> symbols{};
    std::uint32_t end = 0;
    std::string text{};

    void add(Token id, std::size_t length) {
      symbols.push_back({static_cast<std::uint32_t>(id), end});
      end += static_cast<std::uint32_t>(length);
    }
  };

  // A merge joins the last character of its left part to the first of its right. Where symbols are more than their text's characters
  // (written with a prefix, or bytes, or unknown) and take part in merges, nothing is known.
  [[nodiscard]] PairFilter find_joins(const std::vector<MergeTable::Merge>& merges) const {
    if (!settings_.prefix.empty() || !settings_.suffix.empty()) return {};
    PairFilter joins(merges.size());
    const auto symbol = [&](std::string_view text, bool last) {
      std::size_t at = 0, length = text.empty() ? 0 : read_unit(text, 0).length;
      while (last && at + length < text.size()) length = read_unit(text, at += length).length;
      return static_cast<std::uint32_t>(vocabulary_.find(text.substr(at, length)));
    };
    const auto plain = [&](std::uint32_t id) {
      const auto token = static_cast<Token>(id);
      return token != unknown_ && (!settings_.byte_fallback || std::find(bytes_.begin(), bytes_.end(), token) == bytes_.end());
    };
    for (const auto& merge : merges) {
      if (!plain(merge.left) || !plain(merge.right)) return {};
      joins.add(symbol(vocabulary_.texts[merge.left], true), symbol(vocabulary_.texts[merge.right], false));
    }
    return joins;
  }

  [[nodiscard]] Token find(std::string_view text, bool control) const noexcept {
    const Token id = vocabulary_.find(text);
    return id >= 0 && (control || !control_[static_cast<std::size_t>(id)]) ? id : -1;
  }

  void read_symbols(std::string_view word, bool control, Scratch& scratch) const {
    std::size_t unknown = 0;  // bytes of an unknown token that is not written yet
    const auto flush = [&] {
      if (unknown > 0) scratch.add(unknown_token(word), unknown);
      unknown = 0;
    };
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t length = read_unit(word, at).length;
      const bool first = at == 0, last = at + length == word.size();
      std::string_view symbol = word.substr(at, length);
      at += length;
      if ((!first && !settings_.prefix.empty()) || (last && !settings_.suffix.empty())) {
        scratch.text.assign(first ? "" : settings_.prefix).append(symbol).append(last ? settings_.suffix : "");
        symbol = scratch.text;
      }
      if (const Token id = find(symbol, control); id >= 0) {
        flush();
        scratch.add(id, length);
      } else if (settings_.byte_fallback && add_bytes(symbol, scratch)) {
        // As in the reference, what is unknown before bytes comes after them.
      } else if (settings_.has_unknown) {
        if (unknown > 0 && !settings_.fuse_unknown) flush();
        unknown += length;
      }
    }
    flush();
  }

  [[nodiscard]] Token unknown_token(std::string_view word) const {
    if (unknown_ < 0) fail(ErrorKind::format, "encode: ", quote(word, 60), " needs the unknown token ", quote(settings_.unknown, 60), ", which the vocabulary lacks");
    return unknown_;
  }

  bool add_bytes(std::string_view symbol, Scratch& scratch) const {
    const auto token = [&](char c) { return bytes_[static_cast<unsigned char>(c)]; };
    if (!std::all_of(symbol.begin(), symbol.end(), [&](char c) { return token(c) >= 0; })) return false;
    for (const char c : symbol) scratch.add(token(c), 1);
    return true;
  }

  Settings settings_;
  const ModelVocabulary& vocabulary_;
  const std::vector<bool>& control_;
  MergeTable merges_;
  std::unique_ptr<const MergeTable> user_merges_{};  // without those that make control tokens, if there are any
  std::array<Token, 256> bytes_{};
  Token unknown_ = -1;
};

WEFT_INLINE OwnedModel read_bpe_model(JsonReader& reader, const ModelTables& tables, const ModelContext& context) {
  BpeModel::Settings settings;
  if (const JsonValue* unknown = reader.optional("unk_token")) {
    settings.unknown = reader.text("unk_token");
    settings.has_unknown = !unknown->is_null();
  }
  settings.prefix = reader.text("continuing_subword_prefix", "");
  settings.suffix = reader.text("end_of_word_suffix", "");
  settings.fuse_unknown = reader.boolean("fuse_unk", false);
  settings.byte_fallback = reader.boolean("byte_fallback", false);
  settings.ignore_merges = reader.boolean("ignore_merges", false);
  const std::size_t prefix = settings.prefix.size();
  return OwnedModel(new BpeModel(std::move(settings), context, resolve_merges(tables, context, prefix)));
}

}  // namespace weft::detail
