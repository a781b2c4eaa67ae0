// The laws of a sequence, by memcmp: the same tokens give the same bits however they were computed.
#include "weft/model/sequence.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "support/backends.hpp"
#include "support/bits.hpp"
#include "weft/core/error.hpp"
#include "weft/core/log_prob.hpp"
#include "weft/model/batch.hpp"
#include "weft/instances.hpp"

namespace {

using namespace weft;
using test::same_bits;
using test::random_tokens;

const char* const model_names[] = {"blocks32.gguf", "blocks256.gguf", "floats.gguf"};

template <class B>
std::vector<float> logits_after(const Model<B>& model, std::span<const Token> tokens, std::size_t chunk, KvType type = KvType::f16) {
  Sequence<B> sequence(model, {.kv_type = type});
  for (std::size_t i = 0; i < tokens.size(); i += chunk) sequence.append(tokens.subspan(i, std::min(chunk, tokens.size() - i)));
  const auto logits = sequence.logits();
  return {logits.begin(), logits.end()};
}

/// Runs law(model) for every tiny model.
template <class B, class Law>
void for_each_model(Law law, int activation_bits = 8) {
  if (!test::usable<B>()) return;
  for (const auto* name : model_names) {
    CAPTURE(name);
    const Model<B> model(test::data("models") / name, {.activation_bits = activation_bits});
    law(model);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("logits do not depend on the number of threads", B, WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  for (const auto* name : model_names) {
    CAPTURE(name);
    std::vector<std::vector<float>> results;
    for (const int threads : {1, 2, 3}) {
      const Model<B> model(test::data("models") / name, {.threads = threads});
      results.push_back(logits_after(model, random_tokens(70, model.vocab_size(), 1), 70));
    }
    CHECK(same_bits(results[0], results[1]));
    CHECK(same_bits(results[0], results[2]));
  }
}

TEST_CASE_TEMPLATE("logits do not depend on how a text was cut into chunks", B, WEFT_TEST_BACKENDS) {
  for_each_model<B>([](const Model<B>& model) {
    const auto tokens = random_tokens(300, model.vocab_size(), 2);  // passes a border of attention splits and of passes
    for (const auto type : {KvType::f16, KvType::f32, KvType::q8}) {
      const auto whole = logits_after<B>(model, tokens, tokens.size(), type);
      const auto chunks = type == KvType::f16 ? std::vector<std::size_t>{1, 7, 64} : std::vector<std::size_t>{7};
      for (const std::size_t chunk : chunks) CHECK(same_bits(whole, logits_after<B>(model, tokens, chunk, type)));
    }
  });
}

TEST_CASE_TEMPLATE("16-bit activations keep the law of chunks, and change what 8 bits give", B, WEFT_TEST_BACKENDS) {
  for_each_model<B>([](const Model<B>& model) {
    const auto tokens = random_tokens(40, model.vocab_size(), 2);
    const auto whole = logits_after<B>(model, tokens, tokens.size());
    for (const std::size_t chunk : {1u, 7u}) CHECK(same_bits(whole, logits_after<B>(model, tokens, chunk)));
    const Model<B> coarse(model.source());
    const bool floats = std::is_same_v<B, Reference> || model.source().ends_with("floats.gguf");
    CHECK(same_bits(whole, logits_after<B>(coarse, tokens, tokens.size())) == floats);
  }, 16);
}

TEST_CASE_TEMPLATE("a sequence in a batch gets the bits it gets alone", B, WEFT_TEST_BACKENDS) {
  for_each_model<B>([](const Model<B>& model) {
    for (const std::size_t width : {3u, 16u}) {
      std::vector<Sequence<B>> sequences;
      std::vector<std::vector<Token>> texts;
      for (std::size_t i = 0; i < width; ++i) {
        sequences.emplace_back(model);
        texts.push_back(random_tokens(5 + 7 * i, model.vocab_size(), static_cast<unsigned>(i)));
      }
      Batch<B> batch(model);
      for (std::size_t i = 0; i < width; ++i) batch.add(sequences[i], std::span(texts[i]).first(4));
      batch.run();
      for (std::size_t i = 0; i < width; ++i) batch.add(sequences[i], std::span(texts[i]).subspan(4));
      batch.run();
      for (std::size_t i = 0; i < width; ++i)
        CHECK(same_bits(sequences[i].logits(), logits_after<B>(model, texts[i], texts[i].size())));
    }
  });
}

TEST_CASE_TEMPLATE("branches of one prompt in a batch get the bits they get alone", B, WEFT_TEST_BACKENDS) {
  for_each_model<B>([](const Model<B>& model) {
    for (const auto type : {KvType::f16, KvType::q8}) {
      const auto prompt = random_tokens(270, model.vocab_size(), 11);  // a border of attention splits, and a page half full
      Sequence<B> origin(model, {.kv_type = type}), stranger(model, {.kv_type = type});
      origin.append(prompt);
      std::vector<Sequence<B>> sequences;
      std::vector<std::vector<Token>> texts;
      for (std::size_t i = 0; i < 9; ++i) {
        sequences.push_back(i == 4 ? stranger.fork() : origin.fork());  // one in their midst is none of them
        texts.push_back(i == 4 ? std::vector<Token>{} : prompt);
        if (i == 7) sequences[i].rewind(200), texts[i].resize(200);
        if (i == 8) sequences[i] = sequences[2].fork(), texts[i] = texts[2];
      }
      Batch<B> batch(model);
      const auto more = random_tokens(9 * 20, model.vocab_size(), 12);
      for (std::size_t step = 0; step < 20; ++step) {
        for (std::size_t i = 0; i < sequences.size(); ++i) {
          const auto token = std::span<const Token>(more).subspan(step * 9 + i, 1);
          batch.add(sequences[i], token);
          texts[i].push_back(token[0]);
        }
        batch.run();
      }
      for (std::size_t i = 0; i < sequences.size(); ++i)
        CHECK(same_bits(sequences[i].logits(), logits_after<B>(model, texts[i], texts[i].size(), type)));
    }
  });
}

TEST_CASE_TEMPLATE("a fork goes on like a fresh sequence and leaves its origin alone", B, WEFT_TEST_BACKENDS) {
  for_each_model<B>([](const Model<B>& model) {
    const auto prompt = random_tokens(37, model.vocab_size(), 3), left = random_tokens(20, model.vocab_size(), 4), right = random_tokens(9, model.vocab_size(), 5);
    Sequence<B> sequence(model);
    sequence.append(prompt);
    const std::vector<float> before(sequence.logits().begin(), sequence.logits().end());
    auto fork = sequence.fork();
    CHECK(same_bits(fork.logits(), before));
    fork.append(right);
    CHECK(same_bits(sequence.logits(), before));
    sequence.append(left);
    auto text = prompt;
    text.insert(text.end(), right.begin(), right.end());
    CHECK(same_bits(fork.logits(), logits_after<B>(model, text, text.size())));
    text.resize(prompt.size());
    text.insert(text.end(), left.begin(), left.end());
    CHECK(same_bits(sequence.logits(), logits_after<B>(model, text, text.size())));
  });
}

TEST_CASE_TEMPLATE("rewind after append changes nothing", B, WEFT_TEST_BACKENDS) {
  for_each_model<B>([](const Model<B>& model) {
    const auto text = random_tokens(50, model.vocab_size(), 6), other = random_tokens(40, model.vocab_size(), 7);
    Sequence<B> sequence(model);
    for (const std::size_t keep : {33u, 32u, 1u, 0u}) {
      sequence.append(std::span(text).subspan(sequence.size()));
      sequence.rewind(keep);
      CHECK(sequence.size() == keep);
      if (keep > 0) CHECK(same_bits(sequence.logits(), logits_after<B>(model, std::span(text).first(keep), keep)));
      sequence.append(other);
      sequence.rewind(keep);
    }
    sequence.append(text);
    CHECK(same_bits(sequence.logits(), logits_after<B>(model, text, text.size())));
    CHECK_THROWS_AS(sequence.rewind(51), Error);
  });
}

TEST_CASE_TEMPLATE("score gives the log-probabilities that appending one by one gives, and keeps nothing", B, WEFT_TEST_BACKENDS) {
  for_each_model<B>([](const Model<B>& model) {
    const auto text = random_tokens(200, model.vocab_size(), 8);
    Sequence<B> sequence(model);
    CHECK_THROWS_AS((void)sequence.score(text), Error);
    sequence.append({text[0]});
    const auto scores = sequence.score(std::span(text).subspan(1));
    CHECK(sequence.size() == 1);
    REQUIRE(scores.size() == text.size() - 1);
    for (std::size_t i = 1; i < text.size(); ++i) {
      CHECK(scores[i - 1] == static_cast<float>(log_prob(sequence.logits(), static_cast<std::size_t>(text[i]))));
      sequence.append({text[i]});
    }
  });
}

TEST_CASE_TEMPLATE("hidden states end in what the head reads and do not disturb the logits", B, WEFT_TEST_BACKENDS) {
  for_each_model<B>([](const Model<B>& model) {
    const auto text = random_tokens(140, model.vocab_size(), 9);
    const auto layers = static_cast<std::int64_t>(model.spec().layers.size());
    Sequence<B> whole(model), single(model);
    const std::int64_t all_layers[] = {0, 1, layers}, positions[] = {0, 129, 139}, first[] = {0};
    const auto hidden = whole.append_hidden(text, all_layers, positions);
    CHECK(same_bits(whole.logits(), logits_after<B>(model, text, text.size())));
    for (std::int64_t i = 0, p = 0; i < 140; ++i) {
      const auto one = single.append_hidden(std::span(text).subspan(static_cast<std::size_t>(i), 1), all_layers, first);
      if (positions[p] != i) continue;
      for (std::int64_t l = 0; l < 3; ++l) CHECK(same_bits(one[l][0].flat(), hidden[l][p].flat()));
      if (++p == 3) break;
    }
    const std::int64_t bad[] = {layers + 1};
    CHECK_THROWS_AS((void)whole.append_hidden(text, bad, first), Error);
  });
}

TEST_CASE("a sequence can append tokens of its own") {
  const Model<Cpu<>> model(test::data("models") / "blocks32.gguf");
  const auto text = random_tokens(20, model.vocab_size(), 14);
  auto twice = text;
  twice.insert(twice.end(), text.begin(), text.end());
  Sequence<Cpu<>> sequence(model);
  sequence.append(text);
  sequence.append(sequence.tokens());
  CHECK(std::vector<Token>(sequence.tokens().begin(), sequence.tokens().end()) == twice);
  CHECK(same_bits(sequence.logits(), logits_after<Cpu<>>(model, twice, twice.size())));
}

TEST_CASE("limits are errors that leave the sequence as it was") {
  const Model<Reference> model(test::data("models") / "floats.gguf");
  const auto text = random_tokens(20, model.vocab_size(), 10);
  Sequence<Reference> small(model, {.context = 24});
  small.append(text);
  const std::vector<float> before(small.logits().begin(), small.logits().end());
  CHECK_THROWS_AS(small.append(text), Error);
  CHECK(small.size() == 20);
  CHECK(same_bits(small.logits(), before));
  CHECK_THROWS_AS(small.append({static_cast<Token>(model.vocab_size())}), Error);
  CHECK_THROWS_AS(small.append({-1}), Error);
  small.append(std::span(text).first(4));
  CHECK(small.size() == 24);

  const auto page = model.kv_bytes_per_position(KvType::f16) * 16;
  Sequence<Reference> poor(model, {.kv_bytes = 2 * page});
  poor.append(text);
  CHECK_THROWS_AS(poor.append(text), Error);
  CHECK(same_bits(poor.logits(), before));
  auto fork = poor.fork();
  CHECK_THROWS_AS(fork.append({1}), Error);  // it would have to copy the shared page
  CHECK(same_bits(fork.logits(), before));
  { const auto gone = std::move(fork); }
  poor.append(std::span(text).first(12));
  CHECK(poor.size() == 32);
  CHECK(poor.pages().peak() == 2 * page);
}

TEST_CASE("a cancelled append leaves the sequence as it was, and it can go on") {
  const Model<Reference> model(test::data("models") / "blocks256.gguf");
  const auto text = random_tokens(200, model.vocab_size(), 11);
  Sequence<Reference> sequence(model);
  sequence.append(std::span(text).first(50));
  const std::vector<float> before(sequence.logits().begin(), sequence.logits().end());
  std::stop_source stop;
  stop.request_stop();
  try {
    sequence.append(std::span(text).subspan(50), {.cancel = stop.get_token()});
    FAIL("not cancelled");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::cancelled);
  }
  CHECK(sequence.size() == 50);
  CHECK(same_bits(sequence.logits(), before));
  sequence.append(std::span(text).subspan(50));
  CHECK(same_bits(sequence.logits(), logits_after<Reference>(model, text, text.size())));
}

TEST_CASE("forks share everything until they write") {
  const Model<Cpu<>> model(test::data("models") / "blocks32.gguf");
  Sequence<Cpu<>> sequence(model);
  sequence.append(random_tokens(1000, model.vocab_size(), 12));
  const auto used = sequence.pages().used();
  std::vector<Sequence<Cpu<>>> forks;
  for (int i = 0; i < 1000; ++i) forks.push_back(sequence.fork());
  CHECK(sequence.pages().used() == used);
  forks[0].append({1});
  CHECK(sequence.pages().used() == used + sequence.pages().page_bytes());  // one copied page, half full
  forks.clear();
  CHECK(sequence.pages().used() == used);
}

TEST_CASE_TEMPLATE("eight threads with a sequence each over one model give the serial result", B, WEFT_TEST_BACKENDS) {
  for_each_model<B>([](const Model<B>& model) {
    constexpr std::size_t count = 8;
    const auto type = [](std::size_t i) { return i % 2 ? KvType::f16 : KvType::f32; };
    std::vector<std::vector<Token>> texts;
    std::vector<std::vector<float>> expected, found(count);
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back(random_tokens(20 + 3 * i, model.vocab_size(), 200 + static_cast<unsigned>(i)));
      expected.push_back(logits_after<B>(model, texts[i], texts[i].size(), type(i)));
    }
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i)
      threads.emplace_back([&, i] {
        const std::span<const Token> text(texts[i]);
        Sequence<B> sequence(model, {.kv_type = type(i)});
        sequence.append(text.first(15));
        sequence.append(text.first(3));
        sequence.rewind(15);
        for (const auto token : text.subspan(15)) sequence.append({token});
        found[i].assign(sequence.logits().begin(), sequence.logits().end());
      });
    for (auto& thread : threads) thread.join();
    for (std::size_t i = 0; i < count; ++i) CHECK(same_bits(found[i], expected[i]));
  });
}

