#include "weft/metrics/bleu.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/json.hpp"

using namespace weft;
using namespace weft::test;
using Texts = std::vector<std::vector<Token>>;

namespace {
nlohmann::json golden(const char* part) { return read_json(data("metrics") / "ngrams.json").at(part); }

BleuSmoothing smoothing_of(const std::string& name) {
  return name == "floor"         ? BleuSmoothing::floor
         : name == "add_k"       ? BleuSmoothing::add_k
         : name == "exponential" ? BleuSmoothing::exponential
                                 : BleuSmoothing::none;
}
}  // namespace

TEST_CASE("BLEU of texts and of corpora is sacrebleu's, for every smoothing, order and number of references") {
  std::size_t positive = 0;
  const auto cases = golden("bleu");
  for (const auto& c : cases) {
    const auto texts = c["texts"].get<Texts>();
    for (const auto& expected : c["scores"]) {
      CAPTURE(expected.dump());
      BleuCounts counts;
      for (std::size_t i = 0; i < texts.size(); ++i)
        counts += bleu_counts(texts[i], c["references"][i].get<Texts>(), expected["max_n"].get<std::size_t>());
      const double found = bleu(counts, {.smoothing = smoothing_of(expected["smoothing"]), .effective_order = expected["effective_order"]});
      CHECK(found == doctest::Approx(expected["bleu"].get<double>()).epsilon(1e-9));
      positive += found > 0;
    }
  }
  CHECK(positive > 100);
}

TEST_CASE("self-BLEU is that of nltk with smoothing by method 1") {
  const auto cases = golden("variety");
  REQUIRE(cases.size() > 10);
  for (const auto& c : cases)
    CHECK(self_bleu(c["texts"].get<Texts>()) == doctest::Approx(c["self_bleu"].get<double>()).epsilon(1e-9));
}

TEST_CASE("texts that are all the same have a self-BLEU of 1, and texts that share no token one of 0") {
  CHECK(self_bleu(Texts{{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}}) == doctest::Approx(1));
  CHECK(self_bleu(Texts{{1, 2}, {1, 2}}) == doctest::Approx(1));
  CHECK(self_bleu(Texts{{1, 2, 3, 4}, {5, 6, 7, 8}}) == 0);
}

TEST_CASE("a text repeated does not match more often than its reference has it, and a short one pays for its brevity") {
  const Texts reference{{1, 2, 3, 4, 5, 6, 7, 8}};
  CHECK(bleu(bleu_counts(std::vector<Token>{1, 1, 1, 1}, reference, 1)) == doctest::Approx(0.25 * std::exp(-1)));
  CHECK(bleu(bleu_counts(std::vector<Token>{1, 2, 3, 4}, reference)) == doctest::Approx(std::exp(-1)));
  CHECK(bleu(bleu_counts(std::vector<Token>{}, reference), {.smoothing = BleuSmoothing::exponential, .effective_order = true}) == 0);
  CHECK(bleu_counts(std::vector<Token>{1, 2, 3}, Texts{{1, 2, 3, 4}, {1, 2}}).reference_length == 2);
}

TEST_CASE("BLEU without a reference, and self-BLEU of one text, are refused") {
  const std::vector<Token> text{1, 2};
  CHECK(contains(message_of([&] { (void)bleu_counts(text, Texts{}); }), "at least one reference"));
  CHECK(contains(message_of([&] { (void)bleu_counts(text, Texts{{1}}, 0); }), "max_n of at least 1"));
  CHECK(contains(message_of([&] { self_bleu(Texts{{1, 2}}); }), "of 1 texts: expected at least 2"));
}
