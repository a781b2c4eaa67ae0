#include "weft/decode/best_of.hpp"

#include <doctest/doctest.h>

#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "decode/samples_alone.hpp"
#include "weft/decode/minimum_bayes_risk.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("best of n returns the samples of the branches, the most likely first, for one prefill and a pass a step") {
  const auto model = numbered_toy(12);
  const auto chain = repetition_penalty(1.3f) | top_k(8) | draw();
  auto samples = samples_alone(model, chain, 16);
  std::stable_sort(samples.begin(), samples.end(), [](const Result& a, const Result& b) { return a.score > b.score; });
  model.positions = 0;
  const auto best = generate(model, start, best_of({.n = 16, .returned = 16}, chain), ten_tokens);
  std::size_t appended = 3;
  for (const auto& r : samples) appended += r.tokens.size() - 1;  // a sample's last token is not run
  CHECK(model.positions == appended);
  REQUIRE(best.size() == 16);
  for (std::size_t i = 0; i < 16; ++i) {
    CHECK(best[i].tokens == samples[i].tokens);
    CHECK(best[i].text == samples[i].text);
    CHECK(best[i].score == samples[i].score);
    CHECK(best[i].stop == samples[i].stop);
    CHECK(best[i].logprobs == samples[i].logprobs);
  }
}

TEST_CASE("each criterion keeps the sample that it ranks first") {
  const auto model = numbered_toy(12);
  const auto samples = samples_alone(model, draw(), 12);
  const auto greatest = [&](auto&& score) {
    return std::max_element(samples.begin(), samples.end(), [&](const Result& a, const Result& b) { return score(a) < score(b); })->tokens;
  };
  const auto first = [&](const BestOfOptions& how) { return generate(model, start, best_of(how, draw()), ten_tokens).front(); };
  CHECK(first({.n = 12}).tokens == greatest([](const Result& r) { return r.score; }));
  CHECK(first({.n = 12, .by = BestBy::mean_log_prob}).tokens ==
        greatest([](const Result& r) { return r.score / static_cast<double>(r.tokens.size()); }));
  const auto longest = [](const Result& r) { return static_cast<double>(r.text.size()); };
  CHECK(first({.n = 12, .by = BestBy::reward, .reward = longest}).tokens == greatest(longest));
  const auto certainty = [&](const Result& r) {  // mean of KL(uniform || p)
    ToySequence s(model);
    s.append(start);
    double sum = 0;
    for (const Token& t : r.tokens) {
      std::vector<float> p(s.logits().begin(), s.logits().end());
      log_softmax(p);
      for (const float x : p) sum += (-std::log(12.0) - static_cast<double>(x)) / 12;
      s.append(std::span<const Token>(&t, 1));
    }
    return sum / static_cast<double>(r.tokens.size());
  };
  const auto certain = first({.n = 12, .by = BestBy::self_certainty});
  CHECK(certain.tokens == greatest(certainty));
  CHECK(certain.score == doctest::Approx(certainty(certain)).epsilon(1e-5));
}

TEST_CASE("the majority's answer wins, whatever the likelihood of others") {
  const auto model = numbered_toy(12);
  const auto answer = [](const Result& r) { return r.text.substr(0, 3); };
  std::map<std::string, int> votes;
  for (const auto& r : samples_alone(model, draw(), 40)) ++votes[answer(r)];
  int most = 0;
  for (const auto& [text, n] : votes) most = std::max(most, n);
  const auto won = generate(model, start, best_of({.n = 40, .by = BestBy::majority, .answer_of = answer, .returned = 40}, draw()), ten_tokens);
  CHECK(votes[answer(won.front())] == most);
  CHECK(won.front().score == doctest::Approx(most / 40.0));
  for (std::size_t i = 1; i < won.size(); ++i) CHECK(won[i - 1].score >= won[i].score);
}

