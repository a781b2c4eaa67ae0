#include "weft/core/unicode.hpp"

#include <doctest/doctest.h>

#include <array>
#include <initializer_list>

#if __has_include(<utf8proc.h>) && defined(WEFT_TEST_UTF8PROC)
#include <utf8proc.h>
#endif

using namespace weft;

TEST_CASE("each general category has as many code points as Unicode 15.0 gives it") {
  // Counted from UnicodeData.txt 15.0.0, in the order of the enumeration; cn is all the rest.
  constexpr std::array<int, 30> expected{1831, 2233, 31, 397, 131612, 1985, 452, 13, 680, 236, 915, 10, 26, 79, 77,
                                         12, 10, 628, 948, 63, 125, 6634, 17, 1, 1, 65, 170, 2048, 137468, 825345};
  std::array<int, 30> counts{};
  for (char32_t code = 0; code < detail::code_limit; ++code) ++counts[static_cast<std::size_t>(category(code))];
  CHECK(counts == expected);
}

TEST_CASE("categories of well-known code points") {
  CHECK(category('A') == Category::lu);
  CHECK(category(0xDF) == Category::ll);
  CHECK(category(0x1C5) == Category::lt);
  CHECK(category(0x2B0) == Category::lm);
  CHECK(category(0x4E00) == Category::lo);   // first of a range given by its ends
  CHECK(category(0x9FFF) == Category::lo);
  CHECK(category(0xAC00) == Category::lo);
  CHECK(category(0x301) == Category::mn);
  CHECK(category('7') == Category::nd);
  CHECK(category(0x2163) == Category::nl);
  CHECK(category(0xBD) == Category::no);
  CHECK(category('_') == Category::pc);
  CHECK(category('+') == Category::sm);
  CHECK(category(0x1F600) == Category::so);
  CHECK(category(0xA0) == Category::zs);
  CHECK(category('\n') == Category::cc);
  CHECK(category(0xD800) == Category::cs);
  CHECK(category(0xE000) == Category::co);
  CHECK(category(0x378) == Category::cn);
  CHECK(category(0x10FFFF) == Category::cn);
  CHECK(category(0x110000) == Category::cn);
  CHECK(category(0x1E4D0) == Category::lo);  // new in 15.0
}

TEST_CASE("groups of categories hold what their letter says") {
  CHECK(is_letter(Category::lo));
  CHECK_FALSE(is_letter(Category::mn));
  CHECK(is_mark(Category::me));
  CHECK(is_number(Category::nl));
  CHECK(is_punctuation(Category::po));
  CHECK(is_symbol(Category::sc));
  CHECK(is_separator(Category::zl));
  CHECK(is_other(Category::cn));
}

TEST_CASE("white space is the 25 code points of the property") {
  int count = 0;
  for (char32_t code = 0; code < detail::code_limit; ++code) count += is_white_space(code) ? 1 : 0;
  CHECK(count == 25);
  for (const char32_t code : std::initializer_list<char32_t>{0x9, 0xD, 0x20, 0x85, 0xA0, 0x1680, 0x2000, 0x200A, 0x2028, 0x3000}) CHECK(is_white_space(code));
  for (const char32_t code : std::initializer_list<char32_t>{0x8, 0xE, 0x200B, 0xFEFF, 0x180E}) CHECK_FALSE(is_white_space(code));
}

TEST_CASE("case folding is simple and settles at once") {
  CHECK(fold_case('A') == 'a');
  CHECK(fold_case('a') == 'a');
  CHECK(fold_case(0x17F) == 's');
  CHECK(fold_case(0x212A) == 'k');
  CHECK(fold_case(0x1E9E) == 0xDF);
  CHECK(fold_case(0xDF) == 0xDF);
  CHECK(fold_case(0x3A3) == 0x3C3);
  CHECK(fold_case(0x3C2) == 0x3C3);
  CHECK(fold_case(0x130) == 0x130);  // only full or Turkic folding knows it
  CHECK(fold_case(0x13A0) == 0x13A0);
  CHECK(fold_case(0xAB70) == 0x13A0);
  int folded = 0;
  for (char32_t code = 0; code < detail::code_limit; ++code) {
    folded += fold_case(code) != code ? 1 : 0;
    if (fold_case(fold_case(code)) != fold_case(code)) FAIL_CHECK("code point ", code);
  }
  CHECK(folded == 1454);  // statuses C and S of CaseFolding.txt 15.0.0
}

TEST_CASE("scripts are found by code point and by name") {
  CHECK(script_name('a') == "Latin");
  CHECK(script_name(' ') == "Common");
  CHECK(script_name(0x301) == "Inherited");
  CHECK(script_name(0x4E2D) == "Han");
  CHECK(script_name(0x3042) == "Hiragana");
  CHECK(script_name(0x1E4D0) == "Nag_Mundari");  // new in 15.0
  CHECK(script_name(0x378) == "Unknown");
  CHECK(script_name(0x110000) == "Unknown");
  int han = 0;
  for (char32_t code = 0; code < detail::code_limit; ++code) han += script_name(code) == "Han" ? 1 : 0;
  CHECK(han == 98408);  // the total that Scripts.txt 15.0.0 states
}

TEST_CASE("lower case takes a capital's dot for a mark, and knows no final sigma") {
  CHECK(to_lower("\xC3\x84\xC4\xB0 \xCE\xA3\xCE\xA3") == "\xC3\xA4i\xCC\x87 \xCF\x83\xCF\x83");
  CHECK(to_lower("A\xFF" "B") == "a\xFF" "b");
  CHECK(lower_case(0x10400) == 0x10428);
}

#if __has_include(<utf8proc.h>) && defined(WEFT_TEST_UTF8PROC)
TEST_CASE("categories and folding agree with utf8proc for every code point") {
  constexpr Category of[] = {Category::cn, Category::lu, Category::ll, Category::lt, Category::lm, Category::lo, Category::mn, Category::mc,
                             Category::me, Category::nd, Category::nl, Category::no, Category::pc, Category::pd, Category::ps, Category::pe,
                             Category::pi, Category::pf, Category::po, Category::sm, Category::sc, Category::sk, Category::so, Category::zs,
                             Category::zl, Category::zp, Category::cc, Category::cf, Category::cs, Category::co};
  for (char32_t code = 0; code < detail::code_limit; ++code) {
    const int theirs = utf8proc_category(static_cast<utf8proc_int32_t>(code));
    if (of[theirs] != category(code)) FAIL_CHECK("code point ", code);
  }
}
#endif
