// Every name of a pre-tokeniser and every model of a GGUF vocabulary against llama.cpp (tests/scripts/compare_llama_tokens.py), and models
// of SentencePiece and tiktoken against these libraries (make_sentencepiece_goldens.py).

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "support/json.hpp"
#include "support/small_stack.hpp"
#include "weft/io/gguf.hpp"
#include "weft/text/gguf_vocabulary.hpp"
#include "weft/text/open_tokenizer.hpp"
#include "weft/text/pretokenizer.hpp"
#include "weft/text/stream_decoder.hpp"

using namespace weft;

namespace {

std::vector<std::filesystem::path> files_of(const char* folder, std::initializer_list<std::string_view> kinds) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(test::data(folder)))
    if (std::find(kinds.begin(), kinds.end(), entry.path().extension()) != kinds.end()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// What is true of every tokenizer: places agree with ids and lie in the text, streams with wholes.
void check_laws(const Tokenizer& tokenizer, const std::string& text, const std::vector<Token>& ids) {
  const Encoding encoding = tokenizer.encoding(text);
  CHECK(encoding.ids == ids);
  REQUIRE(encoding.offsets.size() == ids.size());
  std::size_t begin = 0;
  for (const auto& range : encoding.offsets) {
    if (range.begin < begin || range.end < range.begin || range.end > text.size()) FAIL_CHECK("place ", range.begin, "-", range.end, " of ", text.size());
    begin = range.begin;
  }
  StreamDecoder decoder(tokenizer);
  std::string streamed;
  for (const Token id : ids) streamed += decoder.push(id);
  CHECK(streamed + std::string(decoder.finish()) == tokenizer.decode(ids));
}

void check_goldens(const std::filesystem::path& file) {
  const Tokenizer tokenizer = open_tokenizer(file.string());
  std::size_t line = 0;
  for (const auto& entry : test::read_json_lines(std::filesystem::path(file).replace_extension(".jsonl"))) {
    const std::string text = entry.at("text");
    ++line;
    INFO(file.filename().string(), ", line ", line, ": ", text);
    const auto ids = entry.at("ids").get<std::vector<Token>>();
    CHECK(tokenizer.encode(text) == ids);
    if (entry.contains("with_special")) CHECK(tokenizer.encoding(text, {.control = true, .add_special = true}).ids == entry.at("with_special").get<std::vector<Token>>());
    check_laws(tokenizer, text, ids);
  }
  CHECK(line > 20);
}

}  // namespace

TEST_CASE("every pre-tokeniser cuts as llama.cpp does, on the vocabulary of GPT-2") {
  const auto path = test::golden_text() / "vocab" / "ggml-vocab-gpt-2.gguf";
  if (!test::present(path, "pre-tokenisers")) return;
  const Vocabulary gpt2 = read_vocabulary(Gguf::open(path));
  const auto lines = test::read_json_lines(test::data("vocabularies") / "pretokenizers.jsonl");
  std::set<std::string> seen;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto texts = lines[lines[i].contains("texts") ? i : 0].at("texts").get<std::vector<std::string>>();
    for (const std::string name : lines[i].at("names")) {
      seen.insert(name);
      Vocabulary vocabulary = gpt2;
      vocabulary.pre = name;
      const Tokenizer tokenizer(std::move(vocabulary));
      for (std::size_t k = 0; k < texts.size(); ++k)
        if (tokenizer.encode(texts[k]) != lines[i].at("ids").at(k).get<std::vector<Token>>()) FAIL_CHECK(name, " differs on '", texts[k], "'");
    }
  }
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 2) {  // no name without a golden
    const std::string names = pre_tokenizer_names();
    end = names.find(", ", begin);
    const std::string name = names.substr(begin, end == std::string::npos ? end : end - begin);
    CHECK_MESSAGE(seen.contains(name), name);
  }
}

TEST_CASE("vocabularies of every model give llama.cpp's tokens") {
  const auto files = files_of("vocabularies", {".gguf"});
  CHECK(files.size() >= 8);
  for (const auto& file : files) check_goldens(file);
}

TEST_CASE("models of SentencePiece and ranks of tiktoken give the tokens of these libraries") {
  const auto files = files_of("sentencepiece", {".model", ".tiktoken"});
  CHECK(files.size() >= 6);
  for (const auto& file : files) check_goldens(file);
}

TEST_CASE("long words of any kind need little stack, and vocabularies with all bytes give them back") {
  std::vector<std::filesystem::path> files = files_of("vocabularies", {".gguf"});
  for (const auto& file : files_of("sentencepiece", {".model", ".tiktoken"})) files.push_back(file);
  std::string accents, broken(20000, '\xE4');
  for (int i = 0; i < 20000; ++i) accents += "\u0301";
  for (const auto& file : files) {
    const Tokenizer tokenizer = open_tokenizer(file.string());
    CAPTURE(file.filename().string());
    test::on_small_stack([&] {
      for (const std::string& text : {std::string(50000, 'a'), std::string(50000, ' '), std::string(50000, '\n'), accents, broken}) {
        const auto ids = tokenizer.encode(text);
        check_laws(tokenizer, text, ids);
        if (file.extension() == ".tiktoken" || file.stem() == "rwkv" || file.stem() == "plamo2") CHECK(tokenizer.decode(ids, InvalidUtf8::keep) == text);
      }
    });
  }
}
