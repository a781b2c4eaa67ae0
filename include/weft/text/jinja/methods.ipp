// Methods of texts, as Python's str has them. str.format is in string_format.ipp.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/unicode.hpp"
#include "weft/text/jinja/convert.hpp"
#include "weft/text/jinja/format.hpp"
#include "weft/text/jinja/interpreter.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/operators.hpp"
#include "weft/text/jinja/string_format.ipp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

inline Str& text_argument(Interpreter& budget, const Value& value, std::string_view method) {
  require_defined(value);
  if (value.kind != Kind::string) fail(ErrorKind::format, method, " takes a str, not a ", type_name(value));
  return flat(budget, *value.string);
}
inline std::int64_t integer_argument(const Value& value, std::string_view method) {
  require_defined(value);
  if (!value.is_integral()) fail(ErrorKind::format, method, " takes an integer, not a ", type_name(value));
  return value.as_integer();
}

template <Case to>
Value string_case(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "this method of str", {});
  return change_case(budget, self, to);
}

template <Side side>
Value string_strip(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "strip()", {"/chars"});
  return stripped(budget, self, side, args[0]);
}

/// The part [start, stop) in which a method searches, in characters; found = false if it begins after the end.
struct Window {
  std::size_t begin = 0, end = 0;  // bytes
  std::size_t first = 0;           // the character at begin
  bool found = true;
};
inline Window window(Interpreter& budget, Str& text, const Arguments& args) {
  if (!args.has(1)) return {0, text.size, 0, true};
  budget.charge(text.ascii == 1 ? 0 : text.size / 16);
  const CharacterIndex index(text);
  const auto size = static_cast<std::int64_t>(index.size());
  const auto bound = [&](std::size_t i, std::int64_t otherwise) {
    if (args[i].kind == Kind::none) return otherwise;
    const std::int64_t at = integer_argument(args[i], "a bound");
    return at < 0 ? std::max<std::int64_t>(at + size, 0) : at;
  };
  const std::int64_t start = bound(1, 0), stop = std::min(bound(2, size), size);
  if (start > size || start > stop) return {0, 0, 0, false};
  return {index[static_cast<std::size_t>(start)], index[static_cast<std::size_t>(stop)], static_cast<std::size_t>(start), true};
}

template <bool at_end>
Value string_affix(Interpreter& budget, const Value& self, const Call& call) {
  const std::string_view method = at_end ? "endswith()" : "startswith()";
  const Arguments args(call, method, {"/affix", "/start", "/end"}, 1);
  Str& text = flat(budget, *self.string);
  const Window w = window(budget, text, args);
  const std::string_view part = text.view().substr(w.begin, w.end - w.begin);
  const auto fits = [&](const Value& affix) {
    const std::string_view view = text_argument(budget, affix, method).view();
    return w.found && (at_end ? part.ends_with(view) : part.starts_with(view));
  };
  if (args[0].kind != Kind::tuple) return make_bool(fits(args[0]));
  return make_bool(std::any_of(args[0].seq->items, args[0].seq->items + args[0].seq->size, fits));
}

/// find, rfind, index, rindex.
template <bool backwards, bool must>
Value string_find(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "find()", {"/sub", "/start", "/end"}, 1);
  Str& text = flat(budget, *self.string);
  const std::string_view sub = text_argument(budget, args[0], "find()").view();
  const Window w = window(budget, text, args);
  const std::string_view part = text.view().substr(w.begin, w.end - w.begin);
  budget.charge(part.size() / 16);
  const std::size_t at = w.found ? (backwards ? find_last_text(part, sub) : find_text(part, sub)) : std::string_view::npos;
  if (at == std::string_view::npos) {
    if (must) fail(ErrorKind::format, "index(): the text ", quote(sub, 60), " was not found");
    return make_integer(-1);
  }
  Str& before = *cut(budget, text, w.begin, w.begin + at).string;
  return make_integer(static_cast<std::int64_t>(w.first + length_of(before)));
}

inline Value string_count(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "count()", {"/sub", "/start", "/end"}, 1);
  Str& text = flat(budget, *self.string);
  const std::string_view sub = text_argument(budget, args[0], "count()").view();
  const Window w = window(budget, text, args);
  if (!w.found) return make_integer(0);
  const std::string_view part = text.view().substr(w.begin, w.end - w.begin);
  budget.charge(part.size() / 16);
  if (sub.empty()) return make_integer(static_cast<std::int64_t>(length_of(*cut(budget, text, w.begin, w.end).string)) + 1);
  std::int64_t count = 0;
  for (std::size_t at = 0; (at = find_text(part, sub, at)) != std::string_view::npos; at += sub.size()) ++count;
  return make_integer(count);
}

