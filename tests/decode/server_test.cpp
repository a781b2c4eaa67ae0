// The server: every row has the result that it has alone, whatever joins, leaves, fails or is cancelled beside it.
#include "weft/decode/server.hpp"

#include <doctest/doctest.h>

#include <random>
#include <thread>

#include "decode/tiny_model.hpp"
#include "support/backends.hpp"
#include "support/errors.hpp"
#include "support/golden_model.hpp"
#include "support/same_result.hpp"
#include "support/tiny_text_model.hpp"
#include "weft/decode/generate.hpp"
#include "weft/instances.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using test::tiny;
using test::check_same;

namespace {

constexpr unsigned chains = 7;

/// Calls f with one of several chains.
template <class F>
auto with_chain(unsigned kind, F&& f) {
  switch (kind % chains) {
    case 0:
      return f(argmax());
    case 1:
      return f(draw());
    case 2:
      return f(temperature(1.4f) | top_k(20) | draw(kind));
    case 3:
      return f(mirostat_v2(3.0f, 0.2f) | draw());
    case 4:
      return f(dry({.multiplier = 1, .allowed_length = 1}) | repetition_penalty(1.2f) | argmax());
    case 5:
      return f(no_repeat_ngram(2) | top_p(0.8f) | draw());
    default: {
      SamplingParameters p;
      p.presence_penalty = 0.3f;
      p.min_p = 0.02f;
      p.temperature = 0.9f;
      return f(chain_from(p));
    }
  }
}

struct Work {
  std::vector<Token> prompt;
  unsigned chain = 0;
  Options options;
};

/// Prompts that begin alike now and then, with limits and stops of every kind.
std::vector<Work> random_work(std::size_t count, std::int64_t vocab, bool text, unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  std::vector<Work> all;
  for (std::size_t i = 0; i < count; ++i) {
    Work work;
    if (i > 0 && below(2) == 0) {
      work.prompt = all[below(i)].prompt;
      work.prompt.resize(below(work.prompt.size() + 1));
    }
    for (std::size_t n = 1 + below(60); n > 0; --n)
      work.prompt.push_back(static_cast<Token>(below(static_cast<std::size_t>(vocab))));
    work.prompt.resize(std::min<std::size_t>(work.prompt.size(), 150));
    work.chain = static_cast<unsigned>(below(100));
    work.options.max_tokens = static_cast<std::int64_t>(below(30));
    work.options.seed = below(1000);
    work.options.branch = below(3);
    work.options.logprobs = static_cast<std::int64_t>(below(3));
    work.options.ignore_end_tokens = below(2) == 0;
    if (below(3) == 0) work.options.stop_tokens = {static_cast<Token>(below(50)), static_cast<Token>(below(50))};
    if (text && below(2) == 0) work.options.stop = {std::string(1, static_cast<char>('a' + below(26))), "th"};
    all.push_back(std::move(work));
  }
  return all;
}

template <class B>
std::vector<Result> alone(const Model<B>& model, const std::vector<Work>& all, const SequenceOptions& options = {}) {
  std::vector<Result> results;
  for (const auto& work : all)
    results.push_back(with_chain(work.chain, [&](const auto& chain) {
      return generate(Sequence<B>(model, options), work.prompt, chain, work.options).front();
    }));
  return results;
}

template <class B>
Ticket submit(Server<B>& server, const Work& work, Options options) {
  return with_chain(work.chain,
                    [&](const auto& chain) { return server.submit(work.prompt, chain, std::move(options)); });
}

/// Submits the work in portions between steps, and checks every row and its pieces.
template <class B>
void check_served(Server<B>& server, const std::vector<Work>& all, const std::vector<Result>& expected, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Ticket> tickets;
  std::vector<std::string> texts(all.size());
  while (tickets.size() < all.size()) {
    for (auto n = random() % 4; n > 0 && tickets.size() < all.size(); --n) {
      auto options = all[tickets.size()].options;
      options.on_piece = [&text = texts[tickets.size()]](const Piece& piece) { text += piece.text; };
      tickets.push_back(submit(server, all[tickets.size()], std::move(options)));
    }
    for (auto n = random() % 6; n > 0; --n) server.step();
  }
  server.run();
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    REQUIRE(tickets[i].done());
    check_same(tickets[i].result(), expected[i]);
    CHECK(texts[i] == expected[i].text);
    CHECK(tickets[i].result().stats.prompt_tokens == all[i].prompt.size());
  }
}

}  // namespace

