// Text of a template to tokens: tags, white space control, raw blocks, comments.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/jinja/syntax.hpp"
#include "weft/text/jinja/text.hpp"

namespace weft::detail::jinja {

WEFT_INLINE std::string position(std::string_view source, std::size_t offset) {
  std::size_t line = 1, begin = 0, column = 1;
  offset = std::min(offset, source.size());
  for (std::size_t i = 0; i < offset; ++i)
    if (source[i] == '\n') ++line, begin = i + 1;
  for (std::size_t i = begin; i < offset; ++i) column += (static_cast<unsigned char>(source[i]) & 0xC0) != 0x80;
  return concat("line ", line, ", column ", column);
}

class Lexer {
 public:
  explicit Lexer(Program& program) : program_(program) {
    normalise();
    source_ = program.source;
  }

  std::vector<Lexeme> run() {
    while (at_ < source_.size()) data();
    put(TokenType::end, source_.size());
    return std::move(tokens_);
  }

 private:
  template <class... Parts>
  [[noreturn]] void error(std::size_t offset, const Parts&... parts) const {
    fail(ErrorKind::format, position(source_, offset), ": ", parts...);
  }

  void normalise() {
    // One line end at the end of a file is no part of the template, as in jinja2 (keep_trailing_newline is off).
    std::string& s = program_.source;
    std::size_t to = 0;
    for (std::size_t i = 0; i < s.size(); ++i) {
      char c = s[i];
      if (c == '\r') {
        c = '\n';
        if (i + 1 < s.size() && s[i + 1] == '\n') ++i;
      }
      s[to++] = c;
    }
    s.resize(to);
    if (s.ends_with('\n')) s.pop_back();
  }

  Lexeme& put(TokenType type, std::size_t offset, std::string_view text = {}) {
    tokens_.push_back({type, static_cast<std::uint32_t>(offset), text});
    return tokens_.back();
  }

  bool has(std::size_t at, std::string_view what) const { return source_.substr(std::min(at, source_.size())).starts_with(what); }
  std::size_t skip_space(std::size_t at) const {
    while (at < source_.size()) {
      const auto c = read_utf8(source_, at);
      if (!is_space(c.code)) break;
      at += c.length;
    }
    return at;
  }

  /// Text up to the next tag, and the tag.
  void data() {
    const std::size_t begin = at_;
    std::size_t tag = begin;
    for (;; ++tag) {
      tag = source_.find('{', tag);
      if (tag == std::string_view::npos || tag + 1 >= source_.size()) {
        put(TokenType::data, begin, source_.substr(begin));
        at_ = source_.size();
        return;
      }
      const char kind = source_[tag + 1];
      if (kind == '{' || kind == '%' || kind == '#') break;
    }
    std::size_t inside = tag + 2;
    const char sign = inside < source_.size() ? source_[inside] : '\0';
    put_data(begin, source_.substr(begin, tag - begin), sign, source_[tag + 1] == '{');
    if (sign == '-' || sign == '+') ++inside;
    at_ = inside;
    if (source_[tag + 1] == '#') {
      comment(tag);
    } else if (source_[tag + 1] == '{') {
      put(TokenType::variable_begin, tag);
      code(tag, '}');
    } else if (const auto end = raw_tag(inside)) {
      raw(tag, *end);
    } else {
      put(TokenType::block_begin, tag);
      code(tag, '%');
    }
  }

  /// White space before a tag: '-' takes all, else lstrip_blocks takes the line's, unless the tag prints or has a '+'.
  void put_data(std::size_t begin, std::string_view text, char sign, bool prints) {
    if (sign == '-') {
      text = text.substr(0, stripped_end(text));
    } else if (sign != '+' && !prints) {
      const auto newline = text.rfind('\n');
      const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
      if ((line > 0 || line_starting_) && stripped_end(text.substr(line)) == 0) text = text.substr(0, line);
    }
    if (!text.empty()) put(TokenType::data, begin, text);
  }

  /// What follows a tag: '-' takes all white space; trim_blocks takes one line end. Sets line_starting_.
  void after_tag(std::size_t at, bool strip, bool trim) {
    const std::size_t begin = at;
    if (strip) {
      at = skip_space(at);
    } else if (trim && has(at, "\n")) {
      ++at;
    }
    line_starting_ = at > begin && source_[at - 1] == '\n';
    at_ = at;
  }

  void comment(std::size_t tag) {
    const auto end = source_.find("#}", at_);
    if (end == std::string_view::npos) error(tag, "a comment is never closed; '#}' is missing");
    const char sign = end > at_ ? source_[end - 1] : '\0';
    after_tag(end + 2, sign == '-', sign != '+');
  }

