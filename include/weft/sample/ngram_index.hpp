// Where in a text a run of tokens occurred before: what steps against repetition ask, kept up to date by new tokens alone.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/sample/step.hpp"

namespace weft::detail {

/// The runs of `length` tokens of a text, by hash: place p stands for the run that ends before p.
class NgramIndex {
 public:
  explicit NgramIndex(std::size_t length = 0) : length_(length) { heads_.fill(none); }

  void prepare(std::size_t positions) { links_.reserve(positions + 1); }
  /// Takes in the history: its new tokens, or all of it where what the index holds is no longer there.
  void update(const StepContext& context) {
    if (links_.size() > context.unchanged + 1) clear();
    extend(context.history);
  }
  /// Places 0 to the length of the text.
  void extend(std::span<const Token> text);
  void clear() {
    links_.clear();
    heads_.fill(none);
  }
  /// Number of places that are in the index: one more than tokens, 0 for a new index.
  [[nodiscard]] std::size_t places() const noexcept { return links_.size(); }
  [[nodiscard]] std::size_t length() const noexcept { return length_; }

  /// Calls f(p) for every place p, latest first, before which `text` has the same run as before place `end`, p < end:
  /// text[p] is what followed it. text: what the index was made of; end of at least `length`.
  template <class F>
  void for_each_before(std::span<const Token> text, std::size_t end, F&& f) const {
    for (Place p = links_[end]; p != none; p = links_[p])
      if (same(text, p, text, end)) f(static_cast<std::size_t>(p));
  }
  /// The first p that for_each_before would call f with; 0 where there is none.
  [[nodiscard]] std::size_t latest_before(std::span<const Token> text, std::size_t end) const;
  /// for_each_before for the run at the end of another text, at least `length` long; p may be the last place too.
  template <class F>
  void for_each_like(std::span<const Token> text, std::span<const Token> other, F&& f) const {
    for (Place p = heads_[bucket(other, other.size())]; p != none; p = links_[p])
      if (same(text, p, other, other.size())) f(static_cast<std::size_t>(p));
  }

 private:
  using Place = std::uint32_t;
  static constexpr Place none = 0xFFFFFFFF;
  static constexpr std::size_t buckets = 1024;  // 4 KiB that a fork copies

  [[nodiscard]] std::size_t bucket(std::span<const Token> text, std::size_t end) const noexcept {
    std::uint64_t hash = 0;
    for (std::size_t i = end - length_; i < end; ++i)
      hash = (hash ^ static_cast<std::uint32_t>(text[i])) * 0x9E3779B97F4A7C15u;
    return hash >> 54;
  }
  [[nodiscard]] bool same(std::span<const Token> a, std::size_t a_end, std::span<const Token> b,
                          std::size_t b_end) const noexcept {
    const auto first = a.begin() + static_cast<std::ptrdiff_t>(a_end - length_);
    return std::equal(first, first + static_cast<std::ptrdiff_t>(length_),
                      b.begin() + static_cast<std::ptrdiff_t>(b_end - length_));
  }
  void add(std::span<const Token> text);

  std::size_t length_;
  std::array<Place, buckets> heads_{};  // latest place of each bucket
  std::vector<Place> links_{};          // [places]: the one before it in its bucket
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/sample/ngram_index.ipp"
#endif
