// Definitions of core/regex_stream.hpp.
#pragma once

#include "weft/core/error.hpp"
#include "weft/core/regex_program.hpp"
#include "weft/core/regex_stream.hpp"

namespace weft {

struct RegexStream::Program {
  explicit Program(std::string_view source) : pattern(source), regex(source), ends(regex.code.size(), false) {
    if (!regex.looks.empty())
      fail(ErrorKind::unsupported, "the expression '", pattern, "' looks ahead by more than a character: what follows is not known yet in a text that grows");
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = regex.code.size(); i-- > 0;) {
        const auto& inst = regex.code[i];
        const bool end = inst.op == detail::RegexInst::match || (inst.op == detail::RegexInst::jump && ends[inst.a]) ||
                         (inst.op == detail::RegexInst::split && (ends[inst.a] || ends[inst.b]));
        changed = changed || end != ends[i];
        ends[i] = end;
      }
    }
    if (ends[0]) fail(ErrorKind::argument, "the expression '", pattern, "' matches the empty text, which is everywhere");
  }

  std::string pattern;
  detail::RegexProgram regex;
  std::vector<bool> ends;  // by instruction: a match, before any further character
};

WEFT_INLINE RegexStream::RegexStream(std::string_view pattern)
    : program_(std::make_shared<const Program>(pattern)), left_(detail::RegexProgram::text_begin) {}

WEFT_INLINE const std::string& RegexStream::pattern() const noexcept { return program_->pattern; }

WEFT_INLINE bool RegexStream::push(std::string_view more) {
  for (std::size_t at = 0; at < more.size();) {
    const auto step = program_->regex.step(more, at);
    if (advance(step.char_class, step.length)) return true;
    at += step.length;
  }
  return false;
}

WEFT_INLINE bool RegexStream::finish() { return advance(program_->regex.end_class(), 0); }

/// Follows all threads over the next character; earlier ones first, so that of two that meet the earlier stays.
WEFT_INLINE bool RegexStream::advance(std::uint32_t char_class, std::uint32_t length) {
  using detail::RegexInst;
  const auto& regex = program_->regex;
  threads_.push_back({0, size_});
  std::vector<bool> visited(regex.code.size(), false), waiting(regex.code.size(), false);
  std::vector<Thread> next;
  std::vector<std::uint32_t> stack;
  bool found = false;
  const auto complete = [&](std::size_t begin) {
    if (!found || begin < begin_) begin_ = begin;
    found = true;
  };
  for (const auto& thread : threads_) {
    stack.assign(1, thread.at);
    while (!stack.empty()) {
      const std::uint32_t at = stack.back();
      stack.pop_back();
      if (visited[at]) continue;
      visited[at] = true;
      const auto& inst = regex.code[at];
      switch (inst.op) {
        case RegexInst::chars:
          if (!regex.in_set(inst.a, char_class) || waiting[at + 1]) break;
          waiting[at + 1] = true;
          next.push_back({at + 1, thread.begin});
          break;
        case RegexInst::split: stack.push_back(inst.b); [[fallthrough]];
        case RegexInst::jump: stack.push_back(inst.a); break;
        case RegexInst::match:
          if (thread.begin < size_) complete(thread.begin);
          break;
        default:
          if (regex.passes(inst, left_, char_class, 0)) stack.push_back(at + 1);
      }
    }
  }
  threads_ = std::move(next);
  left_ = regex.left_after(char_class);
  size_ += length;
  for (const auto& thread : threads_)
    if (!found && program_->ends[thread.at]) complete(thread.begin);
  return found;
}

}  // namespace weft