TEST_CASE_TEMPLATE("rows that join and leave a batch have the results that they have alone, on every backend", B,
                   WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  for (const auto& folder : test::golden_folders()) {
    const Model<B> model(folder.string());
    const auto all = random_work(10, model.vocab_size(), false, 3);
    const auto expected = alone(model, all, {.context = 200});
    Server<B> server(model, {.max_rows = 4, .pass_tokens = 24, .sequence = {.context = 200}});
    check_served(server, all, expected, 1);
    CHECK(server.pages().used() == 0);
  }
}

TEST_CASE(
    "text, stop strings and log-probs of a row are those it has alone, for any number of rows and any size of pass") {
  const auto& model = tiny();
  for (unsigned seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    const auto all = random_work(24, model.vocab_size(), true, seed);
    const auto expected = alone(model, all);
    Server server(model, {.max_rows = 1 + seed * 2, .pass_tokens = 1 + seed * seed * 9});
    check_served(server, all, expected, seed);
  }
}

TEST_CASE("with a prefix cache and little memory the results are the same, and the budget is never exceeded") {
  const auto& model = tiny();
  const auto page = 16 * model.kv_bytes_per_position(KvType::q8);
  for (unsigned seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    const auto all = random_work(24, model.vocab_size(), true, 10 + seed);
    const SequenceOptions options{.kv_type = KvType::q8, .kv_bytes = (12 + 4 * seed) * page};
    const auto expected = alone(model, all, options);
    PrefixCache cache(model, {.budget = 8 * page, .sequence = options});
    Server server(model, {.max_rows = 8, .pass_tokens = 32, .prefix_cache = &cache});
    check_served(server, all, expected, seed);
    CHECK(cache.stats().cached_tokens > 0);
    CHECK(cache.stats().bytes <= cache.budget());
    CHECK(server.pages().peak() <= options.kv_bytes);
    CHECK(server.pages().used() == cache.stats().bytes);
  }
}

TEST_CASE("rows that are submitted together and begin alike share what the first of them computes") {
  const auto& model = tiny();
  PrefixCache cache(model);
  Server server(model, {.pass_tokens = 16, .prefix_cache = &cache});
  std::vector<Token> system(100, 4);
  for (std::size_t i = 0; i < system.size(); ++i) system[i] = static_cast<Token>(i % 90);
  std::vector<Ticket> tickets;
  std::vector<std::vector<Token>> prompts;
  for (Token i = 0; i < 6; ++i) {
    prompts.push_back(system);
    for (Token j = 0; j < 20; ++j) prompts.back().push_back(i + j);
    tickets.push_back(server.submit(prompts.back(), draw(), {.max_tokens = 8}));
  }
  server.run();
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    check_same(tickets[i].result(), generate(model, prompts[i], draw(), {.max_tokens = 8}).front());
    CHECK(tickets[i].result().stats.prefilled_tokens == (i == 0 ? 120 : 24));  // 96 of 100 are whole pages
  }
}

TEST_CASE("rows that do not fit wait their turn; one that can never fit is refused with what to do") {
  const auto& model = tiny();
  const auto page = 16 * model.kv_bytes_per_position(KvType::f16);
  Server server(model, {.sequence = {.kv_bytes = 4 * page}});
  const std::vector<Token> prompt(20, 3);
  const auto whole = generate(model, prompt, argmax(), {.max_tokens = 12, .ignore_end_tokens = true}).front();
  std::vector<Ticket> tickets;
  for (int i = 0; i < 5; ++i)
    tickets.push_back(server.submit(prompt, argmax(), {.max_tokens = 12, .ignore_end_tokens = true}));
  server.step();
  CHECK(server.pages().used() == 4 * page);  // two rows of two pages
  server.run();
  for (const auto& ticket : tickets) check_same(ticket.result(), whole);
  CHECK(server.pages().peak() == 4 * page);
  const auto message =
      test::message_of([&] { static_cast<void>(server.submit(prompt, argmax(), {.max_tokens = 50})); });
  CHECK(test::contains(message, "lower max_tokens"));
  CHECK_FALSE(server.step());
}