inline Value string_replace(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "replace()", {"/old", "/new", "count"}, 2);
  const std::int64_t count = args.has(2) ? integer_argument(args[2], "replace()") : -1;
  return replaced(budget, flat(budget, *self.string), text_argument(budget, args[0], "replace()"), text_argument(budget, args[1], "replace()"), count);
}

/// Words between white space; at most `limit` cuts, from the right if backwards.
inline std::vector<Value> split_words(Interpreter& budget, Str& text, std::int64_t limit, bool backwards) {
  const std::string_view view = text.view();
  budget.charge(view.size() / 16);
  std::vector<std::pair<std::size_t, std::size_t>> words;
  for (std::size_t at = 0; at < view.size();) {
    if (is_space(read_utf8(view, at).code)) {
      at = after_character(view, at);
      continue;
    }
    const std::size_t begin = at;
    while (at < view.size() && !is_space(read_utf8(view, at).code)) at = after_character(view, at);
    words.emplace_back(begin, at);
  }
  std::vector<Value> out;
  const std::size_t keep = limit < 0 ? words.size() : static_cast<std::size_t>(limit);
  if (words.size() > keep) {
    // What is not cut any more keeps its white space, but for that at the last cut.
    if (backwards) {
      words.erase(words.begin(), words.end() - static_cast<std::ptrdiff_t>(keep + 1));
      words.front().first = 0;
    } else {
      words.resize(keep + 1);
      words.back().second = view.size();
    }
  }
  for (const auto& [begin, end] : words) out.push_back(cut(budget, text, begin, end));
  return out;
}

inline std::vector<Value> split_at(Interpreter& budget, Str& text, std::string_view separator, std::int64_t limit, bool backwards) {
  const std::string_view view = text.view();
  budget.charge(view.size() / 16);
  std::vector<Value> out;
  if (!backwards) {
    std::size_t begin = 0;
    for (std::size_t at = 0; limit-- != 0 && (at = find_text(view, separator, begin)) != std::string_view::npos; begin = at + separator.size()) {
      budget.charge(1);
      out.push_back(cut(budget, text, begin, at));
    }
    out.push_back(cut(budget, text, begin, view.size()));
    return out;
  }
  std::size_t end = view.size();
  while (limit-- != 0 && end >= separator.size()) {
    const std::size_t at = find_last_text(view, separator, end - separator.size());
    if (at == std::string_view::npos) break;
    budget.charge(1);
    out.push_back(cut(budget, text, at + separator.size(), end));
    end = at;
  }
  out.push_back(cut(budget, text, 0, end));
  std::reverse(out.begin(), out.end());
  return out;
}

template <bool backwards>
Value string_split(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "split()", {"sep", "maxsplit"});
  Str& text = flat(budget, *self.string);
  const std::int64_t limit = args.has(1) ? integer_argument(args[1], "split()") : -1;
  if (args[0].kind == Kind::none) return make_sequence(budget, Kind::list, split_words(budget, text, limit, backwards));
  const std::string_view separator = text_argument(budget, args[0], "split()").view();
  if (separator.empty()) fail(ErrorKind::format, "split(): the separator is empty");
  return make_sequence(budget, Kind::list, split_at(budget, text, separator, limit, backwards));
}

template <bool backwards>
Value string_partition(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "partition()", {"/sep"}, 1);
  Str& text = flat(budget, *self.string);
  Str& separator = text_argument(budget, args[0], "partition()");
  if (separator.size == 0) fail(ErrorKind::format, "partition(): the separator is empty");
  const std::size_t at = backwards ? find_last_text(text.view(), separator.view()) : find_text(text.view(), separator.view());
  const Value nothing = text_view(budget, {}, true);
  Value parts[3] = {self, nothing, nothing};
  if (at != std::string_view::npos) {
    parts[0] = cut(budget, text, 0, at);
    parts[1] = cut(budget, text, at, at + separator.size);
    parts[2] = cut(budget, text, at + separator.size, text.size);
  } else if (backwards) {
    std::swap(parts[0], parts[2]);
  }
  return make_sequence(budget, Kind::tuple, parts);
}

