// The n best finished hypotheses of a beam, and when no open branch can join them.
// Scores as in Wu et al. 2016, arXiv:1609.08144 (without its coverage), ends and ties as in Hugging Face's BeamHypotheses.
#pragma once

#include <cmath>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/decode/result.hpp"

namespace weft {

/// When to stop looking, once `width` hypotheses are finished.
enum class EarlyStopping {
  when_width_finished,  ///< at once (Hugging Face: True)
  heuristic,            ///< when the best open branch, at its present length, is no better than the worst (False)
  never                 ///< when it cannot become better at any length up to the limit ("never")
};

namespace detail {

/// sum / length^penalty: how a beam compares texts of different lengths.
inline double length_normalised(double sum, std::size_t length, float penalty) {
  return length == 0 ? sum : sum / std::pow(static_cast<double>(length), static_cast<double>(penalty));
}

class Hypotheses {
 public:
  Hypotheses(std::size_t width, float length_penalty, EarlyStopping early_stopping)
      : width_(width), length_penalty_(length_penalty), early_stopping_(early_stopping) {}

  /// Whether a sum over `length` tokens, the end token included, is good enough to stay.
  [[nodiscard]] bool wants(double sum, std::size_t length) const {
    return best_.size() < width_ || score(sum, length) > best_.back().score;
  }
  [[nodiscard]] double score(double sum, std::size_t length) const { return length_normalised(sum, length, length_penalty_); }

  /// Puts a result in its place; the worst of more than `width` goes. Of equals the newer stands first, as in Hugging Face's sort.
  void add(Result result);

  /// Whether open branches, of which the best sum at `length` is given, may stop. limit: new tokens at most.
  [[nodiscard]] bool is_done(double best_sum, std::size_t length, std::size_t limit) const;

  [[nodiscard]] std::vector<Result>& best() noexcept { return best_; }

 private:
  std::size_t width_;
  float length_penalty_;
  EarlyStopping early_stopping_;
  std::vector<Result> best_;
};

}  // namespace detail
}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/hypotheses.ipp"
#endif
