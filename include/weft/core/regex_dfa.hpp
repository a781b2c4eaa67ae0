// The deterministic automaton of a regular expression, with preferences. Not API: use core/regex.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/regex_program.hpp"

namespace weft::detail {

/// A state is an ordered list of instructions that wait for the next code point, most preferred first, and what the assertions
/// need to know of the code point before. The symbol read at a position is the class of the code point there (or the end of
/// the text) and the bits of the look-aheads. A match at a position is known when the symbol there is read: only then is
/// every assertion decided; it removes what is less preferred.
class RegexDfa {
 public:
  static constexpr std::uint32_t unknown = 0xFFFFFFFF;
  static constexpr std::uint32_t dead = 0;  ///< the row from which nothing matches

  explicit RegexDfa(const RegexProgram& program);

  /// Row of the start state. left: RegexProgram::Left; `inner` where the program does not use it.
  std::uint32_t start(std::uint32_t left);
  /// The same, or `unknown` where it was not built yet.
  [[nodiscard]] std::uint32_t known_start(std::uint32_t left) const noexcept { return starts_[left]; }
  /// row of the next state * 2 + (1 if a match ends before this symbol); or `unknown`.
  [[nodiscard]] std::uint32_t entry(std::uint32_t row, std::uint32_t symbol) const noexcept { return entries_[row + symbol]; }
  /// Fills in an unknown entry. False when the memory allowed is used up: then reset().
  bool build(std::uint32_t row, std::uint32_t symbol);
  /// Builds everything that can be reached, as long as it takes at most `limit` entries.
  void build_all(std::size_t limit);
  /// Forgets all states but `row`, and gives its new row.
  std::uint32_t reset(std::uint32_t row);

  [[nodiscard]] std::uint32_t symbols() const noexcept { return symbols_; }

 private:
  using State = std::vector<std::uint32_t>;  // left, then instructions

  static constexpr std::size_t max_entries = std::size_t{1} << 22;

  std::uint32_t intern(State state);
  void follow(std::uint32_t instruction, std::uint32_t left, const std::uint32_t* symbol, State& out);

  const RegexProgram* program_;
  std::uint32_t symbols_;
  std::vector<std::uint32_t> entries_;  // [states, symbols]
  std::vector<State> states_;
  std::map<State, std::uint32_t> rows_;
  std::array<std::uint32_t, RegexProgram::lefts> starts_{};  // by RegexProgram::Left
  std::vector<std::uint32_t> seen_, stack_;  // of follow: seen_[instruction] == mark_ means visited
  std::uint32_t mark_ = 0;
  bool full_ = false;  // of follow: a match was reached, what is less preferred does not count
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/core/regex_dfa.ipp"
#endif
