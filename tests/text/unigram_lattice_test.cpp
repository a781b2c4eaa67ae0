#include "weft/text/unigram_lattice.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "weft/core/philox.hpp"

using namespace weft;
using Lattice = detail::UnigramLattice;

namespace {

struct Piece {
  std::string text;
  double score;
  bool allowed;
};

/// The best sum of all ways to cut the rest of a word of characters; a character that is no piece costs `unknown`.
double best_of_all(const std::vector<std::string>& characters, std::size_t at, const std::vector<Piece>& pieces, double unknown) {
  if (at == characters.size()) return 0;
  double best = -1e300;
  bool single = false;
  std::string text;
  for (std::size_t end = at; end < characters.size(); ++end) {
    text += characters[end];
    for (const auto& piece : pieces) {
      if (!piece.allowed || piece.text != text) continue;
      best = std::max(best, piece.score + best_of_all(characters, end + 1, pieces, unknown));
      single = single || end == at;
    }
  }
  return single ? best : std::max(best, unknown + best_of_all(characters, at + 1, pieces, unknown));
}

}  // namespace

TEST_CASE("the cut is as likely as the best of all cuts") {
  std::uint64_t draws = 0;
  const auto random = [&] { return uniform(12, 13, draws++); };
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() * static_cast<double>(n)); };
  const std::string letters[] = {"a", "b", "\xC3\xA9", "\xE2\x96\x81"};
  const auto word_of = [&](std::size_t length) {
    std::vector<std::string> word;
    while (word.size() < length) word.push_back(letters[below(4)]);
    return word;
  };
  const auto joined = [](const std::vector<std::string>& word) {
    std::string text;
    for (const auto& c : word) text += c;
    return text;
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<Piece> pieces;
    for (std::size_t n = 1 + below(12); n > 0; --n) {
      const auto text = joined(word_of(1 + below(4)));
      if (std::none_of(pieces.begin(), pieces.end(), [&](const Piece& p) { return p.text == text; })) pieces.push_back({text, -10 * random(), random() < 0.9});
    }
    Lattice lattice;
    lattice.reserve(pieces.size() + 1, 100);
    for (std::size_t i = 0; i < pieces.size(); ++i) lattice.add(pieces[i].text, static_cast<Token>(i), pieces[i].score);
    const auto unknown = static_cast<Token>(pieces.size());
    lattice.set_unknown(unknown, -15);
    const auto characters = word_of(below(9));
    const auto word = joined(characters);
    Lattice::Cut cut;
    const double score = lattice.cut(word, [&](Token id) { return pieces[static_cast<std::size_t>(id)].allowed; }, cut);
    double sum = 0;
    for (std::size_t end = word.size(), begin = 0; end > 0; end = begin) {  // the pieces are the word's, from its end to its beginning
      const auto node = lattice.piece(cut, end);
      begin = node.begin;
      REQUIRE(node.begin < end);
      if (node.id == unknown) {
        sum -= 15;
        continue;
      }
      const auto& piece = pieces[static_cast<std::size_t>(node.id)];
      CHECK(piece.allowed);
      CHECK(word.substr(node.begin, end - node.begin) == piece.text);
      sum += piece.score;
    }
    CHECK(score == doctest::Approx(sum).epsilon(1e-12));
    CHECK(sum == doctest::Approx(best_of_all(characters, 0, pieces, -15)).epsilon(1e-12));
  }
}
