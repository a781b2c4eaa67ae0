// A Hugging Face folder with a tokenizer.json reads text as the GGUF file of the same model does.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/data.hpp"
#include "weft/model/model_file.hpp"
#include "weft/text/tokenizer.hpp"

using namespace weft;

TEST_CASE("the tokenizer of a folder and that of the same model's GGUF file give the same tokens") {
  const auto folder = test::hostile() / "safetensors" / "valid_hf", gguf = test::hostile() / "gguf" / "valid_tiny.gguf";
  if (!test::present(folder / "tokenizer.json", "the tokenizer of a folder") || !test::present(gguf, "the tokenizer of a folder")) return;
  const auto file = open_model_file(folder.string());
  REQUIRE(file.tokenizer.has_value());
  const Tokenizer from_gguf(*open_model_file(gguf.string()).vocabulary);
  CHECK(file.tokenizer->encode("the an") == std::vector<Token>{56, 3, 49});
  for (const std::string text : {"the an", "banana <|im_start|>", "a\nthe  the"}) {
    CHECK(file.tokenizer->encode(text) == from_gguf.encode(text));
    CHECK(file.tokenizer->encode_with_control(text) == from_gguf.encode_with_control(text));
    CHECK(file.tokenizer->decode(from_gguf.encode(text)) == from_gguf.decode(from_gguf.encode(text)));
  }
  CHECK(file.tokenizer->size() == from_gguf.size());
  CHECK_FALSE(file.end_tokens.empty());
}
