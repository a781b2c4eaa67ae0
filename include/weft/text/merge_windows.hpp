// A long word merged window by window, in memory and time of which neither notices its length. Not API.
//
// Let merges be done in order of (rank, place from the left), and let a cut of a sequence lie between two pieces that, taken by
// themselves, end as the same two pieces. Then no merge ever crosses it: until the first one that does, each side and each of the two
// pieces goes through the merges that it goes through alone, and a pair across the cut that came first here would come first there, too.
// Two neighbours in the result of any sequence are such pieces, for no merge crossed the borders around and between them. So a window is
// merged, and its pieces stand but for those near its end; the next one begins with the first that does not. If it makes the same piece
// there, both are neighbours in the result of the window before, and the cut is proven. If not, all begins anew with longer windows.
// Of merges nothing else is asked: they may come in any order and from any file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::detail {

/// What merges leave: it begins where the piece before it ends.
struct MergedPiece {
  std::uint32_t id, end;
  bool operator==(const MergedPiece&) const = default;
};

/// Appends the pieces of units [begin, end), or false: in windows of this size nothing is proven, and what was appended means nothing.
template <class Merge>
bool try_windows(std::uint32_t begin, std::uint32_t end, std::uint64_t window, const Merge& merge, std::vector<MergedPiece>& pieces) {
  for (MergedPiece expected{0, 0};;) {
    const std::size_t before = pieces.size();
    const std::uint32_t stop = merge(begin, static_cast<std::uint32_t>(std::min<std::uint64_t>(end - begin, window)), pieces);
    if (expected.end != 0 && !(pieces[before] == expected)) return false;
    if (stop == end) return true;
    const std::uint64_t margin = std::max<std::uint64_t>(window / 8, 1);
    std::size_t standing = pieces.size();
    while (standing > before && pieces[standing - 1].end > stop - margin) --standing;
    if (standing == before) return false;
    expected = pieces[standing];
    begin = pieces[standing - 1].end;
    pieces.resize(standing);
  }
}

/// pieces: those of units [begin, end), begin < end. merge(from, count, pieces) appends what is made of `count` units from `from` on, as
/// though there were no others, and returns where they end; it may take a few more, but not past `end`.
/// O(n) merges for vocabularies by which far places do not change each other's pieces, O(n log n) for any.
template <class Merge>
void merge_in_windows(std::uint32_t begin, std::uint32_t end, const Merge& merge, std::vector<MergedPiece>& pieces) {
  constexpr std::uint64_t first = 4096;  // symbols and queue then stay in the second cache
  pieces.clear();
  for (std::uint64_t window = first; !try_windows(begin, end, window, merge, pieces); window *= 4) pieces.clear();
}

}  // namespace weft::detail
