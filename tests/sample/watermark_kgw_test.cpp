#include "weft/sample/watermark_kgw.hpp"

#include <doctest/doctest.h>

#include "support.hpp"
#include "weft/sample/pick.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// A text of n tokens, drawn from random logits after the step.
template <class S>
std::vector<Token> written(S step, std::uint64_t seed, std::size_t n, std::size_t vocab) {
  std::vector<Token> text{static_cast<Token>(seed % vocab), 1, 2, 3};
  while (text.size() < n) {
    auto logits = random_logits(seed * 1000 + text.size(), vocab, Shape::tied);
    apply(step, std::span<float>(logits), {.history = text});
    text.push_back(Draw{}(logits, {.history = text, .seed = seed}).token);
  }
  return text;
}

KgwOptions self_hash() {
  KgwOptions options;
  options.seeding_scheme = KgwOptions::Seeding::self_hash;
  options.context_width = 3;
  return options;
}

}  // namespace

TEST_CASE("texts written with the key are found, those written without are not, beyond what the p-value says") {
  constexpr std::size_t vocab = 100;
  const auto blank = [](std::span<float>, std::span<const Token>) {};
  for (const auto& options : {KgwOptions{}, self_hash()}) {
    const WatermarkKgw step(options);
    for (std::uint64_t seed = 0; seed < 5; ++seed)
      CHECK(detect_watermark_kgw(written(step, seed, 150, vocab), vocab, options).p_value < 1e-6);
  }
  std::size_t below_5_percent = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed)
    below_5_percent += detect_watermark_kgw(written(blank, seed, 60, vocab), vocab).p_value <= 0.05;
  // P(p <= 0.05) <= 0.05 under the null; four sigma above that
  CHECK(below_5_percent < 50 + 28);
  CHECK(below_5_percent > 10);
}

TEST_CASE("following one token through the shuffle tells what the whole list tells") {
  const detail::KgwKey key(KgwOptions{});
  std::vector<std::uint32_t> list;
  for (Token before = 0; before < 30; ++before) {
    key.greenlist(before, 77, list);
    std::size_t green = 0;
    for (Token id = 0; id < 77; ++id) {
      const bool listed =
          std::find(list.begin(), list.begin() + 19, static_cast<std::uint32_t>(id)) != list.begin() + 19;
      REQUIRE(key.is_green(std::span<const Token>(&before, 1), id, 77) == listed);
      green += listed;
    }
    REQUIRE(green == key.greenlist_size(77));
  }
}

TEST_CASE("a history shorter than the context, and a text shorter than an n-gram, are passed over") {
  CHECK(applied(watermark_kgw(), {1, 1, 1, 1, 1}) == std::vector<float>(5, 1));
  CHECK(detect_watermark_kgw(std::vector<Token>{1}, 5).scored == 0);
}

TEST_CASE("options out of range are refused, and tokens that the vocabulary does not have") {
  const auto refused = [](auto change) {
    KgwOptions options;
    change(options);
    return kind_of_error([&] { (void)watermark_kgw(options); }) == ErrorKind::argument;
  };
  CHECK(refused([](KgwOptions& o) { o.greenlist_ratio = 1; }));
  CHECK(refused([](KgwOptions& o) { o.greenlist_ratio = 0; }));
  CHECK(refused([](KgwOptions& o) { o.bias = inf; }));
  CHECK(refused([](KgwOptions& o) { o.hashing_key = 0; }));
  CHECK(refused([](KgwOptions& o) { o.context_width = 0; }));
  CHECK(kind_of_error([] { (void)detect_watermark_kgw(std::vector<Token>{1, 9}, 9); }) == ErrorKind::argument);
}
