#include "weft/text/open_tokenizer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

using namespace weft;
using Tokens = std::vector<Token>;

namespace {

// a b " " "1" aa ab, then ids without ranks up to the added tokens
constexpr const char* ranks = "YQ== 0\nYg== 1\nIA== 2\nMQ== 3\nYWE= 4\nYWI= 5\n";
constexpr const char* word_level = R"({"model": {"type": "WordLevel", "vocab": {"a": 0, "<unk>": 1}, "unk_token": "<unk>"}})";

struct Folder {
  test::TemporaryFolder folder{};
  [[nodiscard]] std::string path() const { return folder.path().string(); }
  void write(const std::string& name, const std::string& text) const { folder.write(name, text); }
  [[nodiscard]] std::string refused() const {
    return test::message_of([this] { open_tokenizer(path()); });
  }
};

}  // namespace

TEST_CASE("a folder's tokenizer is the first of the files that Hugging Face's library would take") {
  const Folder folder;
  folder.write("r50k_base.tiktoken", "YQ== 7\n");
  CHECK(open_tokenizer(folder.path()).encode("a") == Tokens{7});
  folder.write("tiktoken.model", "YQ== 6\n");
  CHECK(open_tokenizer(folder.path()).encode("a") == Tokens{6});
  folder.write("tokenizer.model", ranks);
  CHECK(open_tokenizer(folder.path()).encode("aab") == Tokens{4, 1});
  folder.write("tokenizer.json", word_level);
  CHECK(open_tokenizer(folder.path()).vocabulary().model == "WordLevel");
}

TEST_CASE("a folder without a tokenizer is told what was looked for, and what it has instead") {
  const Folder folder;
  CHECK(test::contains(folder.refused(), "expected tokenizer.json, tokenizer.model, spiece.model, tiktoken.model"));
  folder.write("vocab.json", "{}");
  CHECK(test::contains(folder.refused(), "only vocab.json"));
  CHECK(test::contains(folder.refused(), "save_pretrained"));
  CHECK_FALSE(has_tokenizer(folder.path() + "/"));
}

TEST_CASE("ranks have the added tokens and the roles that the files beside them name") {
  const Folder folder;
  folder.write("tokenizer.model", ranks);
  folder.write(
      "tokenizer_config.json",
      R"({"bos_token": "<|begin|>", "add_bos_token": true, "eos_token": {"content": "<|end|>"}, "added_tokens_decoder":
      {"10": {"content": "<|begin|>", "special": true}, "11": {"content": "<|end|>", "special": true, "lstrip": true}, "12": {"content": "<tool>", "special": false, "rstrip": true}}})");
  const Tokenizer tokenizer = open_tokenizer(folder.path());
  CHECK(tokenizer.size() == 13);
  CHECK(tokenizer.encode_prompt("ab") == Tokens{10, 5});
  CHECK(tokenizer.encode_with_control("ab <|end|> a") == Tokens{5, 11, 2, 0});
  CHECK(tokenizer.encode("a <tool> \n b") == Tokens{0, 2, 12, 1});
  for (const Token id : tokenizer.encode("<|end|>")) CHECK_FALSE(tokenizer.is_control(id));
  CHECK(tokenizer.is_end(11));
  CHECK(tokenizer.decode(Tokens{10, 5, 12, 11}) == "ab<tool>");
}

TEST_CASE("the files beside a tokenizer may give added tokens by id alone") {
  const Folder folder;
  folder.write("tokenizer.model", ranks);
  folder.write("added_tokens.json", R"({"<|end|>": 6, "<tool>": 7})");
  folder.write("special_tokens_map.json", R"({"additional_special_tokens": ["<|end|>"]})");
  const Tokenizer tokenizer = open_tokenizer(folder.path());
  CHECK(tokenizer.is_control(6));
  CHECK(tokenizer.encode("a<tool>") == Tokens{0, 7});
}

TEST_CASE("added tokens that contradict the ranks, or that only code could explain, are refused by name") {
  const Folder folder;
  folder.write("tokenizer.model", ranks);
  const auto refused = [&](const std::string& config) {
    folder.write("tokenizer_config.json", config);
    return folder.refused();
  };
  CHECK(test::contains(refused(R"({"added_tokens_decoder": {"0": {"content": "<s>"}}})"),
                       "'<s>' has the id 0, which the vocabulary gives to 'a'"));
  CHECK(refused(R"({"added_tokens_decoder": {"0": {"content": "a"}}})").empty());
  CHECK(test::contains(refused(R"({"added_tokens_decoder": {"x": {"content": "<s>"}}})"), "'x', expected an id"));
  CHECK(test::contains(refused(R"({"added_tokens_decoder": {"9999999": {"content": "<s>"}}})"), "9999999"));
  CHECK(test::contains(refused(R"({"added_tokens_decoder": {"-1": {"content": "<s>"}}})"), "-1"));
  CHECK(test::contains(refused(R"({"added_tokens_decoder": {"9": {"content": "<s>", "single_word": true}}})"),
                       "single_word"));
  CHECK(test::contains(refused(R"({"added_tokens_decoder": {"9": 3}})"), "added_tokens_decoder"));
  CHECK(test::contains(refused(R"({"auto_map": {"AutoTokenizer": ["tokenization_x.X", null]}})"), "auto_map"));
  folder.write("added_tokens.json", R"({"<s>": "x"})");
  CHECK(test::contains(refused("{}"), "added_tokens.json: '<s>'"));
}
