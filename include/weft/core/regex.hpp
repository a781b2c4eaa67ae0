// Regular expressions over UTF-8 in linear time: what the pre-tokenisers of language models need.
//
// Alternatives are tried in order (leftmost-first, as in Perl and Rust), by a deterministic automaton; nothing backtracks.
// Sources: R. Cox, "Regular Expression Matching in the Wild" (2010) for the automaton with preferences; T. Reps, "Maximal-munch
// tokenization in linear time" (1998) for the memory of what failed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "weft/core/config.hpp"
#include "weft/core/regex_flavor.hpp"

namespace weft {

namespace detail {
struct RegexProgram;
class RegexDfa;
class RegexSearch;
}  // namespace detail

/// A compiled expression: an immutable value, cheap to copy, safe to share between threads.
///
/// Understands literals, '.', escapes (\n \r \t \f \v \a \e \0 \xHH \x{..} \uHHHH), \s \d \w and their negations, \p{..} \P{..}
/// for general categories, scripts, Alphabetic, Uppercase, Lowercase and what POSIX classes name, sets (negated, nested, intersected
/// by &&, with POSIX classes such as [:punct:]), groups, (?:..), (?i:..) and (?i) (simple case folding), (?s), |, * + ? {m,n} greedy,
/// lazy and (over one character class) possessive, (?=..) (?!..) over anything, (?<=..) (?<!..) over one character class, ^ and $ (begin
/// and end of the text), \b \B. Captures are not kept. All properties are those of Unicode 15.0. RegexFlavor says who is followed where
/// engines disagree.
class Regex {
 public:
  /// Throws Error(format) for a bad pattern, Error(unsupported) for what is valid elsewhere but not here (longer look-behind, back
  /// references, possessive groups, or more states than 20,000), each naming the byte in the pattern.
  explicit Regex(std::string_view pattern, RegexFlavor flavor = RegexFlavor::common);

  [[nodiscard]] const std::string& pattern() const noexcept;

 private:
  friend class detail::RegexSearch;
  friend class RegexScanner;
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

/// Bytes [begin, end) of the text.
struct RegexMatch {
  std::size_t begin = 0;
  std::size_t end = 0;
  friend bool operator==(const RegexMatch&, const RegexMatch&) = default;
};

/// Finds the matches in a text, left to right, not overlapping. The text and nothing else must outlive it.
///
/// All matches of a text cost time linear in it together, whatever the pattern. Bytes that are no UTF-8 count as U+FFFD, one
/// each. An empty match is reported, and the search goes on one code point later.
class RegexScanner {
 public:
  RegexScanner(const Regex& regex, std::string_view text);
  RegexScanner(RegexScanner&&) noexcept;
  RegexScanner& operator=(RegexScanner&&) noexcept;
  ~RegexScanner();

  /// The next match; false when there is none.
  bool next(RegexMatch& match);
  /// Starts again on another text; what has been learnt about the expression is kept.
  void reset(std::string_view text);

 private:
  std::unique_ptr<detail::RegexSearch> search_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/regex.ipp"
#endif
