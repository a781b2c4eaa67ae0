#include "weft/text/tokenizer.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "text/tiny.hpp"
#include "weft/core/error.hpp"
#include "weft/core/thread_pool.hpp"

using namespace weft;
using Tokens = std::vector<Token>;

TEST_CASE("text that a user typed never becomes a control token, unless asked") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  const std::string text = "<|im_start|>the<|im_end|>";
  for (const Token id : tokenizer.encode(text)) CHECK_FALSE(tokenizer.is_control(id));
  CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
  CHECK(tokenizer.encode_with_control(text) == Tokens{261, 257, 262});
}

TEST_CASE("user-defined tokens are recognised in every text") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  CHECK(tokenizer.encode("the<tool> the") == Tokens{257, 263, 258});
  CHECK(tokenizer.encode_with_control("<tool>") == Tokens{263});
}

TEST_CASE("a prompt begins with BOS and ends with EOS as the vocabulary says") {
  auto vocabulary = test::tiny_vocabulary();
  CHECK(Tokenizer(vocabulary).encode_prompt("the") == Tokens{257});
  vocabulary.add_bos = true;
  CHECK(Tokenizer(vocabulary).encode_prompt("the") == Tokens{261, 257});
  CHECK(Tokenizer(vocabulary).encode("the") == Tokens{257});
  vocabulary.add_eos = true;
  CHECK(Tokenizer(vocabulary).encode_prompt("") == Tokens{261, 262});
}

TEST_CASE("any bytes come back byte for byte, or as valid UTF-8") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (const std::string& text : {all, std::string("\xED\xA0\x80"), std::string("a\0b", 3), std::string("\xE6\x97\xA5\xE6")}) {
    const Tokens ids = tokenizer.encode(text);
    CHECK(tokenizer.decode(ids, InvalidUtf8::keep) == text);
    CHECK(is_utf8(tokenizer.decode(ids)));
  }
  CHECK(tokenizer.decode(tokenizer.encode("\xE6\x97\xA5\xE6")) == "\xE6\x97\xA5\xEF\xBF\xBD");
}

TEST_CASE("control tokens are left out of decoded text") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  CHECK(tokenizer.decode(Tokens{261, 257, 263, 262}) == "the<tool>");
  CHECK(tokenizer.bytes(262) == "<|im_end|>");
}

TEST_CASE("ends are known, and ids outside the vocabulary are refused") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  CHECK(tokenizer.size() == 264);
  CHECK(tokenizer.is_end(262));
  CHECK_FALSE(tokenizer.is_end(-1));
  CHECK(tokenizer.end_tokens().size() == 1);
  CHECK_THROWS_AS((void)tokenizer.bytes(264), Error);
  CHECK_THROWS_AS((void)tokenizer.decode(Tokens{-1}), Error);
}

TEST_CASE("a vocabulary that does not fit together is refused") {
  auto vocabulary = test::tiny_vocabulary();
  vocabulary.eos = 264;
  CHECK_THROWS_WITH_AS(Tokenizer{vocabulary}, doctest::Contains("264"), Error);
  vocabulary = test::tiny_vocabulary();
  vocabulary.pre = "martian";
  CHECK_THROWS_WITH_AS(Tokenizer{vocabulary}, doctest::Contains("martian"), Error);
  vocabulary = test::tiny_vocabulary();
  vocabulary.model = "martian";
  CHECK_THROWS_WITH_AS(Tokenizer{vocabulary}, doctest::Contains("martian"), Error);
  vocabulary.model = "llama";
  CHECK_THROWS_WITH_AS(Tokenizer{vocabulary}, doctest::Contains("scores"), Error);
}

TEST_CASE("threads may share a tokenizer") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  const std::string text = "the other then thethe the";
  const Tokens expected = Tokenizer(test::tiny_vocabulary()).encode(text);
  std::vector<Tokens> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] { for (int i = 0; i < 200; ++i) result = tokenizer.encode(text); });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == expected);
}

TEST_CASE("a megabyte of one letter or of blanks is one long word, and no trouble") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  const std::string letters = [] {
    std::string text;
    for (int i = 0; i < 1 << 19; ++i) text.append("th");
    return text;
  }();
  CHECK(tokenizer.encode(letters) == Tokens(1 << 19, 256));
  CHECK(tokenizer.encode(std::string(1 << 20, ' ')).size() == 1 << 20);
}

TEST_CASE("many texts at once give the tokens of each in turn, with any number of threads and from many threads") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) texts.push_back("the <tool> " + std::string(static_cast<std::size_t>(i % 40), 't') + "he <|im_end|>" + std::to_string(i));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  std::vector<std::vector<Token>> plain, prompts;
  for (const auto& text : texts) {
    plain.push_back(tokenizer.encode(text));
    prompts.push_back(tokenizer.encoding(text, {.control = true, .add_special = true}).ids);
  }
  for (const int threads : {1, 8}) {
    ThreadPool pool(threads);
    CHECK(tokenizer.encode_all(views, pool) == plain);
    CHECK(tokenizer.encode_all(views, pool, {.control = true, .add_special = true}) == prompts);
  }
  std::vector<std::vector<std::vector<Token>>> results(8);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = tokenizer.encode_all(views); });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == plain);
  CHECK(tokenizer.encode_all({}).empty());
}

TEST_CASE("a text that repeats its words gives the tokens that each word gives alone") {
  // Long enough for words to be remembered, with words that share a place in the table.
  const Tokenizer tokenizer(test::tiny_vocabulary());
  std::uint32_t random = 5;
  std::string text;
  std::vector<Token> expected;
  for (int i = 0; i < 40000; ++i) {
    std::string word = i == 0 ? "" : " ";
    random = random * 1664525 + 1013904223;
    for (std::uint32_t bits = random >> 12, length = 1 + random % 23; length > 0; --length, bits = bits << 3 | bits >> 17) word.push_back("thexyz~w"[bits & 7]);
    const auto ids = tokenizer.encode(word);
    expected.insert(expected.end(), ids.begin(), ids.end());
    text += word;
  }
  CHECK(tokenizer.encode(text) == expected);
  CHECK(tokenizer.encoding(text).ids == expected);
}
