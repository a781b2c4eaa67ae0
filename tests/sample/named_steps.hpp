// The steps by the names that Hugging Face's goldens give them, and how their numbers are compared.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "weft/sample/bad_words.hpp"
#include "weft/sample/encoder_no_repeat_ngram.hpp"
#include "weft/sample/encoder_repetition_penalty.hpp"
#include "weft/sample/epsilon_cutoff.hpp"
#include "weft/sample/eta_cutoff.hpp"
#include "weft/sample/exponential_decay_length.hpp"
#include "weft/sample/forced_token.hpp"
#include "weft/sample/frequency_penalty.hpp"
#include "weft/sample/min_length.hpp"
#include "weft/sample/min_p.hpp"
#include "weft/sample/no_repeat_ngram.hpp"
#include "weft/sample/prefix_allowed_tokens.hpp"
#include "weft/sample/presence_penalty.hpp"
#include "weft/sample/repetition_penalty.hpp"
#include "weft/sample/sequence_bias.hpp"
#include "weft/sample/suppress_tokens.hpp"
#include "weft/sample/temperature.hpp"
#include "weft/sample/top_h.hpp"
#include "weft/sample/top_k.hpp"
#include "weft/sample/top_p.hpp"
#include "weft/sample/typical_p.hpp"

namespace weft::test {

using nlohmann::json;

/// One id or a list of them.
inline std::vector<Token> ids_of(const json& value) {
  return value.is_array() ? value.get<std::vector<Token>>() : std::vector<Token>{value.get<Token>()};
}

/// Calls use(step, context) with the step that Hugging Face calls `name`; false if there is none.
template <class Use>
bool with_named(const std::string& name, const json& p, StepContext context, Use&& use) {
  const auto number = [&](const char* key) { return p.at(key).get<float>(); };
  const auto integer = [&](const char* key) { return p.at(key).get<std::int64_t>(); };
  const auto tokens = [&](const char* key) { return ids_of(p.at(key)); };
  const auto with = [&](auto step) {
    use(std::move(step), context);
    return true;
  };
  std::vector<Token> ends;
  if (p.contains("eos_token_id")) ends = tokens("eos_token_id");
  context.end_tokens = ends;
  // Hugging Face counts from a given prompt length; a history that is shorter has no new tokens
  for (const char* key : {"prompt_length_to_skip", "input_ids_seq_length", "prompt_length", "begin_index"})
    if (p.contains(key)) context.prompt_length = std::min(context.history.size(), p.at(key).get<std::size_t>());

  if (name == "temperature") return with(temperature(number("temperature")));
  if (name == "top_k") return with(top_k(integer("top_k")));
  if (name == "top_p") return with(top_p(number("top_p")));
  if (name == "min_p") return with(min_p(number("min_p")));
  if (name == "typical") return with(typical_p(number("mass")));
  if (name == "epsilon") return with(epsilon_cutoff(number("epsilon")));
  if (name == "eta") return with(eta_cutoff(number("epsilon")));
  if (name == "top_h") return with(top_h(number("top_h")));
  if (name == "repetition_penalty") return with(repetition_penalty(number("penalty")));
  if (name == "frequency_penalty") return with(frequency_penalty(number("penalty")));
  if (name == "presence_penalty") return with(presence_penalty(number("penalty")));
  if (name == "encoder_repetition_penalty")
    return with(encoder_repetition_penalty(number("penalty"), tokens("encoder_input_ids")));
  if (name == "no_repeat_ngram") return with(no_repeat_ngram(integer("ngram_size")));
  if (name == "encoder_no_repeat_ngram")
    return with(encoder_no_repeat_ngram(integer("encoder_ngram_size"), tokens("encoder_input_ids")));
  if (name == "suppress_tokens") return with(suppress_tokens(tokens("suppress_tokens")));
  if (name == "begin_suppress_tokens") return with(begin_suppress_tokens(tokens("begin_suppress_tokens")));
  if (name == "bad_words") return with(bad_words(p.at("bad_words_ids").get<std::vector<std::vector<Token>>>()));
  if (name == "sequence_bias") {
    std::vector<BiasedSequence> sequences;
    for (const auto& one : p.at("sequence_bias"))
      sequences.push_back({one.at(0).get<std::vector<Token>>(), one.at(1).get<float>()});
    return with(sequence_bias(std::move(sequences)));
  }
  if (name == "forced_bos") return with(forced_bos_token(p.at("bos_token_id").get<Token>()));
  if (name == "forced_eos") return with(forced_eos_token(integer("max_length")));
  if (name == "min_length") return with(min_length(integer("min_length")));
  if (name == "min_new_tokens") return with(min_new_tokens(integer("min_new_tokens")));
  if (name == "exponential_decay_length") {
    const auto& penalty = p.at("exponential_decay_length_penalty");
    return with(exponential_decay_length(penalty.at(0).get<std::int64_t>(), penalty.at(1).get<double>()));
  }
  if (name == "prefix_allowed_tokens")
    return with(prefix_allowed_tokens([allowed = tokens("allowed")](std::span<const Token>) { return allowed; }));
  return false;
}

inline bool near(double a, double b) { return std::abs(a - b) <= 1e-5 * std::max(1.0, std::abs(b)); }

/// Values in order of id; where the input has equals, which of them survive a border is not stated: then their number
/// and values count.
inline void check_equal(std::vector<double> found, std::vector<double> expected, const std::vector<float>& input) {
  REQUIRE(found.size() == expected.size());
  std::map<float, int> times;
  for (const float x : input) ++times[x];
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i) wrong += !near(found[i], expected[i]) && times[input[i]] == 1;
  CHECK(wrong == 0);
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  for (std::size_t i = 0; i < found.size(); ++i) wrong += !near(found[i], expected[i]);
  CHECK(wrong == 0);
}

/// Logits as the goldens write them: -inf as `excluded`.
inline std::vector<double> as_written(const std::vector<float>& logits, double excluded) {
  std::vector<double> written;
  for (const float x : logits) written.push_back(x < -1e30f ? excluded : static_cast<double>(x));
  return written;
}

}  // namespace weft::test
