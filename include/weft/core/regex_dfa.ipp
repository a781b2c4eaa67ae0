// Subset construction, state by state as the text asks for them.
#pragma once

#include <utility>

#include "weft/core/regex_dfa.hpp"

namespace weft::detail {

WEFT_INLINE RegexDfa::RegexDfa(const RegexProgram& program)
    : program_(&program), symbols_((program.classes.count() + 1) << program.looks.size()), seen_(program.code.size(), 0) {
  reset(dead);
}

WEFT_INLINE std::uint32_t RegexDfa::reset(std::uint32_t row) {
  State kept = states_.empty() ? State{RegexProgram::inner} : states_[row / symbols_];
  entries_.clear();
  states_.clear();
  rows_.clear();
  starts_.fill(unknown);
  const State none{RegexProgram::inner};
  states_.push_back(none);
  rows_.emplace(none, dead);
  entries_.assign(symbols_, dead);
  return kept.size() == 1 ? dead : intern(std::move(kept));
}

WEFT_INLINE std::uint32_t RegexDfa::start(std::uint32_t left) {
  if (starts_[left] == unknown) {
    State state{left};
    ++mark_;
    full_ = false;
    follow(0, left, nullptr, state);
    starts_[left] = intern(std::move(state));
  }
  return starts_[left];
}

WEFT_INLINE std::uint32_t RegexDfa::intern(State state) {
  if (state.size() == 1) return dead;
  const auto row = static_cast<std::uint32_t>(states_.size()) * symbols_;
  const auto found = rows_.try_emplace(state, row);
  if (found.second) {
    states_.push_back(std::move(state));
    entries_.resize(entries_.size() + symbols_, unknown);
  }
  return found.first->second;
}

// Appends to `out` what `instruction` leads to without reading: `chars` and `match`, and with no symbol also the assertions.
WEFT_INLINE void RegexDfa::follow(std::uint32_t instruction, std::uint32_t left, const std::uint32_t* symbol, State& out) {
  const std::uint32_t width = program_->classes.count() + 1;
  stack_.push_back(instruction);
  while (!stack_.empty() && !full_) {
    const std::uint32_t at = stack_.back();
    stack_.pop_back();
    if (seen_[at] == mark_) continue;
    seen_[at] = mark_;
    const RegexInst& inst = program_->code[at];
    switch (inst.op) {
      case RegexInst::jump: stack_.push_back(inst.a); break;
      case RegexInst::split:
        stack_.push_back(inst.b);
        stack_.push_back(inst.a);
        break;
      case RegexInst::match:
        full_ = true;
        out.push_back(at);
        break;
      case RegexInst::chars: out.push_back(at); break;
      default:
        if (symbol == nullptr)
          out.push_back(at);
        else if (program_->passes(inst, left, *symbol % width, *symbol / width))
          stack_.push_back(at + 1);
    }
  }
  stack_.clear();
}

WEFT_INLINE bool RegexDfa::build(std::uint32_t row, std::uint32_t symbol) {
  if (entries_.size() + symbols_ > max_entries) return false;
  const State& from = states_[row / symbols_];
  const std::uint32_t left = from[0];
  const std::uint32_t next_class = symbol % (program_->classes.count() + 1);
  // Decide the assertions here, now that the symbol is known.
  State ready;
  ++mark_;
  full_ = false;
  for (std::size_t i = 1; i < from.size() && !full_; ++i) {
    // Splits and jumps before an assertion were followed when the state was made, so only what stands in the list counts.
    follow(from[i], left, &symbol, ready);
  }
  const bool matched = full_;
  State to{program_->left_after(next_class)};
  ++mark_;
  full_ = false;
  if (next_class != program_->end_class())
    for (const std::uint32_t at : ready) {
      if (full_) break;
      const RegexInst& inst = program_->code[at];
      if (inst.op == RegexInst::chars && program_->in_set(inst.a, next_class)) follow(at + 1, to[0], nullptr, to);
    }
  entries_[row + symbol] = 0;
  const std::uint32_t target = intern(std::move(to));
  entries_[row + symbol] = target * 2 + (matched ? 1u : 0u);
  return true;
}

WEFT_INLINE void RegexDfa::build_all(std::size_t limit) {
  start(RegexProgram::inner);
  if (program_->uses_left) {
    start(RegexProgram::text_begin);
    for (std::uint32_t char_class = 0; char_class < program_->classes.count(); ++char_class) start(program_->left_after(char_class));
  }
  for (std::size_t state = 1; state < states_.size(); ++state)
    for (std::uint32_t symbol = 0; symbol < symbols_; ++symbol) {
      if (entries_.size() > limit) return;
      const auto row = static_cast<std::uint32_t>(state) * symbols_;
      if (entries_[row + symbol] == unknown && !build(row, symbol)) return;
    }
}

}  // namespace weft::detail
