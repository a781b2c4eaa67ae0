// How examples/chat shows an answer: the same whatever the pieces it comes in.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/answer_printer.hpp"

using example::AnswerPrinter;

namespace {

/// Pieces of n bytes, cut at characters.
std::string shown(const std::string& text, AnswerPrinter::Style style, bool reasons, std::size_t n) {
  AnswerPrinter printer(style, reasons);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(at + n, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    out += printer.push(text.substr(at, end - at));
    at = end;
  }
  return out + printer.finish();
}

void check(const std::string& text, const std::string& expected, AnswerPrinter::Style style, bool reasons = false) {
  for (std::size_t n = 1; n <= text.size(); ++n) {
    CAPTURE(n);
    CHECK(shown(text, style, reasons, n) == expected);
  }
}

}  // namespace

TEST_CASE("words are not broken at the terminal's edge, and lines of the text stay lines") {
  check("the quick brown fox jumps", "the quick\nbrown fox\njumps", {.width = 10});
  check("one\n\n  two three", "one\n\n  two\nthree", {.width = 7});
  check("a word of twelve: abcdefghijkl, then", "a word of\ntwelve:\nabcdefghijkl, then", {.width = 10});
  check("as it is    written\tby it", "as it is    written\tby it", {});
  check("\xC3\xA9t\xC3\xA9 \xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9\n\xC3\xA9t\xC3\xA9", {.width = 6});
}

TEST_CASE("reasoning is dimmed from <think> to </think>, where there are colours") {
  check("so <think>hm, x < y</think> yes", "so \033[2m<think>hm, x < y</think>\033[0m yes", {.colours = true});
  check("so <think>hm</think> yes", "so <think>hm</think> yes", {});
  check("hm </think>yes", "\033[2mhm </think>\033[0myes", {.colours = true}, true);
  check("<think>cut", "\033[2m<think>cut\033[0m", {.colours = true});
  check("a <thin line and <th", "a <thin line and <th", {.colours = true});
  CHECK(AnswerPrinter::opens_reasoning("<|assistant|><think>\n"));
  CHECK(!AnswerPrinter::opens_reasoning("<|assistant|>\n"));
}

TEST_CASE("what would make the terminal do something is shown as U+FFFD") {
  check("a\033[2Jb\rc\x7F", "a\xEF\xBF\xBD[2Jb\xEF\xBF\xBD" "c\xEF\xBF\xBD", {.colours = true});
  check("\xC2\x9B" "31m", "\xEF\xBF\xBD" "31m", {});
}
