// From the syntax tree to the program.
#pragma once

#include <algorithm>
#include <map>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/regex_program.hpp"

namespace weft::detail {

WEFT_INLINE void RegexClasses::build(const std::vector<CharSet>& sets) {
  // Sweep over the borders of all sets; between two borders the sets that hold a code point are the same.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> borders{{0, 0}};  // where, set + 1 (0: none)
  for (std::uint32_t s = 0; s < sets.size(); ++s)
    for (const auto& range : sets[s].ranges()) {
      borders.emplace_back(range.first, s + 1);
      borders.emplace_back(range.last + 1, s + 1);
    }
  std::sort(borders.begin(), borders.end());
  std::vector<std::uint64_t> inside((sets.size() + 63) / 64);
  std::map<std::vector<std::uint64_t>, std::uint16_t> known;
  struct Run {
    std::uint32_t first;
    std::uint16_t value;
  };
  std::vector<Run> runs;
  for (std::size_t i = 0; i < borders.size() && borders[i].first < code_limit;) {
    const std::uint32_t first = borders[i].first;
    for (; i < borders.size() && borders[i].first == first; ++i)
      if (borders[i].second > 0) inside[(borders[i].second - 1) / 64] ^= std::uint64_t{1} << ((borders[i].second - 1) % 64);
    const auto found = known.try_emplace(inside, static_cast<std::uint16_t>(known.size()));
    if (found.second) examples_.push_back(first);
    if (runs.empty() || runs.back().value != found.first->second) runs.push_back({first, found.first->second});
  }
  count_ = static_cast<std::uint32_t>(known.size());
  // Pages of one class are shared, one for each class; page 0 is that of ASCII.
  std::vector<std::uint32_t> uniform(count_, 0);
  pages_.assign(code_limit / 256, 0);
  std::size_t run = 0;
  for (std::uint32_t page = 0; page < pages_.size(); ++page) {
    const std::uint32_t first = page * 256;
    while (run + 1 < runs.size() && runs[run + 1].first <= first) ++run;
    const bool one = run + 1 == runs.size() || runs[run + 1].first >= first + 256;
    auto& shared = uniform[runs[run].value];
    if (one && page > 0 && shared > 0) {
      pages_[page] = static_cast<std::uint16_t>(shared);
      continue;
    }
    pages_[page] = static_cast<std::uint16_t>(values_.size() / 256);
    if (one) shared = pages_[page];
    std::size_t current = run;
    for (std::uint32_t code = first; code < first + 256; ++code) {
      while (current + 1 < runs.size() && runs[current + 1].first <= code) ++current;
      values_.push_back(runs[current].value);
    }
  }
}

class RegexCompiler {
 public:
  explicit RegexCompiler(RegexProgram& program) : program_(program) {}

  void compile(std::string_view pattern, RegexFlavor flavor) {
    const RegexNode root = parse_regex(pattern, flavor);
    emit_program(program_.code, root);
    program_.classes.build(sets_);
    const auto& classes = program_.classes;
    program_.broken_class_ = classes.of(replacement_character);
    program_.members_.reserve(sets_.size() * (classes.count() + 1));
    for (const auto& set : sets_) {
      for (const std::uint32_t example : classes.examples()) program_.members_.push_back(set.contains(static_cast<char32_t>(example)));
      program_.members_.push_back(false);
    }
  }

 private:
  using Code = std::vector<RegexInst>;

  static constexpr std::size_t max_instructions = 20000;
  static constexpr std::size_t max_sets = 2000;
  static constexpr std::size_t max_looks = 4;

  static std::uint32_t here(const Code& code) { return static_cast<std::uint32_t>(code.size()); }

  std::uint32_t add(Code& code, RegexInst inst) {
    if (++total_ > max_instructions)
      fail(ErrorKind::unsupported, "regular expression: its repetitions need more than ", max_instructions, " states");
    code.push_back(inst);
    return here(code) - 1;
  }

  std::uint32_t set_index(const CharSet& set) {
    const auto found = std::find(sets_.begin(), sets_.end(), set);
    if (found != sets_.end()) return static_cast<std::uint32_t>(found - sets_.begin());
    if (sets_.size() == max_sets)
      fail(ErrorKind::unsupported, "regular expression: more than ", max_sets, " different character classes");
    sets_.push_back(set);
    return static_cast<std::uint32_t>(sets_.size() - 1);
  }

  void emit_program(Code& code, const RegexNode& node) {
    emit(code, node);
    add(code, {RegexInst::match});
  }

