// A step: any callable that changes the logits of the next token. What a step is told, and how it is called.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/core/archive.hpp"
#include "weft/core/error.hpp"
#include "weft/core/token.hpp"
#include "weft/sample/softmax.hpp"

namespace weft {

/// What a step or a pick may know beside the logits. The simple form of a step takes `history` alone.
struct StepContext {
  std::span<const Token> history{};     ///< prompt and generated tokens, oldest first
  std::size_t prompt_length = 0;        ///< how many of history are the prompt
  std::span<const Token> end_tokens{};  ///< tokens that end this generation
  /// The first so many ids of history are those of this chain's previous call: a step that keeps counts goes on from
  /// there, and begins anew where it has seen more. 0 is always right.
  std::size_t unchanged = 0;
  std::uint64_t seed = 0;    ///< with branch and position: the address of a random draw
  std::uint64_t branch = 0;
  detail::Live* live = nullptr;  ///< where the chain keeps a list of what is left: which blocks of logits; null: no list

  [[nodiscard]] std::size_t generated() const noexcept { return history.size() - prompt_length; }
  /// Index, in the whole sequence, of the token that is being chosen.
  [[nodiscard]] std::size_t position() const noexcept { return history.size(); }
};

/// Base of everything in the library that composes with `|`; a lambda composes when the other operand has it.
struct Composable {};

/// Base of steps that leave an excluded token excluded, whatever else they do: after them a chain still knows what is left, so the steps
/// that follow need not look at the whole vocabulary again. One that excludes by itself need not tell.
struct Narrowing : Composable {};

namespace detail {
template <class T>
concept TakesHistory = std::invocable<T&, std::span<float>, std::span<const Token>>;
template <class T>
concept TakesContext = std::invocable<T&, std::span<float>, const StepContext&>;
/// The library's own take what they can get; of others a generic lambda may be asked about its first choice only.
template <class T>
concept PrefersContext = std::derived_from<T, Composable> && TakesContext<T>;

/// Offers its state.
template <class T>
concept SavesState = requires(const T& step, T& other, StateWriter& out, StateReader& in) {
  step.save(out);
  other.load(in);
};
/// Has none that a call could change, or says by a member `follows_history = true` that all it has is made anew from the history.
template <class T>
concept NeedsNoSaving = std::is_empty_v<T> || TakesHistory<const T> || TakesContext<const T> ||
                        std::invocable<const T&, std::span<const float>, const StepContext&> || requires { requires T::follows_history; };

/// Says that copies of it may be called at the same time, see LogitsStep.
template <class T>
concept RunsApart = requires { requires T::runs_apart; };

/// Looks at no logits outside of the list that it is told of, or hands that on to others with apply().
template <class T>
concept KeepsToList = requires { requires T::keeps_to_list; };

/// A type as the compiler spells it, for messages.
template <class T>
constexpr std::string_view type_name() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("T = ") + 4);
  return name.substr(0, name.find_first_of(";]"));
}
}  // namespace detail

/// A callable `void(std::span<float> logits, std::span<const Token> history)`, or with `const StepContext&` as second
/// argument. logits: [vocab], changed in place; -inf excludes a token. Steps are values: each generation (and each
/// fork of it) works on a copy of its own, so members are state that travels. Optional member
/// `void prepare(std::size_t vocab, std::size_t positions)`: called once before a generation, to reserve memory.
/// A step whose call operator is not const has state; for a generation to be saved it must have the members
/// `void save(StateWriter&) const` and `void load(StateReader&)`, or `static constexpr bool follows_history = true` if a new step, given the
/// same history, does the same. Optional member `static constexpr bool runs_apart = true`: copies of the step share nothing that a call
/// changes, so that the rows of a batch may call theirs at the same time, on threads of the model's pool. Where one step or pick of a chain
/// does not say so, as no lambda can, rows choose one after the other, on the thread of the caller.
template <class T>
concept LogitsStep = std::copy_constructible<T> && (detail::TakesHistory<T> || detail::TakesContext<T>);

namespace detail {

template <LogitsStep Step>
void call(Step& step, std::span<float> logits, const StepContext& context) {
  if constexpr (PrefersContext<Step> || !TakesHistory<Step>)
    step(logits, context);
  else
    step(logits, context.history);
}

}  // namespace detail

/// Calls a step with as much as it wants to know. Generic lambdas are given the history.
template <LogitsStep Step>
void apply(Step& step, std::span<float> logits, const StepContext& context) {
  if (!context.live) return detail::call(step, logits, context);
  if constexpr (!detail::KeepsToList<Step>) detail::write_excluded(logits, *context.live);
  if constexpr (std::derived_from<Step, Narrowing>) return detail::call(step, logits, context);
  context.live->forget();  // it may bring back what was excluded
  StepContext without = context;
  without.live = nullptr;
  detail::call(step, logits, without);
}

/// Tells a step the sizes to come, if it asks for them.
template <class Step>
void prepare(Step& step, std::size_t vocab, std::size_t positions) {
  if constexpr (requires { step.prepare(vocab, positions); }) step.prepare(vocab, positions);
}

/// Writes the state of a step or a pick. Throws Error(unsupported) that names one which has state and does not offer it.
template <class Step>
void save_state(const Step& step, StateWriter& out) {
  if constexpr (detail::SavesState<Step>)
    step.save(out);
  else if constexpr (!detail::NeedsNoSaving<Step>)
    fail(ErrorKind::unsupported, "the step ", detail::type_name<Step>(), " has state that cannot be saved; give it members save and load, make its ",
         "call operator const, or say follows_history (see LogitsStep)");
}
/// Reads what save_state wrote for a step of the same type. Throws Error(format).
template <class Step>
void load_state(Step& step, StateReader& in) {
  if constexpr (detail::SavesState<Step>) step.load(in);
}

namespace detail {

/// The logit of an id; Error(argument) that names the step if the vocabulary has no such id.
inline float& logit_of(std::span<float> logits, Token id, const char* step) {
  if (id < 0 || static_cast<std::size_t>(id) >= logits.size())
    fail(ErrorKind::argument, step, " names token ", id, ": the vocabulary has ", logits.size(), " tokens, from id 0");
  return logits[static_cast<std::size_t>(id)];
}

}  // namespace detail

/// A callable as a step of the library, so that it composes with another callable: step(f) | step(g) | draw().
template <LogitsStep F>
struct Step : Narrowing {
  static constexpr bool runs_apart = detail::RunsApart<F>, keeps_to_list = true;
  F function;
  explicit Step(F f) : function(std::move(f)) {}
  void operator()(std::span<float> logits, const StepContext& context) { weft::apply(function, logits, context); }
  void save(StateWriter& out) const { save_state(function, out); }
  void load(StateReader& in) { load_state(function, in); }
};

template <class F>
  requires LogitsStep<std::decay_t<F>>
Step<std::decay_t<F>> step(F&& function) {
  return Step<std::decay_t<F>>(std::forward<F>(function));
}

}  // namespace weft
