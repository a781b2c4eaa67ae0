// The chain as numbers: what a command line or a JSON file sets, made into the same steps at run time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "weft/sample/bias.hpp"
#include "weft/sample/dry.hpp"
#include "weft/sample/pick.hpp"
#include "weft/sample/sequence_bias.hpp"
#include "weft/sample/thinking_budget.hpp"
#include "weft/sample/watermark_kgw.hpp"
#include "weft/sample/watermark_synthid.hpp"

namespace weft {

/// The defaults change nothing: a draw from the model's own distribution. Order of the steps: as the members stand,
/// which is Hugging Face's, with llama.cpp's among them; for another order compose the steps with `|`. Each member
/// has the range of the function that its step is made by.
struct SamplingParameters {
  std::vector<TokenBias> bias{};                ///< added to logits
  std::vector<BiasedSequence> sequence_bias{};  ///< added to the logit that completes a sequence
  std::vector<Token> encoder_tokens{};          ///< the source of the two encoder steps
  float encoder_repetition_penalty = 1;         ///< 1: off
  float repetition_penalty = 1;                 ///< 1: off
  float frequency_penalty = 0;
  float presence_penalty = 0;
  std::int64_t no_repeat_ngram = 0;             ///< 0: off
  std::int64_t encoder_no_repeat_ngram = 0;     ///< 0: off
  DryOptions dry{.multiplier = 0, .breakers = {}};  ///< multiplier 0: off
  std::vector<std::vector<Token>> bad_words{};
  std::int64_t min_length = 0;
  std::int64_t min_new_tokens = 0;
  Token forced_bos_token = -1;                  ///< -1: off
  std::int64_t forced_eos_length = 0;           ///< length at which the end is forced; 0: off
  std::int64_t decay_start = 0;                 ///< exponential length decay
  double decay_factor = 1;                      ///< 1: off
  std::vector<Token> suppress_tokens{};
  std::vector<Token> begin_suppress_tokens{};
  std::optional<ThinkingBudgetOptions> thinking_budget{};
  float temperature = 1;                        ///< 0: greedy
  float dynamic_temperature_range = 0;          ///< 0: the temperature is fixed
  float dynamic_temperature_exponent = 1;
  float top_n_sigma = 0;                        ///< 0: all
  float top_h = 0;                              ///< 0: all
  std::int64_t top_k = 0;                       ///< 0: all
  float top_p = 1;                              ///< 1: all
  float min_p = 0;                              ///< 0: all
  float typical_p = 1;                          ///< 1: all
  float epsilon_cutoff = 0;                     ///< 0: all
  float eta_cutoff = 0;                         ///< 0: all
  float xtc_probability = 0;                    ///< 0: off
  float xtc_threshold = 0.1f;
  int mirostat = 0;                             ///< 0: off; 1 or 2: the version
  float mirostat_tau = 5;
  float mirostat_eta = 0.1f;
  float adaptive_p = -1;                        ///< the target; below 0: off
  float adaptive_p_decay = 0.9f;
  std::optional<KgwOptions> watermark_kgw{};
  std::optional<SynthIdOptions> watermark_synthid{};
  bool checked = false;  ///< NaN is reported with the step that made it, as checked() does it
};

/// The steps that parameters ask for, as one step. Not a template: it is compiled once.
class RuntimeSteps : public Narrowing {
 public:
  static constexpr bool runs_apart = true, keeps_to_list = true;
  explicit RuntimeSteps(const SamplingParameters& p);
  RuntimeSteps(const RuntimeSteps& other);  ///< with the state of the steps
  RuntimeSteps(RuntimeSteps&& other) noexcept;
  RuntimeSteps& operator=(RuntimeSteps other) noexcept;
  ~RuntimeSteps();

  void operator()(std::span<float> logits, const StepContext& context);
  void prepare(std::size_t vocab, std::size_t positions);
  void save(StateWriter& out) const;
  void load(StateReader& in);

 private:
  struct Steps;
  std::unique_ptr<Steps> steps_;
};

/// Argmax or draw, decided at run time.
struct RuntimePick : Composable {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  static constexpr bool follows_history = true;
  bool greedy = false;
  Draw draw{};

  void prepare(std::size_t vocab, std::size_t positions);
  Choice operator()(std::span<const float> logits, const StepContext& context);
  template <LogitsStep Steps>
  [[nodiscard]] auto after(Steps steps) const {
    return Sampler<Steps, RuntimePick>(std::move(steps), *this);
  }
};

/// The steps that the parameters ask for, without a pick: end them with one, or with a search.
/// Throws weft::Error(argument) for a value outside the range of its step.
inline RuntimeSteps steps_from(const SamplingParameters& p) { return RuntimeSteps(p); }

/// The whole strategy: the steps, ended by a draw, or by argmax where the temperature is 0.
Sampler<RuntimeSteps, RuntimePick> chain_from(const SamplingParameters& p);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/parameters.ipp"
#endif
