// Byte-level byte-pair encoding: the merges of a vocabulary, applied to one word.
// Source: Sennrich et al. 2016, arXiv:1508.07909; Radford et al. 2019 (GPT-2) for bytes as the alphabet.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/token.hpp"
#include "weft/text/encoding.hpp"
#include "weft/text/merge_windows.hpp"
#include "weft/text/pair_filter.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft {

/// What encoding one text needs besides the tables; keep one per thread to save allocations.
struct BpeScratch {
  struct Symbol {
    std::uint32_t id, previous, next, rank;
  };
  std::vector<Symbol> symbols{};
  std::vector<std::uint64_t> queue{};
  std::vector<detail::MergedPiece> pieces{};
};

namespace detail {

/// Appends the bytes that a text in GPT-2's alphabet stands for; false, and nothing appended, if a character is not of it.
bool append_gpt2_bytes(std::string& bytes, std::string_view text);

/// The byte of "<0xNN>", or -1.
int byte_of_hex_token(std::string_view text) noexcept;

/// How a vocabulary writes the texts of its normal tokens.
enum class Spelling : std::uint8_t {
  gpt2,        ///< a printable character for each byte
  space_mark,  ///< U+2581 for a space, as SentencePiece does
  plain,       ///< themselves
  escaped      ///< backslashes before t, n, r, x and two hexadecimal digits, or any character that stands for itself
};
inline constexpr char32_t space_mark_code = 0x2581;
inline constexpr std::string_view space_mark = "\u2581";

/// The bytes of every token, end to end, and the ids by bytes of those that words may become.
class TokenTable {
 public:
  explicit TokenTable(const Vocabulary& vocabulary, Spelling spelling = Spelling::gpt2);

  [[nodiscard]] std::size_t size() const noexcept { return offsets_.size() - 1; }
  [[nodiscard]] std::string_view bytes(Token id) const noexcept {
    const std::size_t i = static_cast<std::size_t>(id);
    return std::string_view(pool_).substr(offsets_[i], offsets_[i + 1] - offsets_[i]);
  }
  /// The token of exactly these bytes that a word may become, or -1. Of several the first.
  [[nodiscard]] Token find(std::string_view bytes) const noexcept;
  [[nodiscard]] std::size_t longest() const noexcept { return longest_; }
  [[nodiscard]] Spelling spelling() const noexcept { return spelling_; }

 private:
  struct Slot {
    std::uint32_t hash;
    Token id;  // -1: free
  };
  void insert(Token id);

  std::string pool_;
  std::vector<std::uint32_t> offsets_;  // [vocab + 1]
  std::vector<Slot> slots_;             // a power of two
  std::size_t longest_ = 0;
  Spelling spelling_;
};

/// (left, right) -> rank, eight bytes a pair: 20 bits for each token, 24 for the rank.
class MergeTable {
 public:
  static constexpr std::uint32_t none = 0xFFFFFF;
  static constexpr std::uint32_t max_tokens = (1u << 20) - 1;  // the highest id stands for bytes without a token

  struct Merge {
    std::uint32_t left, right, result;
  };

  /// Throws Error(format) for a merge that is not two parts. Those that name tokens which do not exist never fire.
  MergeTable(const Vocabulary& vocabulary, const TokenTable& tokens);
  /// Every pair of tokens whose bytes together are a token, by the id of that token.
  static MergeTable by_id(const TokenTable& tokens);
  /// Most preferred first. Of equal pairs the first counts, or the last.
  MergeTable(std::span<const Merge> merges, bool last_counts);

  [[nodiscard]] std::uint32_t rank(std::uint32_t left, std::uint32_t right) const noexcept {
    const std::uint64_t pair = std::uint64_t{left} << 20 | right;
    for (std::size_t at = hash(pair);; at = (at + 1) & mask_) {
      const std::uint64_t slot = slots_[at];
      if (slot >> 24 == pair) return static_cast<std::uint32_t>(slot & none);
      if (slot == empty) return none;
    }
  }
  [[nodiscard]] std::uint32_t merged(std::uint32_t rank) const noexcept { return merged_[rank]; }

