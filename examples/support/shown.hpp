// The bytes of a token on a terminal.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "weft/core/utf8.hpp"

namespace example {

/// Bytes as they may be shown: what is no printable ASCII and no part of valid UTF-8 as \xNN.
inline std::string shown(std::string_view bytes) {
  std::string out;
  const bool text = weft::is_utf8(bytes);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n')
      out += "\\n";
    else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !text))
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out;
}

}  // namespace example
