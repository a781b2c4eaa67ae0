#include "weft/core/normalize.hpp"

#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "weft/core/unicode.hpp"

using namespace weft;

TEST_CASE("normal forms and lower case are those of Python's unicodedata for Unicode 15.0") {
  std::ifstream file(test::data("unicode") / "normal_forms.tsv");
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    std::array<std::string, 6> field;
    std::stringstream fields(line);
    for (auto& text : field) std::getline(fields, text, '\t');
    INFO("line ", lines + 1, ": ", field[0]);
    CHECK(normalize(field[0], NormalForm::nfc) == field[1]);
    CHECK(normalize(field[0], NormalForm::nfd) == field[2]);
    CHECK(normalize(field[0], NormalForm::nfkc) == field[3]);
    CHECK(normalize(field[0], NormalForm::nfkd) == field[4]);
    CHECK(to_lower(field[0]) == field[5]);
  }
  CHECK(lines > 8000);
}

TEST_CASE("what the code points of a normalised text replace is the whole text") {
  std::ifstream file(test::data("unicode") / "normal_forms.tsv");
  for (std::string line; std::getline(file, line);) {
    const std::string text = line.substr(0, line.find('\t'));
    std::size_t length = 0;
    for (const char c : text) length += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    for (const auto form : {NormalForm::nfc, NormalForm::nfd, NormalForm::nfkc, NormalForm::nfkd}) {
      std::vector<detail::NormalCode> codes;
      detail::normalize_codes(text, form, codes);
      std::size_t taken = 0;
      for (const auto& code : codes) taken += code.taken;
      if (taken != length) FAIL_CHECK(text);
    }
  }
}

TEST_CASE("normalising twice changes nothing more, and bytes that are no UTF-8 stay") {
  const std::string text = "A\xCC\x8A \xFF\xC3 \xEF\xAC\x81\xED\xA0\x80";
  CHECK(normalize(text, NormalForm::nfc) == "\xC3\x85 \xFF\xC3 \xEF\xAC\x81\xED\xA0\x80");
  CHECK(normalize(text, NormalForm::nfkc) == "\xC3\x85 \xFF\xC3 fi\xED\xA0\x80");
  for (const auto form : {NormalForm::nfc, NormalForm::nfd, NormalForm::nfkc, NormalForm::nfkd})
    CHECK(normalize(normalize(text, form), form) == normalize(text, form));
}

TEST_CASE("a megabyte of marks is put in order") {
  std::string text = "a";
  for (int i = 0; i < 250'000; ++i) text += i % 2 == 0 ? "\xCC\x81" : "\xCC\xA3";  // above (230), below (220)
  const std::string ordered = normalize(text, NormalForm::nfd);
  CHECK(ordered.size() == text.size());
  CHECK(ordered.substr(0, 5) == "a\xCC\xA3\xCC\xA3");
  CHECK(ordered.substr(ordered.size() - 4) == "\xCC\x81\xCC\x81");
  CHECK(normalize(text, NormalForm::nfc).substr(0, 3) == "\xE1\xBA\xA1");  // U+1EA1
}

TEST_CASE("composition knows Hangul and its limits") {
  CHECK(compose(0x1100, 0x1161) == 0xAC00);
  CHECK(compose(0xAC00, 0x11A8) == 0xAC01);
  CHECK(compose(0xAC01, 0x11A8) == 0);
  CHECK(compose(0xAC00, 0x11A7) == 0);
  CHECK(compose('a', 'b') == 0);
  CHECK(combining_class(0x301) == 230);
  CHECK(combining_class('a') == 0);
  CHECK(combining_class(0x110000) == 0);
}
