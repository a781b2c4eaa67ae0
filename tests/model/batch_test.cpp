// What a batch refuses, and that a refusal or a cancellation changes no sequence. Its bits: sequence_test.cpp.
#include "weft/model/batch.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/data.hpp"
#include "weft/instances.hpp"

using namespace weft;

TEST_CASE("a batch takes a sequence of its model once, with tokens of the vocabulary") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf"), other(test::data("models") / "floats.gguf");
  Sequence<Cpu<>> a(model), b(model), foreign(other);
  const std::vector<Token> tokens{1, 2, 3}, bad{1, static_cast<Token>(model.vocab_size())};
  Batch<Cpu<>> batch(model);
  batch.add(a, tokens);
  CHECK_THROWS_AS(batch.add(a, tokens), Error);
  CHECK_THROWS_AS(batch.add(foreign, tokens), Error);
  CHECK_THROWS_AS(batch.add(b, bad), Error);
  batch.run();
  CHECK(a.size() == 3);
  CHECK(b.empty());
}

TEST_CASE("a batch is all or nothing") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  Sequence<Cpu<>> large(model), small(model, {.context = 4});
  const std::vector<Token> three{1, 2, 3}, two{4, 5};
  Batch<Cpu<>> batch(model);
  batch.add(large, three);
  batch.add(small, three);
  batch.run();
  const std::vector<float> before(large.logits().begin(), large.logits().end());
  batch.add(large, two);
  batch.add(small, two);  // five positions of four
  CHECK_THROWS_AS(batch.run(), Error);
  CHECK(large.size() == 3);
  CHECK(small.size() == 3);
  CHECK(std::equal(before.begin(), before.end(), large.logits().begin()));
  std::stop_source stop;
  stop.request_stop();
  batch.add(large, two);
  CHECK_THROWS_AS(batch.run(stop.get_token()), Error);
  CHECK(large.size() == 3);
  CHECK(std::equal(before.begin(), before.end(), large.logits().begin()));
}

TEST_CASE("append_each gives each sequence its token in one pass") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  Sequence<Cpu<>> a(model), b(model);
  Sequence<Cpu<>>* const both[] = {&a, &b};
  const std::vector<Token> tokens{3, 8};
  append_each(std::span<Sequence<Cpu<>>* const>(both), std::span<const Token>(tokens));
  CHECK(a.tokens()[0] == 3);
  CHECK(b.tokens()[0] == 8);
}

TEST_CASE("a batch that is cancelled between its passes leaves every sequence its logits") {
  const Model<Cpu<>> model(test::data("models") / "blocks256.gguf");
  const std::vector<Token> start{1, 2, 3}, many(120, 5);
  int cancelled = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<Sequence<Cpu<>>> sequences;
    Batch<Cpu<>> batch(model);
    for (int i = 0; i < 6; ++i) {  // 720 rows: six passes, and the first sequences are through long before the end
      sequences.emplace_back(model);
      sequences.back().append(start);
    }
    const std::vector<float> before(sequences[0].logits().begin(), sequences[0].logits().end());
    for (auto& sequence : sequences) batch.add(sequence, many);
    std::stop_source stop;
    std::jthread canceller([&] {
      for (int spin = 0; spin < 2000 * round; ++spin) std::atomic_signal_fence(std::memory_order_seq_cst);
      stop.request_stop();
    });
    try {
      batch.run(stop.get_token());
    } catch (const Error& e) {
      REQUIRE(e.kind() == ErrorKind::cancelled);
      ++cancelled;
      for (const auto& sequence : sequences) {
        CHECK(sequence.size() == 3);
        CHECK(std::equal(before.begin(), before.end(), sequence.logits().begin()));
      }
    }
  }
  CHECK(cancelled > 0);
}
