// Definitions of decode/branch.hpp.
#pragma once

#include <algorithm>

#include "weft/decode/branch.hpp"

namespace weft::detail {

WEFT_INLINE void Record::add(const Candidate& chosen, const std::vector<Alternative>& its_top, const std::vector<Alternative>& its_top_raw) {
  tokens.push_back(chosen.token);
  logprobs.push_back(chosen.logprob);
  raw_logprobs.push_back(chosen.raw_logprob);
  sum = chosen.sum;
  top.insert(top.end(), its_top.begin(), its_top.end());
  top_raw.insert(top_raw.end(), its_top_raw.begin(), its_top_raw.end());
}

WEFT_INLINE void keep_best(std::vector<Candidate>& candidates, std::size_t most) {
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.sum > b.sum; });
  if (candidates.size() > most) candidates.resize(most);
}

}  // namespace weft::detail
