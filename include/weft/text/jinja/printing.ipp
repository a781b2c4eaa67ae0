// str() and repr() of every value.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/unicode.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

/// Python's repr of a float from the shortest digits: an exponent below 1e-4 and from 1e16.
WEFT_INLINE std::string real_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 40> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const auto e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(text);
  std::string digits;
  for (const char c : text.substr(0, e))
    if (c >= '0' && c <= '9') digits += c;
  std::string out = std::signbit(value) ? "-" : "";
  if (exponent < 0) return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + '.' + digits.substr(whole);
}

inline void append_hex(std::string& out, char32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[value >> shift & 15];
}

inline void print_quoted(TextBuilder& out, const Str& text) {
  const char quote = text.view().find('\'') != std::string_view::npos && text.view().find('"') == std::string_view::npos ? '"' : '\'';
  out.append(std::string_view(&quote, 1), false);
  each_run(text, [&](std::string_view part, bool written) {
    std::string escaped;
    for (std::size_t at = 0; at < part.size();) {
      const char c = part[at];
      const std::size_t end = after_character(part, at);
      if (c == '\\' || c == quote) {
        escaped += '\\';
        escaped += c;
      } else if (c == '\n' || c == '\r' || c == '\t') {
        escaped += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
      } else {
        const char32_t code = read_utf8(part, at).code;
        if (is_printable(code)) {
          escaped += part.substr(at, end - at);
        } else {
          escaped += code < 0x100 ? "\\x" : code < 0x10000 ? "\\u" : "\\U";
          append_hex(escaped, code, code < 0x100 ? 2 : code < 0x10000 ? 4 : 8);
        }
      }
      at = end;
    }
    out.append(escaped, written);
  });
  out.append(std::string_view(&quote, 1), false);
}

inline void print_dict(Budget& budget, TextBuilder& out, const Dict& dict) {
  const Budget::Level level(budget);
  out.append("{", false);
  for (std::size_t i = 0; i < dict.size; ++i) {
    if (i > 0) out.append(", ", false);
    print_repr(budget, out, dict.items[i].key);
    out.append(": ", false);
    print_repr(budget, out, dict.items[i].value);
  }
  out.append("}", false);
}

inline void print_items(Budget& budget, TextBuilder& out, const Value& value, std::string_view open, std::string_view close) {
  const Budget::Level level(budget);
  out.append(open, false);
  const Items items = items_of(budget, value);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out.append(", ", false);
    print_repr(budget, out, items.at(budget, i));
  }
  if (value.kind == Kind::tuple && items.size() == 1) out.append(",", false);
  out.append(close, false);
}

inline void print_space(Budget& budget, TextBuilder& out, const Space& space) {
  const Budget::Level level(budget);
  out.append("<Namespace {", false);
  for (std::size_t i = 0; i < space.size; ++i) {
    if (i > 0) out.append(", ", false);
    print_repr(budget, out, text_view(budget, space.items[i].name, true));
    out.append(": ", false);
    print_repr(budget, out, space.items[i].value);
  }
  out.append("}>", false);
}

/// A number's digits came with the data, or the template computed them.
WEFT_INLINE void print(Budget& budget, TextBuilder& out, const Value& value) {
  switch (value.kind) {
    case Kind::undefined: return;
    case Kind::string: out.append(*value.string); return;
    case Kind::integer: {
      std::array<char, 24> buffer;
      const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value.integer).ptr;
      out.append(std::string_view(buffer.data(), static_cast<std::size_t>(end - buffer.data())), !value.data);
      return;
    }
    default: print_repr(budget, out, value);
  }
}

WEFT_INLINE void print_repr(Budget& budget, TextBuilder& out, const Value& value) {
  switch (value.kind) {
    case Kind::undefined: out.append("Undefined", true); return;
    case Kind::none: out.append("None", !value.data); return;
    case Kind::boolean: out.append(value.boolean ? "True" : "False", !value.data); return;
    case Kind::integer: print(budget, out, value); return;
    case Kind::real: out.append(real_text(value.real), !value.data); return;
    case Kind::string: {
      Str& text = flat(budget, *value.string);
      if (text.markup) out.append("Markup(", false);
      print_quoted(out, text);
      if (text.markup) out.append(")", false);
      return;
    }
    case Kind::list: print_items(budget, out, value, "[", "]"); return;
    case Kind::tuple: print_items(budget, out, value, "(", ")"); return;
    case Kind::dict: print_dict(budget, out, *value.dict); return;
    case Kind::dict_view: print_items(budget, out, value, concat(type_name(value), "(["), "])"); return;
    case Kind::range: {
      const Range& r = *value.range;
      out.append(concat("range(", r.start, ", ", r.stop, r.step == 1 ? std::string() : concat(", ", r.step), ")"), true);
      return;
    }
    case Kind::space: print_space(budget, out, *value.space); return;
    // Python prints an address with these, which is of no use to anybody.
    case Kind::function: out.append(concat("<function ", value.function->name, ">"), true); return;
    case Kind::method: out.append(concat("<built-in method ", value.method->function->name, " of ", type_name(value.method->self), " object>"), true); return;
    case Kind::macro: out.append(concat("<Macro ", quote(value.macro->node->text), ">"), true); return;
    case Kind::loop: out.append(concat("<LoopContext ", value.loop->index + 1, "/", value.loop->items->size(), ">"), true); return;
    default: out.append(concat("<", type_name(value), " object>"), true); return;
  }
}

WEFT_INLINE Value to_text(Budget& budget, const Value& value) {
  if (value.kind == Kind::string) return value;
  TextBuilder out(budget);
  print(budget, out, value);
  return out.finish();
}

}  // namespace weft::detail::jinja
