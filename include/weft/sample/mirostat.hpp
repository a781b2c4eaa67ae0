// Mirostat: truncates so that the surprise of the chosen tokens keeps to a target, by feedback.
#pragma once

#include <cmath>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/sample/chosen_before.hpp"

namespace weft {

struct Mirostat : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  float tau = 5, eta = 0.1f;
  std::size_t m = 100;
  detail::ChosenBefore<float> mu{};  ///< bits: the bound on surprise
  std::vector<detail::Ranked> best{};
  detail::Candidates candidates{};

  void prepare(std::size_t vocab, std::size_t positions);
  void operator()(std::span<float> logits, const StepContext& context);
  void save(StateWriter& out) const;
  void load(StateReader& in);

 private:
  [[nodiscard]] std::size_t kept(double bound, std::size_t vocab) const;
};

struct MirostatV2 : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  float tau = 5, eta = 0.1f;
  detail::ChosenBefore<float> mu{};  ///< bits: the greatest surprise that is let through
  detail::Candidates candidates{};

  void prepare(std::size_t vocab, std::size_t positions);
  void operator()(std::span<float> logits, const StepContext& context);
  void save(StateWriter& out) const;
  void load(StateReader& in);
};

/// Mirostat 1: fits Zipf's exponent s to the m most likely tokens and keeps the k = (e 2^mu / (1 - N^-e))^(1/s) best,
/// e = s - 1, N the vocabulary; all that equal the k-th stay. mu begins at 2 tau and follows the surprise (bits, among
/// the survivors) of each chosen token: mu -= eta (surprise - tau). tau, eta >= 0, m >= 2. It changes logits like any
/// other step; end the chain with draw(). The state belongs to the position: it travels with forks, and a rewind
/// takes it back. Throws weft::Error(argument) for parameters out of range and for NaN in the logits. O(vocab).
/// Source: Basu et al. 2021, arXiv:2007.14966; llama.cpp's mirostat.
Mirostat mirostat(float tau = 5, float eta = 0.1f, std::int64_t m = 100);

/// Mirostat 2: excludes tokens with a surprise above mu bits; the most likely one always stays. mu, errors and state as
/// mirostat(). O(vocab). Source: as mirostat(), algorithm 2; llama.cpp's mirostat v2.
MirostatV2 mirostat_v2(float tau = 5, float eta = 0.1f);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/mirostat.ipp"
#endif
