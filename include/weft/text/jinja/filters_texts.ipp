// Filters on texts, and the list of all filters.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "weft/text/jinja/convert.hpp"
#include "weft/text/jinja/filters_lists.ipp"
#include "weft/text/jinja/format.hpp"
#include "weft/text/jinja/interpreter.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/operators.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

template <Case to>
Value filter_case(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "this filter", {});
  return change_case(budget, to_text(budget, self), to);
}

inline Value filter_string(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'string'", {});
  return to_text(budget, self);
}

inline Value with_markup(Budget& budget, const Value& text, bool markup) {
  if (text.string->markup == markup) return text;
  Str& copy = *budget.arena.make<Str>(flat(budget, *text.string));
  copy.markup = markup;
  return make_string(&copy);
}

inline Value filter_safe(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'safe'", {});
  return with_markup(budget, to_text(budget, self), true);
}
inline Value filter_escape(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'escape'", {});
  return escape(budget, self);
}
inline Value filter_forceescape(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'forceescape'", {});
  return escape(budget, with_markup(budget, to_text(budget, self), false));
}

inline Value filter_trim(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'trim'", {"chars"});
  return stripped(budget, to_text(budget, self), Side::both, args[0]);
}

/// Words begin after white space and - ( { [ <; the rest of a word is lower case.
inline Value filter_title(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'title'", {});
  Str& text = flat(budget, *to_text(budget, self).string);
  const std::string_view view = text.view();
  TextBuilder out(budget);
  const auto part = [&](std::size_t begin, std::size_t end, Case to) {
    out.append(*change_case(budget, cut(budget, text, begin, end), to).string);
  };
  const auto separates = [&](std::size_t at) { return is_space(read_utf8(view, at).code) || std::string_view("-({[<").find(view[at]) != std::string_view::npos; };
  for (std::size_t at = 0; at < view.size();) {
    std::size_t end = at;
    while (end < view.size() && separates(end)) end = after_character(view, end);
    if (end > at) out.append(*cut(budget, text, at, end).string);
    if (end >= view.size()) break;
    const std::size_t rest = after_character(view, end);
    part(end, rest, Case::upper);
    at = rest;
    while (at < view.size() && !separates(at)) at = after_character(view, at);
    part(rest, at, Case::lower);
  }
  return out.finish(text.markup);
}

inline Value filter_replace(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'replace'", {"old", "new", "count"}, 2);
  const std::int64_t count = args[2].kind == Kind::none ? -1 : count_argument(args[2], "replace");
  const auto text = [&](const Value& v) -> Str& { return flat(budget, *to_text(budget, v).string); };
  return with_markup(budget, replaced(budget, text(self), text(args[0]), text(args[1]), count), false);
}

inline Value filter_join(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'join'", {"d", "attribute"});
  const Value separator = args.has(0) ? args[0] : text_view(budget, {}, true);
  if (args[1].kind == Kind::none) return joined(budget, separator, items_of(budget, self));
  const Path path(budget, args[1]);
  std::vector<Value> items = all_of(budget, self);
  for (Value& item : items) item = path.of(item);
  return joined(budget, separator, items_of(budget, make_sequence(budget, Kind::list, items)));
}

inline Value filter_center(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'center'", {"width"});
  const Value width[] = {args.has(0) ? args[0] : make_integer(80)};
  return find_method(Kind::string, "center")->call(budget, to_text(budget, self), {width, 1, nullptr, 0});
}

inline Value filter_format(Interpreter& budget, const Value& self, const Call& call) {
  if (call.size > 0 && call.keyword_count > 0) fail(ErrorKind::format, "the filter 'format' takes values by position or by name, not both");
  Value values = make_sequence(budget, Kind::tuple, std::span(call.args, call.size));
  if (call.keyword_count > 0) {
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < call.keyword_count; ++i) pairs.push_back({text_view(budget, call.keywords[i].name, true), call.keywords[i].value});
    values = make_dict(budget, std::move(pairs));
  }
  return percent_format(budget, flat(budget, *to_text(budget, self).string), values);
}

/// Every line but the first is moved right; blank lines are left as they are unless `blank`.
inline Value filter_indent(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'indent'", {"width", "first", "blank"});
  require_defined(self);
  if (self.kind != Kind::string) fail(ErrorKind::format, "the filter 'indent' takes a str, not a ", type_name(self));
  Value by = args.has(0) ? args[0] : make_integer(4);
  if (by.kind != Kind::string) by = arithmetic(budget, Operator::mul, text_view(budget, " ", true), make_integer(count_argument(by, "indent")));
  Str& indent = flat(budget, *by.string);
  Str& text = flat(budget, *self.string);
  std::vector<Value> lines = split_lines(budget, text, false);
  // A text that ends with a line end, or is empty, has one more line, which is empty.
  const std::size_t end = text.size;
  if (lines.empty() || lines.back().string->data + lines.back().string->size < text.data + end) lines.push_back(cut(budget, text, end, end));
  TextBuilder out(budget);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out.append("\n", true);
    if (i == 0 ? truth(args[1]) : truth(args[2]) || lines[i].string->size > 0) out.append(indent);
    out.append(*lines[i].string);
  }
  return out.finish(text.markup);
}