  /// Merges the symbols id_of(0 .. count - 1): the least rank first, of equal ones the leftmost. emit(id, begin, end) is called for
  /// what becomes of symbols [begin, end), from left to right.
  template <class IdOf, class Emit>
  void merge(std::uint32_t count, const IdOf& id_of, BpeScratch& scratch, const Emit& emit) const {
    const auto merge_window = [&](std::uint32_t from, std::uint32_t length, std::vector<MergedPiece>& pieces) {
      auto& symbols = scratch.symbols;
      symbols.resize(length);
      for (std::uint32_t i = 0; i < length; ++i) symbols[i].id = id_of(from + i);
      merge_symbols(scratch);
      for (std::uint32_t i = 0; i < length; i = symbols[i].next) pieces.push_back({symbols[i].id, from + symbols[i].next});
      return from + length;
    };
    for (std::uint32_t begin = 0, end = 0; begin < count; begin = end) {
      std::uint32_t last = id_of(begin);
      for (end = begin + 1; end < count; ++end) {
        const std::uint32_t id = id_of(end);
        if (!joins_.may_hold(last, id)) break;
        last = id;
      }
      if (end - begin == 1) {
        emit(last, begin, end);
        continue;
      }
      merge_in_windows(begin, end, merge_window, scratch.pieces);
      std::uint32_t from = begin;
      for (const MergedPiece piece : scratch.pieces) {
        emit(piece.id, from, piece.end);
        from = piece.end;
      }
    }
  }

  /// Which symbols that words begin as may end up in one token side by side: where they may not, merge() cuts.
  void set_joins(PairFilter joins) { joins_ = std::move(joins); }

 private:
  MergeTable() = default;
  static constexpr std::uint64_t empty = ~std::uint64_t{0};
  static constexpr std::uint32_t short_part = 24;  // up to here a scan for the best pair beats a queue
  // Of scratch.symbols, whose ids are set (at least one). What is left is found from symbols[0] along `next`, up to their number.
  void merge_symbols(BpeScratch& scratch) const;
  void merge_short(BpeScratch& scratch) const;
  void merge_long(BpeScratch& scratch) const;  // O(n log n)
  void reserve(std::size_t count);
  void add(std::uint32_t rank, const Merge& merge, bool replace);
  [[nodiscard]] std::size_t hash(std::uint64_t pair) const noexcept { return static_cast<std::size_t>(pair * 0x9E3779B97F4A7C15u >> shift_); }

  std::vector<std::uint64_t> slots_;
  std::vector<std::uint32_t> merged_;  // [merges]: what the pair becomes
  PairFilter joins_{};
  std::size_t mask_ = 0;
  unsigned shift_ = 63;
};

}  // namespace detail

/// Byte-level BPE over a vocabulary. Immutable but for a cache of single bits; safe to share between threads.
class Bpe {
 public:
  /// Throws Error(format) for a merge that is not two parts, Error(unsupported) for more than 2^20 - 1 tokens or 2^24 - 1
  /// merges. Merges that name tokens which do not exist never fire. whole_words: a word that is a token is that token.
  Bpe(const Vocabulary& vocabulary, bool whole_words);
  /// The same with merges as ids, the last of equal ones counts.
  Bpe(const Vocabulary& vocabulary, std::span<const detail::MergeTable::Merge> merges, bool whole_words);

  /// Appends the tokens of one word (any bytes). A byte without a token becomes the unknown token, or nothing where
  /// the vocabulary has none. Control, unknown and user-defined tokens never come out of here.
  void encode(std::string_view word, std::vector<Token>& out, BpeScratch& scratch) const;

  /// Where the tokens that a word became stand in it, `offset` being where the word stands.
  void append_ranges(std::string_view word, std::size_t offset, std::span<const Token> tokens, std::vector<TextRange>& ranges) const;

  [[nodiscard]] const detail::TokenTable& tokens() const noexcept { return tokens_; }

 private:
  static constexpr std::uint32_t missing = detail::MergeTable::max_tokens;
  static constexpr std::size_t short_word = 64;  // up to here a scan for the best pair beats a queue

  void fill();
  void merge_short(std::string_view word, std::vector<Token>& out) const;
  void merge_long(std::string_view word, std::vector<Token>& out, BpeScratch& scratch) const;
  void emit(std::uint32_t id, std::vector<Token>& out) const;

  detail::TokenTable tokens_;
  detail::MergeTable merges_;
  std::array<std::uint32_t, 256> byte_tokens_{};
  Token unknown_ = -1;
  bool whole_words_ = false;
  // Whether the merges make the token whole out of its bytes: 0 not asked yet, 1 yes, 2 no. The answer is always the same, so
  // threads may race to write it.
  std::unique_ptr<std::atomic<std::uint8_t>[]> whole_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/bpe.ipp"
#endif
