// The Unicode tables for compare_unicode.py. Without arguments: a line of properties for every code point. With one: reads lines of UTF-8 in
// hexadecimal digits, writes for each its NFC, NFD, NFKC and NFKD and where its clusters end.
#include <array>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

#include "weft/core/char_set.hpp"
#include "weft/core/grapheme.hpp"
#include "weft/core/normalize.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/unicode_case.hpp"
#include "weft/core/utf8.hpp"

namespace {

void print_hex(std::string_view text) {
  for (const char c : text) std::printf("%02x", static_cast<unsigned char>(c));
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

void print_properties() {
  const std::array sets{weft::CharSet::white_space(), weft::CharSet::alphabetic(), weft::CharSet::upper_case(), weft::CharSet::lower_case()};
  for (char32_t code = 0; code < weft::detail::code_limit; ++code) {
    std::printf("%d %.*s %d ", static_cast<int>(weft::category(code)), static_cast<int>(weft::script_name(code).size()), weft::script_name(code).data(),
                weft::combining_class(code));
    for (const auto& set : sets) std::putchar(set.contains(code) ? '1' : '0');
    std::printf(" %x %x ", static_cast<unsigned>(weft::fold_case(code)), static_cast<unsigned>(weft::lower_case(code)));
    std::string folded;
    weft::append_casefold(folded, code);
    print_hex(folded);
    std::puts("");
  }
}

void print_forms(const std::string& text) {
  for (const auto form : {weft::NormalForm::nfc, weft::NormalForm::nfd, weft::NormalForm::nfkc, weft::NormalForm::nfkd}) {
    print_hex(weft::normalize(text, form));
    std::putchar(' ');
  }
  for (std::size_t at = 0; at < text.size();) std::printf("%zu,", at = weft::grapheme_end(text, at));
  std::puts("");
}

}  // namespace

int main(int argc, char**) {
  if (argc < 2) return print_properties(), 0;
  for (std::string line; std::getline(std::cin, line);) print_forms(from_hex(line));
}
