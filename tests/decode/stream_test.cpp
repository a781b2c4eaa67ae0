#include "weft/decode/stream.hpp"

#include <doctest/doctest.h>

#include <ranges>

#include "decode/toy_start.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/temperature.hpp"
#include "weft/sample/top_k.hpp"

using namespace weft;
using namespace weft::test;

namespace {

std::vector<Token> history_of(const ToySequence& s) { return {s.tokens().begin(), s.tokens().end()}; }

}  // namespace

TEST_CASE("a stream is an input range of pieces whose texts are the text and whose ids are the tokens") {
  const auto model = numbered_toy(60);
  auto story = stream(model, "<1><2>", top_k(40) | temperature(0.8f) | draw(), {.max_tokens = 30, .ignore_end_tokens = true});
  static_assert(std::ranges::input_range<decltype(story)>);
  std::string text;
  std::vector<Token> ids;
  for (const Piece& piece : story) {
    text += piece.text;
    ids.push_back(piece.id);
  }
  CHECK(ids.size() == 30);
  CHECK(ids == story.result().tokens);
  CHECK(text == story.result().text);
  CHECK(story.result().stop == StopReason::max_tokens);
}

TEST_CASE("after break the sequence stands at the last token taken, and a second loop goes on as if there had been no break") {
  const auto model = numbered_toy(60);
  const Options options{.max_tokens = 12, .ignore_end_tokens = true, .seed = 3};
  auto whole = started(model);
  const auto uninterrupted = run(whole, draw(), options);
  auto sequence = started(model);
  std::vector<Token> ids;
  {
    auto story = stream(sequence, draw(), options);
    for (const Piece& piece : story) {
      ids.push_back(piece.id);
      if (ids.size() == 5) break;
    }
    CHECK(story.result().stop == StopReason::running);
    CHECK(story.sequence().size() == start.size() + 5);
    CHECK(story.sequence().tokens().back() == ids.back());
    for (const Piece& piece : story) ids.push_back(piece.id);
  }
  CHECK(ids == uninterrupted.tokens);
  CHECK(history_of(sequence) == history_of(whole));
}

TEST_CASE("a stream that is left and destroyed leaves the sequence at the last token taken, and a new one draws on alike") {
  const auto model = numbered_toy(60);
  auto whole = started(model);
  const auto uninterrupted = run(whole, draw(), {.max_tokens = 12, .ignore_end_tokens = true, .seed = 3});
  auto sequence = started(model);
  std::vector<Token> ids;
  {
    auto story = stream(sequence, draw(), {.max_tokens = 12, .ignore_end_tokens = true, .seed = 3});
    for (const Piece& piece : story) {
      ids.push_back(piece.id);
      if (ids.size() == 7) break;
    }
  }
  CHECK(sequence.size() == start.size() + 7);
  const auto rest = run(sequence, draw(), {.max_tokens = 5, .ignore_end_tokens = true, .seed = 3});
  ids.insert(ids.end(), rest.tokens.begin(), rest.tokens.end());
  CHECK(ids == uninterrupted.tokens);
}

TEST_CASE("a stream that is never begun runs nothing, and each token costs one pass") {
  const auto model = numbered_toy(60);
  {
    auto story = stream(model, start, argmax(), {.max_tokens = 5, .ignore_end_tokens = true});
    CHECK(model.passes == 0);
    for ([[maybe_unused]] const Piece& piece : story) {
    }
  }
  CHECK(model.passes == 1 + 4);  // the last token of a stream's own sequence is never run
  CHECK(model.positions == start.size() + 4);
}

TEST_CASE("a stream can be moved while it runs") {
  const auto model = numbered_toy(60);
  auto sequence = started(model);
  auto first = stream(sequence, argmax(), {.max_tokens = 6, .ignore_end_tokens = true});
  std::vector<Token> ids{first.begin()->id};
  auto second = std::move(first);
  for (const Piece& piece : second) ids.push_back(piece.id);
  CHECK(ids == generate(model, start, argmax(), {.max_tokens = 6, .ignore_end_tokens = true}).front().tokens);
}

