#include "weft/sample/dry.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// The definition, by trying every earlier place.
std::vector<float> plain_dry(const DryOptions& o, std::span<const Token> text, std::size_t vocab) {
  const auto n = static_cast<std::ptrdiff_t>(text.size());
  const std::ptrdiff_t begin = o.range < 0 ? 0 : std::max<std::ptrdiff_t>(0, n - o.range);
  std::ptrdiff_t limit = n - begin, head = -1;
  for (const auto& run : o.breakers)
    for (std::ptrdiff_t at = begin; at + std::ssize(run) <= n; ++at)
      if (std::equal(run.begin(), run.end(), text.begin() + at) &&
          (at > head || (at == head && n - at - std::ssize(run) < limit))) {
        head = at;
        limit = n - at - std::ssize(run);
      }
  std::vector<std::ptrdiff_t> longest(vocab, -1);
  for (std::ptrdiff_t p = begin + 1; p < n; ++p) {
    std::ptrdiff_t length = 0;
    while (p - length > begin &&
           text[static_cast<std::size_t>(p - length - 1)] == text[static_cast<std::size_t>(n - length - 1)])
      ++length;
    auto& best = longest[static_cast<std::size_t>(text[static_cast<std::size_t>(p)])];
    best = std::max(best, std::min(length, limit));
  }
  std::vector<float> logits(vocab, 0);
  for (std::size_t id = 0; id < vocab; ++id) {
    const bool spared = std::any_of(o.breakers.begin(), o.breakers.end(),
                                    [&](const auto& run) { return run == std::vector<Token>{static_cast<Token>(id)}; });
    if (longest[id] >= o.allowed_length && !spared && n - begin > o.allowed_length && limit >= o.allowed_length)
      logits[id] = -static_cast<float>(
          static_cast<double>(o.multiplier) *
          std::pow(static_cast<double>(o.base), static_cast<double>(longest[id] - o.allowed_length)));
  }
  return logits;
}

}  // namespace

TEST_CASE("DRY equals its definition at every step, after rewinds, and in forks") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    DryOptions options;
    options.base = 1.5f;
    options.allowed_length = static_cast<std::int64_t>(seed % 4);
    options.range = seed % 3 == 0 ? -1 : static_cast<std::int64_t>(5 + seed % 20);
    if (seed % 2 == 1) options.breakers = {{0}, {1, 2}, {1, 2, 2}, {3, 1}};
    auto step = dry(options);
    step.prepare(5, 100);
    std::vector<Token> text;
    std::size_t unchanged = 0;
    for (std::uint64_t i = 0; i < 80; ++i) {
      if (i % 23 == 22) text.resize(text.size() - static_cast<std::size_t>(uniform(seed, 2, i) * 9));
      unchanged = std::min(unchanged, text.size());
      const bool repeats = text.size() > 12 && uniform(seed, 4, i) < 0.7;
      text.push_back(repeats ? text[text.size() - 11] : static_cast<Token>(uniform(seed, 3, i) * 5));
      if (i % 7 == 0) continue;  // several tokens at once
      auto fork = step;
      std::vector<float> logits(5, 0), forked(5, 0);
      apply(step, std::span<float>(logits), {.history = text, .unchanged = unchanged});
      apply(fork, std::span<float>(forked), {.history = text, .unchanged = unchanged});
      unchanged = text.size();
      REQUIRE(logits == plain_dry(options, text, 5));
      REQUIRE(forked == logits);
    }
  }
}

TEST_CASE("a penalty beyond float's range is a great penalty") {
  const std::vector<Token> text(300, 1);
  const auto logits = applied(dry({.multiplier = 1, .base = 10}), {0, 0}, {.history = text});
  CHECK(logits[0] == 0);
  CHECK(logits[1] == -1e38f);
}

TEST_CASE("DRY refuses a negative multiplier, a base below 1, negative lengths and empty breakers") {
  CHECK(kind_of_error([] { (void)dry({.multiplier = -1}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)dry({.base = 0.5f}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)dry({.allowed_length = -1}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)dry({.range = -2}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)dry({.breakers = {{}}}); }) == ErrorKind::argument);
}
