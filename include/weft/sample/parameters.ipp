// Definitions of sample/parameters.hpp.
#pragma once

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

namespace weft {

struct RuntimeSteps::Steps {
  explicit Steps(const SamplingParameters& p);

  /// Calls f with each of the steps that are on, in their order.
  template <class F>
  void for_each(F f) {
    const auto each = [&f](auto&... slots) { ((slots ? f(*slots) : void()), ...); };
    each(bias_, sequence_bias_, encoder_repetition_penalty_, repetition_penalty_, frequency_penalty_, presence_penalty_,
         no_repeat_ngram_, encoder_no_repeat_ngram_, dry_, bad_words_, min_length_, min_new_tokens_, forced_bos_,
         forced_eos_, decay_, suppress_, begin_suppress_, thinking_budget_, temperature_, dynamic_temperature_,
         top_n_sigma_, top_h_, top_k_, top_p_, min_p_, typical_p_, epsilon_cutoff_, eta_cutoff_, xtc_, mirostat_,
         mirostat_v2_, adaptive_p_, watermark_kgw_, watermark_synthid_);
  }

  std::optional<Bias> bias_{};
  std::optional<SequenceBias> sequence_bias_{};
  std::optional<EncoderRepetitionPenalty> encoder_repetition_penalty_{};
  std::optional<RepetitionPenalty> repetition_penalty_{};
  std::optional<FrequencyPenalty> frequency_penalty_{};
  std::optional<PresencePenalty> presence_penalty_{};
  std::optional<NoRepeatNgram> no_repeat_ngram_{};
  std::optional<EncoderNoRepeatNgram> encoder_no_repeat_ngram_{};
  std::optional<Dry> dry_{};
  std::optional<BadWords> bad_words_{};
  std::optional<MinLength> min_length_{};
  std::optional<MinNewTokens> min_new_tokens_{};
  std::optional<ForcedBos> forced_bos_{};
  std::optional<ForcedEos> forced_eos_{};
  std::optional<ExponentialDecayLength> decay_{};
  std::optional<SuppressTokens> suppress_{}, begin_suppress_{};
  std::optional<ThinkingBudget> thinking_budget_{};
  std::optional<Temperature> temperature_{};
  std::optional<DynamicTemperature> dynamic_temperature_{};
  std::optional<TopNSigma> top_n_sigma_{};
  std::optional<TopH> top_h_{};
  std::optional<TopK> top_k_{};
  std::optional<TopP> top_p_{};
  std::optional<MinP> min_p_{};
  std::optional<TypicalP> typical_p_{};
  std::optional<EpsilonCutoff> epsilon_cutoff_{};
  std::optional<EtaCutoff> eta_cutoff_{};
  std::optional<Xtc> xtc_{};
  std::optional<Mirostat> mirostat_{};
  std::optional<MirostatV2> mirostat_v2_{};
  std::optional<AdaptiveP> adaptive_p_{};
  std::optional<WatermarkKgw> watermark_kgw_{};
  std::optional<WatermarkSynthId> watermark_synthid_{};
  bool checked_ = false;
};

WEFT_INLINE RuntimeSteps::Steps::Steps(const SamplingParameters& p) : checked_(p.checked) {
  const auto when = [](bool on, auto& slot, const auto& make, const auto&... values) {
    if (on) slot.emplace(make(values...));
  };
  when(!p.bias.empty(), bias_, bias, p.bias);
  when(!p.sequence_bias.empty(), sequence_bias_, sequence_bias, p.sequence_bias);
  when(p.encoder_repetition_penalty != 1, encoder_repetition_penalty_, encoder_repetition_penalty,
       p.encoder_repetition_penalty, p.encoder_tokens);
  when(p.repetition_penalty != 1, repetition_penalty_, repetition_penalty, p.repetition_penalty);
  when(p.frequency_penalty != 0, frequency_penalty_, frequency_penalty, p.frequency_penalty);
  when(p.presence_penalty != 0, presence_penalty_, presence_penalty, p.presence_penalty);
  when(p.no_repeat_ngram != 0, no_repeat_ngram_, no_repeat_ngram, p.no_repeat_ngram);
  when(p.encoder_no_repeat_ngram != 0, encoder_no_repeat_ngram_, encoder_no_repeat_ngram, p.encoder_no_repeat_ngram,
       p.encoder_tokens);
  when(p.dry.multiplier != 0, dry_, dry, p.dry);
  when(!p.bad_words.empty(), bad_words_, bad_words, p.bad_words);
  when(p.min_length != 0, min_length_, min_length, p.min_length);
  when(p.min_new_tokens != 0, min_new_tokens_, min_new_tokens, p.min_new_tokens);
  when(p.forced_bos_token != -1, forced_bos_, forced_bos_token, p.forced_bos_token);
  when(p.forced_eos_length != 0, forced_eos_, forced_eos_token, p.forced_eos_length);
  when(p.decay_factor != 1, decay_, exponential_decay_length, p.decay_start, p.decay_factor);
  when(!p.suppress_tokens.empty(), suppress_, suppress_tokens, p.suppress_tokens);
  when(!p.begin_suppress_tokens.empty(), begin_suppress_, begin_suppress_tokens, p.begin_suppress_tokens);
  if (p.thinking_budget) thinking_budget_.emplace(thinking_budget(*p.thinking_budget));
  const bool dynamic = p.dynamic_temperature_range != 0 && p.temperature != 0;
  when(p.temperature != 1 && p.temperature != 0 && !dynamic, temperature_, temperature, p.temperature);
  when(dynamic, dynamic_temperature_, dynamic_temperature, p.temperature, p.dynamic_temperature_range,
       p.dynamic_temperature_exponent);
  when(p.top_n_sigma != 0, top_n_sigma_, top_n_sigma, p.top_n_sigma);
  when(p.top_h != 0, top_h_, top_h, p.top_h);
  when(p.top_k != 0, top_k_, top_k, p.top_k);
  when(p.top_p != 1, top_p_, top_p, p.top_p);
  when(p.min_p != 0, min_p_, min_p, p.min_p);
  when(p.typical_p != 1, typical_p_, typical_p, p.typical_p);
  when(p.epsilon_cutoff != 0, epsilon_cutoff_, epsilon_cutoff, p.epsilon_cutoff);
  when(p.eta_cutoff != 0, eta_cutoff_, eta_cutoff, p.eta_cutoff);
  when(p.xtc_probability != 0, xtc_, xtc, p.xtc_probability, p.xtc_threshold);
  if (p.mirostat < 0 || p.mirostat > 2)
    fail(ErrorKind::argument, "mirostat is ", p.mirostat, ": expected 0 (off), 1 or 2");
  if (p.mirostat == 1) mirostat_.emplace(mirostat(p.mirostat_tau, p.mirostat_eta));
  when(p.mirostat == 2, mirostat_v2_, mirostat_v2, p.mirostat_tau, p.mirostat_eta);
  when(!(p.adaptive_p < 0), adaptive_p_, adaptive_p, p.adaptive_p, p.adaptive_p_decay);
  if (p.watermark_kgw) watermark_kgw_.emplace(watermark_kgw(*p.watermark_kgw));
  if (p.watermark_synthid) watermark_synthid_.emplace(watermark_synthid(*p.watermark_synthid));
}

WEFT_INLINE RuntimeSteps::RuntimeSteps(const SamplingParameters& p) : steps_(std::make_unique<Steps>(p)) {}
WEFT_INLINE RuntimeSteps::RuntimeSteps(const RuntimeSteps& other)
    : steps_(other.steps_ ? std::make_unique<Steps>(*other.steps_) : nullptr) {}
WEFT_INLINE RuntimeSteps::RuntimeSteps(RuntimeSteps&& other) noexcept = default;
WEFT_INLINE RuntimeSteps& RuntimeSteps::operator=(RuntimeSteps other) noexcept {
  steps_ = std::move(other.steps_);
  return *this;
}
WEFT_INLINE RuntimeSteps::~RuntimeSteps() = default;

WEFT_INLINE void RuntimeSteps::operator()(std::span<float> logits, const StepContext& context) {
  if (!steps_->checked_) return steps_->for_each([&](auto& step) { weft::apply(step, logits, context); });
  detail::refuse_nan(logits, "the model");
  steps_->for_each([&](auto& step) { detail::apply_checked(step, logits, context); });
}

WEFT_INLINE void RuntimeSteps::prepare(std::size_t vocab, std::size_t positions) {
  steps_->for_each([&](auto& step) { weft::prepare(step, vocab, positions); });
}

WEFT_INLINE void RuntimeSteps::save(StateWriter& out) const {
  steps_->for_each([&](const auto& step) { save_state(step, out); });
}

WEFT_INLINE void RuntimeSteps::load(StateReader& in) {
  steps_->for_each([&](auto& step) { load_state(step, in); });
}

WEFT_INLINE void RuntimePick::prepare(std::size_t vocab, std::size_t positions) { draw.prepare(vocab, positions); }

WEFT_INLINE Choice RuntimePick::operator()(std::span<const float> logits, const StepContext& context) {
  return greedy ? Argmax{}(logits, context) : draw(logits, context);
}

WEFT_INLINE Sampler<RuntimeSteps, RuntimePick> chain_from(const SamplingParameters& p) {
  RuntimePick pick;
  pick.greedy = p.temperature == 0;
  return {steps_from(p), pick};
}

}  // namespace weft
