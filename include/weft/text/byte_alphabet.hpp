// GPT-2's alphabet: each byte as a printable character. Printable Latin-1 stands for itself, the others, in order, from U+0100 on.
// Source: Radford et al. 2019 (GPT-2), bytes_to_unicode. Not API.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/core/utf8.hpp"

namespace weft::detail {

inline constexpr std::array<char16_t, 256> gpt2_char_of = [] {
  std::array<char16_t, 256> table{};
  char16_t other = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    table[byte] = printable ? static_cast<char16_t>(byte) : other++;
  }
  return table;
}();

/// -1 for what is none of its characters.
inline constexpr std::array<std::int16_t, 0x144> gpt2_byte_of = [] {
  std::array<std::int16_t, 0x144> table{};
  table.fill(-1);
  for (std::size_t byte = 0; byte < 256; ++byte) table[gpt2_char_of[byte]] = static_cast<std::int16_t>(byte);
  return table;
}();

/// Bytes in that alphabet.
inline std::string spell_gpt2(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) append_utf8(text, gpt2_char_of[static_cast<unsigned char>(c)]);
  return text;
}

}  // namespace weft::detail
