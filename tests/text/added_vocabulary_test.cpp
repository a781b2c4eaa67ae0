#include "weft/text/added_vocabulary.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

using weft::detail::AddedToken;
using weft::detail::AddedVocabulary;

namespace {

using Places = std::vector<std::tuple<std::size_t, std::size_t, weft::Token>>;

/// Where the tokens, numbered from 0, are found in a text: begin, end, id.
Places find(std::vector<AddedToken> tokens, std::string_view text, bool special = true) {
  std::vector<std::string> texts;
  for (auto& token : tokens) {
    token.id = static_cast<weft::Token>(texts.size());
    texts.push_back(token.content);
  }
  Places places;
  for (const auto& found : AddedVocabulary(tokens, texts).find(text, special)) places.emplace_back(found.begin, found.end, found.id);
  return places;
}

AddedToken plain(std::string content) { return {.content = std::move(content)}; }

}  // namespace

TEST_CASE("of tokens that begin at one place the longest is found, and the leftmost first") {
  CHECK(find({plain("ab"), plain("abc"), plain("bcd")}, "xabcd ab") == Places{{1, 4, 1}, {6, 8, 0}});
  CHECK(find({}, "ab").empty());
  CHECK(find({plain("ab")}, "").empty());
}

TEST_CASE("a token takes the white space on the sides that it strips, that of Unicode, too") {
  CHECK(find({{.content = "A", .lstrip = true}}, "x \u2003A y") == Places{{1, 6, 0}});
  CHECK(find({{.content = "A", .rstrip = true}}, "xA\n\u00A0 y") == Places{{1, 6, 0}});
}

// Offsets as Hugging Face's tokenizers 0.23 gives them.
TEST_CASE("white space that one token took is found again by another, but not stripped again") {
  const AddedToken a{.content = "A", .rstrip = true};
  CHECK(find({a, plain(" x")}, "A xb") == Places{{0, 2, 0}, {1, 3, 1}});
  CHECK(find({a, plain(" ")}, "A   b") == Places{{0, 4, 0}, {1, 2, 1}, {2, 3, 1}, {3, 4, 1}});
  CHECK(find({{.content = " ", .rstrip = true}}, "   b") == Places{{0, 3, 0}, {1, 3, 0}, {2, 3, 0}});
  CHECK(find({a, {.content = "B", .lstrip = true}}, "A  B") == Places{{0, 3, 0}, {3, 4, 1}});
  for (const auto& [begin, end, id] : find({{.content = " ", .lstrip = true, .rstrip = true}}, "    ")) CHECK((begin <= end && end == 4));
}

TEST_CASE("many tokens in one run of white space are found in linear time") {
  CHECK(find({{.content = " ", .rstrip = true}}, std::string(300'000, ' ')).size() == 300'000);
}

TEST_CASE("single words stand between what is of no word, and what they cover is passed over") {
  const AddedToken word{.content = "the", .single_word = true};
  CHECK(find({word}, "the bathe, \u00E9the the.") == Places{{0, 3, 0}, {17, 20, 0}});
  CHECK(find({word, plain("he")}, "xthe").empty());  // the longer one was found, and left out
}

TEST_CASE("special tokens are found only where they may be") {
  const AddedToken special{.content = "<s>", .special = true};
  CHECK(find({special, plain("s>")}, "<s>s>", true) == Places{{0, 3, 0}, {3, 5, 1}});
  CHECK(find({special, plain("s>")}, "<s>s>", false) == Places{{3, 5, 1}});
}