TEST_CASE("cancelling ends the stream with what there is; text held back comes with a last piece") {
  auto model = numbered_toy(60);
  std::stop_source source;
  auto story = stream(model, start, argmax(),
                      {.stop = {"<7><never>", "<"}, .stop_tokens = {}, .ignore_end_tokens = true, .cancel = source.get_token()});
  std::size_t n = 0;
  for ([[maybe_unused]] const Piece& piece : story) ++n;
  CHECK(n == 1);  // "<" is a stop string
  CHECK(story.result().text.empty());
  auto long_story = stream(model, start, argmax(), {.stop = {">x"}, .ignore_end_tokens = true, .cancel = source.get_token()});
  std::string text;
  std::vector<Token> ids;
  for (const Piece& piece : long_story) {
    text += piece.text;
    ids.push_back(piece.id);
    if (ids.size() == 4) source.request_stop();
  }
  const auto& result = long_story.result();
  CHECK(result.stop == StopReason::cancelled);
  CHECK(result.tokens.size() == 4);
  CHECK(ids.size() == 5);
  CHECK(ids.back() == -1);
  CHECK(text == result.text);
}

TEST_CASE("cancelling before the start gives an empty result, not an error") {
  const auto model = numbered_toy(60);
  std::stop_source source;
  source.request_stop();
  const auto result = generate(model, start, argmax(), {.cancel = source.get_token()}).front();
  CHECK(result.stop == StopReason::cancelled);
  CHECK(result.tokens.empty());
  CHECK(model.passes == 0);
}

TEST_CASE("for random tokenisations and stop sets the stream equals the text, whole characters, cut before the first stop string") {
  // tokens: parts of characters, characters, runs of them; the text is random over "ab", "é" and "中"
  std::vector<std::string> vocabulary{"a", "b", "ab", "ba", "\xC3", "\xA9", "\xC3\xA9", "\xE4", "\xB8", "\xAD", "\xE4\xB8", "\xB8\xAD", "a\xC3", "\xA9" "b", "\xE4\xB8\xAD\xE4"};
  const std::vector<std::string> pieces{"a", "b", "\xC3\xA9", "\xE4\xB8\xAD"};
  std::size_t stopped = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const auto number = [&](std::uint64_t i, std::size_t n) { return static_cast<std::size_t>(uniform(seed, 5, i) * static_cast<double>(n)); };
    std::string written;
    for (std::uint64_t i = 0; i < 25; ++i) written += pieces[number(i, 4)];
    std::vector<std::string> stops;
    for (std::uint64_t s = 0; s < number(100, 4); ++s) {
      std::string one;
      for (std::uint64_t i = 0; i <= number(200 + s, 4); ++i) one += pieces[number(300 + 10 * s + i, 4)];
      stops.push_back(one);
    }
    ToyModel model;
    model.vocabulary = vocabulary;
    model.toy_tokenizer = ToyTokenizer(vocabulary);
    model.script = {0};  // token 0 is the prompt; the rest is `written` in a random tokenisation
    std::vector<Token> script;
    for (std::size_t at = 0; at < written.size();) {
      std::vector<std::size_t> fit;
      for (std::size_t v = 0; v < vocabulary.size(); ++v)
        if (written.compare(at, vocabulary[v].size(), vocabulary[v]) == 0) fit.push_back(v);
      const auto v = fit[number(1000 + at, fit.size())];
      script.push_back(static_cast<Token>(v));
      at += vocabulary[v].size();
    }
    model.script = script;
    auto story = stream(model, std::vector<Token>{0}, argmax(), {.max_tokens = static_cast<std::int64_t>(script.size()), .stop = stops});
    std::string shown;
    for (const Piece& piece : story) {
      shown += piece.text;
      REQUIRE((piece.text.empty() || (static_cast<unsigned char>(piece.text[0]) & 0xC0) != 0x80));
    }
    std::size_t end = std::string::npos, begin = std::string::npos;
    for (const auto& s : stops)
      if (const auto at = written.find(s); at != std::string::npos && (at + s.size() < end || (at + s.size() == end && at < begin)))
        end = at + s.size(), begin = at;
    REQUIRE(shown == written.substr(0, begin));
    REQUIRE(story.result().text == shown);
    REQUIRE(story.result().stop == (end == std::string::npos ? StopReason::max_tokens : StopReason::stop_string));
    if (end != std::string::npos) {
      ++stopped;
      REQUIRE(story.result().stop_string == written.substr(begin, end - begin));
    }
  }
  CHECK(stopped > 300);
}

TEST_CASE("a text that ends inside a character ends in U+FFFD, in the stream as in the result") {
  ToyModel model;
  model.vocabulary = {"a", "\xE4\xB8"};
  model.toy_tokenizer = ToyTokenizer(model.vocabulary);
  model.script = {0, 1};
  auto story = stream(model, std::vector<Token>{0}, argmax(), {.max_tokens = 2});
  std::string shown;
  for (const Piece& piece : story) shown += piece.text;
  CHECK(shown == "a\xEF\xBF\xBD");
  CHECK(story.result().text == shown);
}
