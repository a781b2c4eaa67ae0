// An answer as it is shown while it is written: words wrapped at the terminal's width, reasoning dimmed, nothing the terminal would obey.
#pragma once

#include <algorithm>
#include <cwchar>
#include <string>
#include <string_view>
#include <utility>

#include "weft/core/utf8.hpp"

namespace example {

/// Makes of pieces of text (whole characters) what is to be written to the terminal. A word comes when it is complete.
class AnswerPrinter {
 public:
  struct Style {
    bool colours = false;
    std::size_t width = 0;  ///< columns; 0: lines are left as they are
  };
  /// reasons: the text begins inside of the model's reasoning.
  explicit AnswerPrinter(Style style, bool reasons = false) : style_(style), reasons_(reasons) {
    if (reasons_) dim(true);
  }

  std::string push(std::string_view text) {
    waiting_ += text;
    for (;;) {
      const std::string_view tag = reasons_ ? end_tag : begin_tag;
      const auto at = waiting_.find(tag);
      if (at == std::string::npos) break;
      const auto end = at + tag.size();
      if (reasons_) {
        add(std::string_view(waiting_).substr(0, end));
        dim(false);
      } else {
        add(std::string_view(waiting_).substr(0, at));
        dim(true);
        add(tag);
      }
      reasons_ = !reasons_;
      waiting_.erase(0, end);
    }
    const auto safe = waiting_.size() - begun_tag();
    add(std::string_view(waiting_).substr(0, safe));
    waiting_.erase(0, safe);
    return std::exchange(out_, {});
  }

  /// What was held back; the next text starts anew.
  std::string finish() {
    add(waiting_);
    waiting_.clear();
    flush();
    if (reasons_) dim(false);
    return std::exchange(out_, {});
  }

  /// The end of a prompt, where a template may have opened the reasoning already.
  static bool opens_reasoning(std::string_view prompt) {
    while (!prompt.empty() && (prompt.back() == '\n' || prompt.back() == ' ')) prompt.remove_suffix(1);
    return prompt.ends_with(begin_tag);
  }

 private:
  static constexpr std::string_view begin_tag = "<think>", end_tag = "</think>";

  /// Bytes at the end of what waits that may yet become a tag.
  [[nodiscard]] std::size_t begun_tag() const {
    const std::string_view tag = reasons_ ? end_tag : begin_tag;
    for (std::size_t n = std::min(tag.size() - 1, waiting_.size()); n > 0; --n)
      if (waiting_.ends_with(tag.substr(0, n))) return n;
    return 0;
  }

  void dim(bool on) {
    flush();
    if (style_.colours) out_ += on ? "\033[2m" : "\033[0m";
  }

  void add(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const auto unit = weft::detail::read_unit(text, at);
      add(unit.code, text.substr(at, unit.length));
      at += unit.length;
    }
  }
  void add(char32_t code, std::string_view bytes) {
    const bool obeyed = (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7F && code < 0xA0) || code >= weft::detail::raw_byte;
    if (obeyed) bytes = "\xEF\xBF\xBD";  // a terminal must not obey a model
    if (style_.width == 0) {
      out_ += bytes;
    } else if (code == '\n') {
      flush();
      out_ += '\n';
      column_ = spaces_ = 0;
    } else if (code == ' ' || code == '\t') {
      flush();
      ++spaces_;
    } else {
      word_ += bytes;
      const int width = obeyed ? 1 : wcwidth(static_cast<wchar_t>(code));
      word_width_ += width < 0 ? 1 : static_cast<std::size_t>(width);
    }
  }
  /// Writes the word, and the spaces before it unless a new line takes their place.
  void flush() {
    if (word_.empty()) return;
    if (column_ > 0 && column_ + spaces_ + word_width_ > style_.width) {
      out_ += '\n';
      column_ = spaces_ = 0;
    }
    out_.append(spaces_, ' ') += word_;
    column_ += spaces_ + word_width_;
    if (column_ > style_.width) column_ %= style_.width;  // the terminal broke the word
    word_.clear();
    word_width_ = spaces_ = 0;
  }

  Style style_;
  bool reasons_;
  std::string waiting_;  ///< the beginning of a tag, maybe
  std::string word_, out_;
  std::size_t word_width_ = 0, spaces_ = 0, column_ = 0;
};

}  // namespace example