TEST_CASE("a row that other users of its pages leave no room for fails, and does not block the next") {
  const auto& model = tiny();
  const auto page = 16 * model.kv_bytes_per_position(KvType::f16);
  PrefixCache cache(model, {.budget = page, .sequence = {.kv_bytes = 4 * page}});
  auto other = cache.empty_sequence();
  other.append(std::vector<Token>(40, 1));
  Server server(model, {.prefix_cache = &cache});
  const std::vector<Token> large(20, 3), small{1, 2};
  auto a = server.submit(large, argmax(), {.max_tokens = 4}), b = server.submit(small, argmax(), {.max_tokens = 4});
  server.run();
  CHECK(test::contains(test::message_of([&] { static_cast<void>(a.result()); }), "does not fit beside"));
  check_same(b.result(), generate(model, small, argmax(), {.max_tokens = 4}).front());
}

TEST_CASE("a prompt that is run in chunks does not hold up the rows that decode") {
  const auto& model = tiny();
  Server server(model, {.pass_tokens = 9});
  std::size_t pieces = 0, begun = 0;
  const std::vector<Token> prompt{1, 2, 3}, large(200, 5);
  auto first = server.submit(
      prompt, draw(), {.max_tokens = 60, .ignore_end_tokens = true, .on_piece = [&](const Piece&) { ++pieces; }});
  server.step();
  auto second = server.submit(large, draw(), {.max_tokens = 1, .on_prefill = [&](std::size_t done, std::size_t total) {
                                                CHECK(total == 200);
                                                begun = done;
                                              }});
  for (std::size_t step = 1; step <= 25; ++step) {
    server.step();
    CHECK(pieces == step + 1);
    CHECK(begun == 8 * step);
  }
  CHECK(second.done());
  server.run();
  CHECK(first.result().tokens.size() == 60);
}

TEST_CASE("a row that is cancelled, by ticket or by token, ends alone with what it has") {
  const auto& model = tiny();
  const auto all = random_work(8, model.vocab_size(), false, 50);
  const auto expected = alone(model, all);
  const std::vector<Token> prompt(70, 9);
  const Options options{.max_tokens = 40, .ignore_end_tokens = true};
  const auto whole = generate(model, prompt, draw(), options).front();
  Server server(model, {.max_rows = 12, .pass_tokens = 16});
  std::vector<Ticket> tickets;
  for (const auto& work : all) tickets.push_back(submit(server, work, work.options));
  std::stop_source stop;
  std::optional<Ticket> decoding;
  std::size_t pieces = 0;
  auto own = options;
  own.on_piece = [&](const Piece&) {
    if (++pieces == 5) decoding->cancel();
  };
  decoding.emplace(server.submit(prompt, draw(), own));
  auto by_token = options;
  by_token.cancel = stop.get_token();
  auto prefilling = server.submit(prompt, draw(), by_token);
  server.step();
  stop.request_stop();
  auto never = server.submit(prompt, draw(), options);
  never.cancel();
  server.run();
  CHECK(decoding->result().stop == StopReason::cancelled);
  CHECK(decoding->result().tokens == std::vector<Token>(whole.tokens.begin(), whole.tokens.begin() + 5));
  for (const auto* ticket : {&prefilling, &never}) {
    CHECK(ticket->result().stop == StopReason::cancelled);
    CHECK(ticket->result().tokens.empty());
    CHECK(ticket->result().stats.prompt_tokens == 70);
  }
  CHECK(never.result().stats.prefilled_tokens == 0);
  for (std::size_t i = 0; i < all.size(); ++i) check_same(tickets[i].result(), expected[i]);
  CHECK(server.pages().used() == 0);
}

