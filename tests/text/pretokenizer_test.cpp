#include "weft/text/pretokenizer.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

using namespace weft;
using Pieces = std::vector<std::string_view>;

namespace {

PreTokenizer named(std::string_view name) {
  const auto* family = find_pre_tokenizer(name);
  REQUIRE(family != nullptr);
  return PreTokenizer(family->patterns);
}

}  // namespace

TEST_CASE("GPT-2 keeps a space with the word, and the last of many") {
  CHECK(named("gpt-2").split("Hello, world's   12x  \n") == Pieces{"Hello", ",", " world", "'s", "  ", " 12", "x", "  \n"});
}

TEST_CASE("SmolLM takes digits one by one, and a space before a digit stays alone") {
  CHECK(named("smollm").split("in 2026  7") == Pieces{"in", " ", "2", "0", "2", "6", "  ", "7"});
}

TEST_CASE("Llama 3 takes up to three digits, any case of contractions, and line ends with punctuation") {
  CHECK(named("llama-bpe").split("I'LL pay 12345.\n\n  Yes") == Pieces{"I", "'LL", " pay", " ", "123", "45", ".\n\n", " ", " Yes"});
}

TEST_CASE("Qwen 2 is as Llama 3 but for single digits") {
  CHECK(named("qwen2").split("(a) 12\n") == Pieces{"(a", ")", " ", "1", "2", "\n"});
}

TEST_CASE("Tiny Aya takes numbers in threes from the right, and cuts white space before them as before words") {
  CHECK(named("tiny_aya").split("a  12345 b 7\n  890") == Pieces{"a", " ", " ", "12", "345", " b", " ", "7", "\n", " ", " ", "890"});
}

TEST_CASE("names that mean the same give the same family, and others none") {
  CHECK(find_pre_tokenizer("llama3") == find_pre_tokenizer("llama-bpe"));
  CHECK(find_pre_tokenizer("starcoder") == find_pre_tokenizer("smollm"));
  CHECK(find_pre_tokenizer("smaug-bpe")->patterns.data() == find_pre_tokenizer("llama-bpe")->patterns.data());
  CHECK_FALSE(find_pre_tokenizer("smaug-bpe")->whole_words);
  CHECK(find_pre_tokenizer("") == nullptr);
  CHECK(find_pre_tokenizer("gpt-5") == nullptr);
  CHECK(pre_tokenizer_names().find("qwen2") != std::string::npos);
}

TEST_CASE("stages cut within the pieces of the one before, and what nothing matches is a piece") {
  constexpr std::array<std::string_view, 2> stages{R"(\p{N})", "[a-z]+"};
  CHECK(PreTokenizer(stages).split("ab1--c2") == Pieces{"ab", "1", "--", "c", "2"});
  CHECK(PreTokenizer({}).split("ab").empty());
}

TEST_CASE("SmolLM's single pattern cuts as digits first, then GPT-2, on random texts") {
  constexpr std::array<std::string_view, 2> two{R"(\p{N})", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))"};
  const PreTokenizer plain(two), single = named("smollm");
  constexpr std::array<std::string_view, 20> atoms{" ", " ", "\n", "\t", "a", "b", "'", "s", "'ll", "1", "2", "½", "é", "日", "!", "-", "\xFF", "\xC2\xA0", "\xE2\x80\x83", "\xCC\x81"};
  std::uint32_t random = 7;
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (int k = 0; k < 12; ++k) text.append(atoms[((random = random * 1664525 + 1013904223) >> 16) % atoms.size()]);
    if (plain.split(text) != single.split(text)) FAIL_CHECK("differs on '", text, "'");
  }
}

TEST_CASE("pieces put together are the text, whatever its bytes") {
  std::uint32_t random = 3;
  for (const auto name : {"gpt-2", "smollm", "llama-bpe", "qwen2"}) {
    const PreTokenizer cutter = named(name);
    for (int i = 0; i < 500; ++i) {
      std::string text, whole;
      for (int k = 0; k < 40; ++k) text.push_back(static_cast<char>((random = random * 1664525 + 1013904223) >> 24));
      for (const auto piece : cutter.split(text)) whole.append(piece);
      CHECK(whole == text);
    }
  }
}
