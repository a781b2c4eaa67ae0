// str.format. Source: Python's "Format String Syntax".
#pragma once

#include <charconv>
#include <optional>
#include <string>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/format.hpp"
#include "weft/text/jinja/interpreter.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

class StringFormatter {
 public:
  /// names: of format_map; null for format(), which has the call's keywords.
  StringFormatter(Interpreter& budget, const Call& call, const Dict* names) : budget_(budget), call_(call), names_(names) {}

  /// depth: fields may stand inside of a field's specification, but not inside of these.
  void run(TextBuilder& out, Str& format, int depth) {
    const std::string_view text = format.view();
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t brace = std::min(text.find_first_of("{}", at), text.size());
      out.append(*cut(budget_, format, at, brace).string);
      if (brace >= text.size()) return;
      at = brace + 1;
      if (at < text.size() && text[at] == text[brace]) {
        out.append(*cut(budget_, format, brace, at).string);
        ++at;
      } else if (text[brace] == '}') {
        fail(ErrorKind::format, "a single '}' in a format: ", quote(text, 60));
      } else {
        at = field(out, format, at, depth);
      }
    }
  }

 private:
  /// {name!conversion:specification}, from after the brace; gives the place after the closing one.
  std::size_t field(TextBuilder& out, Str& format, std::size_t begin, int depth) {
    if (depth == 0) fail(ErrorKind::format, "fields of a format are nested too deep");
    const std::string_view text = format.view();
    std::size_t end = begin, spec = std::string_view::npos, conversion = std::string_view::npos;
    for (int open = 1, bracket = 0;; ++end) {
      if (end >= text.size()) fail(ErrorKind::format, "a '{' in a format is never closed: ", quote(text, 60));
      const char c = text[end];
      bracket += c == '[' && spec == std::string_view::npos ? 1 : c == ']' && bracket > 0 ? -1 : 0;
      open += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (open == 0) break;
      if (bracket > 0 || spec != std::string_view::npos) continue;
      if (c == ':') spec = end + 1;
      if (c == '!' && conversion == std::string_view::npos) conversion = end + 1;
    }
    const std::size_t name_end = std::min({end, spec == std::string_view::npos ? end : spec - 1, conversion == std::string_view::npos ? end : conversion - 1});
    Value value = lookup(text.substr(begin, name_end - begin));
    if (conversion != std::string_view::npos) value = convert(value, text.substr(conversion, (spec == std::string_view::npos ? end : spec - 1) - conversion));
    TextBuilder inner(budget_);
    if (spec != std::string_view::npos) run(inner, *cut(budget_, format, spec, end).string, depth - 1);
    format_value(budget_, out, value, inner.text);
    return end + 1;
  }

  Value convert(const Value& value, std::string_view conversion) {
    if (conversion == "s") return to_text(budget_, value);
    if (conversion != "r" && conversion != "a") fail(ErrorKind::format, quote(conversion, 20), " is no conversion of a format; s, r and a are");
    TextBuilder shown(budget_);
    print_repr(budget_, shown, value);
    return shown.finish();
  }

  static std::optional<std::size_t> number(std::string_view text) {
    std::size_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
  }

  Value lookup(std::string_view path) {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = first(path.substr(0, end));
    for (std::size_t at = end; at < path.size();) {
      if (path[at] == '.') {
        const std::size_t stop = std::min(path.find_first_of(".[", at + 1), path.size());
        value = budget_.attribute(value, path.substr(at + 1, stop - at - 1));
        at = stop;
      } else if (path[at] == '[') {
        const std::size_t stop = path.find(']', at);
        if (stop == std::string_view::npos) fail(ErrorKind::format, "a '[' in a format is never closed");
        const std::string_view key = path.substr(at + 1, stop - at - 1);
        const auto index = number(key);
        value = budget_.item(value, index ? make_integer(static_cast<std::int64_t>(*index)) : text_copy(budget_, key, true));
        at = stop + 1;
      } else {
        fail(ErrorKind::format, "only '.' or '[' may follow ']' in a format");
      }
    }
    return value;
  }

  Value first(std::string_view name) {
    const auto index = name.empty() ? std::optional(next_++) : number(name);
    if (index) {
      (name.empty() ? automatic_ : manual_) = true;
      if (automatic_ && manual_) fail(ErrorKind::format, "a format numbers its fields either all or none");
      if (names_ != nullptr || *index >= call_.size) fail(ErrorKind::format, "a format takes more values than it got");
      return call_.args[*index];
    }
    if (names_ != nullptr) {
      if (const Value* found = find(budget_, *names_, name)) return *found;
    } else {
      for (std::size_t i = 0; i < call_.keyword_count; ++i)
        if (call_.keywords[i].name == name) return call_.keywords[i].value;
    }
    fail(ErrorKind::format, "a format names ", quote(name, 60), ", which was not given");
  }

  Interpreter& budget_;
  const Call& call_;
  const Dict* names_;
  std::size_t next_ = 0;
  bool automatic_ = false, manual_ = false;
};

inline Value string_format(Interpreter& budget, const Value& self, const Call& call) {
  Str& format = flat(budget, *self.string);
  TextBuilder out(budget);
  StringFormatter(budget, call, nullptr).run(out, format, 2);
  return out.finish(format.markup);
}

inline Value string_format_map(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "format_map()", {"/mapping"}, 1);
  if (args[0].kind != Kind::dict) fail(ErrorKind::format, "format_map() takes a mapping, not a ", type_name(args[0]));
  Str& format = flat(budget, *self.string);
  TextBuilder out(budget);
  StringFormatter(budget, {}, args[0].dict).run(out, format, 2);
  return out.finish(format.markup);
}

}  // namespace weft::detail::jinja
