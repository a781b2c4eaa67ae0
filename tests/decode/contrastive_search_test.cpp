#include "weft/decode/contrastive_search.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "decode/golden_prompt.hpp"
#include "support/backends.hpp"
#include "support/data.hpp"
#include "weft/decode/generate.hpp"
#include "weft/instances.hpp"
#include "weft/model/batch.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using test::golden_prompt;
using test::prompt_of;

TEST_CASE_TEMPLATE("contrastive search chooses by formula 5 over hidden states computed afresh", B, WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  const Model<B> model(test::goldens() / "llama");
  const std::int64_t last = static_cast<std::int64_t>(model.spec().layers.size());
  const auto prompt = prompt_of(model);
  const float alpha = 0.5f;
  const auto result = generate(prompt, contrastive_search({.alpha = alpha, .k = 5}), {.max_tokens = 10, .ignore_end_tokens = true, .logprobs = 5}).front();
  REQUIRE(result.tokens.size() == 10);
  auto text = golden_prompt;
  for (std::size_t n = 0; n < 10; ++n) {
    double best = -HUGE_VAL;
    Token best_token = -1;
    for (const auto& candidate : result.top_at(n)) {
      auto longer = text;
      longer.push_back(candidate.token);
      std::vector<std::int64_t> all(longer.size());
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
      Sequence<B> s(model);
      const auto h = s.append_hidden(longer, std::span(&last, 1), all);
      const auto dot = [&](std::int64_t i, std::int64_t j) {
        double sum = 0;
        for (std::int64_t d = 0; d < model.spec().width; ++d) sum += static_cast<double>(h[0][i][d]) * static_cast<double>(h[0][j][d]);
        return sum;
      };
      const auto v = static_cast<std::int64_t>(longer.size()) - 1;
      double likeness = -1;
      for (std::int64_t j = 0; j < v; ++j) likeness = std::max(likeness, dot(v, j) / std::sqrt(dot(v, v) * dot(j, j)));
      const double score = 0.5 * std::exp(static_cast<double>(candidate.logprob)) - 0.5 * likeness;
      if (score > best) best = score, best_token = candidate.token;
    }
    CHECK(result.tokens[n] == best_token);
    text.push_back(result.tokens[n]);
  }
  // no penalty, or no choice: greedy; after steps, and with a stop
  const Options options{.max_tokens = 10, .ignore_end_tokens = true};
  const auto greedily = generate(prompt, repetition_penalty(1.5f) | greedy(), options).front();
  CHECK(generate(prompt, repetition_penalty(1.5f) | contrastive_search({.alpha = 0}), options).front().tokens == greedily.tokens);
  CHECK(generate(prompt, repetition_penalty(1.5f) | contrastive_search({.k = 1}), options).front().logprobs == greedily.logprobs);
  const auto stopped = generate(prompt, contrastive_search({.alpha = alpha, .k = 5}), {.stop_tokens = {result.tokens[3]}}).front();
  CHECK(stopped.stop == StopReason::stop_token);
  CHECK(stopped.tokens.size() <= 4);
}

TEST_CASE("contrastive search reports pieces, ends at its limits, and when cancelled keeps what there is") {
  const Model<Cpu<>> model(test::goldens() / "llama");
  std::size_t pieces = 0;
  std::stop_source source;
  const Options options{.max_tokens = 30, .ignore_end_tokens = true, .cancel = source.get_token(), .on_piece = [&](const Piece&) {
                          if (++pieces == 4) source.request_stop();
                        }};
  const auto cut = generate(prompt_of(model), contrastive_search(), options).front();
  CHECK(cut.stop == StopReason::cancelled);
  CHECK(cut.tokens.size() == 4);
  CHECK(generate(prompt_of(model), contrastive_search(), {.max_tokens = 0}).front().tokens.empty());
  Sequence<Cpu<>> small(model, {.context = 7});
  small.append(golden_prompt);
  const auto full = generate(small, contrastive_search(), {.ignore_end_tokens = true}).front();
  CHECK(full.stop == StopReason::context_full);
  CHECK(full.tokens.size() == 2);
  CHECK(small.size() == 5);
  CHECK_THROWS_AS(contrastive_search({.alpha = 1.5f}), Error);
  CHECK_THROWS_AS(contrastive_search({.k = 0}), Error);
}
