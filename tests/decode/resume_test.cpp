// Streams that were saved: what resume() writes is what the stream would have written.
#include <doctest/doctest.h>

#include "decode/oracle_drafter.hpp"
#include "decode/tiny_model.hpp"
#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/same_result.hpp"
#include "support/saved_file.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_text_model.hpp"
#include "support/toy_sequence.hpp"
#include "weft/backend/cpu/cpu.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/phrase_ban.hpp"
#include "weft/decode/speculative.hpp"
#include "weft/instances.hpp"
#include "weft/model/model.hpp"
#include "weft/model/sequence.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using test::tiny;

namespace {

const std::vector<Token> saved_prompt{1, 5, 9, 2, 5, 9, 2, 5};

/// Breaks the stream off after each of some numbers of tokens, and goes on from the file.
template <class Chain>
void check_breaks(const Model<Cpu<>>& model, const Chain& chain, const Options& options) {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "stream").string();
  const auto whole = generate(model, saved_prompt, chain, options).front();
  for (const std::size_t taken : {0u, 1u, 2u, 7u, 16u, 1000u}) {
    CAPTURE(taken);
    std::string text;
    {
      auto story = stream(model, saved_prompt, chain, options);
      if (taken > 0) {
        std::size_t n = 0;
        for (const Piece& piece : story) {
          text += piece.text;
          if (++n == taken) break;
        }
      }
      story.save(path);
    }
    auto resumed = resume(model, path, chain);
    for (const Piece& piece : resumed) text += piece.text;
    test::check_same(resumed.result(), whole);
    CHECK(text == whole.text);
  }
}

struct Counting : Composable {  // has state that it does not offer
  int calls = 0;
  void operator()(std::span<float> logits, std::span<const Token>) {
    logits[static_cast<std::size_t>(++calls) % logits.size()] += 5;
  }
};
struct SavedCounting : Counting {
  void save(StateWriter& out) const { out.put(std::int32_t{calls}); }
  void load(StateReader& in) { calls = in.get<std::int32_t>(); }
};

}  // namespace

TEST_CASE("a stream goes on after a break as if there had been none, by every chain with and without state") {
  const auto& model = tiny();
  const Options options{.max_tokens = 24, .ignore_end_tokens = true, .seed = 11, .branch = 2, .logprobs = 3};
  check_breaks(model, argmax(), options);
  check_breaks(model, temperature(1.5f) | draw(), options);
  check_breaks(model, draw(99), options);
  check_breaks(model, mirostat(3.0f, 0.2f) | draw(), options);
  const auto plain = generate(model, saved_prompt, mirostat(3.0f, 0.2f) | draw(), options).front().text;
  const Banned banned{.phrases = {test::part_of(plain, 2, 2), test::part_of(plain, 9, 3)}, .patterns = {"[a-m].[a-m]", "(?i)x.{0,3}[^ ]"}};
  check_breaks(model, without_phrases(banned, mirostat(3.0f, 0.2f) | draw()), options);
  check_breaks(model, without_phrases(banned, temperature(1.5f) | argmax()), options);
  check_breaks(model, temperature(2.0f) | mirostat_v2(3.0f, 0.3f) | draw(), options);
  check_breaks(model, adaptive_p(0.2f) | draw(), options);
  check_breaks(
      model,
      repetition_penalty(1.3f) | frequency_penalty(0.4f) | presence_penalty(0.2f) | top_k(30) | top_p(0.9f) | draw(),
      options);
  check_breaks(model, dry({.multiplier = 2, .base = 2, .allowed_length = 1}) | no_repeat_ngram(3) | argmax(), options);
  check_breaks(model, watermark_synthid({.keys = {3, 5, 7}}) | draw(), options);
  check_breaks(model,
               thinking_budget({.budget = 4, .open = {{5}}, .close = {{7, 8}}, .open_in_prompt = true}) |
                   xtc(0.5f, 0.05f) | draw(),
               options);
  check_breaks(
      model, SavedCounting() | step([](std::span<float> logits, std::span<const Token>) { logits[0] -= 1; }) | argmax(),
      options);
  SamplingParameters all;
  all.repetition_penalty = 1.2f;
  all.dry.multiplier = 1;
  all.mirostat = 2;
  all.mirostat_tau = 3;
  check_breaks(model, chain_from(all), options);
}

TEST_CASE("ends are the same after a break: stop strings, stop tokens, the context, no tokens at all") {
  const auto& model = tiny();
  const auto drawn = generate(model, saved_prompt, draw(), {.max_tokens = 40, .ignore_end_tokens = true}).front();
  REQUIRE(drawn.text.size() > 20);
  const Options until{
      .max_tokens = 40, .stop = {test::part_of(drawn.text, 12, 3), "never said"}, .ignore_end_tokens = true};
  REQUIRE(generate(model, saved_prompt, draw(), until).front().stop == StopReason::stop_string);
  check_breaks(model, draw(), until);
  const auto free = generate(model, saved_prompt, argmax(), {.max_tokens = 24, .ignore_end_tokens = true}).front();
  check_breaks(model, argmax(), {.max_tokens = 24, .stop_tokens = {free.tokens[9]}, .ignore_end_tokens = true});
  check_breaks(model, argmax(), {.max_tokens = 1 << 30, .ignore_end_tokens = true});
  check_breaks(model, argmax(), {.max_tokens = 0});
}

