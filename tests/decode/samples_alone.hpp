// What searches over samples are compared with.
#pragma once

#include <vector>

#include "decode/toy_start.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/generate.hpp"

namespace weft::test {

inline const Options ten_tokens{.max_tokens = 10, .stop = {"<4>"}, .seed = 5};

/// The samples that best_of draws, one by one.
template <class Chain>
std::vector<Result> samples_alone(const ToyModel& model, const Chain& chain, std::size_t n) {
  std::vector<Result> results;
  for (std::uint64_t branch = 0; branch < n; ++branch) {
    auto own = ten_tokens;
    own.branch = branch;
    results.push_back(generate(model, start, chain, own).front());
  }
  return results;
}

}  // namespace weft::test
