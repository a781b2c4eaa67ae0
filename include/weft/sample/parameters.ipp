// Definitions of sample/parameters.hpp.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/parameters.hpp"

namespace weft {

WEFT_INLINE RuntimeSteps::RuntimeSteps(const SamplingParameters& p) {
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

template <class F>
void RuntimeSteps::for_each(F f) {
  const auto each = [&f](auto&... slots) { ((slots ? f(*slots) : void()), ...); };
  each(bias_, sequence_bias_, encoder_repetition_penalty_, repetition_penalty_, frequency_penalty_, presence_penalty_,
       no_repeat_ngram_, encoder_no_repeat_ngram_, dry_, bad_words_, min_length_, min_new_tokens_, forced_bos_,
       forced_eos_, decay_, suppress_, begin_suppress_, thinking_budget_, temperature_, dynamic_temperature_,
       top_n_sigma_, top_h_, top_k_, top_p_, min_p_, typical_p_, epsilon_cutoff_, eta_cutoff_, xtc_, mirostat_,
       mirostat_v2_, adaptive_p_, watermark_kgw_, watermark_synthid_);
}

WEFT_INLINE void RuntimeSteps::operator()(std::span<float> logits, const StepContext& context) {
  for_each([&](auto& step) { weft::apply(step, logits, context); });
}

WEFT_INLINE void RuntimeSteps::prepare(std::size_t vocab, std::size_t positions) {
  for_each([&](auto& step) { weft::prepare(step, vocab, positions); });
}

}  // namespace weft
