#include "weft/core/char_set.hpp"

#include <doctest/doctest.h>

using namespace weft;

TEST_CASE("sets keep their ranges sorted and apart, in whatever order they come") {
  CharSet set;
  set.add('x', 'z');
  set.add('a', 'c');
  set.add('d', 'd');
  set.add('b', 'y');
  REQUIRE(set.ranges().size() == 1);
  CHECK(set == CharSet('a', 'z'));
  set.add(0x100, 0x200);
  set.add(0x80, 0x90);
  CHECK(set.ranges().size() == 3);
  CHECK(set.contains(0x85));
  CHECK_FALSE(set.contains(0x91));
  CHECK(set.contains(0x200));
}

TEST_CASE("complement, union and intersection obey De Morgan") {
  const CharSet letters = *CharSet::property("L"), upper = *CharSet::property("Lu");
  CHECK(letters.negated().negated() == letters);
  CHECK(letters.intersected(upper) == upper);
  CharSet either = letters.negated();
  either.add(upper);
  CHECK(either.negated() == letters.intersected(upper.negated()));
  CHECK(CharSet::all().negated().empty());
  CHECK(CharSet().negated() == CharSet::all());
}

TEST_CASE("the cases of a letter are those that it has in a large set") {
  for (char32_t code = 0; code < 0x20000; code += code < 0x600 ? 1 : code < 0x3000 ? 11 : 211) {
    if (code >= 0xE000 && code <= 0xE100) continue;
    const CharSet one = CharSet(code, code).with_all_cases();
    CharSet large(0xE000, 0xE100);  // private use has no cases; large sets go another way
    large.add(code, code);
    large = large.with_all_cases();
    CHECK(one == large.intersected(CharSet(0xE000, 0xE100).negated()));
  }
}

TEST_CASE("all cases of a set are closed under folding") {
  const CharSet k = CharSet('k', 'k').with_all_cases();
  CHECK(k.contains('K'));
  CHECK(k.contains(0x212A));
  CHECK(k.with_all_cases() == k);
  CHECK(CharSet(0x3C2, 0x3C2).with_all_cases().contains(0x3A3));
  CHECK(CharSet('1', '9').with_all_cases() == CharSet('1', '9'));
}

TEST_CASE("properties are found by short and long name, whatever their case and blanks") {
  CHECK(CharSet::property("Uppercase_Letter") == CharSet::property("lu"));
  CHECK(CharSet::property("White Space") == CharSet::white_space());
  CHECK(CharSet::property("any") == CharSet::all());
  CHECK(CharSet::property("Uppercase") == CharSet::upper_case());
  CHECK(CharSet::property("alpha") == CharSet::alphabetic());
  CHECK_FALSE(CharSet::property("Uppercased").has_value());
  CHECK_FALSE(CharSet::property("").has_value());
}
