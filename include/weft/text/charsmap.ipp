#pragma once

#include <algorithm>

#include "weft/core/error.hpp"
#include "weft/core/grapheme.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/aligned_text.hpp"
#include "weft/text/charsmap.hpp"

namespace weft::detail {

WEFT_INLINE Charsmap::Charsmap(std::string_view blob, std::string_view where) {
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(blob[at + i]);
    return value;
  };
  const std::size_t size = blob.size() < 4 ? 0 : word(0) / 4;
  if (blob.size() < 4 || size > (blob.size() - 4) / 4 || size == 0)
    fail(ErrorKind::format, where, ": the map of characters has ", blob.size(), " bytes, too few for its trie of ", size, " units");
  units_.resize(size);
  for (std::size_t i = 0; i < size; ++i) units_[i] = word(4 + 4 * i);
  texts_ = blob.substr(4 + 4 * size);
}

// A unit: label in the low 8 bits (bit 31: a value instead), bit 8: an entry ends here, from bit 9 on the offset to the children.
template <class Found>
inline void Charsmap::walk(std::string_view text, const Found& found) const noexcept {
  const auto children = [](std::uint32_t unit) { return static_cast<std::size_t>(unit >> 10) << ((unit & 0x200u) >> 6); };
  std::size_t at = children(units_[0]);
  for (std::size_t i = 0; i < text.size() && text[i] != 0; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    at ^= byte;
    if (at >= units_.size() || (units_[at] & 0x800000FFu) != byte) return;
    const std::uint32_t unit = units_[at];
    at ^= children(unit);
    if (at >= units_.size()) return;
    if ((unit & 0x100u) != 0 && !found(i + 1, units_[at] & 0x7FFFFFFFu)) return;
  }
}

WEFT_INLINE std::string_view Charsmap::text_at(std::uint32_t offset) const noexcept {
  if (offset >= texts_.size()) return {};
  const std::string_view rest = std::string_view(texts_).substr(offset);
  return rest.substr(0, rest.find('\0'));
}

WEFT_INLINE std::optional<std::string_view> Charsmap::find_shortest(std::string_view text) const noexcept {
  std::optional<std::string_view> result;
  walk(text, [&](std::size_t, std::uint32_t offset) {
    result = text_at(offset);
    return false;
  });
  return result;
}

WEFT_INLINE std::optional<std::string_view> Charsmap::find_longest(std::string_view text, std::size_t& length) const noexcept {
  std::optional<std::string_view> result;
  walk(text, [&](std::size_t end, std::uint32_t offset) {
    result = text_at(offset);
    length = end;
    return true;
  });
  return result;
}

WEFT_INLINE void Charsmap::normalize_codes(std::string_view text, std::vector<NormalCode>& out, std::uint64_t most) const {
  // What is longer than the old part stands for nothing; what is shorter leaves the rest to its last code, or to the one before.
  const auto replace = [&](std::string_view old, std::string_view with) {
    check_growth(out.size() + with.size(), most);
    std::size_t old_count = 0, count = 0;
    for (std::size_t at = 0; at < old.size(); ++old_count) at += read_unit(old, at).length;
    for (std::size_t at = 0; at < with.size(); ++count) {
      const auto unit = read_unit(with, at);
      out.push_back({unit.code, 1});
      at += unit.length;
    }
    for (std::size_t i = old_count; i < count; ++i) out[out.size() - 1 - (i - old_count)].taken = 0;
    if (count < old_count && !out.empty()) {
      // A code that stands for nothing takes its own place up first.
      out.back().taken += static_cast<std::uint32_t>(old_count - count);
    }
  };
  constexpr std::size_t longest_cluster = 5;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = grapheme_end(text, begin);
    const std::string_view cluster = text.substr(begin, end - begin);
    begin = end;
    if (cluster.size() <= longest_cluster) {
      if (const auto with = find_shortest(cluster)) {
        replace(cluster, *with);
        continue;
      }
    }
    for (std::size_t at = 0; at < cluster.size();) {
      const auto unit = read_unit(cluster, at);
      const std::string_view part = cluster.substr(at, unit.length);
      if (const auto with = find_shortest(part))
        replace(part, *with);
      else
        out.push_back({unit.code, 1});
      at += unit.length;
    }
  }
}

WEFT_INLINE std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  for (; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if ((count += 6) >= 8) out.push_back(static_cast<char>(static_cast<unsigned char>(bits >> (count -= 8) & 0xFF)));
  }
  return out;
}

}  // namespace weft::detail
