#include "weft/decode/text_output.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "weft/text/tokenizer.hpp"

namespace {

using namespace weft;

/// A model as far as text goes: three tokens have names, the fourth row of its embedding has none.
struct Padded {
  Tokenizer text{[] {
    Vocabulary v;
    v.model = "gpt2";
    v.pre = "gpt-2";
    v.tokens = {"a", "b", "c"};
    v.types.assign(3, TokenType::normal);
    return v;
  }()};
  bool has_tokenizer() const { return true; }
  const Tokenizer& tokenizer() const { return text; }
};

}  // namespace

TEST_CASE("a token that the tokenizer does not know has no text") {
  const Padded model;
  const std::vector<std::string> stop{"bc"};
  detail::TextOutput<Tokenizer> output(model, stop, 8);
  CHECK_FALSE(output.push(0));
  CHECK_FALSE(output.push(3));
  CHECK_FALSE(output.push(1));
  CHECK_FALSE(output.push(3));
  CHECK(output.push(2));
  CHECK(output.text() == "a");
  CHECK(output.stop_string() == "bc");
}
