// Damaged tokenizer.json files and hostile texts: the outcome of the index, on a small stack, in a time linear in the text.

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "support/damage.hpp"
#include "support/errors.hpp"
#include "support/hostile.hpp"
#include "support/small_stack.hpp"
#include "weft/core/error.hpp"
#include "weft/text/stream_decoder.hpp"
#include "weft/text/tokenizer_json.hpp"

using namespace weft;

namespace {

void use(const Tokenizer& tokenizer) {
  for (const std::string& text : {std::string("the an <|other|>"), std::string(40, 'a') + "b", std::string("\xFF\xE6\x97")}) {
    const auto ids = tokenizer.encode_with_control(text);
    for (const Token id : ids) CHECK(static_cast<std::size_t>(id) < tokenizer.size());
    CHECK(is_utf8(tokenizer.decode_with_control(ids)));
    (void)tokenizer.encoding(text, text, {.control = true, .add_special = true});
  }
}

std::string repeated(std::string_view part, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text.append(part);
  return text;
}

}  // namespace

TEST_CASE("each damaged tokenizer.json has the outcome of the index, and a rejection names what is wrong") {
  const auto ours = [](const test::HostileCase& c) { return c.family == "tokenizer_json" || c.file.find("tokenizer.json") != std::string::npos; };
  for (const auto& one : test::hostile_cases("hostile tokenizer.json files", ours)) {
    CAPTURE(one.file);
    const std::string message = test::message_of([&] { test::on_small_stack([&] { use(read_tokenizer_json(one.path.string())); }); });
    one.check(message);
    if (!message.empty()) CHECK_MESSAGE(one.named_by(message), message);
  }
}

TEST_CASE("hostile texts become tokens and come back byte for byte") {
  const auto cases = test::hostile_cases("hostile texts", [](const test::HostileCase& c) { return c.family == "text"; });
  if (cases.empty()) return;
  const Tokenizer tokenizer = read_tokenizer_json((test::hostile() / "tokenizer_json" / "valid_bytes.json").string());
  for (const auto& one : cases) {
    CAPTURE(one.file);
    const std::string text = test::content(one.path);
    test::on_small_stack([&] {
      const auto ids = tokenizer.encode(text);
      CHECK(tokenizer.decode(ids, InvalidUtf8::keep) == text);
      for (const Token id : ids)
        if (tokenizer.is_control(id)) FAIL_CHECK("control token ", id);
      CHECK(tokenizer.encoding(text).ids == ids);
      StreamDecoder decoder(tokenizer, InvalidUtf8::keep);
      std::string streamed;
      for (const Token id : ids) streamed.append(decoder.push(id));
      CHECK(streamed.append(decoder.finish()) == text);
    });
  }
}

TEST_CASE("a megabyte of one thing is no trouble for any kind of tokenizer") {
  const auto folder = test::golden_text() / "hf_tokenizers";
  if (!test::present(folder, "tokenizer.json goldens")) return;
  for (const auto& kind : std::filesystem::directory_iterator(folder)) {
    if (!std::filesystem::exists(kind.path() / "tokenizer.json")) continue;
    CAPTURE(kind.path().string());
    const Tokenizer tokenizer = read_tokenizer_json(kind.path().string());
    for (const std::string_view part : {"a", " ", "\u4E2D", "\u0301", "e\u0301\u0323", "<|end|>", "\xFF", "\xF0\x9F\x98\x80"}) {
      CAPTURE(part);
      const std::string text = repeated(part, 1 << 20);
      test::on_small_stack([&] {
        const auto ids = tokenizer.encode(text);
        CHECK(ids.size() <= text.size() + 1);
        (void)tokenizer.decode(ids);
      });
    }
  }
}

