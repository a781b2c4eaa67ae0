// Which blocks of the logits may have a token left: the steps behind top_k() and its like look at these alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::detail {

/// Logits are summed, and known to be excluded, in blocks of so many; those of the last, shorter one are always looked at.
inline constexpr std::size_t softmax_block = 256;
/// And looked for in parts of so many.
inline constexpr std::size_t scan_block = 64, scans = softmax_block / scan_block;

/// n, made a multiple of 64.
constexpr std::size_t whole_scans(std::size_t n) noexcept { return (n + scan_block - 1) / scan_block * scan_block; }

/// A list of blocks outside of which every token is excluded, whatever is written there: who narrows the list need not write it down, and most
/// often nobody looks (write_excluded() does it where somebody will). It may name too many, never too few.
class Live {
 public:
  void reserve(std::size_t vocab) {
    blocks_.reserve(vocab / softmax_block);
    peaks_.reserve((vocab / softmax_block + 1) * 16 + scan_block);
  }
  /// All blocks may be alive.
  void forget() noexcept { known_ = false; }
  /// Calls f(begin, end) for the runs of blocks that the list leaves out and nobody wrote since it became shorter. They must be, now.
  template <class F>
  void for_each_unwritten(F f) {
    if (!known_ || written_) return;
    std::size_t at = 0;
    for_each_run(all_, [&](std::size_t begin, std::size_t end) {
      if (at < begin) f(at, begin);
      at = end;
    });
    if (at < all_) f(at, all_);
    written_ = true;
  }

  /// Calls f(begin, end) for the runs of `all` whole blocks that may be alive, in order.
  template <class F>
  void for_each_run(std::size_t all, F f) const {
    if (!known_ || all != all_) return f(std::size_t{0}, all);
    for (std::size_t i = 0; i < count_;) {
      const std::size_t begin = blocks_[i];
      std::size_t end = begin + 1;
      while (++i < count_ && blocks_[i] == end) ++end;
      f(begin, end);
    }
  }
  /// The same with f(begin, end, out), which writes those of a run that still have tokens to `out` and returns their number.
  template <class F>
  void narrow(std::size_t all, F f) {
    if (blocks_.size() < all) blocks_.resize(all);
    std::size_t count = 0;  // never beyond what was read
    for_each_run(all, [&](std::size_t begin, std::size_t end) { count += f(begin, end, blocks_.data() + count); });
    count_ = count, all_ = all, known_ = true, written_ = false;
  }
  /// Room for n numbers, which a survey keeps here: the greatest of every sixteen logits.
  float* peaks(std::size_t n) {
    if (peaks_.size() < n) peaks_.resize(n);
    return peaks_.data();
  }

 private:
  std::vector<std::uint32_t> blocks_{};
  std::vector<float> peaks_{};
  std::size_t count_ = 0, all_ = 0;
  bool known_ = false, written_ = false;
};

/// The runs of a list that may be missing: then all blocks are one.
template <class F>
void for_each_run(const Live* live, std::size_t all, F f) {
  if (live) return live->for_each_run(all, f);
  f(std::size_t{0}, all);
}

}  // namespace weft::detail
