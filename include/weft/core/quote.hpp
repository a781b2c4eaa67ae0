// Text from a file as it may appear in an error message: quoted, bounded, and without control characters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft::detail {

/// text with bytes outside printable ASCII as \xNN (a terminal must not obey a file), cut after `limit` bytes.
inline std::string printable(std::string_view text, std::size_t limit) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  if (text.size() > limit) out += "...";
  return out;
}

/// The same between single quotes: a name.
inline std::string quote(std::string_view text, std::size_t limit = 128) { return '\'' + printable(text, limit) + '\''; }

}  // namespace weft::detail
