// Checked chains, for debugging: a NaN is reported with the step that made it, not by whatever reads it next.
#pragma once

#include <algorithm>
#include <cmath>

#include "weft/sample/chain.hpp"

namespace weft {

namespace detail {

/// Throws weft::Error(argument) that names the first NaN and whose it is.
inline void refuse_nan(std::span<const float> logits, std::string_view source) {
  const auto found = std::find_if(logits.begin(), logits.end(), [](float x) { return std::isnan(x); });
  if (found != logits.end()) fail(ErrorKind::argument, "logits[", found - logits.begin(), "] is NaN: it comes from ", source);
}

template <class Step>
void apply_checked(Step& step, std::span<float> logits, const StepContext& context) {
  weft::apply(step, logits, context);
  refuse_nan(logits, concat("the step ", type_name<Step>()));
}
template <class First, class Second>
void apply_checked(Chain<First, Second>& chain, std::span<float> logits, const StepContext& context) {
  apply_checked(chain.first, logits, context);
  apply_checked(chain.second, logits, context);
}
template <class S>
void apply_checked(Maybe<S>& maybe, std::span<float> logits, const StepContext& context) {
  if (maybe.step) apply_checked(*maybe.step, logits, context);
}

}  // namespace detail

template <LogitsStep Steps>
struct CheckedSteps : Narrowing {
  static constexpr bool runs_apart = detail::RunsApart<Steps>, keeps_to_list = true;
  Steps steps;
  explicit CheckedSteps(Steps s) : steps(std::move(s)) {}

  void operator()(std::span<float> logits, const StepContext& context) {
    detail::refuse_nan(logits, "the model");
    detail::apply_checked(steps, logits, context);
  }
  void prepare(std::size_t vocab, std::size_t positions) { weft::prepare(steps, vocab, positions); }
  void save(StateWriter& out) const { save_state(steps, out); }
  void load(StateReader& in) { load_state(steps, in); }
};

/// The steps, with a look for NaN before the first and after each: checked(repetition_penalty(1.1f) | my_step | top_p(0.9f)) | draw().
/// Throws weft::Error(argument) that names the logit and the model or the step it comes from. O(vocab) a step more.
template <LogitsStep Steps>
CheckedSteps<Steps> checked(Steps steps) {
  return CheckedSteps<Steps>(std::move(steps));
}

}  // namespace weft
