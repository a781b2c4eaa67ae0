#include "weft/decode/spelling.hpp"

#include <doctest/doctest.h>

#include <map>
#include <span>
#include <string>
#include <vector>

using namespace weft;

namespace {

/// Encodes what it is told to, and all else as nothing.
struct ScriptedTokenizer {
  std::vector<std::string> tokens{"<s>", "a", "b", "ab", " b", "ab", " "};  // 0 is a control token; 3 and 5 are alike
  std::map<std::string, std::vector<Token>, std::less<>> texts{}, prompts{};
  std::vector<Token> ends{};

  [[nodiscard]] std::size_t size() const { return tokens.size(); }
  [[nodiscard]] std::string_view bytes(Token id) const { return tokens.at(static_cast<std::size_t>(id)); }
  [[nodiscard]] bool is_control(Token id) const { return id == 0; }
  [[nodiscard]] std::span<const Token> end_tokens() const { return ends; }
  [[nodiscard]] std::vector<Token> encode(std::string_view text) const { return found(texts, text); }
  [[nodiscard]] std::vector<Token> encode_prompt(std::string_view text) const { return found(prompts, text); }

 private:
  static std::vector<Token> found(const std::map<std::string, std::vector<Token>, std::less<>>& in, std::string_view text) {
    const auto entry = in.find(text);
    return entry == in.end() ? std::vector<Token>() : entry->second;
  }
};

using Ids = std::vector<Token>;

/// {-2} where there is no spelling.
Ids spelled(const ScriptedTokenizer& tokenizer, std::string_view text) {
  Ids tokens{9, 9};
  return detail::Speller(tokenizer).spell(text, tokens) ? tokens : Ids{-2};
}
Ids prompt_spelled(const ScriptedTokenizer& tokenizer, std::string_view text) {
  Ids tokens{9, 9};
  return detail::Speller(tokenizer).spell_prompt(text, tokens) ? tokens : Ids{-2};
}

}  // namespace

TEST_CASE("a text is spelled as the tokenizer does where that gives its bytes back, also with control tokens, else by the longest tokens") {
  CHECK(spelled({.texts = {{"ab", {1, 2}}}}, "ab") == Ids{1, 2});
  CHECK(spelled({.texts = {{"ab", {0, 1, 2}}}}, "ab") == Ids{0, 1, 2});
  for (const Ids& wrong : {Ids{}, Ids{1}, Ids{2, 1}, Ids{1, 2, 6}, Ids{1, -1}, Ids{1, 7}})
    CHECK(spelled({.texts = {{"ab", wrong}}}, "ab") == Ids{3});  // of two alike the first
  CHECK(spelled({}, "aab b") == Ids{1, 3, 4});
  CHECK(spelled({}, "").empty());
}

TEST_CASE("a space at the front may be the one that the tokenizer puts there itself") {
  CHECK(spelled({.texts = {{" ab", {6, 6, 3}}, {"ab", {6, 1, 2}}}}, " ab") == Ids{6, 1, 2});
  CHECK(spelled({.texts = {{" b", {6, 2}}, {"b", {4}}}}, " b") == Ids{6, 2});
  CHECK(prompt_spelled({.prompts = {{" ab", {0, 6, 6, 3}}, {"ab", {0, 6, 1, 2}}}}, " ab") == Ids{0, 6, 1, 2});
}

TEST_CASE("where the first word alone is cut otherwise, the others are as the tokenizer has them") {
  CHECK(spelled({.texts = {{" b", {6, 2}}}}, "ab b") == Ids{3, 6, 2});
  CHECK(spelled({.texts = {{" ab b", {}}, {"ab b", {}}, {" b", {6, 4}}, {"b", {4}}}}, "ab b") == Ids{3, 4});
  CHECK(spelled({.texts = {{" b", {1}}}}, "ab b") == Ids{3, 4});
  CHECK(spelled({.texts = {{" b b", {6, 2, 6, 2}}}}, " ab b b") == Ids{6, 3, 6, 2, 6, 2});
}

TEST_CASE("bytes that no token has are not spelled, in the first word or later, and control tokens spell nothing") {
  CHECK(spelled({}, "ax") == Ids{-2});
  CHECK(spelled({}, "ab x") == Ids{-2});
  CHECK(spelled({}, "<s>") == Ids{-2});
  CHECK(spelled({.texts = {{"<s>", {0}}}}, "<s>") == Ids{-2});
  const detail::Speller speller{ScriptedTokenizer{}};
  CHECK(speller.bytes(3) == "ab");
  for (const Token none : {0, -1, 7, 1 << 30}) CHECK(speller.bytes(none).empty());
}

TEST_CASE("a prompt is spelled with what stands before one, else as a text that goes on") {
  CHECK(prompt_spelled({.texts = {{"ab", {1, 2}}}, .prompts = {{"ab", {0, 3}}}}, "ab") == Ids{0, 3});
  CHECK(prompt_spelled({.texts = {{"ab", {1, 2}}}, .prompts = {{"ab", {0, 1}}}}, "ab") == Ids{1, 2});
  CHECK(prompt_spelled({}, "x") == Ids{-2});
}

TEST_CASE("a text ends with the first of the end tokens, if there is one") {
  CHECK(detail::Speller(ScriptedTokenizer{.ends = {5, 2}}).end_token() == 5);
  CHECK(detail::Speller(ScriptedTokenizer{}).end_token() == -1);
}
