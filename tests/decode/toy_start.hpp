// How texts of the toy begin.
#pragma once

#include <vector>

#include "support/toy_sequence.hpp"

namespace weft::test {

inline const std::vector<Token> start{1, 2, 3}, one_token{1}, two_tokens{1, 2};

inline ToySequence started(const ToyModel& model) {
  ToySequence s(model);
  s.append(start);
  return s;
}

}  // namespace weft::test
