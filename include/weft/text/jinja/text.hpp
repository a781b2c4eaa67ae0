// Texts that know which of their bytes the template wrote: made, joined, cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/jinja/budget.hpp"
#include "weft/text/jinja/value.hpp"

namespace weft::detail::jinja {

/// Calls f(part, written) for each part of a flat text.
template <class F>
void each_run(const Str& text, F&& f) {
  if (text.runs == nullptr) {
    if (text.size > 0) f(text.view(), text.written);
    return;
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.run_count; ++i) {
    f(text.view().substr(begin, text.runs[i].end - begin), text.runs[i].written);
    begin = text.runs[i].end;
  }
}

/// A text that is being put together.
class TextBuilder {
 public:
  explicit TextBuilder(Budget& budget) : budget_(budget) {}
  ~TextBuilder() { budget_.release(held_); }
  TextBuilder(const TextBuilder&) = delete;
  TextBuilder& operator=(const TextBuilder&) = delete;

  void append(std::string_view part, bool written) {
    if (part.empty()) return;
    budget_.charge(1 + part.size() / 64);
    budget_.check_text(text.size() + part.size());
    const bool fresh = runs.empty() || runs.back().written != written;
    const std::size_t more = part.size() + (fresh ? sizeof(Run) : 0);
    budget_.hold(more);
    held_ += more;
    text.append(part);
    if (fresh) runs.push_back({0, written});
    runs.back().end = text.size();
  }
  /// A text, flat or not.
  void append(const Str& part);
  /// The text as a value.
  Value finish(bool markup = false);

  std::string text;
  std::vector<Run> runs;  ///< neighbours differ

 private:
  Budget& budget_;
  std::size_t held_ = 0;
};

/// Joins what was only concatenated. Any function but this one and TextBuilder::append needs a flat text.
Str& flat(Budget& budget, Str& text);
inline std::string_view view_of(Budget& budget, const Value& text) { return flat(budget, *text.string).view(); }

/// A text of one origin, not copied: it must live as long as the rendering.
Value text_view(Budget& budget, std::string_view text, bool written);
/// The same, copied.
inline Value text_copy(Budget& budget, std::string_view text, bool written) {
  return text_view(budget, budget.arena.copy(text), written);
}

/// Bytes [begin, end) of a flat text; nothing is copied but its parts' ends.
Value cut(Budget& budget, const Str& text, std::size_t begin, std::size_t end);
Value concatenate(Budget& budget, Str& left, Str& right, bool markup);

bool is_ascii(Str& text);
/// Characters of a flat text.
std::size_t length_of(Str& text);

/// The end of the character at `at`; a broken one ends after what can never be part of one.
inline std::size_t after_character(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]) < 0x80 ? at + 1 : at + read_utf8(text, at).length;
}

/// str.isspace() of Python.
inline bool is_space(char32_t c) { return (c >= 9 && c <= 13) || c == 32 || (c >= 0x1C && c <= 0x1F) || (c > 127 && is_white_space(c)); }

/// Bytes of `text` before its trailing white space.
inline std::size_t stripped_end(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t begin = end - 1;
    while (begin > 0 && end - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    if (!is_space(read_utf8(text, begin).code)) break;
    end = begin;
  }
  return end;
}

/// str.isprintable() of Python for one character.
inline bool is_printable(char32_t c) {
  if (c < 0x7F) return c >= 0x20;
  const Category group = category(c);
  return !is_other(group) && !is_separator(group);
}

/// Where characters of a text begin: O(1) in ASCII, else from a table.
class CharacterIndex {
 public:
  explicit CharacterIndex(Str& text);
  [[nodiscard]] std::size_t size() const { return ascii_ ? bytes_ : starts_.size() - 1; }
  /// The byte at which character i begins; size() gives the end.
  [[nodiscard]] std::size_t operator[](std::size_t i) const { return ascii_ ? i : starts_[i]; }

 private:
  bool ascii_;
  std::size_t bytes_;
  std::vector<std::size_t> starts_;
};

/// Where `what` first stands in `text` from `from` on, and where it last begins at or before `from`; npos where it does not. Linear in both
/// texts, where std::string_view::find can take their product. Source: Knuth, Morris and Pratt 1977.
std::size_t find_text(std::string_view text, std::string_view what, std::size_t from = 0);
std::size_t find_last_text(std::string_view text, std::string_view what, std::size_t from = std::string_view::npos);

}  // namespace weft::detail::jinja