  void emit(Code& code, const RegexNode& node) {
    switch (node.kind) {
      case RegexKind::nothing: return;
      case RegexKind::chars: add(code, {RegexInst::chars, false, set_index(node.set)}); return;
      case RegexKind::sequence:
        for (const auto& kid : node.kids) emit(code, kid);
        return;
      case RegexKind::choice: return emit_choice(code, node);
      case RegexKind::repeat: return emit_repeat(code, node);
      case RegexKind::look_ahead: return emit_look_ahead(code, node);
      case RegexKind::look_behind: return emit_look_behind(code, node);
      case RegexKind::text_begin:
        program_.uses_left = true;
        add(code, {RegexInst::text_begin});
        return;
      case RegexKind::text_end: add(code, {RegexInst::text_end}); return;
      case RegexKind::line_begin:
        program_.uses_left = program_.uses_lines = true;
        program_.line_end_set = set_index({'\n', '\n'});
        add(code, {RegexInst::line_begin});
        return;
      case RegexKind::word_boundary:
        program_.uses_left = program_.uses_word = true;
        program_.word_set = set_index(node.set);
        add(code, {RegexInst::word_boundary, node.negative, program_.word_set});
        return;
    }
  }

  void emit_choice(Code& code, const RegexNode& node) {
    std::vector<std::uint32_t> ends;
    for (std::size_t i = 0; i < node.kids.size(); ++i) {
      const bool last = i + 1 == node.kids.size();
      const std::uint32_t split = last ? 0 : add(code, {RegexInst::split});
      if (!last) code[split].a = here(code);
      emit(code, node.kids[i]);
      if (last) break;
      ends.push_back(add(code, {RegexInst::jump}));
      code[split].b = here(code);
    }
    for (const std::uint32_t end : ends) code[end].a = here(code);
  }

  // `inside` is tried first unless the quantifier is lazy.
  static void aim(RegexInst& split, bool lazy, std::uint32_t inside, std::uint32_t outside) {
    split.a = lazy ? outside : inside;
    split.b = lazy ? inside : outside;
  }

  void emit_repeat(Code& code, const RegexNode& node) {
    const RegexNode& kid = node.kids.front();
    const bool lazy = node.greed == RegexGreed::lazy;
    const std::uint32_t start = here(code);
    for (std::uint32_t i = 0; i < node.min; ++i) {
      emit(code, kid);
      if (here(code) == start) return;  // what matches nothing needs no repetition
    }
    if (node.max == regex_unbounded) {
      const std::uint32_t split = add(code, {RegexInst::split});
      const std::uint32_t inside = here(code);
      emit(code, kid);
      add(code, {RegexInst::jump, false, split});
      aim(code[split], lazy, inside, here(code));
      if (node.greed == RegexGreed::possessive) emit_not_next(code, kid.set);
      return;
    }
    std::vector<std::uint32_t> splits;
    for (std::uint32_t i = node.min; i < node.max; ++i) {
      splits.push_back(add(code, {RegexInst::split}));
      emit(code, kid);
      if (here(code) == splits.back() + 1) break;
    }
    // x{m,n}+ over a set: having stopped before n, the next code point is not in the set.
    std::uint32_t outside = here(code);
    if (node.greed == RegexGreed::possessive && !splits.empty()) {
      const std::uint32_t skip = add(code, {RegexInst::jump});
      outside = here(code);
      emit_not_next(code, kid.set);
      code[skip].a = here(code);
    }
    for (const std::uint32_t split : splits) aim(code[split], lazy, split + 1, outside);
  }

  void emit_not_next(Code& code, const CharSet& set) { add(code, {RegexInst::next_in_set, true, set_index(set)}); }

  void emit_look_ahead(Code& code, const RegexNode& node) {
    const RegexNode& kid = node.kids.front();
    if (kid.kind == RegexKind::chars) {
      add(code, {RegexInst::next_in_set, node.negative, set_index(kid.set)});
      return;
    }
    Code look;
    emit_program(look, kid);  // those inside come first in `looks`: they can be evaluated in order
    if (program_.looks.size() == max_looks)
      fail(ErrorKind::unsupported, "regular expression: more than ", max_looks, " look-aheads over more than one code point");
    program_.looks.push_back(std::move(look));
    add(code, {RegexInst::look_ahead, node.negative, static_cast<std::uint32_t>(program_.looks.size() - 1)});
  }

  void emit_look_behind(Code& code, const RegexNode& node) {
    auto& known = program_.behind_sets;
    const std::uint32_t set = set_index(node.set);
    const auto found = static_cast<std::size_t>(std::find(known.begin(), known.end(), set) - known.begin());
    if (found == known.size()) {
      if (found == RegexProgram::max_behind)
        fail(ErrorKind::unsupported, "regular expression: look-behind for more than ", RegexProgram::max_behind, " different character classes");
      known.push_back(set);
    }
    program_.uses_left = true;
    add(code, {RegexInst::look_behind, node.negative, static_cast<std::uint32_t>(found)});
  }

  RegexProgram& program_;
  std::vector<CharSet> sets_;
  std::size_t total_ = 0;
};

WEFT_INLINE RegexProgram::RegexProgram(std::string_view pattern, RegexFlavor flavor) { RegexCompiler(*this).compile(pattern, flavor); }

}  // namespace weft::detail