TEST_CASE("a step or a callback that throws fails its row and no other") {
  const auto& model = tiny();
  const auto all = random_work(6, model.vocab_size(), true, 60);
  const auto expected = alone(model, all);
  Server server(model, {.max_rows = 9});
  std::vector<Ticket> tickets;
  for (const auto& work : all) tickets.push_back(submit(server, work, work.options));
  const std::vector<Token> prompt{1, 2, 3};
  const auto bad_step = step([](std::span<float>, std::span<const Token> history) {
    if (history.size() == 6) throw std::runtime_error("the step is tired");
  });
  auto by_step = server.submit(prompt, bad_step | draw(), {.max_tokens = 9, .ignore_end_tokens = true});
  auto by_piece = server.submit(
      prompt, draw(), {.max_tokens = 9, .on_piece = [](const Piece&) { throw std::runtime_error("the reader left"); }});
  auto by_prefill =
      server.submit(prompt, draw(), {.max_tokens = 9, .on_prefill = [](std::size_t, std::size_t) { throw 5; }});
  auto by_reentry = server.submit(prompt, draw(), {.max_tokens = 9, .on_piece = [&](const Piece&) { server.step(); }});
  auto all_excluded = server.submit(prompt, step([](std::span<float> logits, std::span<const Token>) {
                                              for (float& x : logits) x = -INFINITY;
                                            }) | argmax(),
                                    {.max_tokens = 9});
  server.run();
  CHECK_THROWS_WITH(static_cast<void>(by_step.result()), "the step is tired");
  CHECK_THROWS_WITH(static_cast<void>(by_piece.result()), "the reader left");
  CHECK_THROWS_AS(static_cast<void>(by_prefill.result()), int);
  CHECK(test::contains(test::message_of([&] { static_cast<void>(by_reentry.result()); }), "called from a callback"));
  CHECK(test::contains(test::message_of([&] { static_cast<void>(all_excluded.result()); }), "every token is excluded"));
  for (std::size_t i = 0; i < all.size(); ++i) check_same(tickets[i].result(), expected[i]);
  CHECK(server.pages().used() == 0);
}

TEST_CASE("a callback may submit a row, which joins the next pass") {
  const auto& model = tiny();
  Server server(model);
  std::optional<Ticket> second;
  const std::vector<Token> prompt{4, 5};
  auto first =
      server.submit(prompt, argmax(), {.max_tokens = 3, .on_piece = [&](const Piece&) {
                                         if (!second)
                                           second.emplace(server.submit("the sea", argmax(), {.max_tokens = 5}));
                                       }});
  server.run();
  REQUIRE(second);
  check_same(second->result(), generate(model, "the sea", argmax(), {.max_tokens = 5}).front());
}

TEST_CASE("what generate() refuses is refused when it is submitted") {
  const auto& model = tiny();
  Server server(model);
  const std::vector<Token> none, bad{1, 9999}, good{1}, large(600, 1);
  CHECK_THROWS_AS(static_cast<void>(server.submit(none, argmax())), Error);
  CHECK_THROWS_AS(static_cast<void>(server.submit(bad, argmax())), Error);
  CHECK_THROWS_AS(static_cast<void>(server.submit(large, argmax())), Error);
  CHECK_THROWS_AS(static_cast<void>(server.submit(good, argmax(), {.max_tokens = -1})), Error);
  CHECK_THROWS_AS(static_cast<void>(server.submit(good, argmax(), {.stop = {""}})), Error);
  CHECK_THROWS_AS(Server(model, {.max_rows = 0}), Error);
  CHECK_THROWS_AS(Server(model, {.pass_tokens = 0}), Error);
  const Model<Cpu<>> other(test::data("models") / "floats.gguf");
  PrefixCache cache(other);
  CHECK_THROWS_AS(Server(model, {.prefix_cache = &cache}), Error);
  CHECK_FALSE(server.step());
}

TEST_CASE("four threads submit while one serves, and rows left when the server goes fail as cancelled") {
  const auto& model = tiny();
  const auto all = random_work(24, model.vocab_size(), true, 70);
  const auto expected = alone(model, all);
  std::optional<Ticket> left;
  {
    PrefixCache cache(model);
    Server server(model, {.max_rows = 5, .prefix_cache = &cache});
    std::jthread driver([&](const std::stop_token& stop) { server.serve(stop); });
    {
      std::vector<std::jthread> clients;
      for (std::size_t t = 0; t < 4; ++t)
        clients.emplace_back([&, t] {
          for (std::size_t i = t; i < all.size(); i += 4)
            check_same(submit(server, all[i], all[i].options).result(), expected[i]);
        });
    }
    driver.request_stop();
    driver.join();
    left.emplace(server.submit(std::vector<Token>{1}, argmax()));
    CHECK_FALSE(left->done());
  }
  CHECK(test::contains(test::message_of([&] { static_cast<void>(left->result()); }), "destroyed"));
}