inline Value string_splitlines(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "splitlines()", {"keepends"});
  return make_sequence(budget, Kind::list, split_lines(budget, flat(budget, *self.string), truth(args[0])));
}

inline Value string_join(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "join()", {"/iterable"}, 1);
  const Items items = items_of(budget, args[0]);
  std::vector<Value> all = items.all(budget);
  for (const Value& item : all) text_argument(budget, item, "join()");
  return joined(budget, self, items_of(budget, make_sequence(budget, Kind::list, all)));
}

template <bool suffix>
Value string_without(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, suffix ? "removesuffix()" : "removeprefix()", {"/affix"}, 1);
  Str& text = flat(budget, *self.string);
  const std::string_view affix = text_argument(budget, args[0], "this method").view();
  if (suffix) return text.view().ends_with(affix) ? cut(budget, text, 0, text.size - affix.size()) : self;
  return text.view().starts_with(affix) ? cut(budget, text, affix.size(), text.size) : self;
}

/// ljust, rjust, center. Python centres with the odd blank on the left if the width is odd too.
template <char align>
Value string_justify(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "a method that fills a text", {"/width", "/fillchar"}, 1);
  Str& text = flat(budget, *self.string);
  Str* fill = args.has(1) ? &text_argument(budget, args[1], "the fill character") : text_view(budget, " ", true).string;
  if (length_of(*fill) != 1) fail(ErrorKind::format, "the fill character must be one character");
  const std::int64_t width = integer_argument(args[0], "the width"), missing = width - static_cast<std::int64_t>(length_of(text));
  if (missing <= 0) return self;
  budget.check_text(static_cast<std::size_t>(missing));
  budget.charge(static_cast<std::size_t>(missing));
  const std::int64_t before = align == '<' ? 0 : align == '>' ? missing : missing / 2 + (missing & width & 1);
  TextBuilder out(budget);
  for (std::int64_t i = 0; i < before; ++i) out.append(*fill);
  out.append(text);
  for (std::int64_t i = before; i < missing; ++i) out.append(*fill);
  return out.finish(text.markup);
}

inline Value string_zfill(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "zfill()", {"/width"}, 1);
  FormatSpec spec;
  spec.fill = "0";
  spec.align = '=';
  spec.width = std::clamp<std::int64_t>(integer_argument(args[0], "zfill()"), 0, std::numeric_limits<std::int32_t>::max());
  Str& text = flat(budget, *self.string);
  TextBuilder out(budget);
  if (text.view().starts_with(' ')) spec.align = '>';  // a blank is no sign here
  append_padded(budget, out, text, spec, '>');
  return out.finish(text.markup);
}

inline Value string_expandtabs(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "expandtabs()", {"tabsize"});
  const std::int64_t size = args.has(0) ? integer_argument(args[0], "expandtabs()") : 8;
  Str& text = flat(budget, *self.string);
  const std::string_view view = text.view();
  TextBuilder out(budget);
  std::int64_t column = 0;
  for (std::size_t at = 0; at < view.size();) {
    const std::size_t next = after_character(view, at);
    if (view[at] == '\t') {
      for (std::int64_t i = size > 0 ? size - column % size : 0; i > 0; --i, ++column) out.append(" ", true);
    } else {
      out.append(*cut(budget, text, at, next).string);
      column = view[at] == '\n' || view[at] == '\r' ? 0 : column + 1;
    }
    at = next;
  }
  return out.finish(text.markup);
}

inline bool is_digit_like(char32_t c) {
  return category(c) == Category::nd || c == 0xB2 || c == 0xB3 || c == 0xB9 || c == 0x2070 || (c >= 0x2074 && c <= 0x2079) || (c >= 0x2080 && c <= 0x2089) ||
         (c >= 0x2460 && c <= 0x2468) || (c >= 0x2474 && c <= 0x247C) || (c >= 0x2488 && c <= 0x2490) || (c >= 0x2776 && c <= 0x277E);
}

