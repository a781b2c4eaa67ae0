// The state of a generation that is neither in its sequence nor in what its caller gives again: as a value, and as bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "weft/core/archive.hpp"
#include "weft/core/config.hpp"
#include "weft/core/token.hpp"
#include "weft/decode/options.hpp"
#include "weft/decode/result.hpp"
#include "weft/sample/step.hpp"

namespace weft::detail {

struct SavedGeneration {
  Options options{};              ///< without functions and stop token
  std::size_t prompt_length = 0;  ///< tokens before the first generated one
  std::vector<Token> prompt{};    ///< the part of it that was not run yet
  Result result{};                ///< without text, which follows from the tokens
  bool begun = false;
  bool pending = false;              ///< the last token is not in the sequence yet
  std::size_t unchanged = 0;         ///< of the history, since the last call of the chain
  std::vector<std::byte> sampler{};  ///< what the chain's steps wrote
  std::string source{};              ///< for messages; not written
};

void save_generation(const SavedGeneration& generation, StateWriter& out);

/// Writes the sequence and the generation into one file. Throws Error(unsupported) for a kind of sequence that cannot be saved.
template <class S>
void save_generation(const S& sequence, const SavedGeneration& generation, const std::string& path) {
  if constexpr (requires(std::span<const std::byte> bytes) { sequence.save(path, bytes); }) {
    StateWriter all;
    save_generation(generation, all);
    sequence.save(path, all.bytes());
  } else {
    fail(ErrorKind::unsupported, "a sequence of type ", type_name<S>(), " cannot be saved");
  }
}

/// tokens, context: those of the sequence that was saved with it. Throws Error(format) for what is no generation or does not fit the tokens.
SavedGeneration load_generation(std::span<const std::byte> bytes, const std::string& source,
                                std::span<const Token> tokens, std::size_t context, std::int64_t vocab);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/decode/saved_generation.ipp"
#endif
