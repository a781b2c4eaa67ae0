// Components and settings of tokenizer.json by dice, as the `tokenizers` library reads them.

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/data.hpp"
#include "support/json.hpp"
#include "weft/text/stream_decoder.hpp"
#include "weft/text/tokenizer_json.hpp"

using namespace weft;
using Tokens = std::vector<Token>;

namespace {

void check_case(const Tokenizer& tokenizer, const nlohmann::json& entry) {
  const std::string text = entry.at("text");
  const auto encoding = tokenizer.encoding(text, {.control = true, .add_special = true, .unit = OffsetUnit::characters});
  CHECK(encoding.ids == entry.at("ids").get<Tokens>());
  CHECK(encoding.tokens == entry.at("tokens").get<std::vector<std::string>>());
  CHECK(encoding.types == entry.at("types").get<std::vector<std::uint32_t>>());
  std::vector<std::vector<std::size_t>> offsets;
  for (const auto& range : encoding.offsets) offsets.push_back({range.begin, range.end});
  CHECK(offsets == entry.at("offsets").get<std::vector<std::vector<std::size_t>>>());
  CHECK(std::vector<int>(encoding.added.begin(), encoding.added.end()) == entry.at("added").get<std::vector<int>>());
  const auto pair = tokenizer.encoding(text, "a pair", {.control = true, .add_special = true});
  CHECK(pair.ids == entry.at("pair").at(0).get<Tokens>());
  CHECK(pair.types == entry.at("pair").at(1).get<std::vector<std::uint32_t>>());
  // The library has no answer where its decoder panics.
  if (!entry.at("decoded").is_null()) CHECK(tokenizer.decode(encoding.ids) == entry.at("decoded").get<std::string>());
  if (!entry.at("decoded_all").is_null()) CHECK(tokenizer.decode_with_control(encoding.ids) == entry.at("decoded_all").get<std::string>());
  if (entry.contains("plain")) CHECK(tokenizer.encode(text) == entry.at("plain").get<Tokens>());
  StreamDecoder stream(tokenizer);
  std::string streamed;
  for (const Token id : encoding.ids) streamed.append(stream.push(id));
  CHECK(streamed.append(stream.finish()) == tokenizer.decode(encoding.ids));
}

}  // namespace

TEST_CASE("whatever components a tokenizer.json combines, texts become what they become in the library") {
  const auto path = test::data("components") / "random.jsonl";
  std::size_t line = 0;
  for (const auto& entry : test::read_json_lines(path)) {
    const Tokenizer tokenizer = parse_tokenizer_json(entry.at("tokenizer").get<std::string>());
    ++line;
    for (const auto& one : entry.at("cases")) {
      INFO("line ", line, ": ", one.at("text").get<std::string>());
      check_case(tokenizer, one);
    }
  }
  CHECK(line >= 30);
}

TEST_CASE("bytes that a byte-level vocabulary lacks vanish before anything merges, with places asked for and without") {
  const Tokenizer tokenizer = parse_tokenizer_json(R"({"added_tokens": [{"id": 7, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "Ġ": 3, "Ġab": 4, "Ã": 5, "Ãa": 6, "<s>": 7}, "merges": [["a", "b"], ["Ġ", "ab"], ["Ã", "a"]]}})");
  // What the library says.
  const std::vector<std::pair<std::string, Tokens>> cases{{"axb ab", {2, 4}}, {"éab", {5, 2}}, {"éa", {6}}, {"a1b<s>zz a", {0, 1, 7, 3, 0}}, {"日本", {}}, {"a日b", {2}}};
  for (const auto& [text, ids] : cases) {
    CHECK(tokenizer.encode_with_control(text) == ids);
    CHECK(tokenizer.encoding(text, {.control = true}).ids == ids);
  }
  CHECK(tokenizer.encoding("éab", {.control = true, .unit = OffsetUnit::characters}).offsets == std::vector<TextRange>{{0, 1}, {0, 1}});
}