TEST_CASE_TEMPLATE("forks of one prefix, made and extended in eight threads, give the serial result", B, WEFT_TEST_BACKENDS) {
  for_each_model<B>([](const Model<B>& model) {
    constexpr std::size_t count = 8;
    const auto prompt = random_tokens(40, model.vocab_size(), 13);
    Sequence<B> prefix(model);
    prefix.append(prompt);
    std::vector<std::vector<Token>> texts;
    std::vector<std::vector<float>> expected, expected_scores, found(count), found_scores(count);
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back(random_tokens(10, model.vocab_size(), 100 + static_cast<unsigned>(i)));
      auto whole = prompt;
      whole.insert(whole.end(), texts[i].begin(), texts[i].end());
      expected.push_back(logits_after<B>(model, whole, whole.size()));
      expected_scores.push_back(prefix.score(texts[i]));
    }
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i)
      threads.emplace_back([&, i] {
        const Sequence<B>& shared = prefix;
        auto fork = shared.fork();
        found_scores[i] = shared.score(texts[i]);
        for (const auto token : texts[i]) {
          auto next = fork.fork();  // the old one is dropped while other threads read the pages that they share
          next.append({token});
          fork = std::move(next);
        }
        found[i].assign(fork.logits().begin(), fork.logits().end());
      });
    for (auto& thread : threads) thread.join();
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(same_bits(found[i], expected[i]));
      CHECK(same_bits(found_scores[i], expected_scores[i]));
    }
    CHECK(same_bits(prefix.logits(), logits_after<B>(model, prompt, prompt.size())));
  });
}
