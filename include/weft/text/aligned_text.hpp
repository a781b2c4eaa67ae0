// A text under change that knows where each of its bytes came from. Not API.
// Source: the rules of Hugging Face's tokenizers for which character an inserted or a merged one belongs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/normalize.hpp"
#include "weft/text/encoding.hpp"

namespace weft::detail {

/// A text and, if tracked, the part of the original that each byte stands for.
struct AlignedText {
  struct Span {
    std::uint32_t begin, end;
  };

  std::string text{};
  std::vector<Span> spans{};  ///< one for each byte; empty if not tracked
  bool tracked = false;

  /// part of an original text, at `offset` in it. Throws Error(resource) for 4 GiB or more.
  static AlignedText of(std::string_view part, std::size_t offset, bool tracked);

  void append(const AlignedText& other, std::size_t begin, std::size_t end);
  /// The part of the original that bytes [begin, end) stand for.
  [[nodiscard]] TextRange original(std::size_t begin, std::size_t end) const noexcept;
};

/// Writes a changed copy of source[begin, end) to the end of out, unit by unit (see TextUnit).
class TextEdit {
 public:
  TextEdit(const AlignedText& source, std::size_t begin, std::size_t end, AlignedText& out)
      : source_(source), out_(out), begin_(begin), at_(begin), end_(end) {}

  /// Writes a unit in place of the next `taken` ones; its place is that of the first, and with 0 that of the unit before.
  void put(char32_t code, std::uint32_t taken);
  /// Writes text in place of nothing, at the place of the unit before.
  void insert(std::string_view text);
  /// Copies bytes as they are up to `to`.
  void copy_until(std::size_t to);
  /// Leaves bytes out up to `to`.
  void skip_until(std::size_t to) noexcept { at_ = to; }
  void copy_rest() { copy_until(end_); }

 private:
  [[nodiscard]] AlignedText::Span place(bool before) const noexcept;

  const AlignedText& source_;
  AlignedText& out_;
  std::size_t begin_, at_, end_;
};

/// The text becomes these codes; the first `skipped` units are left out.
void apply_codes(AlignedText& text, std::span<const NormalCode> codes, std::size_t skipped = 0);

/// `front` before the text, at the place of its first unit; nothing for an empty text.
void prepend_text(const AlignedText& source, std::size_t begin, std::size_t end, std::string_view front, AlignedText& out);

/// Each byte as a character of GPT-2's alphabet.
void spell_bytes(const AlignedText& source, std::size_t begin, std::size_t end, AlignedText& out);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/aligned_text.ipp"
#endif
