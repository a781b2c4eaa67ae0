// Contrastive search: of the k most likely tokens the one that is likely and says something new.
// Source: Su et al. 2022, "A contrastive framework for neural text generation", arXiv:2202.06417, equation 5.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "weft/decode/recording.hpp"

namespace weft {

struct ContrastiveOptions {
  float alpha = 0.6f;   ///< in [0, 1]: weight of the penalty; 0 is greedy
  std::int64_t k = 4;   ///< candidates looked at, at least 1
};

/// Chooses the v among the k most likely that is best by (1 - alpha) p(v) - alpha max_j cos(h_v, h_j): h_v is the last hidden state
/// (after the final norm) with v appended, h_j are those of all positions before.
template <LogitsStep Steps = NoSteps>
struct ContrastiveSearch : Composable {
  ContrastiveOptions options{};
  Steps steps{};

  template <LogitsStep Before>
  [[nodiscard]] auto after(Before before) const {
    auto joined = detail::put_before(std::move(before), steps);
    return ContrastiveSearch<decltype(joined)>{{}, options, std::move(joined)};
  }

  template <HiddenSequence S>
  [[nodiscard]] std::vector<Result> search(S sequence, std::vector<Token> prompt, const Options& decoding) const;
};

/// Contrastive search as a strategy: one Result. Every step runs k rows in one pass. What the sequence holds already is run once more,
/// for its hidden states; they take [positions, width] floats.
/// Throws weft::Error(argument) for alpha outside [0, 1] or k below 1.
inline ContrastiveSearch<> contrastive_search(const ContrastiveOptions& options = {}) {
  if (!(options.alpha >= 0 && options.alpha <= 1)) fail(ErrorKind::argument, "contrastive search with alpha ", options.alpha, ": expected 0 to 1");
  if (options.k < 1) fail(ErrorKind::argument, "contrastive search among ", options.k, " tokens: expected at least 1");
  ContrastiveSearch<> made;
  made.options = options;
  return made;
}

namespace detail {

template <HiddenSequence S, class Steps>
class ContrastiveRun {
 public:
  ContrastiveRun(S sequence, const std::vector<Token>& prompt, const ContrastiveSearch<Steps>& how, const Options& decoding)
      : sequence_(std::move(sequence)), how_(how), recording_(sequence_, prompt.size(), decoding),
        layer_{static_cast<std::int64_t>(sequence_.model().spec().layers.size())},
        width_(static_cast<std::size_t>(sequence_.model().spec().width)) {
    const auto& limits = recording_.limits();
    text_.assign(sequence_.tokens().begin(), sequence_.tokens().end());
    text_.insert(text_.end(), prompt.begin(), prompt.end());
    weft::prepare(how_.steps, static_cast<std::size_t>(sequence_.model().vocab_size()), limits.prompt + limits.new_tokens);
    directions_.reserve((limits.prompt + limits.new_tokens) * width_);
  }

  Result run() {
    const auto& options = recording_.options();
    const double begin = seconds_now();
    bool going = read_prompt();
    if (going && recording_.at_limit()) recording_.end(recording_.limits().reason_at_limit());
    double since = seconds_now();
    recording_.stats().prefill_seconds = since - begin;
    while (going && !recording_.ended()) {
      going = unless_cancelled(options.cancel, [&] { step(); });
      if (!going) break;
      if (recording_.size() == 1) recording_.stats().time_to_first_token = seconds_now() - begin, since = seconds_now();
      if (options.on_piece) options.on_piece(recording_.piece());
    }
    recording_.stats().decode_seconds = seconds_now() - since;
    if (!going && recording_.end_cancelled() && options.on_piece) options.on_piece(recording_.piece());
    return recording_.result();
  }

