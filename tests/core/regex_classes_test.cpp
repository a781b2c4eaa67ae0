#include <doctest/doctest.h>

#include <string_view>

#include "weft/core/regex_classes.hpp"

using weft::CharSet;
using weft::RegexFlavor;
using weft::detail::posix_class;
using weft::detail::regex_word;

TEST_CASE("POSIX classes follow Unicode's properties, beyond the categories where these are more") {
  const auto holds = [](std::string_view name, char32_t code) { return posix_class(name, RegexFlavor::oniguruma)->contains(code); };
  // U+2160 is a letter number, U+24D0 a symbol, U+02B0 a modifier letter, U+0345 a mark: all of them have a case.
  CHECK(holds("upper", U'\u2160'));
  CHECK(holds("lower", U'\u24D0'));
  CHECK(holds("lower", U'\u02B0'));
  CHECK(holds("lower", U'\u0345'));
  CHECK_FALSE(holds("upper", U'\u01C5'));  // title case
  CHECK(holds("alpha", U'\u0345'));
  CHECK_FALSE(holds("alpha", U'\u0301'));  // a mark, too, but no letter's part
  CHECK(holds("alpha", U'\u24D0'));
  CHECK_FALSE(holds("alpha", U'1'));
  CHECK(holds("alnum", U'1'));
  CHECK_FALSE(holds("alnum", U'\u00BD'));
  CHECK(holds("graph", U'\uE000'));
  CHECK_FALSE(holds("graph", U'\u00A0'));
  CHECK(holds("print", U'\u00A0'));
  CHECK_FALSE(holds("print", U'\t'));
  CHECK_FALSE(holds("print", U'\u2028'));
  CHECK_FALSE(posix_class("letters", RegexFlavor::common).has_value());
}

TEST_CASE("alnum is alpha and digits, graph is print without its spaces, and case excludes case") {
  const auto of = [](std::string_view name) { return *posix_class(name, RegexFlavor::oniguruma); };
  CharSet sum = of("alpha");
  sum.add(of("digit"));
  CHECK(sum == of("alnum"));
  CharSet print = of("graph");
  print.add(*CharSet::property("Zs"));
  CHECK(print == of("print"));
  CHECK(of("upper").intersected(of("lower")).empty());
  CHECK(of("upper").intersected(of("alpha")) == of("upper"));
  CHECK(of("lower").intersected(of("alpha")) == of("lower"));
}

TEST_CASE("Oniguruma's words have no joiners, and fractions only outside of sets") {
  CHECK(regex_word(RegexFlavor::common, false).contains(U'\u200D'));
  CHECK_FALSE(regex_word(RegexFlavor::oniguruma, false).contains(U'\u200D'));
  CHECK(regex_word(RegexFlavor::oniguruma, false).contains(U'\u00BD'));
  CHECK_FALSE(regex_word(RegexFlavor::oniguruma, true).contains(U'\u00BD'));
  CHECK_FALSE(regex_word(RegexFlavor::common, false).contains(U'\u00BD'));
}
