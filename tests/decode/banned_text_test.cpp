// What is banned is found when its last byte is written, and where it begins; what is called safe never is in it.
#include "weft/decode/banned_text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/toy_sequence.hpp"
#include "weft/core/philox.hpp"
#include "weft/core/regex.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// Tokens that spell words in many ways, some of them with half of a character.
ToyModel half_letters_toy() {
  ToyModel model;
  model.vocabulary = {"a", "b", "c", "ab", "bc", " ", "cab", "é", "\xC3", "\xA9"};
  model.toy_tokenizer = ToyTokenizer(model.vocabulary);
  return model;
}

const std::vector<std::string> banned_phrases{"abc", "b a", "é"}, banned_expressions{"ab ?ca", "cc+b", "a{3}"};

/// Where the first of what is banned begins that ends first in `text`; npos where there is none.
std::size_t first_banned(const std::string& text) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    const auto head = text.substr(0, end);
    std::size_t begin = head.npos;
    for (const auto& phrase : banned_phrases)
      if (head.ends_with(phrase)) begin = std::min(begin, end - phrase.size());
    for (const auto& expression : banned_expressions) {
      const Regex whole("^(?:" + expression + ")$");
      for (std::size_t from = 0; from < end && from < begin; ++from) {
        const auto part = head.substr(from);
        RegexScanner scanner(whole, part);
        if (RegexMatch match; scanner.next(match)) begin = from;
      }
    }
    if (begin != head.npos) return begin;
  }
  return text.npos;
}

}  // namespace

TEST_CASE("the first of what is banned is found at the token that completes it, where it begins, and never before what is safe") {
  const auto model = half_letters_toy();
  std::vector<RegexStream> streams;
  for (const auto& expression : banned_expressions) streams.emplace_back(expression);
  std::size_t found = 0, by_expression = 0, waited = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    detail::BannedText<ToyTokenizer> text(model, banned_phrases, streams, 40);
    ToyDecoder decoder(model.vocabulary);
    std::string written;
    std::vector<std::size_t> safe;
    bool ended = false;
    for (std::uint64_t i = 0; i < 12 && !ended; ++i) {
      const auto token = static_cast<Token>(uniform(seed, 1, i) * static_cast<double>(model.vocabulary.size()));
      written += decoder.push(token);
      ended = text.push(token);
      REQUIRE(ended == (first_banned(written) != written.npos));
      if (ended) break;
      REQUIRE(text.size() == written.size());
      REQUIRE((text.waits_for() == nullptr || text.safe() < text.size()));
      waited += text.safe() < text.size();
      safe.push_back(text.safe());
    }
    if (!ended) continue;
    ++found;
    const std::size_t begin = first_banned(written);
    by_expression += std::none_of(banned_phrases.begin(), banned_phrases.end(), [&](const std::string& p) { return written.compare(begin, p.size(), p) == 0; });
    CHECK(text.begin() <= begin);  // several may be complete with one token: then the earliest begin counts
    CHECK(first_banned(written.substr(0, text.begin())) == written.npos);
    for (const std::size_t s : safe) CHECK(s <= text.begin());
  }
  CHECK(found > 200);
  CHECK(by_expression > 5);
  CHECK(waited > 200);
}

TEST_CASE("copies go on by themselves, and the end of a text completes what waits for it") {
  const auto model = half_letters_toy();
  std::vector<RegexStream> streams;
  streams.emplace_back("bc$");
  detail::BannedText<ToyTokenizer> text(model, {}, std::move(streams), 40);
  CHECK(!text.push(0));
  CHECK(text.waits_for() == nullptr);
  CHECK(!text.push(4));
  REQUIRE(text.waits_for() != nullptr);
  CHECK(*text.waits_for() == "bc$");
  CHECK(text.safe() == 1);
  auto other = text;
  CHECK(!other.push(0));
  CHECK(other.safe() == 4);
  CHECK(!other.finish());
  CHECK(text.finish());
  CHECK(text.begin() == 1);
}