  /// The end of "raw %}" or "raw -%}" at `at`, if that is there.
  std::optional<std::size_t> raw_tag(std::size_t at) const {
    at = skip_space(at);
    if (!has(at, "raw")) return std::nullopt;
    at = skip_space(at + 3);
    if (has(at, "%}")) return at + 2;
    if (has(at, "-%}")) return skip_space(at + 3);
    return std::nullopt;
  }

  void raw(std::size_t tag, std::size_t begin) {
    line_starting_ = source_[begin - 1] == '\n';
    for (std::size_t end = begin;; ++end) {
      end = source_.find("{%", end);
      if (end == std::string_view::npos) error(tag, "a raw block is never closed; '{% endraw %}' is missing");
      std::size_t at = end + 2;
      const char sign = at < source_.size() ? source_[at] : '\0';
      if (sign == '-' || sign == '+') ++at;
      at = skip_space(at);
      if (!has(at, "endraw")) continue;
      at = skip_space(at + 6);
      const bool strip = has(at, "-%}"), keep = has(at, "+%}");
      if (strip || keep) ++at;
      if (!has(at, "%}")) continue;
      put_data(begin, source_.substr(begin, end - begin), sign, false);
      after_tag(at + 2, strip, !keep);
      return;
    }
  }

  /// Tokens up to the tag's end, which counts only outside brackets.
  void code(std::size_t tag, char closing) {
    const bool block = closing == '%';
    std::vector<char> open;
    for (;;) {
      at_ = skip_space(at_);
      if (at_ >= source_.size()) error(tag, block ? "the tag '{%' is never closed; the end of the template was found before '%}'"
                                                  : "'{{' is never closed; the end of the template was found before '}}'");
      if (open.empty()) {
        const char c = source_[at_];
        const bool sign = c == '-' || (block && c == '+');
        const std::size_t end = at_ + (sign ? 1 : 0);
        if (has(end, block ? "%}" : "}}")) {
          put(block ? TokenType::block_end : TokenType::variable_end, at_);
          after_tag(end + 2, c == '-', block && c != '+');
          return;
        }
      }
      token(open);
    }
  }

  static bool digit(char c) { return c >= '0' && c <= '9'; }
  static bool name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || digit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  }

  void token(std::vector<char>& open) {
    const char c = source_[at_];
    if (digit(c)) {
      number();
    } else if (name_char(c)) {
      const std::size_t begin = at_;
      while (at_ < source_.size() && name_char(source_[at_])) {
        const auto code = read_utf8(source_, at_);
        const Category group = category(code.code);
        if (code.length > 1 && !is_letter(group) && !is_mark(group) && !is_number(group)) break;
        at_ += code.length;
      }
      if (at_ == begin) unexpected();
      put(TokenType::name, begin, source_.substr(begin, at_ - begin));
    } else if (c == '\'' || c == '"') {
      string(c);
    } else {
      symbol(open);
    }
  }

  [[noreturn]] void unexpected() const {
    error(at_, "unexpected character ", quote(source_.substr(at_, read_utf8(source_, at_).length)));
  }

  /// Digits, single underscores between them; the end.
  template <class Accept>
  std::size_t digits(std::size_t at, Accept accept, std::string& out) const {
    while (at < source_.size()) {
      if (accept(source_[at])) {
        out += source_[at++];
      } else if (source_[at] == '_' && at + 1 < source_.size() && accept(source_[at + 1])) {
        ++at;
      } else {
        break;
      }
    }
    return at;
  }

  void number() {
    const std::size_t begin = at_;
    if (source_[begin] == '0' && begin + 1 < source_.size() && radix_number(begin)) return;
    std::string text;
    std::size_t at = digits(begin, digit, text);
    bool real = false;
    // "x.0.5" are two subscripts: no float starts after a dot.
    if (begin == 0 || source_[begin - 1] != '.') {
      if (has(at, ".") && at + 1 < source_.size() && digit(source_[at + 1])) {
        text += '.';
        at = digits(at + 1, digit, text);
        real = true;
      }
      if (has(at, "e") || has(at, "E")) {
        std::size_t after = at + 1;
        if (has(after, "+") || has(after, "-")) ++after;
        if (after < source_.size() && digit(source_[after])) {
          text += source_.substr(at, after - at);
          at = digits(after, digit, text);
          real = true;
        }
      }
    }
    if (real) {
      double value = 0;
      const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (code == std::errc::result_out_of_range) value = text.find("e-") != std::string::npos || text.find("E-") != std::string::npos ? 0.0 : HUGE_VAL;
      put(TokenType::real, begin).real = value;
      at_ = at;
      return;
    }
    if (text[0] == '0') {  // "007" is 00 and 7, two tokens, which no expression allows
      at = begin;
      while (has(at, "0") || (has(at, "_0") && at > begin)) ++at;
      text.assign(1, '0');  // not = "0": GCC 12's bug 105651
    }
    integer(begin, at, text, 10);
  }

