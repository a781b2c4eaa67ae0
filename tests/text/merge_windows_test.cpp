#include "weft/text/merge_windows.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "weft/text/bpe.hpp"

using namespace weft;

namespace {

using MergeList = std::vector<detail::MergeTable::Merge>;
using MergedWord = std::vector<std::pair<std::uint32_t, std::uint32_t>>;  // id and end

// All pairs of the word in one ordered set.
MergedWord merge_at_once(const MergeList& merges, const std::vector<std::uint32_t>& word) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> ranks;
  for (std::uint32_t i = 0; i < merges.size(); ++i) ranks[{merges[i].left, merges[i].right}] = i;
  std::map<std::uint32_t, std::uint32_t> parts;  // ids by place
  for (std::uint32_t i = 0; i < word.size(); ++i) parts[i] = word[i];
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;  // rank and place
  const auto rank_at = [&](auto part) {
    const auto next = std::next(part);
    const auto found = next == parts.end() ? ranks.end() : ranks.find({part->second, next->second});
    return found == ranks.end() ? detail::MergeTable::none : found->second;
  };
  for (auto part = parts.begin(); part != parts.end(); ++part) pairs.insert({rank_at(part), part->first});
  while (!pairs.empty() && pairs.begin()->first != detail::MergeTable::none) {
    const auto [rank, place] = *pairs.begin();
    const auto left = parts.find(place), right = std::next(left);
    const bool first = left == parts.begin();
    pairs.erase(pairs.begin());
    pairs.erase({rank_at(right), right->first});
    if (!first) pairs.erase({rank_at(std::prev(left)), std::prev(left)->first});
    left->second = merges[rank].result;
    parts.erase(right);
    pairs.insert({rank_at(left), place});
    if (!first) pairs.insert({rank_at(std::prev(left)), std::prev(left)->first});
  }
  MergedWord out;
  for (auto part = parts.begin(); part != parts.end(); ++part) {
    const auto next = std::next(part);
    out.emplace_back(part->second, next == parts.end() ? static_cast<std::uint32_t>(word.size()) : next->first);
  }
  return out;
}

MergedWord merged_word(const MergeList& merges, const std::vector<std::uint32_t>& word) {
  const detail::MergeTable table(merges, true);
  BpeScratch scratch;
  MergedWord out;
  std::uint32_t at = 0;
  table.merge(static_cast<std::uint32_t>(word.size()), [&](std::uint32_t i) { return word[i]; }, scratch, [&](std::uint32_t id, std::uint32_t begin, std::uint32_t end) {
    CHECK(begin == at);
    at = end;
    out.emplace_back(id, end);
  });
  return out;
}

}  // namespace

TEST_CASE("a word longer than the windows merges as all at once, whatever the merges are") {
  std::uint32_t random = 5;
  const auto draw = [&](std::uint32_t n) { return ((random = random * 1664525 + 1013904223) >> 12) % n; };
  for (std::uint32_t round = 0; round < 40; ++round) {
    // Of every other table the results follow from no order: they are any ids.
    const std::uint32_t letters = 1 + draw(3), ids = 3 + draw(10);
    MergeList merges;
    std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
    for (std::uint32_t i = 0; i < 14; ++i) {
      const detail::MergeTable::Merge one{draw(round % 2 != 0 ? ids : letters + i), draw(round % 2 != 0 ? ids : letters + i), round % 2 != 0 ? draw(ids) : letters + i};
      if (seen.insert({one.left, one.right}).second) merges.push_back(one);
      else if (round % 2 == 0) merges.push_back({1000 + i, 1000, letters + i});  // keeps the ids in step
    }
    std::vector<std::uint32_t> word;
    for (std::uint32_t i = 0, letter = 0; i < 9000; ++i) {
      if (round % 3 == 0 || draw(50) == 0) letter = draw(letters);
      word.push_back(letter);
    }
    CHECK(merged_word(merges, word) == merge_at_once(merges, word));
  }
}

TEST_CASE("what the end of a word changes at its front is found") {
  const MergeList merges{{0, 1, 1}};  // a letter that swallows all before it
  std::vector<std::uint32_t> word(20000, 0);
  word.push_back(1);
  CHECK(merged_word(merges, word) == MergedWord{{1, 20001}});
  word.insert(word.end(), 5000, 0);
  CHECK(merged_word(merges, word) == merge_at_once(merges, word));
}

TEST_CASE("windows that prove nothing say so, those that do give what the whole gives") {
  const MergeList merges{{0, 0, 2}, {2, 2, 3}, {3, 1, 4}};
  std::vector<std::uint32_t> word;
  for (std::uint32_t i = 0; i < 3000; ++i) word.push_back(i % 37 == 0 ? 1 : 0);
  const auto end = static_cast<std::uint32_t>(word.size());
  std::size_t calls = 0, proven = 0;
  for (const std::uint64_t window : {2u, 3u, 8u, 16u, 64u, 512u, 4000u}) {
    std::vector<detail::MergedPiece> pieces;
    const auto part = [&](std::uint32_t begin, std::uint32_t count, std::vector<detail::MergedPiece>& out) {
      ++calls;
      CHECK(count <= window);
      for (const auto& [id, to] : merge_at_once(merges, {word.begin() + begin, word.begin() + begin + count})) out.push_back({id, begin + to});
      return begin + count;
    };
    if (!detail::try_windows(0, end, window, part, pieces)) continue;
    ++proven;
    MergedWord found;
    for (const auto& piece : pieces) found.emplace_back(piece.id, piece.end);
    CHECK(found == merge_at_once(merges, word));
  }
  CHECK(proven >= 2);
  CHECK(calls > 10);
}
