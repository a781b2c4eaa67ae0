#include "weft/text/bpe.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "text/tiny.hpp"
#include "weft/core/error.hpp"

using namespace weft;
using Tokens = std::vector<Token>;

namespace {

Tokens encode(const Bpe& bpe, std::string_view word) {
  Tokens tokens;
  BpeScratch scratch;
  bpe.encode(word, tokens, scratch);
  return tokens;
}

// The definition: again and again the leftmost pair of the least rank.
std::vector<std::string> plain_merges(const std::vector<std::pair<std::string, std::string>>& merges, std::string_view word) {
  std::vector<std::string> parts;
  for (const char c : word) parts.emplace_back(1, c);
  for (;;) {
    std::size_t best = merges.size(), where = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i)
      for (std::size_t rank = 0; rank < best; ++rank)
        if (parts[i] == merges[rank].first && parts[i + 1] == merges[rank].second) {
          best = rank;
          where = i;
        }
    if (best == merges.size()) return parts;
    parts[where] += parts[where + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
}

}  // namespace

TEST_CASE("pairs merge in order of preference, leftmost first") {
  const Bpe bpe(test::tiny_vocabulary(), false);
  CHECK(encode(bpe, "the") == Tokens{257});
  CHECK(encode(bpe, " the") == Tokens{258});
  CHECK(encode(bpe, "thhe") == Tokens{256, 260});
  CHECK(encode(bpe, "he") == Tokens{260});
  CHECK(encode(bpe, "") == Tokens{});
  CHECK(encode(bpe, "\xFF") == Tokens{255});
}

TEST_CASE("a word that is a token is found only if its merges lead there, unless whole words are asked for") {
  auto vocabulary = test::tiny_vocabulary();
  vocabulary.tokens[259] = "xyz";  // no merge makes it
  vocabulary.merges.erase(vocabulary.merges.begin() + 3);
  CHECK(encode(Bpe(vocabulary, false), "xyz") == Tokens{'x', 'y', 'z'});
  CHECK(encode(Bpe(vocabulary, true), "xyz") == Tokens{259});
}

TEST_CASE("short and long words merge as the definition says, on random vocabularies") {
  std::uint32_t random = 11;
  const auto draw = [&](std::uint32_t n) { return ((random = random * 1664525 + 1013904223) >> 12) % n; };
  for (int round = 0; round < 60; ++round) {
    Vocabulary vocabulary;
    vocabulary.tokens = {"a", "b", "c"};
    std::vector<std::pair<std::string, std::string>> merges;
    for (int i = 0; i < 12; ++i) {
      const std::string left = vocabulary.tokens[draw(static_cast<std::uint32_t>(vocabulary.tokens.size()))];
      const std::string right = vocabulary.tokens[draw(static_cast<std::uint32_t>(vocabulary.tokens.size()))];
      if (left.size() + right.size() > 9) continue;
      merges.emplace_back(left, right);
      vocabulary.merges.push_back(left + " " + right);
      vocabulary.tokens.push_back(left + right);
    }
    const Bpe bpe(vocabulary, false);
    for (const std::size_t length : {1u, 2u, 5u, 17u, 64u, 65u, 200u}) {
      std::string word;
      for (std::size_t i = 0; i < length; ++i) word.push_back(static_cast<char>('a' + draw(3)));
      std::vector<std::string> parts;
      for (const Token id : encode(bpe, word)) parts.emplace_back(bpe.tokens().bytes(id));
      CHECK(parts == plain_merges(merges, word));
    }
  }
}

TEST_CASE("merges that name unknown tokens never fire") {
  auto vocabulary = test::tiny_vocabulary();
  vocabulary.merges.insert(vocabulary.merges.begin(), {"q q", "qq zz", "t \xE6\x97\xA5"});
  CHECK(encode(Bpe(vocabulary, false), "qqzzthe") == Tokens{'q', 'q', 'z', 'z', 257});
}

TEST_CASE("words cannot become control or user-defined tokens") {
  auto vocabulary = test::tiny_vocabulary();
  vocabulary.types[257] = TokenType::control;
  const Bpe bpe(vocabulary, true);
  CHECK(encode(bpe, "the") == Tokens{256, 'e'});
}

TEST_CASE("a byte without a token is the unknown token, or nothing") {
  Vocabulary vocabulary;
  vocabulary.tokens = {"a", "<unk>"};
  vocabulary.types = {TokenType::normal, TokenType::unknown};
  CHECK(encode(Bpe(vocabulary, false), "aba") == Tokens{0, 0});
  vocabulary.unknown = 1;
  CHECK(encode(Bpe(vocabulary, false), "aba") == Tokens{0, 1, 0});
  CHECK(encode(Bpe(vocabulary, false), std::string(100, 'b')).size() == 100);
}

TEST_CASE("merges that are no pairs, and vocabularies that are none, are refused") {
  for (const auto bad : {"ab", "a ", " b", ""}) {
    auto vocabulary = test::tiny_vocabulary();
    vocabulary.merges.push_back(bad);
    CHECK_THROWS_WITH_AS(Bpe(vocabulary, false), doctest::Contains("tokenizer.ggml.merges[5]"), Error);
  }
  CHECK_THROWS_AS(Bpe(Vocabulary{}, false), Error);
  auto vocabulary = test::tiny_vocabulary();
  vocabulary.types.pop_back();
  CHECK_THROWS_AS(Bpe(vocabulary, false), Error);
}

TEST_CASE("GPT-2's alphabet gives the bytes back, and refuses what is not of it") {
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string bytes;
    CHECK(detail::append_gpt2_bytes(bytes, test::gpt2_spelling(byte)));
    CHECK(bytes == std::string(1, static_cast<char>(byte)));
  }
  std::string bytes = "x";
  for (const std::string_view other : {" ", "a b", "\xC5\x84", "\xC3", "\xE6\x97\xA5", "\xFF\x80", "\xC2\xAD"}) CHECK_FALSE(detail::append_gpt2_bytes(bytes, other));
  CHECK(bytes == "x");
}
