// What decoding asks of sequences, and does where they cannot do many at once.
#include "weft/decode/concept.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "support/toy_hidden.hpp"
#include "weft/instances.hpp"
#include "weft/model/batch.hpp"

using namespace weft;
using namespace weft::test;

static_assert(DecodableSequence<Sequence<Cpu<>>> && VerifyingSequence<Sequence<Cpu<>>> && HiddenSequence<Sequence<Cpu<>>> && DecodableModel<Model<Cpu<>>>);
static_assert(VerifyingSequence<ToySequence> && !HiddenSequence<ToySequence> && HiddenSequence<HiddenToySequence>);
static_assert(!DecodableSequence<ToyModel> && !DecodableModel<ToySequence>);

namespace {

/// A sequence whose kind can be extended many at once.
struct Together {
  int alone = 0, together = 0;
  void append(std::span<const Token>, const ToyAppendOptions& = {}) { ++alone; }
  void append_with_logits(std::span<const Token>, std::span<float>, const ToyAppendOptions& = {}) { ++alone; }
  friend void append_each(std::span<Together* const> all, std::span<const Token>, const std::stop_token&) {
    for (auto* one : all) ++one->together;
  }
  friend void append_each_with_logits(std::span<Together* const> all, std::span<const std::span<const Token>>, std::span<float>, const std::stop_token&) {
    for (auto* one : all) ++one->together;
  }
};

}  // namespace

TEST_CASE("texts are appended in one pass where their sequences can, else one after the other") {
  Together a, b;
  Together* const both[] = {&a, &b};
  const std::vector<Token> tokens{1, 2};
  const std::span<const Token> texts[] = {tokens, tokens};
  detail::append_to_each(std::span<Together* const>(both), tokens, {});
  detail::append_to_each_with_logits(std::span<Together* const>(both), std::span(texts), {}, {});
  for (const auto* one : both) {
    CHECK(one->together == 2);
    CHECK(one->alone == 0);
  }
  const auto model = numbered_toy(9);
  ToySequence first(model), second(model);
  ToySequence* const toys[] = {&first, &second};
  detail::append_to_each(std::span<ToySequence* const>(toys), std::span<const Token>(std::vector<Token>{3, 4}), {});
  CHECK(first.tokens().back() == 3);
  CHECK(second.tokens().back() == 4);
  CHECK(model.passes == 2);
}

TEST_CASE("the logits before the last are those after each token, one text after the other") {
  const auto model = numbered_toy(9);
  const std::vector<std::vector<Token>> texts{{1, 2, 3}, {4}, {5, 6}};
  std::vector<ToySequence> sequences(3, ToySequence(model));
  std::vector<ToySequence*> pointers;
  std::vector<std::span<const Token>> spans(texts.begin(), texts.end());
  for (auto& sequence : sequences) {
    sequence.append(std::vector<Token>{7});
    pointers.push_back(&sequence);
  }
  std::vector<float> earlier(3 * 9);
  detail::append_to_each_with_logits(std::span<ToySequence* const>(pointers), std::span<const std::span<const Token>>(spans), std::span(earlier), {});
  std::size_t row = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ToySequence alone(model);
    alone.append(std::vector<Token>{7});
    for (std::size_t n = 0; n < texts[i].size(); ++n) {
      alone.append(std::span(texts[i]).subspan(n, 1));
      const auto found = n + 1 < texts[i].size() ? std::span<const float>(earlier).subspan(9 * row++, 9) : sequences[i].logits();
      CHECK(std::equal(found.begin(), found.end(), alone.logits().begin()));
    }
  }
  CHECK(row == 3);
}