TEST_CASE("components of which each makes a text longer are stopped before they have made billions of bytes") {
  const auto path = test::golden_text() / "hf_tokenizers" / "wordlevel" / "tokenizer.json";
  if (!test::present(path, "tokenizer.json goldens")) return;
  const auto valid = test::read_json(path);
  const auto sequence = [](const char* items, const nlohmann::json& component, int times) {
    return nlohmann::json{{"type", "Sequence"}, {items, std::vector<nlohmann::json>(static_cast<std::size_t>(times), component)}};
  };
  const auto replace = [](const nlohmann::json& pattern, const std::string& content) { return nlohmann::json{{"type", "Replace"}, {"pattern", pattern}, {"content", content}}; };
  const nlohmann::json any{{"Regex", "."}}, nothing{{"Regex", ""}}, a{{"String", "a"}};
  const std::string text = repeated("a ", 1000);
  const auto message = [&](const char* member, const nlohmann::json& component) {
    auto json = valid;
    json[member] = component;
    return test::message_of([&] {
      const auto tokenizer = parse_tokenizer_json(json.dump());
      const auto encoding = tokenizer.encoding(text, {.add_special = true});
      (void)tokenizer.decode(std::vector<Token>(1000, 5));
      CHECK(encoding.ids.size() < 20 * text.size());
    });
  };
  CHECK(message("normalizer", sequence("normalizers", replace(a, "aaa"), 3)) == "");
  for (const auto& component : {sequence("normalizers", replace(a, "aa"), 64), sequence("normalizers", replace(any, "ab"), 64), sequence("normalizers", replace(nothing, "ab"), 64),
                                replace(a, std::string(1 << 20, 'x')), nlohmann::json{{"type", "Prepend"}, {"prepend", std::string(1 << 20, 'x')}},
                                sequence("normalizers", {{"type", "ByteLevel"}}, 64)}) {
    CAPTURE(component.dump().substr(0, 200));
    CHECK(test::contains(message("normalizer", component), "64 times"));
  }
  const nlohmann::json spell{{"type", "ByteLevel"}, {"add_prefix_space", true}, {"use_regex", false}, {"trim_offsets", false}};
  CHECK(test::contains(message("pre_tokenizer", sequence("pretokenizers", spell, 64)), "64 times"));
  for (const auto& component : {sequence("decoders", replace(any, "ab"), 64), sequence("decoders", replace(nothing, "ab"), 64), replace(any, std::string(1 << 20, 'x'))}) {
    CAPTURE(component.dump().substr(0, 200));
    CHECK(test::contains(message("decoder", component), "64 times"));
  }
  const nlohmann::json whole{{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const auto process = [&](std::size_t times) {
    const std::vector<nlohmann::json> pieces(times, whole);
    return nlohmann::json{{"type", "TemplateProcessing"}, {"single", pieces}, {"pair", pieces}, {"special_tokens", nlohmann::json::object()}};
  };
  CHECK(message("post_processor", process(8)) == "");
  CHECK(test::contains(message("post_processor", process(9)), "repeats its texts"));
  CHECK(message("post_processor", {{"type", "Sequence"}, {"processors", {process(0), process(1)}}}) == "");
}

TEST_CASE("a tokenizer.json with random damage is read or refused, and nothing else happens") {
  const auto path = test::golden_text() / "hf_tokenizers" / "wordpiece_cased" / "tokenizer.json";
  if (!test::present(path, "tokenizer.json goldens")) return;
  auto json = test::read_json(path);
  auto& vocab = json["model"]["vocab"];
  for (auto it = vocab.begin(); it != vocab.end();) it = it.value().get<int>() > 60 ? vocab.erase(it) : std::next(it);
  auto& added = json["added_tokens"];
  added.erase(added.begin() + 5, added.end());
  const std::string valid = json.dump();
  use(parse_tokenizer_json(valid));
  test::Damage damage({"null", "-1", "{}", "[]", "1e9", "\"\"", "true", "4294967296", "[[[[", ",", "\"type\"", "0.5"});
  test::Damaged outcome;
  for (int round = 0; round < 3000; ++round) {
    const std::string damaged = damage(valid);
    outcome.attempt([&] { use(parse_tokenizer_json(damaged)); });
  }
  CHECK(outcome.read > 0);
  CHECK(outcome.refused > 0);
}