TEST_CASE("samples that are cancelled are returned as they are, and impossible numbers are refused") {
  const auto model = numbered_toy(20);
  std::stop_source source;
  auto stop_later = [&](std::span<float>, std::span<const Token> history) {
    if (history.size() == 7) source.request_stop();
  };
  const auto results = generate(model, start, best_of({.n = 3, .returned = 3}, step(stop_later) | draw()),
                                {.max_tokens = 30, .ignore_end_tokens = true, .cancel = source.get_token()});
  REQUIRE(results.size() == 3);
  for (const auto& r : results) {
    CHECK(r.stop == StopReason::cancelled);
    CHECK(r.tokens.size() >= 4);
    CHECK(r.tokens.size() <= 5);
  }
  source.request_stop();
  CHECK(generate(model, start, best_of({.n = 3}, draw()), {.cancel = source.get_token()}).front().stop == StopReason::cancelled);
  CHECK_THROWS_AS(best_of({.n = 0}, draw()), Error);
  CHECK_THROWS_AS(best_of({.n = 2, .returned = 3}, draw()), Error);
  CHECK_THROWS_AS(best_of({.by = BestBy::reward}, draw()), Error);
  CHECK_THROWS_AS(minimum_bayes_risk({.utility = {}}, draw()), Error);
}

namespace {
/// Notes which threads call it; fails where a history ends in `broken`.
struct Watched : Composable {
  static constexpr bool runs_apart = true;
  struct Seen {
    std::mutex mutex{};
    std::set<std::thread::id> threads{};
  };
  Seen* seen;
  Token broken = -1;
  void operator()(std::span<float>, std::span<const Token> history) const {
    if (history.back() == broken) fail(ErrorKind::argument, "broken after ", history.size());
    {
      const std::lock_guard lock(seen->mutex);
      seen->threads.insert(std::this_thread::get_id());
    }
    std::this_thread::yield();
  }
};
}  // namespace

TEST_CASE("samples choose their tokens at the same time, on the model's threads, and are what they are alone") {
  const auto model = numbered_toy(12);
  Watched::Seen seen;
  const auto chain = Watched{{}, &seen} | repetition_penalty(1.3f) | top_p(0.9f) | mirostat_v2() | draw();
  const auto samples = samples_alone(model, chain, 16);
  CHECK(seen.threads.size() == 1);
  for (int run = 0; run < 200 && seen.threads.size() == 1; ++run) {
    auto found = generate(model, start, best_of({.n = 16, .returned = 16}, chain), ten_tokens);
    REQUIRE(found.size() == 16);
    for (const auto& sample : samples) {
      const auto same = std::find_if(found.begin(), found.end(), [&](const Result& r) { return r.tokens == sample.tokens && r.logprobs == sample.logprobs; });
      REQUIRE(same != found.end());
      CHECK(same->text == sample.text);
      found.erase(same);
    }
  }
  CHECK(seen.threads.size() > 1);
}

TEST_CASE("a chain with a function of the caller's is called on the caller's thread, row after row") {
  const auto model = numbered_toy(12);
  std::vector<std::thread::id> threads;  // by no lock: a second thread would be a data race
  const auto note = [&](std::span<float>, std::span<const Token>) { threads.push_back(std::this_thread::get_id()); };
  static_assert(!detail::RunsApart<decltype(step(note) | top_k(5) | draw())>);
  static_assert(detail::RunsApart<decltype(repetition_penalty(1.2f) | top_k(5) | draw())>);
  static_assert(detail::RunsApart<decltype(chain_from({}))>);
  (void)generate(model, start, best_of({.n = 8}, step(note) | top_k(5) | draw()), ten_tokens);
  CHECK(threads.size() >= 8);
  CHECK(std::all_of(threads.begin(), threads.end(), [](auto id) { return id == std::this_thread::get_id(); }));
}

TEST_CASE("what a sample's choice throws on another thread is thrown where the search was called") {
  const auto model = numbered_toy(12);
  Watched::Seen seen;
  for (int run = 0; run < 20; ++run) {
    try {
      (void)generate(model, start, best_of({.n = 16}, Watched{{}, &seen, 5} | draw()), ten_tokens);
      FAIL("not thrown");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::argument);
      CHECK(std::string(error.what()).find("broken after") != std::string::npos);
    }
  }
}
