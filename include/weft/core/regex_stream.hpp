// A regular expression in a text that grows: when a match is complete, and how much of the text no match can reach any more.
// Source: K. Thompson 1968, "Regular expression search algorithm": all states at once, each with the earliest place that leads to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"

namespace weft {

/// A value: a copy goes on by itself. It takes O(states of the expression) a code point, whatever the text, and as much memory.
class RegexStream {
 public:
  /// Throws as Regex, Error(argument) for an expression that matches nothing at all, of which every text is full, and Error(unsupported) for
  /// look-aheads over more than a character, which no text that grows could answer.
  explicit RegexStream(std::string_view pattern);

  [[nodiscard]] const std::string& pattern() const noexcept;

  /// Adds whole characters. True when a match that is not empty is complete; then nothing more may be added.
  bool push(std::string_view more);
  /// The text ends here, which $ and \b may wait for. True when that completes a match.
  bool finish();
  /// Where the match begins that was found: of those that end first, the one that begins first. Bytes from the start of the text.
  [[nodiscard]] std::size_t begin() const noexcept { return begin_; }
  /// No match to come begins before this byte.
  [[nodiscard]] std::size_t safe() const noexcept { return threads_.empty() ? size_ : threads_.front().begin; }

 private:
  struct Program;
  struct Thread {
    std::uint32_t at;  // instruction
    std::size_t begin;
  };

  bool advance(std::uint32_t char_class, std::uint32_t length);

  std::shared_ptr<const Program> program_;
  std::vector<Thread> threads_;  // by begin; no instruction twice
  std::size_t size_ = 0, begin_ = 0;
  std::uint32_t left_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/regex_stream.ipp"
#endif
