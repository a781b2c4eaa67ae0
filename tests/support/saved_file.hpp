// Files of Sequence::save() with other contents and a checksum that fits them: what a forger would write. (save() itself waits for the
// disk, which is too long for a thousand damaged files.)
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>

#include "weft/core/xxh64.hpp"

namespace weft::test {

/// The file's bytes with the checksum of all before it.
inline std::string forged(std::string bytes) {
  const auto hash = xxh64(std::as_bytes(std::span(bytes)).first(bytes.size() - 8));
  std::memcpy(bytes.data() + bytes.size() - 8, &hash, 8);
  return bytes;
}

/// The file with other bytes beside the sequence than those that it was saved with; as the layout in model/saved_sequence.hpp has it.
inline std::string forged_beside(std::string bytes, std::span<const std::byte> saved, std::span<const std::byte> other) {
  const auto text = [](std::span<const std::byte> s) { return std::string(reinterpret_cast<const char*>(s.data()), s.size()); };
  const auto sized = [&](std::span<const std::byte> s) {
    const std::uint64_t size = s.size();
    return text(std::as_bytes(std::span(&size, 1))) + text(s);
  };
  const auto old = sized(saved);
  const auto at = bytes.find(old);
  if (at == bytes.npos || bytes.find(old, at + 1) != bytes.npos) throw std::logic_error("the bytes beside must be in the file once");
  bytes.replace(at, old.size(), sized(other));
  const std::uint64_t size = bytes.size();
  std::memcpy(bytes.data() + 16, &size, 8);
  return forged(std::move(bytes));
}

}  // namespace weft::test
