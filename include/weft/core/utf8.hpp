// UTF-8: reading code points out of bytes that may be anything, and writing them.
// Source: The Unicode Standard 15.0, section 3.9 (table 3-7 of well-formed sequences; "maximal subpart" for replacement).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft {

inline constexpr char32_t replacement_character = 0xFFFD;

/// What to do with bytes that are no UTF-8 when text is made of tokens.
enum class InvalidUtf8 : std::uint8_t {
  replace,  ///< U+FFFD for each maximal part of a broken character, as browsers and Python do: the text is valid UTF-8
  keep      ///< the bytes as they are: what was encoded comes back byte for byte
};

namespace detail {

enum class Utf8State : std::uint8_t { valid, cut, invalid };

/// The sequence at the front of some bytes. valid: a character of `length` bytes; cut: the bytes end inside what may yet
/// become a character; invalid: `length` bytes (the maximal subpart, at least 1) can never be part of one.
struct Utf8Sequence {
  char32_t code = replacement_character;
  std::uint32_t length = 1;
  Utf8State state = Utf8State::invalid;
};

/// Reads the sequence at bytes[at]; at < bytes.size(). ASCII is best told apart by the caller first.
inline Utf8Sequence read_utf8(std::string_view bytes, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, Utf8State::valid};
  if (lead < 0xC2 || lead > 0xF4) return {};
  const std::uint32_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF.
  const std::uint32_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint32_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  std::uint32_t code = lead & (0x7Fu >> length);
  for (std::uint32_t i = 1; i < length; ++i) {
    if (at + i >= bytes.size()) return {replacement_character, i, Utf8State::cut};
    const std::uint32_t next = byte(i);
    if (i == 1 ? next < low || next > high : (next & 0xC0u) != 0x80) return {replacement_character, i, Utf8State::invalid};
    code = code << 6 | (next & 0x3Fu);
  }
  return {code, length, Utf8State::valid};
}

/// A unit of text: a code point, or one byte that is part of none, as code = raw_byte + the byte.
struct TextUnit {
  char32_t code = 0;
  std::uint32_t length = 1;
};

inline constexpr char32_t raw_byte = 0x110000;

/// Reads the unit at text[at]; at < text.size().
inline TextUnit read_unit(std::string_view text, std::size_t at) noexcept {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {byte, 1};
  const auto sequence = read_utf8(text, at);
  if (sequence.state == Utf8State::valid) return {sequence.code, sequence.length};
  return {raw_byte + byte, 1};
}

}  // namespace detail

/// Appends the code point to text; a surrogate or what is above U+10FFFF becomes U+FFFD.
inline void append_utf8(std::string& text, char32_t code) {
  if ((code >= 0xD800 && code < 0xE000) || code > 0x10FFFF) code = replacement_character;
  const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

namespace detail {

/// Appends what read_unit gave: a code point, or a byte as it is.
inline void append_unit(std::string& text, char32_t code) {
  if (code < 0x80 || code >= raw_byte)
    text.push_back(static_cast<char>(static_cast<unsigned char>(code < 0x80 ? code : code - raw_byte)));
  else
    append_utf8(text, code);
}

}  // namespace detail

/// Whether the bytes are well-formed UTF-8.
inline bool is_utf8(std::string_view bytes) noexcept {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto sequence = detail::read_utf8(bytes, at);
    if (sequence.state != detail::Utf8State::valid) return false;
    at += sequence.length;
  }
  return true;
}

/// Appends bytes to text with every maximal subpart of a broken character replaced by U+FFFD; text gains valid UTF-8.
///
/// With `more` true, what may yet become a character is left alone at the end. Returns how many bytes were used.
inline std::size_t append_valid_utf8(std::string& text, std::string_view bytes, bool more = false) {
  std::size_t done = 0, at = 0;  // bytes[done, at) is valid and not yet copied
  while (at < bytes.size()) {
    if (static_cast<unsigned char>(bytes[at]) < 0x80) {
      ++at;
      continue;
    }
    const auto sequence = detail::read_utf8(bytes, at);
    if (sequence.state == detail::Utf8State::cut && more) break;
    if (sequence.state != detail::Utf8State::valid) {
      text.append(bytes.substr(done, at - done));
      append_utf8(text, replacement_character);
      done = at + sequence.length;
    }
    at += sequence.length;
  }
  text.append(bytes.substr(done, at - done));
  return at;
}

}  // namespace weft
