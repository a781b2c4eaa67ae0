// Definitions of decode/beam.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "weft/decode/beam.hpp"

namespace weft {

WEFT_INLINE Beam<> beam(const BeamOptions& options) {
  detail::check_branches(options.width, "beam width");
  if (options.returned < 1 || options.returned > options.width)
    fail(ErrorKind::argument, "beam search returns ", options.returned, " of width ", options.width, ": expected 1 to the width");
  if (!std::isfinite(options.length_penalty)) fail(ErrorKind::argument, "the length penalty is not finite");
  if (options.groups < 1 || options.width % options.groups != 0)
    fail(ErrorKind::argument, options.groups, " groups of beams: expected a divisor of the width, ", options.width);
  if (!(options.diversity >= 0) || !std::isfinite(options.diversity))
    fail(ErrorKind::argument, "the diversity ", options.diversity, ": expected 0 or more");
  detail::check(options.forced);
  Beam<> made;
  made.options = options;
  return made;
}

namespace detail {

WEFT_INLINE void share_width(std::vector<BankPlace>& places, std::size_t width) {
  std::stable_sort(places.begin(), places.end(),
                   [](const BankPlace& a, const BankPlace& b) { return a.bank != b.bank ? a.bank > b.bank : a.sum > b.sum; });
  for (std::size_t i = 1; i < places.size(); ++i)
    if (places[i].bank == places[i - 1].bank) places[i].rank = places[i - 1].rank + 1;
  std::stable_sort(places.begin(), places.end(), [](const BankPlace& a, const BankPlace& b) { return a.rank < b.rank; });
  if (places.size() > width) places.resize(width);
}

WEFT_INLINE void report(const std::function<void(const BeamStep&)>& on_step, BeamStep step, const BeamStepRecord& record,
                        const std::vector<Candidate>& kept) {
  std::vector<BeamCandidate> seen;
  const auto find = [](const std::vector<Candidate>& among, const Candidate& c) {
    std::size_t i = 0;
    while (i < among.size() && (among[i].branch != c.branch || among[i].token != c.token)) ++i;
    return i;
  };
  const auto tell = [&](const Candidate& c) {
    seen.push_back({c.branch, c.token, c.logprob, c.raw_logprob, c.sum});
    if (const std::size_t place = find(kept, c); place < kept.size())
      seen.back().fate = BeamCandidate::Fate::kept, seen.back().child = place;
    else if (find(record.ended, c) < record.ended.size())
      seen.back().fate = BeamCandidate::Fate::finished;
  };
  for (const auto& c : record.candidates) tell(c);
  for (const auto& c : record.forced)
    if (find(record.candidates, c) == record.candidates.size()) tell(c);
  step.candidates = seen;
  on_step(step);
}

WEFT_INLINE void keep_best(std::vector<Result>& results, const BeamOptions& options) {
  const bool by_score = options.forced_as_hugging_face;
  // of equals the later group's first, as in Hugging Face's sort
  std::stable_sort(results.begin(), results.end(), [&](const Result& a, const Result& b) {
    return by_score || (a.missing > 0) == (b.missing > 0) ? a.score > b.score : b.missing > 0;
  });
  if (results.size() > static_cast<std::size_t>(options.returned)) results.resize(static_cast<std::size_t>(options.returned));
}

}  // namespace detail

}  // namespace weft