inline Value filter_truncate(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'truncate'", {"length", "killwords", "end", "leeway"});
  require_defined(self);
  const std::int64_t limit = args.has(0) ? count_argument(args[0], "truncate") : 255;
  const std::int64_t leeway = args[3].kind != Kind::none ? count_argument(args[3], "truncate") : 5;
  const Value ending = args.has(2) ? args[2] : text_view(budget, "...", true);
  if (ending.kind != Kind::string) fail(ErrorKind::format, "the ending of the filter 'truncate' is a str, not a ", type_name(ending));
  const auto ending_size = static_cast<std::int64_t>(length(budget, ending));
  if (limit < ending_size || leeway < 0) fail(ErrorKind::format, "the filter 'truncate' needs a length of at least ", ending_size, " and a leeway of at least 0");
  if (self.kind != Kind::string) {
    if (has_length(self) && static_cast<std::int64_t>(length(budget, self)) <= limit) return self;  // as in jinja2
    fail(ErrorKind::format, "the filter 'truncate' takes a str, not a ", type_name(self));
  }
  Str& text = flat(budget, *self.string);
  const CharacterIndex index(text);
  if (static_cast<std::int64_t>(index.size()) <= limit || static_cast<std::int64_t>(index.size()) - limit <= leeway) return self;
  std::size_t end = index[static_cast<std::size_t>(limit - ending_size)];
  if (!truth(args[1]))
    if (const auto space = text.view().substr(0, end).rfind(' '); space != std::string_view::npos) end = space;
  return concatenate(budget, *cut(budget, text, 0, end).string, *ending.string, text.markup);
}

inline bool is_word_character(char32_t c) { return c == '_' || is_letter(category(c)) || is_number(category(c)); }

inline Value filter_wordcount(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'wordcount'", {});
  const std::string_view text = view_of(budget, to_text(budget, self));
  budget.charge(text.size() / 2);
  std::int64_t words = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); at = after_character(text, at)) {
    const bool letter = is_word_character(read_utf8(text, at).code);
    words += letter && !inside ? 1 : 0;
    inside = letter;
  }
  return make_integer(words);
}

inline Value filter_filesizeformat(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'filesizeformat'", {"binary"});
  Value number = self;
  if (self.kind == Kind::string)
    if (const auto value = parse_real(view_of(budget, self))) number = make_real(*value);
  require_defined(number);
  if (!number.is_number()) fail(ErrorKind::format, "the filter 'filesizeformat' takes a number, not a ", type_name(self));
  const double bytes = number.as_real(), base = truth(args[0]) ? 1024 : 1000;
  if (bytes == 1) return text_view(budget, "1 Byte", true);
  if (bytes < base) return text_copy(budget, concat(static_cast<std::int64_t>(bytes), " Bytes"), !self.data);
  static constexpr std::string_view prefixes = "kMGTPEZY";
  double unit = base;
  std::size_t i = 0;
  for (; i < prefixes.size(); ++i) {
    unit *= base;
    if (bytes < unit || i + 1 == prefixes.size()) break;
  }
  const char letter = truth(args[0]) && i == 0 ? 'K' : prefixes[i];
  return text_copy(budget, concat(real_digits(budget, base * bytes / unit, 'f', 1), " ", letter, truth(args[0]) ? "iB" : "B"), !self.data);
}

/// Percent-encodes all but letters, digits and _.-~ (and / unless it is part of a query).
inline void append_quoted_url(std::string& out, std::string_view text, bool query) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte) != 0) || std::string_view("_.-~").find(c) != std::string_view::npos || (c == '/' && !query)) {
      out += c;
    } else if (c == ' ' && query) {
      out += '+';
    } else {
      out += '%';
      out += "0123456789ABCDEF"[byte >> 4];
      out += "0123456789ABCDEF"[byte & 15];
    }
  }
}

