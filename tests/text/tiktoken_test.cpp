#include "weft/text/tiktoken.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/errors.hpp"

using namespace weft;

TEST_CASE("neighbours merge by the rank of what they make, the leftmost of equal ones first") {
  // a b aa aab aaa, and a control token
  const Tokenizer tokenizer = parse_tiktoken("YQ== 0\nYg== 1\nYWE= 2\nYWFi 3\nYWFh 4\n", {.pattern = "x|[ab]+", .special = {{"<end>", 6}}});
  CHECK(tokenizer.encode("aaaab") == std::vector<Token>{2, 3});
  CHECK(tokenizer.encode("aaaaaa") == std::vector<Token>{2, 2, 2});  // aaaa is no token
  CHECK(tokenizer.encode("aaaaa") == std::vector<Token>{2, 4});
  CHECK(tokenizer.encode("aaa") == std::vector<Token>{4});
  CHECK(tokenizer.encode("b<end>").size() == 1);  // what is not in the vocabulary is left out
  CHECK(tokenizer.encode_with_control("b<end>") == std::vector<Token>{1, 6});
  CHECK(tokenizer.decode_with_control(std::vector<Token>{3, 6}) == "aab<end>");
  CHECK(tokenizer.size() == 7);
}

TEST_CASE("lines that are none are refused with their number") {
  const auto refused = [](const std::string& text) { return test::message_of([&] { parse_tiktoken(text, {}, "r"); }); };
  CHECK(test::contains(refused("YQ== 0\nYg==\n"), "r: line 2"));
  CHECK(test::contains(refused("YQ= 0\n"), "r: line 1"));
  CHECK(test::contains(refused("YQ== 0\nYg== 0\n"), "r: line 2: a second token has the id 0"));
  CHECK(test::contains(refused("YQ== 99999999\n"), "id 99999999"));
  CHECK(test::contains(refused("YQ== -1\n"), "line 1"));
  CHECK(test::contains(refused(""), "no ranks"));
  CHECK(test::contains(test::message_of([] { parse_tiktoken("YQ== 0\n", {.pattern = "("}); }), "("));
}