/// Whether every character is of a kind; `empty` is the answer for a text without characters.
template <bool (*fits)(char32_t), bool empty>
Value string_all(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "this method of str", {});
  const std::string_view view = view_of(budget, self);
  budget.charge(view.size() / 16);
  for (std::size_t at = 0; at < view.size(); at = after_character(view, at))
    if (!fits(read_utf8(view, at).code)) return make_bool(false);
  return make_bool(empty || !view.empty());
}
inline bool is_alpha(char32_t c) { return is_letter(category(c)); }
inline bool is_alnum(char32_t c) { return is_letter(category(c)) || is_number(category(c)); }
inline bool is_decimal(char32_t c) { return category(c) == Category::nd; }
inline bool is_numeric(char32_t c) { return is_number(category(c)); }
inline bool is_ascii_code(char32_t c) { return c < 0x80; }

/// islower, isupper: at least one cased character, and all of that case.
template <bool lower>
Value string_is_case(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "this method of str", {});
  const std::string_view view = view_of(budget, self);
  budget.charge(view.size() / 16);
  bool any = false;
  for (std::size_t at = 0; at < view.size(); at = after_character(view, at)) {
    const Category group = category(read_utf8(view, at).code);
    if (group == (lower ? Category::lu : Category::ll) || group == Category::lt) return make_bool(false);
    any |= group == (lower ? Category::ll : Category::lu);
  }
  return make_bool(any);
}

inline Value string_istitle(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "istitle()", {});
  const std::string_view view = view_of(budget, self);
  budget.charge(view.size() / 16);
  bool any = false, in_word = false;
  for (std::size_t at = 0; at < view.size(); at = after_character(view, at)) {
    const Category group = category(read_utf8(view, at).code);
    const bool upper = group == Category::lu || group == Category::lt, lower = group == Category::ll;
    if ((upper && in_word) || (lower && !in_word)) return make_bool(false);
    in_word = upper || lower;
    any |= in_word;
  }
  return make_bool(any);
}

inline Value string_isidentifier(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "isidentifier()", {});
  const std::string_view view = view_of(budget, self);
  for (std::size_t at = 0; at < view.size(); at = after_character(view, at)) {
    const char32_t c = read_utf8(view, at).code;
    const Category group = category(c);
    const bool start = c == '_' || is_letter(group) || group == Category::nl;
    if (!start && (at == 0 || !(is_mark(group) || group == Category::nd || group == Category::pc))) return make_bool(false);
  }
  return make_bool(!view.empty());
}

WEFT_INLINE const Function* find_string_method(std::string_view name) {
  static constexpr std::array<Function, 44> methods{{
      {"capitalize", string_case<Case::capitalized>}, {"casefold", string_case<Case::folded>}, {"center", string_justify<'^'>}, {"count", string_count},
      {"endswith", string_affix<true>}, {"expandtabs", string_expandtabs}, {"find", string_find<false, false>}, {"format", string_format},
      {"format_map", string_format_map}, {"index", string_find<false, true>}, {"isalnum", string_all<is_alnum, false>}, {"isalpha", string_all<is_alpha, false>},
      {"isascii", string_all<is_ascii_code, true>}, {"isdecimal", string_all<is_decimal, false>}, {"isdigit", string_all<is_digit_like, false>},
      {"isidentifier", string_isidentifier}, {"islower", string_is_case<true>}, {"isnumeric", string_all<is_numeric, false>},
      {"isprintable", string_all<is_printable, true>}, {"isspace", string_all<is_space, false>}, {"istitle", string_istitle},
      {"isupper", string_is_case<false>}, {"join", string_join}, {"ljust", string_justify<'<'>}, {"lower", string_case<Case::lower>},
      {"lstrip", string_strip<Side::left>}, {"partition", string_partition<false>}, {"removeprefix", string_without<false>},
      {"removesuffix", string_without<true>}, {"replace", string_replace}, {"rfind", string_find<true, false>}, {"rindex", string_find<true, true>},
      {"rjust", string_justify<'>'>}, {"rpartition", string_partition<true>}, {"rsplit", string_split<true>}, {"rstrip", string_strip<Side::right>},
      {"split", string_split<false>}, {"splitlines", string_splitlines}, {"startswith", string_affix<false>}, {"strip", string_strip<Side::both>},
      {"swapcase", string_case<Case::swapped>}, {"title", string_case<Case::title>}, {"upper", string_case<Case::upper>}, {"zfill", string_zfill}}};
  const auto found = std::find_if(methods.begin(), methods.end(), [&](const Function& f) { return f.name == name; });
  return found == methods.end() ? nullptr : &*found;
}

}  // namespace weft::detail::jinja
