#include "weft/decode/dola.hpp"

#include <doctest/doctest.h>

#include "decode/golden_prompt.hpp"
#include "support/backends.hpp"
#include "support/golden_model.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/best_of.hpp"
#include "weft/decode/generate.hpp"
#include "weft/instances.hpp"
#include "weft/model/batch.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using test::golden_prompt;
using test::prompt_of;

TEST_CASE_TEMPLATE("the head gives for the last hidden states the bits of the logits, for any number of rows", B, WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  const Model<B> model(test::goldens() / "llama");
  const std::int64_t last = static_cast<std::int64_t>(model.spec().layers.size());
  Sequence<B> s(model);
  std::vector<std::int64_t> all{0, 1, 2, 3, 4};
  const auto hidden = s.append_hidden(golden_prompt, std::span(&last, 1), all);
  const auto logits = model.logits_of(TensorView<const float, 2>(hidden.data(), {5, model.spec().width}));
  for (std::size_t i = 0; i < 5; ++i) {
    const auto alone = prompt_of(model, {golden_prompt.begin(), golden_prompt.begin() + static_cast<std::ptrdiff_t>(i) + 1});
    const auto row = logits[static_cast<std::int64_t>(i)].flat();
    CHECK(std::memcmp(row.data(), alone.logits().data(), row.size_bytes()) == 0);
    const auto one = model.logits_of(TensorView<const float, 2>(hidden[0][static_cast<std::int64_t>(i)].data(), {1, model.spec().width}));
    CHECK(std::memcmp(one.data(), row.data(), row.size_bytes()) == 0);
  }
  CHECK_THROWS_AS((void)model.logits_of(TensorView<const float, 2>(hidden.data(), {1, 3})), Error);
}

TEST_CASE_TEMPLATE("hidden states of many sequences in one pass have the bits of one after the other", B, WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  const Model<B> model(test::goldens() / "gpt2");
  const std::vector<std::int64_t> layers{0, 1, 2};
  const std::vector<Token> tokens{5, 9, 100};
  std::vector<Sequence<B>> together, apart;
  std::vector<Sequence<B>*> pointers;
  for (std::size_t i = 0; i < 3; ++i) {
    together.push_back(prompt_of(model, {golden_prompt.begin(), golden_prompt.end() - static_cast<std::ptrdiff_t>(i)}));
    apart.push_back(together.back().fork());
  }
  for (auto& s : together) pointers.push_back(&s);
  const auto all = append_each_hidden(std::span<Sequence<B>* const>(pointers), std::span<const Token>(tokens), std::span<const std::int64_t>(layers));
  const std::int64_t first = 0;
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto one = apart[at].append_hidden(std::span(tokens).subspan(at, 1), layers, std::span(&first, 1));
    for (std::int64_t l = 0; l < 3; ++l)
      CHECK(std::memcmp(one[l][0].data(), all[l][i].data(), static_cast<std::size_t>(model.spec().width) * sizeof(float)) == 0);
    CHECK(std::memcmp(apart[at].logits().data(), together[at].logits().data(), apart[at].logits().size_bytes()) == 0);
  }
  const std::vector<std::int64_t> bad{3};
  CHECK_THROWS_AS((void)append_each_hidden(std::span<Sequence<B>* const>(pointers), std::span<const Token>(tokens), std::span<const std::int64_t>(bad)), Error);
}

TEST_CASE_TEMPLATE("DoLa forks, rewinds, branches and batches to the same bits as a fresh sequence", B, WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  const Model<B> model(test::goldens() / "llama");
  const DolaOptions how{.layers = {0, 1}};
  const std::vector<Token> more{9, 8, 7};
  auto text = golden_prompt;
  text.insert(text.end(), more.begin(), more.end());
  const auto fresh = dola(prompt_of(model, text), how);
  const std::vector<float> expected(fresh.logits().begin(), fresh.logits().end());
  const auto same = [&](const Dola<Sequence<B>>& s) { return std::equal(expected.begin(), expected.end(), s.logits().begin(), s.logits().end()); };
  auto grown = dola(prompt_of(model), how);
  grown.append(more);
  CHECK(same(grown));
  auto fork = grown.fork();
  fork.append(more);
  fork.rewind(text.size());
  CHECK(same(fork));
  auto a = dola(prompt_of(model, {text.begin(), text.end() - 1}), how), b = a.fork();
  std::vector<Dola<Sequence<B>>*> both{&a, &b};
  append_each(std::span<Dola<Sequence<B>>* const>(both), std::span<const Token>(std::vector<Token>{7, 7}), {});
  CHECK(same(a));
  CHECK(same(b));
  // every strategy runs on it: a beam of one is greedy
  const Options options{.max_tokens = 8, .ignore_end_tokens = true, .seed = 1};
  CHECK(generate(grown, beam({.width = 1}), options).front().tokens == generate(grown, greedy(), options).front().tokens);
  CHECK(generate(grown, best_of({.n = 3, .returned = 3}, draw()), options).size() == 3);
}

TEST_CASE("DoLa takes the layer that differs most, and refuses layers that it cannot contrast with") {
  const Model<Cpu<>> model(test::goldens() / "llama");
  const auto both = dola(prompt_of(model), {.layers = {0, 1}});
  const auto zero = dola(prompt_of(model), {.layers = {0}}), one = dola(prompt_of(model), {.layers = {1}});
  const auto equal = [&](const auto& x) { return std::equal(x.logits().begin(), x.logits().end(), both.logits().begin()); };
  CHECK(equal(zero) != equal(one));
  CHECK_THROWS_AS(dola(prompt_of(model), {}), Error);
  CHECK_THROWS_AS(dola(prompt_of(model), {.layers = {2}}), Error);
  CHECK_THROWS_AS(dola(prompt_of(model), {.layers = {0}, .plausibility = 0}), Error);
}

TEST_CASE("sequences that contrast different layers are refused in one pass, and stay as they were") {
  const Model<Cpu<>> model(test::goldens() / "llama");
  auto one = dola(prompt_of(model), {.layers = {0}}), other = dola(prompt_of(model), {.layers = {0, 1}});
  const std::vector<Dola<Sequence<Cpu<>>>*> both{&one, &other};
  const std::vector<Token> tokens{3, 4};
  CHECK_THROWS_AS(append_each(std::span<Dola<Sequence<Cpu<>>>* const>(both), tokens, {}), Error);
  CHECK(one.size() == golden_prompt.size());
  CHECK(other.size() == golden_prompt.size());
}
