// Definitions of decode/best_of.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "weft/core/config.hpp"
#include "weft/decode/best_of.hpp"

namespace weft::detail {

WEFT_INLINE Certainty::Certainty() : sum(std::make_shared<double>(0)) {}

WEFT_INLINE void vote(std::vector<Result>& results, const std::function<std::string(const Result&)>& answer_of) {
  std::vector<std::string> answers;
  std::map<std::string, std::pair<double, double>> votes;  // share, and the likelihood that breaks ties between answers
  std::stable_sort(results.begin(), results.end(), [](const Result& a, const Result& b) { return a.score > b.score; });
  for (const auto& r : results) {
    answers.push_back(answer_of ? answer_of(r) : r.text);
    auto& [share, likelihood] = votes[answers.back()];
    share += 1.0 / static_cast<double>(results.size());
    likelihood += std::exp(r.score);
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < results.size(); ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return votes[answers[a]] > votes[answers[b]]; });
  std::vector<Result> sorted;
  for (const auto i : order) {
    results[i].score = votes[answers[i]].first;
    sorted.push_back(std::move(results[i]));
  }
  results = std::move(sorted);
}

WEFT_INLINE void Certainty::operator()(std::span<float> logits, const StepContext&) const {
  const auto normal = normaliser(logits);
  double total = 0;
  std::size_t counted = 0;
  for (const float x : logits) {
    if (x == excluded) continue;  // of probability 0: it would be infinitely certain
    total -= static_cast<double>(normal.of(x));
    ++counted;
  }
  *sum += total / static_cast<double>(counted) - std::log(static_cast<double>(counted));
}

}  // namespace weft::detail
