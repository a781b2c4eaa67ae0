// Composition of steps with `|`: repetition_penalty(1.1f) | top_k(40) | temperature(0.8f) | draw().
// Everything is known at compile time, so a chain is one inlined function without a virtual call. A chain is a pair
// of a chain and a step: that compiles several times faster than a tuple.
#pragma once

#include <optional>

#include "weft/sample/step.hpp"

namespace weft {

/// One step after another. Itself a step, so chains of any length are nested pairs. (It hands the list of what is left on to apply(), which
/// knows of each step whether that one narrows; so do all that hold steps.)
template <LogitsStep First, LogitsStep Second>
struct Chain : Narrowing {
  static constexpr bool runs_apart = detail::RunsApart<First> && detail::RunsApart<Second>, keeps_to_list = true;
  First first;
  Second second;

  Chain(First one, Second other) : first(std::move(one)), second(std::move(other)) {}

  void operator()(std::span<float> logits, const StepContext& context) {
    weft::apply(first, logits, context);
    weft::apply(second, logits, context);
  }
  void operator()(std::span<float> logits, std::span<const Token> history) {
    (*this)(logits, StepContext{.history = history});
  }
  void prepare(std::size_t vocab, std::size_t positions) {
    weft::prepare(first, vocab, positions);
    weft::prepare(second, vocab, positions);
  }
  void save(StateWriter& out) const {
    save_state(first, out);
    save_state(second, out);
  }
  void load(StateReader& in) {
    load_state(first, in);
    load_state(second, in);
  }
};

/// The chain of no steps.
struct NoSteps : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  void operator()(std::span<float>, std::span<const Token>) const {}
};

namespace detail {

/// A step before those that are there already, which may be none.
template <LogitsStep Before, LogitsStep Steps>
auto put_before(Before before, const Steps& steps) {
  if constexpr (std::same_as<Steps, NoSteps>)
    return before;
  else
    return Chain<Before, Steps>(std::move(before), steps);
}

}  // namespace detail

/// Steps that end in a pick: the strategy of one token after the other. First `steps` change the logits, then `pick`
/// chooses: two calls, so that log-probs can be read in between.
template <LogitsStep Steps, class Pick>
struct Sampler : Composable {
  static constexpr bool runs_apart = detail::RunsApart<Steps> && detail::RunsApart<Pick>;
  Steps steps;
  Pick pick;
  detail::Live live{};  ///< what the last process() left

  Sampler(Steps before, Pick last) : steps(std::move(before)), pick(std::move(last)) {}

  static constexpr bool has_steps = !std::same_as<Steps, NoSteps>;

  /// whole: for others than choose(), who look at logits that are excluded, too. Without, what steps exclude may be noted in a list alone.
  void process(std::span<float> logits, StepContext context, bool whole = true) {
    live.forget();
    context.live = &live;
    weft::apply(steps, logits, context);
    if (whole || !detail::KeepsToList<Pick>) detail::write_excluded(logits, live);
  }
  /// logits: as process() left them.
  [[nodiscard]] auto choose(std::span<const float> logits, StepContext context) {
    if (has_steps) context.live = &live;
    return pick(logits, context);
  }
  void prepare(std::size_t vocab, std::size_t positions) {
    weft::prepare(steps, vocab, positions);
    weft::prepare(pick, vocab, positions);
    if (has_steps) live.reserve(vocab);
  }
  void save(StateWriter& out) const {
    save_state(steps, out);
    save_state(pick, out);
  }
  void load(StateReader& in) {
    load_state(steps, in);
    load_state(pick, in);
  }
  /// Puts a step before those that are there.
  template <LogitsStep Before>
  [[nodiscard]] auto after(Before before) const {
    auto joined = detail::put_before(std::move(before), steps);
    return Sampler<decltype(joined), Pick>(std::move(joined), pick);
  }
};

namespace detail {

template <class T>
inline constexpr bool is_sampler = false;
template <class Steps, class Pick>
inline constexpr bool is_sampler<Sampler<Steps, Pick>> = true;

/// What may stand last in a chain: argmax(), draw(), beam(...).
template <class T>
concept EndsChain = requires(const T& end) { end.after(NoSteps{}); };

template <class Left, class Right>
concept Composes = (std::derived_from<Left, Composable> || std::derived_from<Right, Composable>)&&LogitsStep<Left> &&
                   (LogitsStep<Right> || EndsChain<Right>);

}  // namespace detail

/// Left is applied first. Right is a step, or what ends a chain. A lambda may stand on either side of a Weft step.
template <class Left, class Right>
  requires detail::Composes<std::decay_t<Left>, std::decay_t<Right>>
auto operator|(Left&& left, Right&& right) {
  if constexpr (detail::EndsChain<std::decay_t<Right>>)
    return right.after(std::decay_t<Left>(std::forward<Left>(left)));
  else
    return Chain<std::decay_t<Left>, std::decay_t<Right>>(std::forward<Left>(left), std::forward<Right>(right));
}

/// A step that may be absent: what chains that are put together at run time are made of.
template <LogitsStep S>
struct Maybe : Narrowing {
  static constexpr bool runs_apart = detail::RunsApart<S>, keeps_to_list = true;
  std::optional<S> step{};

  void operator()(std::span<float> logits, const StepContext& context) {
    if (step) weft::apply(*step, logits, context);
  }
  void prepare(std::size_t vocab, std::size_t positions) {
    if (step) weft::prepare(*step, vocab, positions);
  }
  void save(StateWriter& out) const {
    if (step) save_state(*step, out);
  }
  void load(StateReader& in) {
    if (step) load_state(*step, in);
  }
};

}  // namespace weft
