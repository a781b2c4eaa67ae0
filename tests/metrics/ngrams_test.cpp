#include "weft/metrics/ngrams.hpp"

#include <doctest/doctest.h>

#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/json.hpp"

using namespace weft;
using namespace weft::test;
using Texts = std::vector<std::vector<Token>>;

TEST_CASE("distinct-n and seq-rep-4 are the shares of different n-grams that nltk finds") {
  const auto cases = read_json(data("metrics") / "ngrams.json").at("variety");
  REQUIRE(cases.size() > 10);
  for (const auto& c : cases) {
    const auto texts = c["texts"].get<Texts>();
    for (std::size_t n = 1; n <= 3; ++n) CHECK(distinct_n(texts, n) == doctest::Approx(c["distinct"][n - 1].get<double>()));
    for (std::size_t i = 0; i < texts.size(); ++i) CHECK(seq_rep_n(texts[i], 4) == doctest::Approx(c["seq_rep_4"][i].get<double>()));
  }
}

TEST_CASE("n-grams are counted in order, overlapping, and never across the end of a text") {
  const std::vector<Token> text{2, 1, 2, 1, 2};
  const auto counts = count_ngrams(text, 2);
  REQUIRE(counts.size() == 2);
  CHECK(counts[0].ngram[0] == 1);
  CHECK(counts[0].count == 2);
  CHECK(counts[1].count == 2);
  CHECK(count_ngrams(text, 6).empty());
  CHECK(distinct_n(Texts{{1, 2}, {2, 1}}, 2) == 1);
  CHECK(distinct_n(Texts{{1}, {1}}, 2) == 1);
  CHECK(seq_rep_n(text, 4) == 0);
  CHECK(seq_rep_n(std::vector<Token>(9, 1), 4) == doctest::Approx(5.0 / 6));
}

TEST_CASE("rep/l counts tokens that stand among the l before them, those of the context included") {
  const std::vector<Token> context{1, 2, 3}, text{3, 4, 1, 4, 4};
  CHECK(rep_l(context, text, 1) == doctest::Approx(2.0 / 5));   // 3 after 3, 4 after 4
  CHECK(rep_l(context, text, 2) == doctest::Approx(3.0 / 5));   // 4 two before
  CHECK(rep_l(context, text, 5) == doctest::Approx(4.0 / 5));   // 1 five before
  CHECK(rep_l({}, text, 100) == doctest::Approx(2.0 / 5));
  CHECK(rep_l(context, {}, 4) == 0);
}

TEST_CASE("n-grams of no tokens and windows of none are refused") {
  const std::vector<Token> text{1};
  CHECK(contains(message_of([&] { count_ngrams(text, 0); }), "expected n of at least 1"));
  CHECK(contains(message_of([&] { rep_l({}, text, 0); }), "expected at least 1"));
}
