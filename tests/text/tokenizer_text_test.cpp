// Golden texts: every case of tokenizers/<name>.jsonl whose vocabulary is there.

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "support/json.hpp"
#include "support/streamed.hpp"
#include "weft/core/error.hpp"
#include "weft/io/gguf.hpp"
#include "weft/text/gguf_vocabulary.hpp"
#include "weft/text/tokenizer.hpp"

using namespace weft;

namespace {

// A vocabulary that writes spaces as U+2581 cannot tell the two apart.
std::string expected_back(const Tokenizer& tokenizer, std::string text) {
  if (tokenizer.vocabulary().model != "llama") return text;
  for (std::size_t at; (at = text.find("\u2581")) != std::string::npos;) text.replace(at, 3, " ");
  return text;
}

// The ranges of the tokens follow each other through the whole text, and hold what the tokens stand for.
void check_encoding(const Tokenizer& tokenizer, const std::string& text, const std::vector<Token>& ids) {
  const Encoding encoding = tokenizer.encoding(text);
  CHECK(encoding.ids == ids);
  CHECK(encoding.offsets.size() == ids.size());
  CHECK((ids.empty() ? text.size() : encoding.offsets.back().end) == text.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto [begin, end] = encoding.offsets[i];
    const std::string_view bytes = tokenizer.bytes(ids[i]);
    // Bytes of one character share its place, and the space put in front has none.
    if (i > 0 && begin != encoding.offsets[i - 1].end && encoding.offsets[i] != encoding.offsets[i - 1]) FAIL_CHECK("gap before token ", i);
    const std::string part = expected_back(tokenizer, text.substr(begin, end - begin));
    if (part != bytes && " " + part != bytes && bytes.size() > 1) FAIL_CHECK("token ", i, " is '", std::string(bytes), "', its text '", part, "'");
  }
}

void check_cases(const std::string& name, const std::filesystem::path& vocabulary) {
  const Tokenizer tokenizer(read_vocabulary(Gguf::open(vocabulary)));
  std::size_t cases = 0;
  for (const auto& entry : test::read_json_lines(test::golden_text() / "tokenizers" / (name + ".jsonl"))) {
    const std::string text = entry.at("text");
    ++cases;  // not inside INFO, which is only evaluated when something fails
    INFO(name, ", line ", cases, ": ", text);
    const std::vector<Token> ids = tokenizer.encode(text);
    CHECK(ids == entry.at("ids").get<std::vector<Token>>());
    CHECK(tokenizer.encode_with_control(text) == entry.at("ids_parse_special").get<std::vector<Token>>());
    CHECK(tokenizer.decode(ids, InvalidUtf8::keep) == expected_back(tokenizer, text));
    check_encoding(tokenizer, text, ids);
    CHECK(test::streamed(tokenizer, ids) == tokenizer.decode(ids));
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
    check_cases(name, path);
  }
}
