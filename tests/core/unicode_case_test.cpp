#include "weft/core/unicode_case.hpp"

#include <doctest/doctest.h>

#include "weft/core/utf8.hpp"

using namespace weft;

namespace {

template <class Append>
std::string mapped(std::string_view text, Append append) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto step = detail::read_utf8(text, at);
    append(out, step.code);
    at += step.length;
  }
  return out;
}
std::string upper(std::string_view text) { return mapped(text, append_upper); }
std::string lower(std::string_view text) { return mapped(text, append_lower); }
std::string title(std::string_view text) { return mapped(text, append_title); }
std::string folded(std::string_view text) { return mapped(text, append_casefold); }

}  // namespace

TEST_CASE("cases of letters of many scripts are those of Unicode's tables") {
  CHECK(upper("straße, œuvre, яблоко, ψυχή, 3 µm") == "STRASSE, ŒUVRE, ЯБЛОКО, ΨΥΧΉ, 3 ΜM");
  CHECK(lower("STRASSE, ŒUVRE, ЯБЛОКО, ΨΥΧΉ, Ⅷ, Ⓐ") == "strasse, œuvre, яблоко, ψυχή, ⅷ, ⓐ");
  CHECK(folded("Straße, ΣΊΣΥΦΟΣ, ſ") == "strasse, σίσυφοσ, s");
  CHECK(upper("日本 123 !?") == "日本 123 !?");
}

TEST_CASE("one character may become several, and a title is not always an upper case") {
  CHECK(upper("ﬃ") == "FFI");
  CHECK(title("ﬃ") == "Ffi");
  CHECK(title("ß") == "Ss");
  CHECK(upper("ŉ") == "ʼN");
  CHECK(upper("ΐ") == "Ι\u0308\u0301");
  CHECK(lower("İ") == "i\u0307");
  CHECK(upper("ǆ") == "Ǆ");
  CHECK(title("ǆ") == "ǅ");
  CHECK(lower("ǅ") == "ǆ");
  CHECK(folded("\uAB70") == "\u13A0");  // Cherokee folds to its capitals
  CHECK(upper("ᾳ") == "ΑΙ");
  CHECK(title("ᾳ") == "ᾼ");
}

TEST_CASE("for every character: cases are whole, a fold of a fold is the same, and folding forgets the case") {
  std::size_t expanded = 0, cased = 0;
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xD800 && code < 0xE000) continue;
    std::string text;
    append_utf8(text, code);
    const auto fold = folded(text), up = upper(text), low = lower(text);
    REQUIRE(folded(fold) == fold);
    REQUIRE(upper(up) == up);
    if (code != U'İ') REQUIRE(lower(low) == low);
    REQUIRE(!title(text).empty());
    cased += up != text || low != text;
    expanded += up.size() > text.size() && code > 0x7F;
    if (code < 0x80) REQUIRE((up.size() == 1 && low.size() == 1));
  }
  CHECK(cased > 2500);
  CHECK(expanded > 50);
}
