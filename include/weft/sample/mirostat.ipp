// Definitions of sample/mirostat.hpp.
#pragma once

#include "weft/sample/mirostat.hpp"

namespace weft {

namespace detail {

WEFT_INLINE void check_mirostat(float tau, float eta) {
  if (!(tau >= 0) || !(eta >= 0) || std::isinf(tau + eta))
    fail(ErrorKind::argument, "mirostat: tau ", tau, " and eta ", eta, "; expected finite numbers, not below 0");
}

/// mu, brought up to date by the surprise of the token chosen last: mu -= eta (surprise - tau).
WEFT_INLINE float& mirostat_bound(ChosenBefore<float>& mu, float tau, float eta, const StepContext& context) {
  return mu.at(context, 2 * tau, [&](float& bound, const Ranked& chosen) { bound -= eta * (chosen.value - tau); });
}

/// Remembers the surprise, in bits, of each of the candidates from the border on: those that are left.
WEFT_INLINE void offer_surprise(ChosenBefore<float>& mu, const Candidates& left, float border, const Survey& survey) {
  const double log_sum = std::log(left.weight(border));
  for (std::size_t i = 0; i < left.size(); ++i)
    if (left.value(i) >= border)
      mu.offer(static_cast<float>((log_sum - survey.log_weight_of(left.value(i))) * 1.4426950408889634), static_cast<std::size_t>(left.id(i)));
}

}  // namespace detail

/// How many of the best to keep, by the exponent of Zipf's law that fits `best` (least squares).
WEFT_INLINE std::size_t Mirostat::kept(double bound, std::size_t vocab) const {
  double products = 0, squares = 0;
  for (std::size_t i = 0; i + 1 < best.size(); ++i) {
    const double t = std::log(static_cast<double>(i + 2) / static_cast<double>(i + 1));
    products += t * (static_cast<double>(best[i].value) - static_cast<double>(best[i + 1].value));
    squares += t * t;
  }
  if (squares == 0) return 1;
  const double s = products / squares, e = s - 1;
  const double k = std::pow(e * std::exp2(bound) / (1 - std::pow(static_cast<double>(vocab), -e)), 1 / s);
  if (std::isnan(k)) return vocab;  // s = 0 or 1, where the formula has no value: flat enough to keep all
  return k < 1 ? 1 : k < static_cast<double>(vocab) ? static_cast<std::size_t>(k) : vocab;
}

WEFT_INLINE void Mirostat::operator()(std::span<float> logits, const StepContext& context) {
  const float bound = detail::mirostat_bound(mu, tau, eta, context);
  const detail::Survey survey(logits, context.live, detail::Look::peaks);
  if (std::isinf(survey.max)) return survey.exclude_below(logits, survey.max);
  candidates.rank(survey, m, best);
  const std::size_t k = kept(static_cast<double>(bound), logits.size());
  const float border = k <= best.size() ? best[k - 1].value : k < logits.size() ? candidates.kth(survey, k) : detail::excluded;
  candidates.take(survey, detail::just_below(border));
  detail::offer_surprise(mu, candidates, border, survey);
  if (border > detail::excluded) survey.exclude_below(logits, border);
}

WEFT_INLINE void MirostatV2::operator()(std::span<float> logits, const StepContext& context) {
  const float bound = detail::mirostat_bound(mu, tau, eta, context);
  const detail::Survey survey(logits, context.live, detail::Look::weights);
  if (std::isinf(survey.max)) return survey.exclude_below(logits, survey.max);
  // -log2 p > mu  <=>  x < max + log_weight - mu ln 2
  const float border = survey.max + static_cast<float>(std::min(0.0, survey.log_weight() - static_cast<double>(bound) * 0.6931471805599453));
  candidates.take(survey, detail::just_below(border));
  detail::offer_surprise(mu, candidates, border, survey);
  survey.exclude_below(logits, border);
}

WEFT_INLINE void Mirostat::prepare(std::size_t vocab, std::size_t positions) {
  mu.prepare(vocab, positions);
  best.reserve(m);
  candidates.reserve(vocab, vocab);
}

WEFT_INLINE void Mirostat::save(StateWriter& out) const { mu.save(out); }

WEFT_INLINE void Mirostat::load(StateReader& in) { mu.load(in); }

WEFT_INLINE void MirostatV2::prepare(std::size_t vocab, std::size_t positions) {
  mu.prepare(vocab, positions);
  candidates.reserve(vocab, vocab);
}

WEFT_INLINE void MirostatV2::save(StateWriter& out) const { mu.save(out); }

WEFT_INLINE void MirostatV2::load(StateReader& in) { mu.load(in); }

WEFT_INLINE Mirostat mirostat(float tau, float eta, std::int64_t m) {
  detail::check_mirostat(tau, eta);
  if (m < 2) fail(ErrorKind::argument, "mirostat: m is ", m, "; expected at least 2 tokens to fit an exponent to");
  Mirostat made;
  made.tau = tau;
  made.eta = eta;
  made.m = static_cast<std::size_t>(std::min<std::int64_t>(m, 1 << 20));
  return made;
}

WEFT_INLINE MirostatV2 mirostat_v2(float tau, float eta) {
  detail::check_mirostat(tau, eta);
  MirostatV2 made;
  made.tau = tau;
  made.eta = eta;
  return made;
}

}  // namespace weft
