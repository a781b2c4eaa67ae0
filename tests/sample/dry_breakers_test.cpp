#include "weft/sample/dry_breakers.hpp"

#include <doctest/doctest.h>

namespace {

using weft::Token;

/// A tokenizer with a token for each of these, and one token per byte.
struct Letters {
  std::vector<std::string> tokens{"a", "b", "c", "ab", "xab", "bca", "abcd"};
  [[nodiscard]] std::size_t size() const { return tokens.size(); }
  [[nodiscard]] std::string_view bytes(Token id) const { return tokens[static_cast<std::size_t>(id)]; }
  [[nodiscard]] std::vector<Token> encode(std::string_view text) const {
    std::vector<Token> ids;
    for (const char c : text) ids.push_back(static_cast<Token>(c - 'a'));
    return ids;
  }
};

}  // namespace

TEST_CASE("a breaker is every token that holds the text, and every one that ends in its beginning, with the rest") {
  const std::vector<std::vector<Token>> expected{{0, 1, 2}, {3, 2}, {4, 2}, {5, 1, 2}, {6}};
  CHECK(weft::dry_breakers(Letters{}, {"abc"}) == expected);
  CHECK(weft::dry_breakers(Letters{}, {"b", ""}) == std::vector<std::vector<Token>>{{1}, {3}, {4}, {5}, {6}});
}
