// format % values. Source: Python's "printf-style String Formatting".
#pragma once

#include <cmath>
#include <optional>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/format.hpp"
#include "weft/text/jinja/operators.hpp"

namespace weft::detail::jinja {

class PercentFormatter {
 public:
  PercentFormatter(Budget& budget, Str& format, const Value& args) : budget_(budget), format_(format), args_(args), out_(budget) {}

  Value run() {
    const std::string_view text = format_.view();
    while (at_ < text.size()) {
      const std::size_t percent = std::min(text.find('%', at_), text.size());
      out_.append(*cut(budget_, format_, at_, percent).string);
      at_ = percent + 1;
      if (percent < text.size()) conversion(text, percent);
    }
    const bool left_over = args_.kind == Kind::tuple ? next_ < args_.seq->size : next_ == 0 && !container();
    if (left_over) fail(ErrorKind::format, "a format got more values than it takes");
    return out_.finish(format_.markup);
  }

 private:
  /// What has subscripts may go unused; a text and a number may not.
  bool container() const { return args_.kind == Kind::dict || args_.kind == Kind::list || args_.kind == Kind::range || args_.kind == Kind::undefined; }

  Value argument() {
    const bool many = args_.kind == Kind::tuple;
    if (next_ >= (many ? args_.seq->size : 1)) fail(ErrorKind::format, "a format takes more values than it got");
    const Value value = many ? args_.seq->items[next_] : args_;
    ++next_;
    return value;
  }

  char peek(std::string_view text) const {
    if (at_ >= text.size()) fail(ErrorKind::format, "a format ends inside of a conversion: ", quote(text, 60));
    return text[at_];
  }

  std::int64_t count(std::string_view text, std::int64_t otherwise) {
    if (peek(text) != '*') return read_count(text, at_, otherwise);
    ++at_;
    const Value value = argument();
    if (!value.is_integral()) fail(ErrorKind::format, "'*' in a format takes an int, not a ", type_name(value));
    if (value.as_integer() > 1'000'000'000 || value.as_integer() < -1'000'000'000) fail(ErrorKind::format, "a width in a format is too large");
    return value.as_integer();
  }

  void conversion(std::string_view text, std::size_t percent) {
    std::optional<Value> named;
    if (peek(text) == '(') {
      const std::size_t begin = ++at_;
      for (int open = 1;; ++at_) {
        const char c = peek(text);
        open += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (open == 0) break;
      }
      const std::string_view key = text.substr(begin, at_++ - begin);
      if (args_.kind != Kind::dict) fail(ErrorKind::format, "a format with names needs a dict");
      const Value* found = find(budget_, *args_.dict, key);
      if (found == nullptr) fail(ErrorKind::format, "a format names ", quote(key, 60), ", which the dict has not");
      named = *found;
    }
    FormatSpec spec;
    bool left = false, zero = false;
    for (;; ++at_) {
      const char c = peek(text);
      if (c == '-') left = true;
      else if (c == '+') spec.sign = '+';
      else if (c == ' ' && spec.sign != '+') spec.sign = ' ';
      else if (c == '#') spec.alternate = true;
      else if (c == '0') zero = true;
      else if (c != ' ') break;
    }
    spec.width = count(text, 0);
    if (spec.width < 0) left = true, spec.width = -spec.width;
    if (peek(text) == '.') {
      ++at_;
      spec.precision = std::max<std::int64_t>(count(text, 0), 0);
    }
    while (peek(text) == 'l' || peek(text) == 'h' || peek(text) == 'L') ++at_;
    const char type = text[at_++];
    if (type == '%') return out_.append("%", format_.written);
    if (left) spec.align = '<';
    else if (zero && std::string_view("diuoxXeEfFgG").find(type) != std::string_view::npos) spec.align = '=', spec.fill.assign(1, '0');
    one(named ? *named : argument(), type, spec, text.substr(percent, at_ - percent));
  }

  void one(const Value& value, char type, FormatSpec& spec, std::string_view conversion) {
    switch (type) {
      case 's':
      case 'r':
      case 'a': {
        TextBuilder shown(budget_);
        type == 's' ? print(budget_, shown, value) : print_repr(budget_, shown, value);
        Str* text = shown.finish().string;
        if (spec.precision >= 0) {
          const CharacterIndex index(*text);
          text = cut(budget_, *text, 0, index[std::min(index.size(), static_cast<std::size_t>(spec.precision))]).string;
        }
        return append_padded(budget_, out_, *text, spec, '>');
      }
      case 'c': {
        if (value.kind == Kind::string && length_of(flat(budget_, *value.string)) == 1) return append_padded(budget_, out_, *value.string, spec, '>');
        if (!value.is_integral()) fail(ErrorKind::format, "%c takes an int or a character, not a ", type_name(value));
        spec.type = 'c';
        break;
      }
      default: break;
    }
    require_defined(value);
    std::string digits;
    const bool integer = std::string_view("diuoxX").find(type) != std::string_view::npos;
    if (!integer && std::string_view("eEfFgGc").find(type) == std::string_view::npos) fail(ErrorKind::format, quote(conversion, 40), " is no conversion of a format");
    if (!value.is_number()) fail(ErrorKind::format, quote(conversion, 40), " takes a number, not a ", type_name(value));
    spec.type = type == 'i' || type == 'u' ? 'd' : type;
    if (type == 'c') {
      if (value.as_integer() < 0 || value.as_integer() > 0x10FFFF) fail(ErrorKind::format, value.as_integer(), " is no character");
      append_utf8(digits, static_cast<char32_t>(value.as_integer()));
    } else if (integer) {
      digits = integer_digits(value, spec);
    } else {
      digits = format_real(budget_, value.as_real(), spec);
    }
    append_padded(budget_, out_, *text_copy(budget_, digits, !value.data).string, spec, '>');
  }

  std::string integer_digits(const Value& value, FormatSpec& spec) {
    std::int64_t number = value.is_integral() ? value.as_integer() : 0;
    if (value.kind == Kind::real) {
      if (spec.type != 'd') fail(ErrorKind::format, "%", spec.type, " takes an int, not a float");
      if (!(std::fabs(value.real) < 0x1p63)) fail(ErrorKind::format, "%d of a float outside 64 bits");
      number = static_cast<std::int64_t>(value.real);
    }
    const std::int64_t precision = std::exchange(spec.precision, -1);
    std::string digits = format_integer(number, spec);
    const std::size_t start = !digits.empty() && (digits[0] < '0') ? 1 : 0;
    if (precision > 0 && digits.size() - start < static_cast<std::size_t>(precision)) {
      budget_.check_text(static_cast<std::size_t>(precision));
      digits.insert(start, static_cast<std::size_t>(precision) - (digits.size() - start), '0');
    }
    return digits;
  }

  Budget& budget_;
  Str& format_;
  Value args_;
  TextBuilder out_;
  std::size_t at_ = 0, next_ = 0;
};

WEFT_INLINE Value percent_format(Budget& budget, Str& format, const Value& args) { return PercentFormatter(budget, format, args).run(); }

}  // namespace weft::detail::jinja