TEST_CASE("a stream that drafts is saved as its text stands, and goes on without drafts") {
  const auto& model = tiny();
  const Options options{.max_tokens = 24, .ignore_end_tokens = true, .seed = 3};
  const auto chain = repetition_penalty(1.1f) | temperature(0.7f) | draw();
  const auto whole = generate(model, saved_prompt, chain, options).front();
  auto text = saved_prompt;
  text.insert(text.end(), whole.tokens.begin(), whole.tokens.end());
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "stream").string();
  for (const std::size_t taken : {1u, 5u, 6u, 7u, 8u, 23u}) {
    CAPTURE(taken);
    {
      auto story = stream(model, saved_prompt, speculative(chain, test::OracleDrafter{.text = text}, {.pass_cost = [](std::int64_t) { return 1.0; }}), options);
      std::size_t n = 0;
      for ([[maybe_unused]] const Piece& piece : story)
        if (++n == taken) break;
      story.save(path);
    }
    auto resumed = resume(model, path, chain);
    for ([[maybe_unused]] const Piece& piece : resumed) {
    }
    test::check_same(resumed.result(), whole);
  }
}

TEST_CASE("a cancelled stream stays cancelled, and one of a borrowed sequence is saved where it stands") {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "stream").string();
  const auto& model = tiny();
  std::stop_source stop;
  auto story = stream(model, saved_prompt, argmax(), {.max_tokens = 9, .cancel = stop.get_token()});
  for (const Piece& piece : story)
    if (piece.id >= 0) stop.request_stop();
  story.save(path);
  auto ended = resume(model, path, argmax());
  CHECK(ended.begin() == ended.end());
  test::check_same(ended.result(), story.result());
  Sequence<Cpu<>> sequence(model);
  sequence.append(saved_prompt);
  auto borrowed = stream(sequence, mirostat(3.0f) | draw(), {.max_tokens = 9, .ignore_end_tokens = true});
  borrowed.begin();
  borrowed.save(path);
  auto resumed = resume(model, path, mirostat(3.0f) | draw());
  for (const Piece& piece : resumed) static_cast<void>(piece);
  for (const Piece& piece : borrowed) static_cast<void>(piece);
  test::check_same(resumed.result(), borrowed.result());
  CHECK(std::ranges::equal(resumed.sequence().tokens(), borrowed.sequence().tokens()));
}

TEST_CASE("what cannot be saved says so by name, and what is no stream or another chain's is refused") {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "stream").string();
  const auto& model = tiny();
  auto counting = stream(model, saved_prompt, Counting() | argmax(), {.max_tokens = 4});
  CHECK(test::contains(test::message_of([&] { counting.save(path); }), "Counting"));
  const auto toy = test::numbered_toy(20);
  auto toys = stream(toy, saved_prompt, argmax(), {.max_tokens = 4});
  CHECK(test::contains(test::message_of([&] { toys.save(path); }), "ToySequence"));
  auto banned = stream(toy, saved_prompt, without_phrases({"<3>"}, argmax()), {.max_tokens = 4});
  CHECK(test::contains(test::message_of([&] { banned.save(path); }), "cannot be saved"));
  Sequence<Cpu<>> sequence(model);
  sequence.append(saved_prompt);
  sequence.save(path);
  CHECK(test::contains(test::message_of([&] { static_cast<void>(resume(model, path, argmax())); }),
                       "holds a sequence and no stream"));
  auto story = stream(model, saved_prompt, mirostat(3.0f) | draw(), {.max_tokens = 4});
  story.begin();
  story.save(path);
  CHECK(test::contains(test::message_of([&] { static_cast<void>(resume(model, path, argmax())); }), path));
  CHECK(model.restore(path).size() == saved_prompt.size());
}

TEST_CASE("a damaged state of a stream is an error, whatever is changed in it") {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "stream").string();
  const auto& model = tiny();
  auto story = stream(model, saved_prompt, mirostat(3.0f) | draw(),
                      {.max_tokens = 6, .stop_tokens = {3}, .ignore_end_tokens = true, .logprobs = 1});
  story.begin();
  story.begin();
  story.save(path);
  std::vector<std::byte> beside;
  static_cast<void>(model.restore(path, &beside));
  const auto whole = test::content(path);
  const auto changed = [&](std::span<const std::byte> other) { return folder.write("changed", test::forged_beside(whole, beside, other)).string(); };
  for (std::size_t i = 0; i < beside.size(); ++i)
    for (const int value : {0, 1, 0x7F, 0xFF}) {
      auto bytes = beside;
      bytes[i] = static_cast<std::byte>(value);
      try {
        auto resumed = resume(model, changed(bytes), mirostat(3.0f) | draw());
        CHECK(resumed.result().tokens.size() <= 6);
      } catch (const Error& error) {
        CHECK(std::string_view(error.what()).size() > 10);
      }
    }
  for (std::size_t size = 0; size < beside.size(); ++size) {
    const auto cut = changed(std::span(beside).first(size));
    CHECK_THROWS_AS(static_cast<void>(resume(model, cut, mirostat(3.0f) | draw())), Error);
  }
}
