#include "weft/sample/chosen_before.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// Its state is the text of what was chosen; 'e' and later letters are not offered.
struct Recorder {
  detail::ChosenBefore<std::string> chosen{};
  std::string operator()(const std::string& text, std::size_t unchanged) {
    std::vector<Token> history(text.begin(), text.end());
    const std::string state =
        chosen.at({.history = history, .unchanged = unchanged}, "",
                  [](std::string& s, const detail::Ranked& r) { s += static_cast<char>(static_cast<int>(r.value)); });
    for (std::size_t c = 'a'; c < 'e'; ++c) chosen.offer(static_cast<float>(c), c);
    return state;
  }
};

}  // namespace

TEST_CASE("a step learns the token that followed its last call, and goes back with a rewind") {
  Recorder r;
  CHECK(r("xy", 0) == "");
  CHECK(r("xya", 2) == "a");
  CHECK(r("xyab", 3) == "ab");
  auto fork = r;
  CHECK(r("xyabc", 4) == "abc");
  CHECK(r("xyabc", 5) == "abc");     // asked again at the same place
  CHECK(r("xyabce", 5) == "abc");    // what was not offered teaches nothing
  CHECK(fork("xyabd", 4) == "abd");  // a fork goes its own way
  CHECK(r("xya", 3) == "a");         // a rewind
  CHECK(r("xyad", 3) == "ad");
  CHECK(r("xyadbc", 4) == "adb");  // of several tokens at once, the first was offered
  CHECK(r("zz", 0) == "");         // another text
}
