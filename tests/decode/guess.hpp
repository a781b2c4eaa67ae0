// What a drafter guesses.
#pragma once

#include <doctest/doctest.h>

#include <span>
#include <vector>

#include "weft/decode/drafter.hpp"

namespace weft::test {

template <class D>
std::vector<Token> guess(D drafter, const std::vector<Token>& history, std::size_t most = 4) {
  Draft draft;
  drafter(std::span<const Token>(history), most, draft);
  CHECK(draft.trust.size() == draft.size());
  return draft.tokens;
}

}  // namespace weft::test
