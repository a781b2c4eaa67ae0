#include "weft/text/added_tokens.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weft;
using detail::AddedTokens;

namespace {

std::vector<Token> ids(const AddedTokens& tokens, std::string_view text) {
  std::vector<Token> found;
  for (const auto& one : tokens.find(text)) found.push_back(one.id);
  return found;
}

}  // namespace

TEST_CASE("the longest is found first, then what it leaves over, from the left") {
  const AddedTokens tokens({{"<a>", 1}, {"<a><b>", 2}, {"b><", 3}, {"", 4}, {"<a>", 5}});
  CHECK(ids(tokens, "x<a>y") == std::vector<Token>{1});
  CHECK(ids(tokens, "<a><b><a>") == std::vector<Token>{2, 1});
  CHECK(ids(tokens, "<b><a>") == std::vector<Token>{3});  // of equal length: from the left
  CHECK(ids(tokens, "nothing") == std::vector<Token>{});
  CHECK(ids(AddedTokens(), "<a>").empty());
  const auto found = tokens.find("xx<a>");
  REQUIRE(found.size() == 1);
  CHECK(found[0].begin == 2);
  CHECK(found[0].length == 3);
}

TEST_CASE("a long token in the middle beats short ones that begin before it") {
  const AddedTokens tokens({{"ab", 1}, {"bcde", 2}});
  CHECK(ids(tokens, "abcde") == std::vector<Token>{2});
  CHECK(ids(tokens, "ababcde") == std::vector<Token>{1, 2});
}

TEST_CASE("nested names over a long text take no more than linear time each") {
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= 60; ++i) names.emplace_back(i * 7, 'a');
  std::vector<std::pair<std::string_view, Token>> pairs;
  for (std::size_t i = 0; i < names.size(); ++i) pairs.emplace_back(names[i], static_cast<Token>(i));
  const AddedTokens tokens(pairs);
  const std::string text(420 * 1000 + 7, 'a');
  const auto found = tokens.find(text);
  CHECK(found.size() == 1001);
  CHECK(found.back().id == 0);
}
