// Golden texts: every case of tokenizers/<name>.jsonl whose vocabulary is there.

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "support/json.hpp"
#include "weft/core/error.hpp"
#include "weft/io/gguf.hpp"
#include "weft/text/gguf_vocabulary.hpp"
#include "weft/text/stream_decoder.hpp"
#include "weft/text/tokenizer.hpp"

using namespace weft;

namespace {

std::string streamed(const Tokenizer& tokenizer, const std::vector<Token>& ids) {
  StreamDecoder decoder(tokenizer);
  std::string text;
  for (const Token id : ids) text.append(decoder.push(id));
  return text.append(decoder.finish());
}

void check_cases(const std::string& name, const std::filesystem::path& vocabulary) {
  const Tokenizer tokenizer(read_vocabulary(Gguf::open(vocabulary)));
  std::size_t cases = 0;
  for (const auto& entry : test::read_json_lines(test::golden_text() / "tokenizers" / (name + ".jsonl"))) {
    const std::string text = entry.at("text");
    INFO(name, ", line ", ++cases, ": ", text);
    const std::vector<Token> ids = tokenizer.encode(text);
    CHECK(ids == entry.at("ids").get<std::vector<Token>>());
    CHECK(tokenizer.encode_with_control(text) == entry.at("ids_parse_special").get<std::vector<Token>>());
    CHECK(tokenizer.decode(ids, InvalidUtf8::keep) == text);
    CHECK(streamed(tokenizer, ids) == tokenizer.decode(ids));
  }
  CHECK(cases > 0);
}

}  // namespace

TEST_CASE("texts become the golden tokens, and come back") {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(test::golden_text() / "tokenizers"))
    if (file.path().extension() == ".jsonl") names.insert(file.path().stem().string());
  CHECK(names.size() >= 4);
  for (const auto& name : names) {
    const auto path = name == "smollm2" ? test::smollm2_gguf() : test::golden_text() / "vocab" / ("ggml-vocab-" + name + ".gguf");
    if (!test::present(path, "tokenizer " + name)) continue;
    const Gguf file = Gguf::open(path);  // the view lives as long as it
    const auto model = file.string("tokenizer.ggml.model");
    if (model && *model != "gpt2") {
      test::skip("tokenizer " + name, "model " + std::string(*model) + " is not supported yet");
      continue;
    }
    check_cases(name, path);
  }
}
