// Definitions of core/archive.hpp.
#pragma once

#include "weft/core/archive.hpp"

namespace weft {

WEFT_INLINE void StateWriter::append(const void* from, std::size_t size) {
  const auto* const first = static_cast<const std::byte*>(from);
  if (size > 0) bytes_.insert(bytes_.end(), first, first + size);
}

WEFT_INLINE std::string StateReader::get_text() {
  const auto text = get_all<char>();
  return {text.begin(), text.end()};
}

WEFT_INLINE bool StateReader::get_flag() {
  const auto value = get<std::uint8_t>();
  if (value > 1) broken("a flag is ", static_cast<unsigned>(value), ", expected 0 or 1");
  return value == 1;
}

WEFT_INLINE std::span<const std::byte> StateReader::take(std::uint64_t size) {
  if (size > rest_.size())
    broken("ends at byte ", size_, " where ", size, " more were expected after byte ", position());
  const auto taken = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(static_cast<std::size_t>(size));
  return taken;
}

WEFT_INLINE void StateReader::expect_end() const {
  if (!rest_.empty()) broken(rest_.size(), " bytes too many");
}

WEFT_INLINE void StateWriter::put_text(std::string_view text) { put_all(std::span<const char>(text)); }

WEFT_INLINE std::span<const std::byte> StateWriter::bytes() const noexcept { return bytes_; }

}  // namespace weft
