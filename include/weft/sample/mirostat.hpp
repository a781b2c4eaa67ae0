// Mirostat: truncates so that the surprise of the chosen tokens keeps to a target, by feedback.
#pragma once

#include <cmath>

#include "weft/core/error.hpp"
#include "weft/sample/chosen_before.hpp"

namespace weft {

struct Mirostat : Narrowing {
  float tau = 5, eta = 0.1f;
  std::size_t m = 100;
  detail::ChosenBefore<float> mu{};  ///< bits: the bound on surprise
  std::vector<detail::Ranked> best{};
  detail::Candidates candidates{};

  void prepare(std::size_t vocab, std::size_t positions) {
    mu.prepare(vocab, positions);
    best.reserve(m);
    candidates.reserve(vocab, vocab);
  }
  void operator()(std::span<float> logits, const StepContext& context);
  void save(StateWriter& out) const { mu.save(out); }
  void load(StateReader& in) { mu.load(in); }

 private:
  [[nodiscard]] std::size_t kept(double bound, std::size_t vocab) const;
};

struct MirostatV2 : Narrowing {
  float tau = 5, eta = 0.1f;
  detail::ChosenBefore<float> mu{};  ///< bits: the greatest surprise that is let through
  detail::Candidates candidates{};

  void prepare(std::size_t vocab, std::size_t positions) {
    mu.prepare(vocab, positions);
    candidates.reserve(vocab, vocab);
  }
  void operator()(std::span<float> logits, const StepContext& context);
  void save(StateWriter& out) const { mu.save(out); }
  void load(StateReader& in) { mu.load(in); }
};

namespace detail {

inline void check_mirostat(float tau, float eta) {
  if (!(tau >= 0) || !(eta >= 0) || std::isinf(tau + eta))
    fail(ErrorKind::argument, "mirostat: tau ", tau, " and eta ", eta, "; expected finite numbers, not below 0");
}

/// mu, brought up to date by the surprise of the token chosen last: mu -= eta (surprise - tau).
inline float& mirostat_bound(ChosenBefore<float>& mu, float tau, float eta, const StepContext& context) {
  return mu.at(context, 2 * tau, [&](float& bound, const Ranked& chosen) { bound -= eta * (chosen.value - tau); });
}

/// Remembers the surprise, in bits, of each of the candidates from the border on: those that are left.
inline void offer_surprise(ChosenBefore<float>& mu, const Candidates& left, float border, const Survey& survey) {
  const double log_sum = std::log(left.weight(border));
  for (std::size_t i = 0; i < left.size(); ++i)
    if (left.value(i) >= border)
      mu.offer(static_cast<float>((log_sum - survey.log_weight_of(left.value(i))) * 1.4426950408889634), static_cast<std::size_t>(left.id(i)));
}

}  // namespace detail

/// Mirostat 1: fits Zipf's exponent s to the m most likely tokens and keeps the k = (e 2^mu / (1 - N^-e))^(1/s) best,
/// e = s - 1, N the vocabulary; all that equal the k-th stay. mu begins at 2 tau and follows the surprise (bits, among
/// the survivors) of each chosen token: mu -= eta (surprise - tau). tau, eta >= 0, m >= 2. It changes logits like any
/// other step; end the chain with draw(). The state belongs to the position: it travels with forks, and a rewind
/// takes it back. Throws weft::Error(argument) for parameters out of range and for NaN in the logits. O(vocab).
/// Source: Basu et al. 2021, arXiv:2007.14966; llama.cpp's mirostat.
inline Mirostat mirostat(float tau = 5, float eta = 0.1f, std::int64_t m = 100) {
  detail::check_mirostat(tau, eta);
  if (m < 2) fail(ErrorKind::argument, "mirostat: m is ", m, "; expected at least 2 tokens to fit an exponent to");
  Mirostat made;
  made.tau = tau;
  made.eta = eta;
  made.m = static_cast<std::size_t>(std::min<std::int64_t>(m, 1 << 20));
  return made;
}

/// Mirostat 2: excludes tokens with a surprise above mu bits; the most likely one always stays. mu, errors and state as
/// mirostat(). O(vocab). Source: as mirostat(), algorithm 2; llama.cpp's mirostat v2.
inline MirostatV2 mirostat_v2(float tau = 5, float eta = 0.1f) {
  detail::check_mirostat(tau, eta);
  MirostatV2 made;
  made.tau = tau;
  made.eta = eta;
  return made;
}

/// How many of the best to keep, by the exponent of Zipf's law that fits `best` (least squares).
inline std::size_t Mirostat::kept(double bound, std::size_t vocab) const {
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

inline void Mirostat::operator()(std::span<float> logits, const StepContext& context) {
  const float bound = detail::mirostat_bound(mu, tau, eta, context);
  const detail::Survey survey(logits, context.live, detail::Look::peaks);
  if (std::isinf(survey.max)) return detail::exclude_below(logits, survey.max, context.live);
  candidates.rank(survey, m, best);
  const std::size_t k = kept(static_cast<double>(bound), logits.size());
  const float border = k <= best.size() ? best[k - 1].value : k < logits.size() ? candidates.kth(survey, k) : detail::excluded;
  candidates.take(survey, detail::just_below(border));
  detail::offer_surprise(mu, candidates, border, survey);
  if (border > detail::excluded) detail::exclude_below(logits, border, context.live);
}

inline void MirostatV2::operator()(std::span<float> logits, const StepContext& context) {
  const float bound = detail::mirostat_bound(mu, tau, eta, context);
  const detail::Survey survey(logits, context.live, detail::Look::weights);
  if (std::isinf(survey.max)) return detail::exclude_below(logits, survey.max, context.live);
  // -log2 p > mu  <=>  x < max + log_weight - mu ln 2
  const float border = survey.max + static_cast<float>(std::min(0.0, survey.log_weight() - static_cast<double>(bound) * 0.6931471805599453));
  candidates.take(survey, detail::just_below(border));
  detail::offer_surprise(mu, candidates, border, survey);
  detail::exclude_below(logits, border, context.live);
}

}  // namespace weft
