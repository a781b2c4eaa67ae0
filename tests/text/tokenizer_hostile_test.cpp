// Damaged tokenizer.json files and hostile texts: the outcome of the index, on a small stack, in a time linear in the text.

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "support/json.hpp"
#include "support/small_stack.hpp"
#include "weft/core/error.hpp"
#include "weft/text/stream_decoder.hpp"
#include "weft/text/tokenizer_json.hpp"

using namespace weft;

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

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
  const auto root = test::hostile();
  if (!test::present(root / "tokenizer_json", "hostile tokenizer.json files")) return;
  const auto index = test::read_json(root / "index.json");
  int judged = 0;
  for (const auto& entry : index.at("cases")) {
    const std::string file = entry.at("file"), expect = entry.at("expect");
    if (entry.at("family") != "tokenizer_json" && file.find("tokenizer.json") == std::string::npos) continue;
    CAPTURE(file);
    ++judged;
    std::string message;
    try {
      test::on_small_stack([&] { use(read_tokenizer_json((root / file).string())); });
    } catch (const Error& error) {
      message = error.what();
      CHECK_FALSE(message.empty());
    }
    if (expect == "accept") CHECK_MESSAGE(message.empty(), message);
    const auto& names = entry.at("error_names");
    const bool named = std::any_of(names.begin(), names.end(), [&](const auto& name) { return lower(message).find(lower(name)) != std::string::npos; });
    if (expect == "reject" || !message.empty()) CHECK_MESSAGE((!message.empty() && named), message);
  }
  CHECK(judged > 0);
}

TEST_CASE("hostile texts become tokens and come back byte for byte") {
  const auto root = test::hostile();
  if (!test::present(root / "text", "hostile texts")) return;
  const Tokenizer tokenizer = read_tokenizer_json((root / "tokenizer_json" / "valid_bytes.json").string());
  const auto index = test::read_json(root / "index.json");
  int judged = 0;
  for (const auto& entry : index.at("cases")) {
    if (entry.at("family") != "text") continue;
    const std::string file = entry.at("file");
    CAPTURE(file);
    ++judged;
    const std::string text = read_file(root / file);
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
  CHECK(judged > 0);
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
  std::uint32_t random = 1;
  const auto below = [&](std::size_t n) {
    random = random * 1664525 + 1013904223;
    return static_cast<std::size_t>(random >> 8) % n;
  };
  int read = 0, refused = 0;
  constexpr std::string_view pieces[] = {"null", "-1", "{}", "[]", "1e9", "\"\"", "true", "4294967296", "[[[[", ",", "\"type\"", "0.5"};
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = valid;
    for (std::size_t i = 0, n = 1 + below(2); i < n; ++i) {
      const std::size_t at = below(damaged.size());
      const auto end = damaged.find_first_of(",:}]", at);
      switch (below(4)) {
        case 0: damaged[at] = static_cast<char>(below(128)); break;
        case 1: damaged.replace(at, std::min<std::size_t>(end - at, 40), pieces[below(std::size(pieces))]); break;
        case 2: damaged.erase(at, 1 + below(30)); break;
        default: damaged.insert(at, damaged.substr(below(damaged.size()), 1 + below(30))); break;
      }
    }
    try {
      use(parse_tokenizer_json(damaged));
      ++read;
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(read > 0);
  CHECK(refused > 0);
}
