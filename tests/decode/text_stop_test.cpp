#include "weft/core/error.hpp"
#include "weft/decode/text_stop.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "weft/core/philox.hpp"

using namespace weft;

namespace {

// The rule, the plain way: the first byte at which a stop string is complete; of several the longest.
struct Hit {
  std::size_t begin = std::string::npos, length = 0;
};
Hit first_hit(const std::string& text, const std::vector<std::string>& stops) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    Hit hit;
    for (const auto& s : stops)
      if (s.size() <= end && s.size() > hit.length && text.compare(end - s.size(), s.size(), s) == 0)
        hit = {end - s.size(), s.size()};
    if (hit.length > 0) return hit;
  }
  return {};
}

std::size_t pick(std::uint64_t seed, std::uint64_t i, std::size_t n) { return static_cast<std::size_t>(uniform(seed, 9, i) * static_cast<double>(n)); }

std::string random_text(std::uint64_t seed, std::uint64_t salt, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += "aabc"[pick(seed + 1000003 * salt, i, 4)];
  return text;
}

}  // namespace

TEST_CASE("for random texts, stop sets and chunks: what is shown is the text before the first stop string, and never more") {
  std::size_t hits = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    std::vector<std::string> strings;
    for (std::size_t i = 0; i < pick(seed, 0, 4); ++i) strings.push_back(random_text(seed, 1 + i, 1 + pick(seed, 1 + i, 5)));
    const StopStrings stops(strings);
    const auto text = random_text(seed, 77, 30);
    const auto hit = first_hit(text, strings);
    const auto expected = text.substr(0, hit.begin);
    StopText out;
    std::string shown;
    bool stopped = false;
    for (std::size_t at = 0, n = 0; at < text.size() && !stopped; at += n) {
      n = 1 + pick(seed + 5, at, 6);
      stopped = out.push(stops, std::string_view(text).substr(at, n));
      if (stopped) {
        REQUIRE(strings[static_cast<std::size_t>(out.found())].size() == hit.length);
        out.cut(hit.length);
        ++hits;
      }
      shown += out.take(stops, stopped);
      REQUIRE(expected.substr(0, shown.size()) == shown);  // nothing was shown that must be taken back
    }
    shown += out.take(stops, true);
    REQUIRE(stopped == (hit.length > 0));
    REQUIRE(shown == expected);
    REQUIRE(out.text() == expected);
  }
  CHECK(hits > 1000);
}

TEST_CASE("only what may become a stop string is held back") {
  const std::vector<std::string> strings{"stop", "oops"};
  const StopStrings stops{std::span<const std::string>(strings)};
  StopText out;
  CHECK_FALSE(out.push(stops, "a st"));
  CHECK(out.take(stops, false) == "a ");
  CHECK_FALSE(out.push(stops, "o"));
  CHECK(out.take(stops, false) == "");
  CHECK_FALSE(out.push(stops, "o"));  // "stoo": no longer "stop", but "oo" may be "oops"
  CHECK(out.take(stops, false) == "st");
  CHECK_FALSE(out.push(stops, "x"));
  CHECK(out.take(stops, false) == "oox");
}

TEST_CASE("a stop string inside another, and equal ones, are found at the first byte that completes one") {
  const std::vector<std::string> strings{"abcd", "bc", "bc"};
  const StopStrings stops{std::span<const std::string>(strings)};
  StopText out;
  CHECK(out.push(stops, "xabcd"));
  CHECK(out.found() == 1);
}

TEST_CASE("a long text that almost matches everywhere is still linear") {
  const std::vector<std::string> strings{std::string(20000, 'a') + "b"};
  const StopStrings stops{std::span<const std::string>(strings)};
  StopText out;
  for (int i = 0; i < 100; ++i) CHECK_FALSE(out.push(stops, std::string(19999, 'a') + "c"));  // quadratic would take minutes
  CHECK(out.take(stops, false).size() == 2000000);
}

TEST_CASE("empty stop strings and those that are no whole characters are refused") {
  for (const std::string bad : {"", "\xA9x", "x\xE4", "\xFF", "\xC3(", "\xED\xA0\x80"}) {
    const std::vector<std::string> strings{"ok", bad};
    CHECK_THROWS_AS(StopStrings{std::span<const std::string>(strings)}, Error);
  }
}
