// Definitions of sample/sequence_bias.hpp.
#pragma once

#include <algorithm>

#include "weft/core/config.hpp"
#include "weft/sample/sequence_bias.hpp"

namespace weft::detail {

WEFT_INLINE SequenceEnds::SequenceEnds(std::vector<BiasedSequence> sequences) : sequences_(std::move(sequences)) {
  std::stable_sort(sequences_.begin(), sequences_.end(),
                   [](const BiasedSequence& a, const BiasedSequence& b) { return key(a) < key(b); });
}

}  // namespace weft::detail
