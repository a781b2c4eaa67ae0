// Golden tokenizers: every folder of hf_tokenizers/ that has a tokenizer.json and the cases of the `tokenizers` library.

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "support/json.hpp"
#include "support/streamed.hpp"
#include "weft/core/error.hpp"
#include "weft/text/tokenizer_json.hpp"

using namespace weft;
using Tokens = std::vector<Token>;

namespace {

constexpr EncodeOptions in_characters{.control = true, .unit = OffsetUnit::characters};
constexpr EncodeOptions full{.control = true, .add_special = true, .unit = OffsetUnit::characters};

void check_golden(const Tokenizer& tokenizer, const nlohmann::json& entry) {
  const std::string text = entry.at("text");
  if (entry.contains("pair")) {
    const auto pair = tokenizer.encoding(text, entry.at("pair").get<std::string>(), full);
    CHECK(pair.ids == entry.at("ids").get<Tokens>());
    CHECK(pair.tokens == entry.at("tokens").get<std::vector<std::string>>());
    return;
  }
  const auto encoding = tokenizer.encoding(text, full);
  CHECK(encoding.ids == entry.at("ids").get<Tokens>());
  CHECK(encoding.tokens == entry.at("tokens").get<std::vector<std::string>>());
  const auto without = tokenizer.encoding(text, in_characters);
  const auto ids = entry.at("ids_plain").get<Tokens>();
  CHECK(without.ids == ids);
  std::vector<std::vector<std::size_t>> offsets;
  for (const auto& range : without.offsets) offsets.push_back({range.begin, range.end});
  CHECK(offsets == entry.at("offsets").get<std::vector<std::vector<std::size_t>>>());
  CHECK(tokenizer.encode_with_control(text) == ids);
  CHECK(tokenizer.decode(ids) == entry.at("decoded").get<std::string>());
  CHECK(tokenizer.decode_with_control(encoding.ids) == entry.at("decoded_all").get<std::string>());
  CHECK(test::streamed(tokenizer, ids) == tokenizer.decode(ids));
  // What stands for text that the vocabulary lacks may be control, the unknown token and those for bytes.
  const auto stands_in = [&](Token id) { return id == tokenizer.vocabulary().unknown || tokenizer.vocabulary().tokens[static_cast<std::size_t>(id)].starts_with("<0x"); };
  for (const Token id : tokenizer.encode(text)) CHECK((stands_in(id) || !tokenizer.is_control(id)));
}

}  // namespace

TEST_CASE("a tokenizer.json gives the ids, tokens, places and texts of the library it was made for") {
  const auto folder = test::golden_text() / "hf_tokenizers";
  if (!test::present(folder, "tokenizer.json goldens")) return;
  std::set<std::string> kinds;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (std::filesystem::exists(entry.path() / "cases.jsonl")) kinds.insert(entry.path().filename().string());
  CHECK(kinds.size() >= 1);
  for (const auto& kind : kinds) {
    const Tokenizer tokenizer = read_tokenizer_json((folder / kind).string());
    std::size_t line = 0;
    for (const auto& entry : test::read_json_lines(folder / kind / "cases.jsonl")) {
      ++line;
      INFO(kind, ", line ", line, ": ", entry.at("text").get<std::string>());
      check_golden(tokenizer, entry);
    }
    CHECK(line > 0);
  }
}

TEST_CASE("scores are the doubles that the library reads: where two cuts are equal but for the last bit, it chooses") {
  const auto folder = test::golden_text() / "hf_tokenizers" / "unigram_albert";
  if (!test::present(folder, "ties of scores")) return;
  const Tokenizer tokenizer = read_tokenizer_json(folder.string());
  CHECK(tokenizer.encode("\u200B\u2034123") == std::vector<Token>{4, 174, 1075, 548, 1085, 293});
}
