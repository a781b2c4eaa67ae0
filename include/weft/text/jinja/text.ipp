#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "weft/text/jinja/text.hpp"

namespace weft::detail::jinja {

WEFT_INLINE void TextBuilder::append(const Str& part) {
  if (part.data != nullptr || part.left == nullptr) {
    each_run(part, [&](std::string_view piece, bool written) { append(piece, written); });
    return;
  }
  // Concatenations nest as deep as a loop runs: a stack of our own.
  std::vector<const Str*> pending{&part};
  while (!pending.empty()) {
    const Str& top = *pending.back();
    pending.pop_back();
    if (top.data == nullptr && top.left != nullptr) {
      budget_.charge(1);
      pending.push_back(top.right);
      pending.push_back(top.left);
    } else {
      each_run(top, [&](std::string_view piece, bool written) { append(piece, written); });
    }
  }
}

/// Sets text and origins from a builder's.
inline void settle(Budget& budget, Str& to, const std::string& text, const std::vector<Run>& runs) {
  const std::string_view copied = budget.arena.copy(std::string_view(text));
  to.data = copied.data();
  to.size = copied.size();
  if (runs.size() > 1) {
    to.runs = budget.arena.copy(runs.data(), runs.size());
    to.run_count = runs.size();
  } else {
    to.written = !runs.empty() && runs[0].written;
  }
}

WEFT_INLINE Value TextBuilder::finish(bool markup) {
  Str& str = *budget_.arena.make<Str>();
  settle(budget_, str, text, runs);
  str.markup = markup;
  return make_string(&str);
}

WEFT_INLINE Str& flat(Budget& budget, Str& text) {
  if (text.data != nullptr || text.left == nullptr) return text;
  TextBuilder builder(budget);
  builder.append(text);
  settle(budget, text, builder.text, builder.runs);
  text.left = text.right = nullptr;
  return text;
}

WEFT_INLINE Value text_view(Budget& budget, std::string_view text, bool written) {
  Str& str = *budget.arena.make<Str>();
  str.data = text.data();
  str.size = text.size();
  str.written = written;
  return make_string(&str);
}

WEFT_INLINE Value cut(Budget& budget, const Str& text, std::size_t begin, std::size_t end) {
  Str& str = *budget.arena.make<Str>();
  end = std::max(begin, end);
  str.data = text.data == nullptr ? nullptr : text.data + begin;
  str.size = end - begin;
  str.written = text.written;
  str.markup = text.markup;
  if (text.ascii == 1) str.ascii = 1;
  if (text.runs == nullptr) return make_string(&str);
  const Run* last = text.runs + text.run_count;
  const Run* from = std::upper_bound(text.runs, last, begin, [](std::size_t at, const Run& run) { return at < run.end; });
  const Run* to = from;
  while (to != last && to->end < end) ++to;
  if (from == last || to == from) {
    str.written = from != last && from->written;
    return make_string(&str);
  }
  str.run_count = static_cast<std::size_t>(to - from) + (to != last ? 1 : 0);
  budget.charge(str.run_count);
  Run* runs = budget.arena.array<Run>(str.run_count);
  for (std::size_t i = 0; i < str.run_count; ++i) runs[i] = {std::min(from[i].end, end) - begin, from[i].written};
  str.runs = runs;
  return make_string(&str);
}

WEFT_INLINE Value concatenate(Budget& budget, Str& left, Str& right, bool markup) {
  const std::size_t size = left.size + right.size;
  budget.check_text(size);
  Str& str = *budget.arena.make<Str>();
  str.markup = markup;
  str.size = size;
  // Short texts of one origin are copied; the others are joined when somebody looks inside, or printed piece by piece.
  if (left.size == 0 || right.size == 0) {
    const Str& only = left.size == 0 ? right : left;
    str = only;
    str.markup = markup;
  } else if (size <= 128 && left.data != nullptr && right.data != nullptr && left.runs == nullptr && right.runs == nullptr && left.written == right.written) {
    char* bytes = budget.arena.array<char>(size);
    std::copy_n(left.data, left.size, bytes);
    std::copy_n(right.data, right.size, bytes + left.size);
    str.data = bytes;
    str.written = left.written;
  } else {
    str.left = &left;
    str.right = &right;
  }
  return make_string(&str);
}

WEFT_INLINE bool is_ascii(Str& text) {
  if (text.ascii < 0) text.ascii = std::all_of(text.data, text.data + text.size, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return text.ascii == 1;
}

WEFT_INLINE std::size_t length_of(Str& text) {
  if (is_ascii(text)) return text.size;
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size; at = after_character(text.view(), at)) ++count;
  return count;
}

WEFT_INLINE CharacterIndex::CharacterIndex(Str& text) : ascii_(is_ascii(text)), bytes_(text.size) {
  if (ascii_) return;
  for (std::size_t at = 0; at < text.size; at = after_character(text.view(), at)) starts_.push_back(at);
  starts_.push_back(text.size);
}

/// Of `size` bytes read by text_at(i), the first place where the `length` bytes of what_at(k) stand, or npos.
template <class TextAt, class WhatAt>
std::size_t find_linear(std::size_t size, std::size_t length, const TextAt& text_at, const WhatAt& what_at) {
  std::vector<std::uint32_t> border(length);  // [k]: the longest proper beginning of what's first k + 1 bytes that is their end, too
  for (std::size_t i = 1; i < length; ++i) {
    std::uint32_t k = border[i - 1];
    while (k > 0 && what_at(i) != what_at(k)) k = border[k - 1];
    border[i] = what_at(i) == what_at(k) ? k + 1 : k;
  }
  std::uint32_t k = 0;
  for (std::size_t i = 0; i < size; ++i) {
    while (k > 0 && text_at(i) != what_at(k)) k = border[k - 1];
    if (text_at(i) == what_at(k)) ++k;
    if (k == length) return i + 1 - length;
  }
  return std::string_view::npos;
}

inline constexpr std::size_t short_text = 32;  // is found by comparing at every place

WEFT_INLINE std::size_t find_text(std::string_view text, std::string_view what, std::size_t from) {
  if (what.size() <= short_text || from > text.size() || what.size() > text.size() - from) return text.find(what, from);
  const auto found = find_linear(text.size() - from, what.size(), [&](std::size_t i) { return text[from + i]; }, [&](std::size_t k) { return what[k]; });
  return found == std::string_view::npos ? found : from + found;
}

WEFT_INLINE std::size_t find_last_text(std::string_view text, std::string_view what, std::size_t from) {
  if (what.size() <= short_text || what.size() > text.size()) return text.rfind(what, from);
  const std::size_t end = std::min(from, text.size() - what.size()) + what.size();  // no match ends behind
  const auto found = find_linear(end, what.size(), [&](std::size_t i) { return text[end - 1 - i]; }, [&](std::size_t k) { return what[what.size() - 1 - k]; });
  return found == std::string_view::npos ? found : end - found - what.size();
}

}  // namespace weft::detail::jinja
