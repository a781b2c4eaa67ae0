// The chain as numbers: what a command line or a JSON file sets, made into the same steps at run time.
#pragma once

#include "weft/sample/bias.hpp"
#include "weft/sample/chain.hpp"
#include "weft/sample/min_new_tokens.hpp"
#include "weft/sample/min_p.hpp"
#include "weft/sample/no_repeat_ngram.hpp"
#include "weft/sample/pick.hpp"
#include "weft/sample/repetition_penalty.hpp"
#include "weft/sample/temperature.hpp"
#include "weft/sample/top_k.hpp"
#include "weft/sample/top_p.hpp"

namespace weft {

/// The defaults change nothing: a draw from the model's own distribution. Order of the steps: as the members stand,
/// which is Hugging Face's; for another order compose the steps with `|`.
struct SamplingParameters {
  std::vector<TokenBias> bias{};      ///< added to logits
  float repetition_penalty = 1;       ///< 1: off
  std::int64_t no_repeat_ngram = 0;   ///< 0: off
  std::int64_t min_new_tokens = 0;
  float temperature = 1;              ///< 0: greedy
  std::int64_t top_k = 0;             ///< 0: all
  float top_p = 1;                    ///< 1: all
  float min_p = 0;                    ///< 0: all
};

/// Argmax or draw, decided at run time.
struct RuntimePick : Composable {
  bool greedy = false;
  Draw draw{};

  void prepare(std::size_t vocab, std::size_t positions) { draw.prepare(vocab, positions); }
  Choice operator()(std::span<const float> logits, const StepContext& context) {
    return greedy ? Argmax{}(logits, context) : draw(logits, context);
  }
  template <LogitsStep Steps>
  [[nodiscard]] auto after(Steps steps) const {
    return Sampler<Steps, RuntimePick>(std::move(steps), *this);
  }
};

/// The steps that the parameters ask for, without a pick: end them with one, or with a search.
/// Throws weft::Error(argument) for a value outside the range of its step.
inline auto steps_from(const SamplingParameters& p) {
  const auto when = []<class Make, class Value>(bool on, Make make, const Value& value) {
    using S = decltype(make(value));
    Maybe<S> maybe;
    if (on) maybe.step.emplace(make(value));
    return maybe;
  };
  return when(!p.bias.empty(), bias, p.bias) | when(p.repetition_penalty != 1, repetition_penalty, p.repetition_penalty) |
         when(p.no_repeat_ngram != 0, no_repeat_ngram, p.no_repeat_ngram) |
         when(p.min_new_tokens != 0, min_new_tokens, p.min_new_tokens) |
         when(p.temperature != 1 && p.temperature != 0, temperature, p.temperature) |
         when(p.top_k != 0, top_k, p.top_k) | when(p.top_p != 1, top_p, p.top_p) | when(p.min_p != 0, min_p, p.min_p);
}

/// The whole strategy: the steps, ended by a draw, or by argmax where the temperature is 0.
inline auto chain_from(const SamplingParameters& p) {
  RuntimePick pick;
  pick.greedy = p.temperature == 0;
  return steps_from(p) | pick;
}

}  // namespace weft
