// A regular expression as a program for automata. Not API: use core/regex.hpp.
//
// Code points that no set of the expression tells apart form one class, so that an automaton's rows are short. The program is
// that of Pike's virtual machine: instructions tried in order of preference.
// Source: R. Cox, "Regular Expression Matching: the Virtual Machine Approach" (2009).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weft/core/char_set.hpp"
#include "weft/core/config.hpp"
#include "weft/core/regex_syntax.hpp"
#include "weft/core/utf8.hpp"

namespace weft::detail {

struct RegexInst {
  enum Op : std::uint8_t {
    chars,          ///< a code point of set a, then the next instruction
    split,          ///< instruction a, and where that fails b
    jump,           ///< instruction a
    next_in_set,    ///< asserts that the next code point is in set a (negative: that it is not; true at the end)
    look_ahead,     ///< asserts that look-ahead a matches here (negative: that it does not)
    look_behind,    ///< asserts that the code point before is in set behind_sets[a] (negative: that it is not; true at the begin)
    word_boundary,  ///< asserts that just one of the neighbours is of set a (\w)
    text_begin,
    text_end,
    line_begin,  ///< the text begins, or a line end stands before and something follows
    match
  };
  Op op;
  bool negative = false;
  std::uint32_t a = 0, b = 0;
};

/// Code point -> class.
class RegexClasses {
 public:
  void build(const std::vector<CharSet>& sets);
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint32_t of_ascii(unsigned char byte) const noexcept { return values_[byte]; }
  [[nodiscard]] std::uint32_t of(char32_t code) const noexcept { return values_[std::size_t{pages_[code >> 8]} * 256 + (code & 0xFF)]; }
  /// A member of each class.
  [[nodiscard]] const std::vector<std::uint32_t>& examples() const noexcept { return examples_; }

 private:
  std::uint32_t count_ = 0;
  std::vector<std::uint16_t> pages_;   // [0x1100] -> page of values_; page 0 is that of ASCII
  std::vector<std::uint16_t> values_;  // [pages, 256]
  std::vector<std::uint32_t> examples_;
};

struct RegexProgram {
  explicit RegexProgram(std::string_view pattern, RegexFlavor flavor = RegexFlavor::common);

  std::vector<RegexInst> code;
  std::vector<std::vector<RegexInst>> looks;  ///< programs of the look-aheads that need more than the next code point
  RegexClasses classes;
  bool uses_left = false;  ///< some assertion depends on what precedes
  bool uses_word = false;  ///< ... namely on its being of \w
  bool uses_lines = false;  ///< ... or a line end
  std::uint32_t word_set = 0, line_end_set = 0;
  std::vector<std::uint32_t> behind_sets;  ///< at most max_behind

  /// The class that stands for the end of the text.
  [[nodiscard]] std::uint32_t end_class() const noexcept { return classes.count(); }
  [[nodiscard]] bool in_set(std::uint32_t set, std::uint32_t char_class) const noexcept {
    return members_[std::size_t{set} * (classes.count() + 1) + char_class];
  }
  /// Class and length in bytes of the code point at text[at]; a byte that is no UTF-8 counts as U+FFFD.
  struct Step {
    std::uint32_t char_class, length;
  };
  [[nodiscard]] Step step(std::string_view text, std::size_t at) const noexcept {
    const auto sequence = read_utf8(text, at);
    if (sequence.state != Utf8State::valid) return {broken_class_, 1};
    return {classes.of(sequence.code), sequence.length};
  }
  enum Left : std::uint32_t { inner = 0, text_begin = 1, after_word = 2, after_line = 4, after_set = 8 };  // and two more for sets
  static constexpr std::size_t max_behind = 3, lefts = std::size_t{after_set} << max_behind;
  /// What assertions need to know of the code point before a position, given its class (the first position has none).
  [[nodiscard]] std::uint32_t left_after(std::uint32_t char_class) const noexcept {
    if (char_class == end_class()) return inner;
    std::uint32_t left = uses_lines && in_set(line_end_set, char_class) ? after_line : uses_word && in_set(word_set, char_class) ? after_word : inner;
    for (std::size_t i = 0; i < behind_sets.size(); ++i)
      if (in_set(behind_sets[i], char_class)) left |= after_set << i;
    return left;
  }
  /// Whether the assertion holds between `left` and the code point of class `next`, where the look-aheads in `looks_here` match.
  [[nodiscard]] bool passes(const RegexInst& inst, std::uint32_t left, std::uint32_t next, std::uint32_t looks_here) const noexcept {
    switch (inst.op) {
      case RegexInst::next_in_set: return in_set(inst.a, next) != inst.negative;
      case RegexInst::look_ahead: return ((looks_here >> inst.a & 1u) != 0) != inst.negative;
      case RegexInst::look_behind: return ((left & after_set << inst.a) != 0) != inst.negative;
      case RegexInst::word_boundary: return (((left & after_word) != 0) != in_set(inst.a, next)) != inst.negative;
      case RegexInst::text_begin: return (left & text_begin) != 0;
      case RegexInst::text_end: return next == end_class();
      case RegexInst::line_begin: return (left & text_begin) != 0 || ((left & after_line) != 0 && next != end_class());
      default: return true;
    }
  }

 private:
  friend class RegexCompiler;
  std::vector<bool> members_;  // [sets, classes + 1]; the end of the text is in no set
  std::uint32_t broken_class_ = 0;
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/core/regex_program.ipp"
#endif
