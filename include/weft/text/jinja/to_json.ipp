// The filter tojson: json.dumps of Python.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/text/jinja/convert.hpp"

namespace weft::detail::jinja {

class JsonWriter {
 public:
  JsonWriter(Budget& budget, bool ascii, const Value& indent, const Value& separators, bool sort_keys)
      : budget_(budget), out_(budget), ascii_(ascii), sort_keys_(sort_keys) {
    if (indent.kind == Kind::string) {
      indent_ = view_of(budget, indent);
      lines_ = true;
    } else if (indent.is_integral()) {
      budget.check_text(static_cast<std::size_t>(std::max<std::int64_t>(indent.as_integer(), 0)));
      indent_.assign(static_cast<std::size_t>(std::max<std::int64_t>(indent.as_integer(), 0)), ' ');
      lines_ = true;
    } else if (indent.kind != Kind::none) {
      require_defined(indent);
      fail(ErrorKind::format, "the filter 'tojson' takes an integer or a text as indent, not a ", type_name(indent));
    }
    if (separators.kind == Kind::none) {
      if (lines_) item_ = ",";
      return;
    }
    const Items both = items_of(budget, separators);
    if (both.size() != 2) fail(ErrorKind::format, "the filter 'tojson' takes two separators, (item, key)");
    for (std::size_t i = 0; i < 2; ++i) {
      const Value text = both.at(budget, i);
      if (text.kind != Kind::string) fail(ErrorKind::format, "the separators of 'tojson' are texts");
      (i == 0 ? item_ : key_) = view_of(budget, text);
    }
  }

  Value run(const Value& value) {
    write(value);
    return out_.finish();
  }

 private:
  void put(std::string_view text) { out_.append(text, false); }

  void new_line(std::size_t depth) {
    if (!lines_) return;
    put("\n");
    for (std::size_t i = 0; i < depth; ++i) put(indent_);
  }

  void write(const Value& value) {
    switch (value.kind) {
      case Kind::none: return put("null");
      case Kind::boolean: return put(value.boolean ? "true" : "false");
      case Kind::integer:
      case Kind::real: return out_.append(number(value), !value.data);
      case Kind::string: return text(flat(budget_, *value.string));
      case Kind::list:
      case Kind::tuple: return list(*value.seq);
      case Kind::dict: return object(*value.dict);
      default: fail(ErrorKind::format, "a value of type ", type_name(value), " cannot be written as JSON");
    }
  }

  static std::string number(const Value& value) {
    if (value.kind == Kind::integer) return std::to_string(value.integer);
    if (std::isnan(value.real)) return "NaN";
    if (std::isinf(value.real)) return value.real < 0 ? "-Infinity" : "Infinity";
    return real_text(value.real);
  }

  void text(const Str& str) {
    put("\"");
    each_run(str, [&](std::string_view part, bool written) {
      std::string escaped;
      escaped.reserve(part.size());
      for (std::size_t at = 0; at < part.size();) {
        const auto c = static_cast<unsigned char>(part[at]);
        if (c >= 0x80 && ascii_) {
          const auto sequence = read_utf8(part, at);
          at += sequence.length;
          escape_code(escaped, sequence.code);
          continue;
        }
        static constexpr std::string_view from = "\"\\\n\r\t\b\f", to = "\"\\nrtbf";
        if (const auto known = from.find(static_cast<char>(c)); known != std::string_view::npos) {
          escaped += '\\';
          escaped += to[known];
        } else if (c < 0x20) {
          escape_code(escaped, c);
        } else {
          escaped += static_cast<char>(c);
        }
        ++at;
      }
      out_.append(escaped, written);
    });
    put("\"");
  }

  static void escape_code(std::string& out, char32_t code) {
    const auto unit = [&](char32_t value) {
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[value >> shift & 15];
    };
    if (code < 0x10000) return unit(code);
    unit(0xD800 + ((code - 0x10000) >> 10));
    unit(0xDC00 + ((code - 0x10000) & 0x3FF));
  }

  void list(const Seq& seq) {
    if (seq.size == 0) return put("[]");
    const Budget::Level level(budget_);
    ++depth_;
    put("[");
    for (std::size_t i = 0; i < seq.size; ++i) {
      if (i > 0) put(item_);
      new_line(depth_);
      write(seq.items[i]);
    }
    new_line(--depth_);
    put("]");
  }

  void object(const Dict& dict) {
    if (dict.size == 0) return put("{}");
    const Budget::Level level(budget_);
    std::vector<const Pair*> pairs;
    for (std::size_t i = 0; i < dict.size; ++i) pairs.push_back(&dict.items[i]);
    if (sort_keys_)
      std::stable_sort(pairs.begin(), pairs.end(), [&](const Pair* a, const Pair* b) { return order(budget_, a->key, b->key, "<") == -1; });
    ++depth_;
    put("{");
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (i > 0) put(item_);
      new_line(depth_);
      key(pairs[i]->key);
      put(key_);
      write(pairs[i]->value);
    }
    new_line(--depth_);
    put("}");
  }

  void key(const Value& value) {
    if (value.kind == Kind::string) return text(flat(budget_, *value.string));
    if (!value.is_number() && value.kind != Kind::none) fail(ErrorKind::format, "a ", type_name(value), " cannot be a key in JSON");
    put("\"");
    write(value);
    put("\"");
  }

  Budget& budget_;
  TextBuilder out_;
  bool ascii_, sort_keys_, lines_ = false;
  std::string indent_, item_ = ", ", key_ = ": ";
  std::size_t depth_ = 0;
};

WEFT_INLINE Value to_json(Budget& budget, const Value& value, bool ascii, const Value& indent, const Value& separators, bool sort_keys) {
  return JsonWriter(budget, ascii, indent, separators, sort_keys).run(value);
}

}  // namespace weft::detail::jinja
