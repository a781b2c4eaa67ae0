#include "weft/decode/hypotheses.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "weft/core/philox.hpp"

using namespace weft;
using detail::Hypotheses;

namespace {
double some(std::uint64_t i) { return -std::floor(uniform(3, 4, i) * 8) / 4; }  // of few values, so that there are ties
}

TEST_CASE("the best stay, in order, and of equal ones the newer stands first") {
  for (const std::size_t width : {1u, 3u, 10u}) {
    Hypotheses kept(width, 1, EarlyStopping::never);
    std::vector<std::pair<double, Token>> all;
    for (Token n = 0; n < 40; ++n) {
      const double sum = some(static_cast<std::uint64_t>(n)) * 5, score = sum / 5;
      CHECK(kept.score(sum, 5) == score);
      const bool room = all.size() < width || score > all.back().first;
      CHECK(kept.wants(sum, 5) == room);
      Result result;
      result.score = score;
      result.tokens = {n};
      kept.add(result);
      all.insert(std::lower_bound(all.begin(), all.end(), score, [](const auto& a, double s) { return a.first > s; }), {score, n});
      all.resize(std::min(all.size(), width));
      REQUIRE(kept.best().size() == all.size());
      for (std::size_t i = 0; i < all.size(); ++i) CHECK(kept.best()[i].tokens.front() == all[i].second);
    }
  }
}

TEST_CASE("a search may stop where no open branch can join: at once, at its present length, or at no length up to the limit") {
  std::uint64_t i = 100;
  for (const float penalty : {-1.0f, 0.0f, 0.6f, 1.0f, 2.0f})
    for (int round = 0; round < 100; ++round) {
      const double finished = 4 * some(i++), open = 4 * some(i++);
      const std::size_t length = 1 + static_cast<std::size_t>(round % 7), limit = 12;
      for (const auto early : {EarlyStopping::when_width_finished, EarlyStopping::heuristic, EarlyStopping::never}) {
        Hypotheses kept(1, penalty, early);
        CHECK_FALSE(kept.is_done(open, length, limit));
        Result result;
        result.score = kept.score(finished, 4);
        kept.add(result);
        bool better_now = kept.score(open, length) > result.score, better_ever = false;
        for (std::size_t l = length; l <= limit; ++l) better_ever = better_ever || kept.score(open, l) > result.score;  // a sum only falls
        const bool done = early == EarlyStopping::when_width_finished || !(early == EarlyStopping::heuristic ? better_now : better_ever);
        CHECK(kept.is_done(open, length, limit) == done);
      }
    }
}
