#include "weft/decode/side_by_side.hpp"

#include <doctest/doctest.h>

#include "support/same_result.hpp"
#include "support/tiny_text_model.hpp"
#include "weft/backend/cpu/cpu.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/contrastive_search.hpp"
#include "weft/instances.hpp"
#include "weft/model/batch.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

const std::vector<std::string> prompts{"once", "the quick brown fox", "a", "once upon a time there"};

template <class How>
void check_alone(const How& how, const std::vector<Options>& options) {
  const auto& model = tiny_text_model<Model<Cpu<>>>();
  const auto together = generate_each(model, prompts, how, options);
  REQUIRE(together.size() == prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto alone = generate(model, prompts[i], how, options.size() == 1 ? options[0] : options[i]);
    REQUIRE(together[i].size() == alone.size());
    for (std::size_t r = 0; r < alone.size(); ++r) check_same(together[i][r], alone[r]);
  }
}

/// Counts the passes of a step: a strategy like any other, of forks that grow by one token each.
struct TwoForks {
  std::size_t* most;
  template <DecodableSequence S>
  std::vector<Result> search(S sequence, std::vector<Token> prompt, const Options& options) const {
    sequence.append(std::span<const Token>(prompt));
    auto other = sequence.fork();
    std::vector<S*> both{&sequence, &other};
    Result result;
    for (std::int64_t i = 0; i < options.max_tokens; ++i) {
      const std::vector<Token> next{greedy()(sequence.logits(), {}).token, greedy()(other.logits(), {}).token};
      detail::append_to_each(std::span<S* const>(both), std::span<const Token>(next), options.cancel);
      result.tokens.push_back(next[0]);
    }
    *most = std::max(*most, sequence.size());
    return {result};
  }
};

}  // namespace

TEST_CASE("rows of any search have the bits that they have alone, whatever their lengths") {
  std::vector<Options> each(prompts.size());
  for (std::size_t i = 0; i < each.size(); ++i) each[i] = {.max_tokens = static_cast<std::int64_t>(5 + 4 * i), .seed = i, .logprobs = 2};
  check_alone(repetition_penalty(1.3f) | beam({.width = 3, .returned = 3}), each);
  check_alone(top_k(20) | draw(), each);
  check_alone(contrastive_search({.alpha = 0.5f, .k = 3}), {{.max_tokens = 6}});
}

TEST_CASE("a strategy of one's own runs side by side as it is") {
  std::size_t longest = 0;
  check_alone(TwoForks{&longest}, {{.max_tokens = 4}});
  CHECK(longest > 4);
}

TEST_CASE("a row that is cancelled, or that throws, leaves the others as they are") {
  const auto& model = tiny_text_model<Model<Cpu<>>>();
  std::vector<std::stop_source> sources(prompts.size());
  std::vector<Options> options(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) options[i] = {.max_tokens = 8, .ignore_end_tokens = true, .cancel = sources[i].get_token()};
  const auto after_three = [&](std::span<float>, const StepContext& context) {
    if (context.prompt_length == model.tokenizer().encode_prompt(prompts[1]).size() && context.generated() == 3) sources[1].request_stop();
  };
  const auto found = generate_each(model, prompts, step(after_three) | beam({.width = 2}), options);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    if (i == 1) {
      CHECK(found[i].front().stop == StopReason::cancelled);
      CHECK(found[i].front().tokens.size() <= 4);
    } else {
      check_same(found[i].front(), generate(model, prompts[i], beam({.width = 2}), {.max_tokens = 8, .ignore_end_tokens = true}).front());
    }
  }

  std::size_t others = 0;
  const auto picky = [&](std::span<float>, const StepContext& context) {
    if (context.prompt_length == 1 + model.tokenizer().encode(prompts[1]).size() || context.generated() < 2) return;
    ++others;
    fail(ErrorKind::argument, "no more than two tokens");
  };
  CHECK_THROWS_WITH_AS((void)generate_each(model, prompts, step(picky) | beam({.width = 2}), {.max_tokens = 8}), doctest::Contains("no more than two tokens"), Error);
  CHECK(others > 1);  // the other rows went on
}

TEST_CASE("there are options for all prompts or for each, and no prompts give no results") {
  const auto& model = tiny_text_model<Model<Cpu<>>>();
  const std::vector<Options> two(2);
  CHECK_THROWS_AS((void)generate_each(model, prompts, greedy(), two), Error);
  CHECK(generate_each(model, std::vector<std::string>{}, beam(), {.max_tokens = 3}).empty());
  const std::vector<std::vector<Token>> empty(1);
  CHECK_THROWS_AS((void)generate_each(model, empty, beam(), {.max_tokens = 3}), Error);
}
