// A prompt of the golden model `llama`, and a sequence that begins with it.
#pragma once

#include <vector>

#include "weft/core/token.hpp"
#include "weft/model/sequence.hpp"

namespace weft::test {

inline const std::vector<Token> golden_prompt{17, 32, 59, 27, 23};

template <class B>
Sequence<B> prompt_of(const Model<B>& model, const std::vector<Token>& tokens = golden_prompt) {
  Sequence<B> made(model);
  made.append(tokens);
  return made;
}

}  // namespace weft::test
