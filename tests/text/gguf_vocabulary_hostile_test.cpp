// Vocabularies of damaged files: a clear error that names the key, or a tokenizer whose ids stay inside.

#include "weft/text/gguf_vocabulary.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/data.hpp"
#include "weft/core/error.hpp"
#include "weft/io/gguf.hpp"
#include "weft/text/tokenizer.hpp"

using namespace weft;

namespace {

std::vector<Token> encode_with(const std::string& file, std::string_view text) {
  return Tokenizer(read_vocabulary(Gguf::open(test::hostile() / "gguf" / file))).encode(text);
}

}  // namespace

TEST_CASE("the tiny model's vocabulary gives the tokens that the index states") {
  if (!test::present(test::hostile() / "gguf" / "valid_tiny.gguf", "hostile vocabularies")) return;
  CHECK(encode_with("valid_tiny.gguf", "the an") == std::vector<Token>{56, 3, 49});
  const auto vocabulary = read_vocabulary(Gguf::open(test::hostile() / "gguf" / "valid_tiny.gguf"));
  CHECK(vocabulary.end_tokens == std::vector<Token>{0, 2});
  CHECK_FALSE(vocabulary.add_bos);
}

TEST_CASE("a merge of tokens that do not exist never fires") {
  if (!test::present(test::hostile() / "gguf" / "merge_unknown.gguf", "hostile vocabularies")) return;
  CHECK(encode_with("merge_unknown.gguf", "the an") == std::vector<Token>{56, 3, 49});
  for (const Token id : encode_with("merge_unknown.gguf", "qqzz qq zz")) CHECK(id < 64);
}

TEST_CASE("token types of one byte each are read as what they are") {
  if (!test::present(test::hostile() / "gguf" / "token_types_u8.gguf", "hostile vocabularies")) return;
  CHECK(encode_with("token_types_u8.gguf", "the an") == std::vector<Token>{56, 3, 49});
}
