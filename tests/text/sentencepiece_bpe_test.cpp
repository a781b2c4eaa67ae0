#include "weft/text/sentencepiece_bpe.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "support/piece_vocabulary.hpp"
#include "weft/core/error.hpp"
#include "weft/text/stream_decoder.hpp"
#include "weft/text/tokenizer.hpp"

using namespace weft;
using test::piece_vocabulary;
using Tokens = std::vector<Token>;

namespace {

Token byte(unsigned char b) { return 3 + b; }
Token piece(Token index) { return 259 + index; }

const std::vector<std::string> sentence_pieces{"ab", "bc", "\u2581ab", "\u2581", "a", "b", "c", "abab"};

}  // namespace

TEST_CASE("the pair of the best score merges first, and of equal ones the leftmost") {
  const Tokenizer t(piece_vocabulary(sentence_pieces));
  CHECK(t.encode("ab") == Tokens{piece(2)});
  CHECK(t.encode("abc") == Tokens{piece(2), piece(6)});  // ab before bc
  CHECK(t.encode("cbc") == Tokens{piece(3), piece(6), piece(1)});
  CHECK(t.encode("cabab") == Tokens{piece(3), piece(6), piece(7)});
  auto v = piece_vocabulary({"aa", "a"});
  v.add_space_prefix = false;
  CHECK(Tokenizer(v).encode("aaa") == Tokens{piece(0), piece(1)});
}

TEST_CASE("what the vocabulary lacks is written in bytes, and without these it is the unknown token") {
  const Tokenizer t(piece_vocabulary(sentence_pieces));
  CHECK(t.encode("a\u00E9") == Tokens{piece(3), piece(4), byte(0xC3), byte(0xA9)});
  CHECK(t.encode("\xFF") == Tokens{piece(3), byte(0xFF)});
  CHECK(t.decode(t.encode("a\u00E9\xFF z"), InvalidUtf8::keep) == "a\u00E9\xFF z");
  const Tokenizer poor(piece_vocabulary({"\u2581", "a"}, false));
  CHECK(poor.encode("az") == Tokens{3, 4, 0});
}

TEST_CASE("a space stands before the text and after each added token, and leaves the decoded text again") {
  auto v = piece_vocabulary(sentence_pieces);
  v.tokens.push_back("<|x|>");
  v.types.push_back(TokenType::user_defined);
  v.scores.push_back(0);
  const Token x = static_cast<Token>(v.tokens.size()) - 1;
  CHECK(Tokenizer(v).encode("c<|x|>ab") == Tokens{piece(3), piece(6), x, piece(2)});
  CHECK(Tokenizer(v).encode("<|x|>c") == Tokens{x, piece(3), piece(6)});
  CHECK(Tokenizer(v).encode_with_control("<s>ab") == Tokens{1, piece(2)});
  CHECK(Tokenizer(v).encode("").empty());
  CHECK(Tokenizer(v).decode(Tokens{1, piece(2), piece(2)}) == "ab ab");
  v.strip_right = {x};
  CHECK(Tokenizer(v).encode("<|x|> \n ab") == Tokens{x, piece(2)});
  v.add_space_prefix = false;
  CHECK(Tokenizer(v).encode("ab<|x|>c") == Tokens{piece(0), x, piece(6)});
  CHECK(Tokenizer(v).decode(Tokens{piece(2)}) == " ab");
}

TEST_CASE("no text becomes a control token unless asked") {
  const Tokenizer t(piece_vocabulary({"<s", "s>", ">", "<", "s", "<s>"}));
  for (const Token id : t.encode("<s></s>")) CHECK_FALSE(t.is_control(id));
}

TEST_CASE("tokens know their place in the text") {
  const Tokenizer t(piece_vocabulary(sentence_pieces));
  const auto encoding = t.encoding("ab \u2581\u00E9c", {.add_special = false});
  CHECK(encoding.ids == Tokens{piece(2), piece(3), piece(3), byte(0xC3), byte(0xA9), piece(6)});
  CHECK(encoding.offsets == std::vector<TextRange>{{0, 2}, {2, 3}, {3, 6}, {6, 8}, {6, 8}, {8, 9}});
  CHECK(encoding.tokens[0] == "\u2581ab");
  const auto in_characters = t.encoding("ab \u2581\u00E9c", {.unit = OffsetUnit::characters});
  CHECK(in_characters.offsets == std::vector<TextRange>{{0, 2}, {2, 3}, {3, 4}, {4, 5}, {4, 5}, {5, 6}});
}

TEST_CASE("a pair of texts has BOS and EOS around each, as the vocabulary says") {
  auto v = piece_vocabulary(sentence_pieces);
  v.add_bos = v.add_eos = true;
  const auto encoding = Tokenizer(v).encoding("ab", "c", {.add_special = true});
  CHECK(encoding.ids == Tokens{1, piece(2), 2, 1, piece(3), piece(6), 2});
  CHECK(encoding.types == std::vector<std::uint32_t>{0, 0, 0, 1, 1, 1, 1});
  CHECK(encoding.added == std::vector<bool>{true, false, true, true, false, false, true});
}

TEST_CASE("scores that are missing or no numbers are refused") {
  auto v = piece_vocabulary(sentence_pieces);
  v.scores[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(Tokenizer{v}, doctest::Contains("token 5"), Error);
  v.scores.pop_back();
  CHECK_THROWS_WITH_AS(Tokenizer{v}, doctest::Contains("scores"), Error);
}

TEST_CASE("a megabyte of one letter is no trouble") {
  const Tokenizer t(piece_vocabulary({"\u2581", "a", "aa", "aaaa"}));
  CHECK(t.encode(std::string(1 << 20, 'a')).size() == (1 << 18) + 1);
}
