// Text in which phrases and expressions are looked for while it is written. Not API: use decode/phrase_ban.hpp.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "weft/core/regex_stream.hpp"
#include "weft/decode/text_output.hpp"

namespace weft::detail {

/// A value, so that what was written can be taken back.
template <class Tokenizer>
class BannedText {
 public:
  template <class Model>
  BannedText(const Model& model, std::span<const std::string> phrases, std::vector<RegexStream> patterns, std::size_t max_tokens)
      : text_(model, phrases, max_tokens), patterns_(std::move(patterns)) {}

  /// Adds a token; true when something banned is complete, which begins at begin().
  bool push(Token token) {
    const std::size_t before = text_.text().size();
    return look(text_.push(token), before, false);
  }
  /// The text ends here. True as for push().
  bool finish() {
    const std::size_t before = text_.text().size();
    return look(text_.finish(), before, true);
  }

  [[nodiscard]] std::size_t begin() const noexcept { return begin_; }
  [[nodiscard]] std::size_t size() const noexcept { return text_.text().size(); }
  /// So many bytes can be in nothing banned any more.
  [[nodiscard]] std::size_t safe() const noexcept {
    std::size_t least = shown_;
    for (const auto& pattern : patterns_) least = std::min(least, pattern.safe());
    return least;
  }
  /// The expression for which the most text waits; null where it is a phrase, or none.
  [[nodiscard]] const std::string* waits_for() const noexcept {
    for (const auto& pattern : patterns_)
      if (pattern.safe() < size() && pattern.safe() == safe()) return &pattern.pattern();
    return nullptr;
  }

 private:
  bool look(bool found, std::size_t before, bool last) {
    begin_ = size();  // a phrase was cut off there
    shown_ += text_.take().size();
    if (found) return true;
    const auto more = std::string_view(text_.text()).substr(before);
    for (auto& pattern : patterns_) {
      if (!pattern.push(more) && !(last && pattern.finish())) continue;
      begin_ = std::min(begin_, pattern.begin());
      found = true;
    }
    return found;
  }

  TextOutput<Tokenizer> text_;  // the phrases are its stop strings
  std::vector<RegexStream> patterns_;
  std::size_t begin_ = 0, shown_ = 0;
};

}  // namespace weft::detail
