// A text under change that knows where each of its bytes came from. Not API.
// Source: the rules of Hugging Face's tokenizers for which character an inserted or a merged one belongs to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/core/normalize.hpp"
#include "weft/text/encoding.hpp"

namespace weft::detail {

/// The bytes that a file's components may make of a text of so many: a few steps of which each doubles it would make billions. Less than 4 GiB.
constexpr std::uint64_t most_made_of(std::uint64_t bytes) noexcept { return std::min(64 * bytes + 1024, std::uint64_t{0xFFFFFFF0}); }
/// Throws Error(resource) where a text of so many bytes is more than that.
inline void check_growth(std::uint64_t bytes, std::uint64_t most) {
  if (bytes > most)
    fail(ErrorKind::resource, "the tokenizer's components make ", bytes, " bytes of a text, more than 64 times what it had and 1,024; its file is broken or hostile");
}

/// A text and, if tracked, the part of the original that each byte stands for.
struct AlignedText {
  struct Span {
    std::uint32_t begin, end;
  };

  std::string text{};
  std::vector<Span> spans{};  ///< one for each byte; empty if not tracked
  bool tracked = false;
  std::uint64_t most = UINT64_MAX;  ///< bytes that it may come to have
  std::optional<std::uint32_t> front{};  ///< of one part: where its original begins, though its first characters may have gone

  /// part of an original text, at `offset` in it, which may come to have most_made_of() its bytes. Throws Error(resource) for 4 GiB or more.
  static AlignedText of(std::string_view part, std::size_t offset, bool tracked);
  /// An empty one of the same kind. What is then appended, here or by a TextEdit, throws Error(resource) past `most`.
  [[nodiscard]] AlignedText like() const { return {{}, {}, tracked, most, front}; }

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
  /// Writes text in place of nothing, at the place of the unit before, or at the front.
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
