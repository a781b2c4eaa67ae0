// What tokenizer.json calls a pattern: {"String": ".."} or {"Regex": ".."}. Not API.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/regex.hpp"
#include "weft/io/json_value.hpp"

namespace weft::detail {

class TextPattern {
 public:
  explicit TextPattern(std::string text) : text_(std::move(text)) {
    if (text_.empty()) regex_.emplace("");
  }
  explicit TextPattern(Regex regex) : regex_(std::move(regex)) {}

  static TextPattern read(JsonReader& reader, std::string_view key) {
    const std::string where = reader.where() + ": " + std::string(key);
    JsonReader pattern(reader.required(key), where);
    const JsonValue* const regex = pattern.optional("Regex");
    if (regex == nullptr) {
      std::string text = pattern.text("String");
      pattern.finish();
      return TextPattern(std::move(text));
    }
    pattern.finish();
    if (!regex->is(JsonValue::Kind::text)) pattern.fail_member("Regex", "a string");
    try {
      return TextPattern(Regex(regex->string, RegexFlavor::oniguruma));
    } catch (const Error& error) {
      throw Error(error.kind(), where + ": " + error.what());
    }
  }

  /// Calls use(begin, end) for each match from left to right; an empty one right after another match is none.
  template <class Use>
  void each_match(std::string_view text, const Use& use) const {
    if (!regex_) {
      for (std::size_t at = 0; (at = text.find(text_, at)) != std::string_view::npos; at += text_.size()) use(at, at + text_.size());
      return;
    }
    RegexScanner scanner(*regex_, text);
    std::size_t end = std::string_view::npos;
    for (RegexMatch match; scanner.next(match);) {
      if (match.begin == match.end && match.begin == end) continue;
      end = match.end;
      use(match.begin, match.end);
    }
  }

  [[nodiscard]] bool is_text() const noexcept { return !regex_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::optional<Regex>& regex() const noexcept { return regex_; }

 private:
  std::string text_{};
  std::optional<Regex> regex_{};
};

}  // namespace weft::detail
