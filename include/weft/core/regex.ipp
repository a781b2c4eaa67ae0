// The search: one pass of the automaton for each match.
#pragma once

#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/core/regex.hpp"
#include "weft/core/regex_dfa.hpp"
#include "weft/core/regex_program.hpp"

namespace weft {

struct Regex::Compiled {
  Compiled(std::string_view source, RegexFlavor flavor) : pattern(source), program(source, flavor), dfa(program) { dfa.build_all(1 << 16); }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;

  std::string pattern;
  detail::RegexProgram program;
  detail::RegexDfa dfa;  // whole for all but large expressions, which each search completes for itself
};

WEFT_INLINE Regex::Regex(std::string_view pattern, RegexFlavor flavor) : compiled_(std::make_shared<const Compiled>(pattern, flavor)) {}

WEFT_INLINE const std::string& Regex::pattern() const noexcept { return compiled_->pattern; }

namespace detail {

class RegexSearch {
 public:
  RegexSearch(const Regex& regex, std::string_view text) : compiled_(regex.compiled_), dfa_(&compiled_->dfa) { reset(text); }

  void reset(std::string_view text) {
    text_ = text;
    at_ = 0;
    failed_.clear();
    if (!compiled_->program.looks.empty()) evaluate_looks();
  }

  bool next(RegexMatch& match) {
    while (at_ <= text_.size()) {
      const std::size_t begin = at_;
      const std::size_t end = longest(begin);
      if (end == none || end == begin) at_ += begin < text_.size() ? step(begin).length : 1;
      if (end == none) continue;
      if (end > begin) at_ = end;
      match = {begin, end};
      return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  // A search that runs this many bytes beyond its last match notes what it passes, so that none goes that way again.
  static constexpr std::size_t stride = 256;

  struct Passed {
    std::size_t at;
    std::uint32_t row;
  };

  [[nodiscard]] RegexProgram::Step step(std::size_t at) const noexcept {
    const auto byte = static_cast<unsigned char>(text_[at]);
    if (byte < 0x80) return {compiled_->program.classes.of_ascii(byte), 1};
    return compiled_->program.step(text_, at);
  }

  [[nodiscard]] std::uint32_t symbol(std::size_t at, std::uint32_t char_class) const noexcept {
    return looks_.empty() ? char_class : char_class + looks_[at] * (compiled_->program.classes.count() + 1);
  }

  static std::uint64_t key(const Passed& passed) { return std::uint64_t{passed.at} << 23 | passed.row; }

  /// End of the preferred match that begins at `begin`, or none.
  std::size_t longest(std::size_t begin) {
    std::size_t last = none, at = begin, check = (begin / stride + 1) * stride;
    std::uint32_t row = start_row(begin);
    while (row != RegexDfa::dead) {
      const std::size_t stop = check < text_.size() ? check : text_.size();
      while (at < stop) {
        const auto here = step(at);
        const std::uint32_t found = read(row, symbol(at, here.char_class));
        if (found & 1u) last = at;
        row = found >> 1;
        if (row == RegexDfa::dead) break;
        at += here.length;
      }
      if (row == RegexDfa::dead) break;
      if (at >= text_.size()) {
        if (read(row, symbol(text_.size(), compiled_->program.end_class())) & 1u) last = text_.size();
        break;
      }
      if (at - (last == none ? begin : last) >= stride) {
        const Passed passed{at, row};
        if (failed_.contains(key(passed))) break;
        trail_.push_back(passed);
      }
      check = (at / stride + 1) * stride;
    }
    for (const auto& passed : trail_)
      if (last == none || passed.at > last) failed_.insert(key(passed));
    trail_.clear();
    return last;
  }

  std::uint32_t start_row(std::size_t begin) {
    const auto& program = compiled_->program;
    std::uint32_t left = RegexProgram::inner;
    if (program.uses_left) left = begin == 0 ? RegexProgram::text_begin : program.left_after(class_before(begin));
    // Every start state is in the automaton from the beginning, but for one that was reset.
    if (const auto row = dfa_->known_start(left); row != RegexDfa::unknown) return row;
    return own().start(left);
  }

  [[nodiscard]] std::uint32_t class_before(std::size_t at) const noexcept {
    for (std::size_t length = 2; length <= 4 && length <= at; ++length) {
      const auto sequence = read_utf8(text_.substr(0, at), at - length);
      if (sequence.state == Utf8State::valid && sequence.length == length) return compiled_->program.classes.of(sequence.code);
    }
    return step(at - 1).char_class;
  }

  // Entry of the automaton; `row` changes where the automaton had to be thrown away to make room.
  std::uint32_t read(std::uint32_t& row, std::uint32_t symbol) {
    const std::uint32_t found = dfa_->entry(row, symbol);
    return found != RegexDfa::unknown ? found : build(row, symbol);
  }

  std::uint32_t build(std::uint32_t& row, std::uint32_t symbol) {
    if (!own().build(row, symbol)) {
      row = own().reset(row);
      failed_.clear();
      trail_.clear();
      own().build(row, symbol);
    }
    return dfa_->entry(row, symbol);
  }

  RegexDfa& own() {
    if (!own_) {
      own_.emplace(compiled_->dfa);
      dfa_ = &*own_;
    }
    return *own_;
  }

  // For each position, which of the longer look-aheads match there. Backwards, from what can match at the position after: every
  // instruction is visited a few times for each code point.
  void evaluate_looks() {
    const auto& program = compiled_->program;
    std::vector<std::size_t> places;
    std::vector<std::uint32_t> classes;
    for (std::size_t at = 0; at < text_.size();) {
      const auto here = step(at);
      places.push_back(at);
      classes.push_back(here.char_class);
      at += here.length;
    }
    places.push_back(text_.size());
    classes.push_back(program.end_class());
    looks_.assign(text_.size() + 1, 0);
    std::vector<std::vector<bool>> after, now;
    for (const auto& look : program.looks) after.emplace_back(look.size(), false);
    now = after;
    for (std::size_t i = places.size(); i-- > 0;) {
      std::uint32_t left = RegexProgram::text_begin;
      if (i > 0) left = program.left_after(classes[i - 1]);
      std::uint32_t bits = 0;
      for (std::size_t k = 0; k < program.looks.size(); ++k) {
        now[k].assign(now[k].size(), false);
        const auto sweep = [&] { return sweep_look(program.looks[k], left, classes[i], bits, after[k], now[k]); };
        while (sweep()) {
        }
        if (now[k][0]) bits |= 1u << k;
      }
      looks_[places[i]] = static_cast<std::uint8_t>(bits);
      std::swap(after, now);
    }
  }

  // now[q]: instruction q leads to a match from here; after[q]: from the next position. True if something changed.
  bool sweep_look(const std::vector<RegexInst>& code, std::uint32_t left, std::uint32_t char_class, std::uint32_t bits,
                  const std::vector<bool>& after, std::vector<bool>& now) const {
    bool changed = false;
    for (std::size_t q = code.size(); q-- > 0;) {
      if (now[q]) continue;
      const RegexInst& inst = code[q];
      bool leads = false;
      switch (inst.op) {
        case RegexInst::match: leads = true; break;
        case RegexInst::chars: leads = after[q + 1] && compiled_->program.in_set(inst.a, char_class); break;
        case RegexInst::jump: leads = now[inst.a]; break;
        case RegexInst::split: leads = now[inst.a] || now[inst.b]; break;
        default: leads = now[q + 1] && compiled_->program.passes(inst, left, char_class, bits);
      }
      now[q] = leads;
      changed = changed || leads;
    }
    return changed;
  }

  std::shared_ptr<const Regex::Compiled> compiled_;
  const RegexDfa* dfa_;
  std::optional<RegexDfa> own_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::uint8_t> looks_;           // [bytes + 1], where the program has look-aheads
  std::unordered_set<std::uint64_t> failed_;  // states at places from which no match is ahead
  std::vector<Passed> trail_;
};

}  // namespace detail

WEFT_INLINE RegexScanner::RegexScanner(const Regex& regex, std::string_view text)
    : search_(std::make_unique<detail::RegexSearch>(regex, text)) {}
WEFT_INLINE RegexScanner::RegexScanner(RegexScanner&&) noexcept = default;
WEFT_INLINE RegexScanner& RegexScanner::operator=(RegexScanner&&) noexcept = default;
WEFT_INLINE RegexScanner::~RegexScanner() = default;
WEFT_INLINE bool RegexScanner::next(RegexMatch& match) { return search_->next(match); }
WEFT_INLINE void RegexScanner::reset(std::string_view text) { search_->reset(text); }

}  // namespace weft
