// The breakers of DRY as token runs: texts, such as a line break, that no repeat reaches across.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/token.hpp"

namespace weft {

/// For DryOptions::breakers: for each text, every token that holds it, and every token that ends in a beginning of it,
/// followed by the tokens of the rest. `tokenizer` has size(), bytes(id) and encode(text). Empty texts are passed over; of
/// the rest of a text, at most 20 tokens are taken. O(vocab times texts).
/// Source: llama.cpp's DRY, after KoboldCpp's (pi6am, LostRuins/koboldcpp#982).
template <class Tokenizer>
std::vector<std::vector<Token>> dry_breakers(const Tokenizer& tokenizer, const std::vector<std::string>& texts) {
  constexpr std::size_t longest_rest = 20;
  std::vector<std::vector<Token>> runs;
  for (const std::string_view text : texts) {
    if (text.empty()) continue;
    // the tokens of what is left of the text after its first i bytes
    std::vector<std::vector<Token>> rests(text.size());
    for (std::size_t i = 1; i < text.size(); ++i) {
      rests[i] = tokenizer.encode(text.substr(i));
      if (rests[i].size() > longest_rest) rests[i].resize(longest_rest);
    }
    for (std::size_t id = 0; id < tokenizer.size(); ++id) {
      const auto token = static_cast<Token>(id);
      const std::string_view bytes = tokenizer.bytes(token);
      if (bytes.find(text) != std::string_view::npos) {
        runs.push_back({token});
        continue;
      }
      for (std::size_t i = std::min(bytes.size(), text.size() - 1); i > 0; --i) {
        if (bytes.substr(bytes.size() - i) != text.substr(0, i)) continue;
        runs.push_back({token});
        runs.back().insert(runs.back().end(), rests[i].begin(), rests[i].end());
      }
    }
  }
  return runs;
}

}  // namespace weft
