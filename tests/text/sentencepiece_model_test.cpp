#include "weft/text/sentencepiece_model.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"
#include "weft/text/open_tokenizer.hpp"

using namespace weft;

namespace {

std::string field(unsigned number, std::string_view bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) + std::string(bytes);
}
std::string number(unsigned field_number, unsigned value) {
  std::string out;
  for (unsigned key = field_number << 3; ; key >>= 7) {
    out.push_back(static_cast<char>((key & 0x7F) | (key > 0x7F ? 0x80u : 0u)));
    if (key <= 0x7F) break;
  }
  return out + static_cast<char>(value);
}

std::string golden(const char* name) { return test::content(test::data("sentencepiece") / name); }

}  // namespace

TEST_CASE("a model says its kind, its special pieces and its rules") {
  const Vocabulary llama = parse_sentencepiece_model(golden("bpe-llama.model"));
  CHECK(llama.model == "llama");
  CHECK(llama.unknown == 0);
  CHECK(llama.bos == 1);
  CHECK(llama.eos == 2);
  CHECK_FALSE(llama.pad);
  CHECK(llama.add_space_prefix);
  CHECK_FALSE(llama.remove_extra_spaces);
  CHECK_FALSE(llama.add_bos);
  const Vocabulary rules = parse_sentencepiece_model(golden("unigram-rules.model"));
  CHECK(rules.model == "t5");
  CHECK(rules.remove_extra_spaces);
  CHECK_FALSE(rules.charsmap.empty());
}

TEST_CASE("a folder without tokenizer.json has the tokenizer of its model, with what the files beside it say") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path().string();
  CHECK_FALSE(has_tokenizer(path + "/"));
  CHECK(test::contains(test::message_of([&] { open_tokenizer(path); }), "tokenizer.model"));
  std::ofstream(folder.path() / "tokenizer.model", std::ios::binary) << golden("bpe-llama.model");
  CHECK(has_tokenizer(path + "/"));
  CHECK(open_tokenizer(path).encode_prompt("the").front() == 1);  // BOS, as Llama's
  CHECK(open_tokenizer(path).encode_prompt("the").back() != 2);
  std::ofstream(folder.path() / "tokenizer_config.json") << R"({"add_bos_token": false, "add_eos_token": true, "eos_token": {"content": "<unk>"}})";
  std::ofstream(folder.path() / "special_tokens_map.json") << R"({"eos_token": "<s>", "pad_token": "</s>"})";
  const Tokenizer tokenizer = open_tokenizer(path);
  CHECK(tokenizer.encode_prompt("the").front() != 1);
  CHECK(tokenizer.encode_prompt("the").back() == 0);  // the configuration speaks first
  CHECK(tokenizer.vocabulary().pad == 2);
  CHECK(tokenizer.is_end(0));
}

TEST_CASE("what is no model, or one of another kind, is refused by name") {
  const auto refused = [](const std::string& bytes) { return test::message_of([&] { parse_sentencepiece_model(bytes, "m"); }); };
  const std::string piece = field(1, field(1, "a"));
  CHECK(refused(piece).empty());
  CHECK(test::contains(refused(""), "no pieces"));
  CHECK(test::contains(refused("IQ== 0\n"), "m: "));
  CHECK(test::contains(refused(piece + "\x0A\x7F"), "m: a field of 127 bytes"));
  CHECK(test::contains(refused(piece + std::string("\x12\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12)), "more than ten bytes"));
  CHECK(test::contains(refused(piece + field(2, number(3, 3))), "model_type is 3"));
  CHECK(test::contains(refused(piece + field(2, number(24, 1))), "treat_whitespace_as_suffix"));
  CHECK(test::contains(refused(piece + field(3, number(5, 0))), "escape_whitespaces"));
  CHECK(test::contains(refused(piece + field(5, field(2, "x"))), "denormalizer_spec"));
  CHECK(test::contains(refused(field(1, number(3, 7))), "pieces[0].type is 7"));
  CHECK(test::contains(refused(field(1, field(1, "a") + std::string("\x15\x00\x00\xC0\x7F", 5))), "pieces[0].score"));
}

TEST_CASE("damaged models are refused, or give tokenizers whose ids stay inside") {
  std::uint32_t random = 1;
  const auto dice = [&random](std::size_t n) { return ((random = random * 1664525 + 1013904223) >> 8) % n; };
  for (const auto name : {"bpe-rules.model", "unigram-rules.model", "bpe-gemma.model"}) {
    const std::string whole = golden(name);
    for (int i = 0; i < 60; ++i) {
      std::string bytes = whole.substr(0, i % 3 == 0 ? dice(whole.size()) : whole.size());
      for (std::size_t k = dice(8); k > 0 && !bytes.empty(); --k) bytes[dice(bytes.size())] = static_cast<char>(dice(256));
      try {
        const Tokenizer tokenizer(parse_sentencepiece_model(bytes));
        for (const Token id : tokenizer.encode("the caf\u00E9 \uFB01ne  <s> \xFF\xFE")) CHECK(static_cast<std::size_t>(id) < tokenizer.size());
      } catch (const Error& error) {
        CHECK(std::string_view(error.what()).size() > 10);
      }
    }
  }
}