  bool radix_number(std::size_t begin) {
    const char letter = static_cast<char>(source_[begin + 1] | 0x20);
    const int radix = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (radix == 0) return false;
    const auto accept = [radix](char c) {
      const int value = digit(c) ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 99;
      return value < radix;
    };
    std::string text;
    const std::size_t end = digits(begin + 2, accept, text);
    if (text.empty()) return false;
    integer(begin, end, text, radix);
    return true;
  }

  void integer(std::size_t begin, std::size_t end, const std::string& text, int radix) {
    std::int64_t value = 0;
    const auto code = std::from_chars(text.data(), text.data() + text.size(), value, radix).ec;
    if (code != std::errc()) error(begin, "the integer ", quote(source_.substr(begin, end - begin), 40), " is outside 64 bits, which is all this engine has");
    put(TokenType::integer, begin).integer = value;
    at_ = end;
  }

  void string(char closing) {
    const std::size_t begin = at_++;
    std::size_t end = at_;
    bool escapes = false;
    while (end < source_.size() && source_[end] != closing) {
      if (source_[end] == '\\') escapes = true, ++end;
      ++end;
    }
    if (end >= source_.size()) error(begin, "a string is never closed; expected ", std::string(1, closing));
    const std::string_view raw = source_.substr(at_, end - at_);
    put(TokenType::string, begin, escapes ? unescape(raw, at_) : raw);
    at_ = end + 1;
  }

  std::string_view unescape(std::string_view raw, std::size_t offset) {
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '\\') {
        out += raw[i];
        continue;
      }
      const char c = raw[++i];
      static constexpr std::string_view from = "abfnrtv\\'\"", to = "\a\b\f\n\r\t\v\\'\"";
      if (const auto known = from.find(c); known != std::string_view::npos) {
        out += to[known];
      } else if (c == '\n') {
        // a line that goes on
      } else if (c >= '0' && c <= '7') {
        char32_t code = 0;
        std::size_t n = 0;
        for (; n < 3 && i + n < raw.size() && raw[i + n] >= '0' && raw[i + n] <= '7'; ++n) code = code * 8 + static_cast<char32_t>(raw[i + n] - '0');
        i += n - 1;
        append_utf8(out, code);
      } else if (c == 'x' || c == 'u' || c == 'U') {
        const std::size_t count = c == 'x' ? 2 : c == 'u' ? 4 : 8;
        const std::string_view hex = raw.substr(i + 1, count);
        std::uint32_t code = 0;
        const auto [stop, bad] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
        if (hex.size() != count || bad != std::errc() || stop != hex.data() + count)
          error(offset + i - 1, "a broken escape: \\", std::string(1, c), " needs ", count, " hexadecimal digits");
        if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
          error(offset + i - 1, "the escape ", quote(raw.substr(i - 1, count + 2)), " names no character");
        append_utf8(out, code);
        i += count;
      } else if (c == 'N') {
        error(offset + i - 1, "characters by name (\\N{...}) are not supported; write \\u and four digits");
      } else {
        out += '\\';
        out += c;
      }
    }
    program_.texts.push_back(std::move(out));
    return program_.texts.back();
  }

  void symbol(std::vector<char>& open) {
    struct Symbol {
      std::string_view text;
      TokenType type;
    };
    using enum TokenType;
    static constexpr std::array<Symbol, 26> symbols{{{"//", floordiv}, {"**", pow}, {"==", eq}, {"!=", ne}, {">=", ge}, {"<=", le},
                                                     {"+", add}, {"-", sub}, {"/", div}, {"*", mul}, {"%", mod}, {"~", tilde},
                                                     {"[", lbracket}, {"]", rbracket}, {"(", lparen}, {")", rparen}, {"{", lbrace}, {"}", rbrace},
                                                     {">", gt}, {"<", lt}, {"=", assign}, {".", dot}, {":", colon}, {"|", pipe},
                                                     {",", comma}, {";", semicolon}}};
    const auto found = std::find_if(symbols.begin(), symbols.end(), [&](const Symbol& s) { return has(at_, s.text); });
    if (found == symbols.end()) unexpected();
    if (found->type == lbracket) open.push_back(']');
    if (found->type == lparen) open.push_back(')');
    if (found->type == lbrace) open.push_back('}');
    if (found->type == rbracket || found->type == rparen || found->type == rbrace) {
      if (open.empty()) error(at_, "unexpected '", found->text, "': nothing is open that it could close");
      if (open.back() != found->text[0]) error(at_, "unexpected '", found->text, "', expected '", open.back(), "'");
      open.pop_back();
    }
    put(found->type, at_);
    at_ += found->text.size();
  }

  Program& program_;
  std::string_view source_;
  std::size_t at_ = 0;
  bool line_starting_ = true;  ///< the last tag ended with a line end
  std::vector<Lexeme> tokens_;
};

WEFT_INLINE std::vector<Lexeme> tokenize(Program& program) { return Lexer(program).run(); }

}  // namespace weft::detail::jinja
