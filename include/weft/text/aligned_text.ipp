#pragma once

#include <algorithm>

#include "weft/core/error.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/aligned_text.hpp"
#include "weft/text/byte_alphabet.hpp"

namespace weft::detail {

WEFT_INLINE AlignedText AlignedText::of(std::string_view part, std::size_t offset, bool tracked) {
  if (offset + part.size() >= 0xFFFFFFFF) fail(ErrorKind::resource, "encode: a text of ", offset + part.size(), " bytes; at most 4 GiB are supported");
  AlignedText out{std::string(part), {}, tracked, most_made_of(part.size()), static_cast<std::uint32_t>(offset)};
  if (!tracked) return out;
  out.spans.reserve(part.size());
  for (std::size_t at = 0; at < part.size();) {
    const std::uint32_t length = read_unit(part, at).length;
    const auto begin = static_cast<std::uint32_t>(offset + at);
    out.spans.insert(out.spans.end(), length, {begin, begin + length});
    at += length;
  }
  return out;
}

WEFT_INLINE void AlignedText::append(const AlignedText& other, std::size_t begin, std::size_t end) {
  check_growth(text.size() + (end - begin), most);
  text.append(other.text, begin, end - begin);
  if (tracked)
    spans.insert(spans.end(), other.spans.begin() + static_cast<std::ptrdiff_t>(begin), other.spans.begin() + static_cast<std::ptrdiff_t>(end));
}

WEFT_INLINE TextRange AlignedText::original(std::size_t begin, std::size_t end) const noexcept {
  if (begin >= end || end > spans.size()) return {};
  return {spans[begin].begin, spans[end - 1].end};
}

WEFT_INLINE AlignedText::Span TextEdit::place(bool before) const noexcept {
  const auto& spans = source_.spans;
  if (before && at_ > begin_) return spans[at_ - 1];
  if (before) {
    const std::uint32_t front = begin_ == 0 && source_.front ? *source_.front : begin_ < end_ ? spans[begin_].begin : 0;
    return {front, front};
  }
  return at_ < end_ ? spans[at_] : end_ > begin_ ? spans[end_ - 1] : AlignedText::Span{0, 0};
}

WEFT_INLINE void TextEdit::put(char32_t code, std::uint32_t taken) {
  const std::size_t before = out_.text.size();
  append_unit(out_.text, code);
  if (out_.tracked) out_.spans.insert(out_.spans.end(), out_.text.size() - before, place(taken == 0));
  for (; taken > 0 && at_ < end_; --taken) at_ += read_unit(source_.text, at_).length;
}

WEFT_INLINE void TextEdit::insert(std::string_view text) {
  check_growth(out_.text.size() + text.size(), out_.most);
  out_.text.append(text);
  if (out_.tracked) out_.spans.insert(out_.spans.end(), text.size(), place(true));
}

WEFT_INLINE void TextEdit::copy_until(std::size_t to) {
  out_.append(source_, at_, to);
  at_ = to;
}

WEFT_INLINE void apply_codes(AlignedText& text, std::span<const NormalCode> codes, std::size_t skipped) {
  AlignedText out = text.like();
  out.text.reserve(text.text.size());
  out.spans.reserve(text.spans.size());
  std::size_t at = 0;
  for (; skipped > 0 && at < text.text.size(); --skipped) at += read_unit(text.text, at).length;
  TextEdit edit(text, 0, text.text.size(), out);
  edit.skip_until(at);
  for (const auto& code : codes) edit.put(code.code, code.taken);
  check_growth(out.text.size(), out.most);
  text = std::move(out);
}

WEFT_INLINE void spell_bytes(const AlignedText& source, std::size_t begin, std::size_t end, AlignedText& out) {
  check_growth(out.text.size() + (end - begin), out.most);
  for (std::size_t at = begin; at < end; ++at) {
    const std::size_t before = out.text.size();
    append_utf8(out.text, gpt2_char_of[static_cast<unsigned char>(source.text[at])]);
    if (out.tracked) out.spans.insert(out.spans.end(), out.text.size() - before, source.spans[at]);
  }
}

WEFT_INLINE void prepend_text(const AlignedText& source, std::size_t begin, std::size_t end, std::string_view front, AlignedText& out) {
  if (begin == end) return;
  check_growth(out.text.size() + front.size(), out.most);
  out.text.append(front);
  if (out.tracked) out.spans.insert(out.spans.end(), front.size(), source.spans[begin]);
  out.append(source, begin, end);
}

}  // namespace weft::detail