inline Value filter_urlencode(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'urlencode'", {});
  std::string out;
  if (self.kind == Kind::string || !iterable(self)) {
    append_quoted_url(out, view_of(budget, to_text(budget, self)), false);
    return text_copy(budget, out, false);
  }
  const Value pairs = self.kind == Kind::dict ? find_method(Kind::dict, "items")->call(budget, self, {}) : self;
  for (const Value& pair : all_of(budget, pairs)) {
    const Items both = items_of(budget, pair);
    if (both.size() != 2) fail(ErrorKind::format, "the filter 'urlencode' takes pairs");
    if (!out.empty()) out += '&';
    append_quoted_url(out, view_of(budget, to_text(budget, both.at(budget, 0))), true);
    out += '=';
    append_quoted_url(out, view_of(budget, to_text(budget, both.at(budget, 1))), true);
  }
  return text_copy(budget, out, false);
}

/// Without <tags> and <!-- comments -->, and with single spaces.
inline Value filter_striptags(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'striptags'", {});
  const auto without = [&](Str& text, std::string_view open, std::string_view close) -> Str& {
    TextBuilder out(budget);
    std::size_t at = 0;
    for (;;) {
      const std::size_t begin = text.view().find(open, at);
      const std::size_t end = begin == std::string_view::npos ? begin : text.view().find(close, begin);
      out.append(*cut(budget, text, at, end == std::string_view::npos ? text.size : begin).string);
      if (end == std::string_view::npos) return *out.finish().string;
      at = end + close.size();
    }
  };
  Str& text = without(without(flat(budget, *to_text(budget, self).string), "<!--", "-->"), "<", ">");
  const Value words = find_method(Kind::string, "split")->call(budget, make_string(&text), {});
  Str& joined_text = *joined(budget, text_view(budget, " ", true), items_of(budget, words)).string;
  Value out = make_string(&joined_text);
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> entities{
      {{"&lt;", "<"}, {"&gt;", ">"}, {"&#39;", "'"}, {"&#34;", "\""}, {"&quot;", "\""}, {"&amp;", "&"}}};
  for (const auto& [name, character] : entities)
    out = replaced(budget, flat(budget, *out.string), *text_view(budget, name, true).string, *text_view(budget, character, false).string, -1);
  return out;
}

inline Value filter_tojson(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'tojson'", {"ensure_ascii", "indent", "separators", "sort_keys"});
  return to_json(budget, self, truth(args[0]), args[1], args[2], truth(args[3]));
}

[[noreturn]] inline Value filter_unsupported(Interpreter&, const Value&, const Call&) {
  fail(ErrorKind::unsupported, "this filter of jinja2 is not supported: random, pprint, urlize, wordwrap and xmlattr are left out");
}

WEFT_INLINE const Function* find_filter(std::string_view name) {
  static constexpr std::array<Function, 54> filters{{
      {"abs", filter_abs}, {"attr", filter_attr}, {"batch", filter_batch}, {"capitalize", filter_case<Case::capitalized>}, {"center", filter_center},
      {"count", filter_length}, {"d", filter_default}, {"default", filter_default}, {"dictsort", filter_dictsort}, {"e", filter_escape},
      {"escape", filter_escape}, {"filesizeformat", filter_filesizeformat}, {"first", filter_first}, {"float", filter_float},
      {"forceescape", filter_forceescape}, {"format", filter_format}, {"groupby", filter_groupby}, {"indent", filter_indent}, {"int", filter_int},
      {"items", filter_items}, {"join", filter_join}, {"last", filter_last}, {"length", filter_length}, {"list", filter_list},
      {"lower", filter_case<Case::lower>}, {"map", filter_map}, {"max", filter_extreme<1>}, {"min", filter_extreme<-1>}, {"pprint", filter_unsupported},
      {"random", filter_unsupported}, {"reject", filter_select<false, false>}, {"rejectattr", filter_select<false, true>}, {"replace", filter_replace},
      {"reverse", filter_reverse}, {"round", filter_round}, {"safe", filter_safe}, {"select", filter_select<true, false>},
      {"selectattr", filter_select<true, true>}, {"slice", filter_slice}, {"sort", filter_sort}, {"string", filter_string},
      {"striptags", filter_striptags}, {"sum", filter_sum}, {"title", filter_title}, {"tojson", filter_tojson}, {"trim", filter_trim},
      {"truncate", filter_truncate}, {"unique", filter_unique}, {"upper", filter_case<Case::upper>}, {"urlencode", filter_urlencode},
      {"urlize", filter_unsupported}, {"wordcount", filter_wordcount}, {"wordwrap", filter_unsupported}, {"xmlattr", filter_unsupported}}};
  const auto found = std::find_if(filters.begin(), filters.end(), [&](const Function& f) { return f.name == name; });
  return found == filters.end() ? nullptr : &*found;
}

}  // namespace weft::detail::jinja