 private:
  /// Runs the whole text for its hidden states. False when cancelled.
  bool read_prompt() {
    constexpr std::size_t part = 256;
    const auto& options = recording_.options();
    sequence_.rewind(0);
    for (std::size_t done = 0; done < text_.size();) {
      const auto tokens = std::span<const Token>(text_).subspan(done, std::min(part, text_.size() - done));
      std::vector<std::int64_t> all;
      for (std::size_t i = 0; i < tokens.size(); ++i) all.push_back(static_cast<std::int64_t>(i));
      const bool read = unless_cancelled(options.cancel, [&] {
        const auto hidden = sequence_.append_hidden(tokens, layer_, all, {.cancel = options.cancel});
        for (const auto i : all) add_direction(hidden[0][i].data());
      });
      if (!read) return false;
      done += tokens.size();
      recording_.stats().prefilled_tokens = done;
      if (options.on_prefill) options.on_prefill(done, text_.size());
    }
    return true;
  }

  void step() {
    const std::span<const float> raw = sequence_.logits();
    const auto raw_sum = normaliser(raw);
    processed_.assign(raw.begin(), raw.end());
    weft::apply(how_.steps, std::span<float>(processed_), recording_.context(sequence_.tokens(), unchanged_));
    unchanged_ = sequence_.size();
    const auto sum = normaliser(processed_);
    const auto best = greatest_.find(processed_, static_cast<std::size_t>(how_.options.k));
    if (best.empty()) fail_all_excluded();
    std::vector<S> branches;
    branches.reserve(best.size());
    std::vector<S*> pointers;
    std::vector<Token> tokens;
    for (const auto& r : best) {
      branches.push_back(sequence_.fork());
      pointers.push_back(&branches.back());
      tokens.push_back(r.id);
    }
    const auto hidden = append_each_hidden(std::span<S* const>(pointers), std::span<const Token>(tokens),
                                           std::span<const std::int64_t>(layer_), recording_.options().cancel);
    std::size_t chosen = 0;
    double best_score = -HUGE_VAL;
    for (std::size_t i = 0; i < best.size(); ++i) {
      const double p = std::exp(static_cast<double>(sum.of(best[i].value)));
      const double alpha = static_cast<double>(how_.options.alpha);
      const double score = (1 - alpha) * p - alpha * likeness(hidden[0][static_cast<std::int64_t>(i)].data());
      if (score > best_score) best_score = score, chosen = i;
    }
    recording_.alternatives(raw, raw_sum, std::same_as<Steps, NoSteps> ? nullptr : &processed_);
    const auto won = best[chosen];
    const float raw_logprob = raw_sum.of(raw[static_cast<std::size_t>(won.id)]);
    add_direction(hidden[0][static_cast<std::int64_t>(chosen)].data());
    sequence_ = std::move(branches[chosen]);
    recording_.record({won.id, sum.of(won.value)}, raw_logprob);
  }

  [[nodiscard]] double length_of(const float* h) const {
    double sum = 0;
    for (std::size_t i = 0; i < width_; ++i) sum += static_cast<double>(h[i]) * static_cast<double>(h[i]);
    return std::sqrt(sum);
  }
  void add_direction(const float* h) {
    const double length = length_of(h);
    for (std::size_t i = 0; i < width_; ++i) directions_.push_back(length > 0 ? static_cast<float>(static_cast<double>(h[i]) / length) : 0);
  }
  /// The greatest cosine between h and what was said before.
  [[nodiscard]] double likeness(const float* h) const {
    const double length = length_of(h);
    float greatest = -1;
    for (std::size_t at = 0; at < directions_.size(); at += width_) {
      float dot = 0;
      for (std::size_t i = 0; i < width_; ++i) dot += directions_[at + i] * h[i];
      greatest = std::max(greatest, length > 0 ? dot / static_cast<float>(length) : 0.0f);
    }
    return static_cast<double>(greatest);
  }

  S sequence_;
  ContrastiveSearch<Steps> how_;
  Recording<TokenizerOf<S>> recording_;
  std::vector<std::int64_t> layer_;
  std::size_t width_, unchanged_ = 0;
  std::vector<Token> text_;
  std::vector<float> directions_;  // [positions, width], of length 1
  std::vector<float> processed_;
  Greatest greatest_;
};

}  // namespace detail

template <LogitsStep Steps>
template <HiddenSequence S>
std::vector<Result> ContrastiveSearch<Steps>::search(S sequence, std::vector<Token> prompt, const Options& decoding) const {
  return {detail::ContrastiveRun<S, Steps>(std::move(sequence), prompt, *this, decoding).run()};
}

}  // namespace weft
