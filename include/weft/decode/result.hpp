// What a generation gives: piece by piece while it runs, and as a whole, with the reason for its end and its speed.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/token.hpp"
#include "weft/decode/stop_reason.hpp"

namespace weft {

/// A token with its log-probability (natural logarithm).
struct Alternative {
  Token token = 0;
  float logprob = 0;
};

/// One step of a stream. Views are valid until the next step.
struct Piece {
  Token id = 0;               ///< -1 for the last piece of a cancelled stream, which only hands over text held back
  std::string_view text{};    ///< whole characters; may be empty, or belong to earlier tokens too
  float logprob = 0;          ///< under the distribution the token was chosen from (after the chain)
  float raw_logprob = 0;      ///< under the model's own distribution
  std::span<const Alternative> top{};      ///< the Options::logprobs most likely, after the chain, best first
  std::span<const Alternative> top_raw{};  ///< and before it
};

/// Times are in seconds of work (a stream's caller does not count), speeds in tokens per second; 0 where nothing was
/// measured.
struct Stats {
  std::size_t prompt_tokens = 0;     ///< tokens before the first generated one
  std::size_t prefilled_tokens = 0;  ///< how many of them this generation had to run through the model
  std::size_t generated_tokens = 0;
  std::size_t passes = 0;            ///< over chosen tokens; one fewer than these where nothing is drafted and the last is not run
  std::size_t drafted_tokens = 0;    ///< that speculative() ran ahead of their being chosen
  std::size_t accepted_tokens = 0;   ///< how many of them were then chosen, and cost no pass of their own
  double prefill_seconds = 0;
  double decode_seconds = 0;         ///< from the second generated token on
  double time_to_first_token = 0;
  double prefill_tps = 0;
  double decode_tps = 0;
};

struct Result {
  std::string text{};               ///< without the end token or stop string that ended it
  std::vector<Token> tokens{};      ///< generated ids; the end token is among them, as with Hugging Face
  double score = 0;                 ///< sum of raw_logprobs; of a beam: sum of logprobs / length^length_penalty
  std::vector<float> logprobs{};      ///< per token, under the distribution it was chosen from
  std::vector<float> raw_logprobs{};  ///< per token, under the model's own distribution
  std::size_t top_n = 0;              ///< alternatives kept per token: Options::logprobs, at most the vocabulary
  std::vector<Alternative> top{};      ///< [token, top_n], after the chain, best first; -inf where fewer survive
  std::vector<Alternative> top_raw{};  ///< [token, top_n], before it
  StopReason stop = StopReason::running;
  std::size_t missing = 0;          ///< of a beam with forced phrases: how many there was no room for
  double perturbed = 0;             ///< of stochastic beams: the log-prob with Gumbel noise, by which they are ordered
  double gap = std::numeric_limits<double>::infinity();  ///< of best-first search: by so much a better one may have been missed
  std::string stop_string{};        ///< which, for StopReason::stop_string
  Token stop_token = -1;            ///< which, for StopReason::end_token and stop_token
  Stats stats{};

  /// The alternatives at token i.
  [[nodiscard]] std::span<const Alternative> top_at(std::size_t i) const {
    return {top.data() + i * top_n, top_n};
  }
  [[nodiscard]] std::span<const Alternative> top_raw_at(std::size_t i) const {
    return {top_raw.data() + i * top_n, top_n};
  }
};

}  // namespace weft
