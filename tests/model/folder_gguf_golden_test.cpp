// Hugging Face folders written as GGUF: what is read back computes what the folder does.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "support/golden_model.hpp"
#include "weft/instances.hpp"
#include "weft/io/gguf_writer.hpp"
#include "weft/model/folder_gguf.hpp"
#include "weft/model/sequence.hpp"
#include "weft/text/gguf_vocabulary.hpp"
#include "weft/text/json_vocabulary.hpp"
#include "weft/text/tokenizer_json.hpp"

namespace {

using namespace weft;

std::string write_gguf(const std::filesystem::path& folder) {
  FolderGguf source(folder.string());
  GgufWriter writer;
  for (const auto& pair : source.pairs()) writer.set(pair);
  for (const auto& tensor : source.tensors()) writer.add(tensor);
  const auto path = (std::filesystem::temp_directory_path() / ("weft_folder_" + folder.filename().string() + ".gguf")).string();
  writer.write(path, [&](std::size_t i) { return source.bytes(i); });
  return path;
}

double worst_difference(const Model<Cpu<>>& model, const test::GoldenModel& golden, std::size_t p) {
  const auto vocab = static_cast<std::size_t>(model.vocab_size());
  Sequence<Cpu<>> sequence(model, {.kv_type = KvType::f32});
  double worst = 0;
  for (std::size_t i = 0; i < golden.prompts[p].size(); ++i) {
    sequence.append({golden.prompts[p][i]});
    for (std::size_t v = 0; v < vocab; ++v)
      worst = std::max(worst, std::fabs(static_cast<double>(sequence.logits()[v]) - static_cast<double>(golden.logits[p][i * vocab + v])));
  }
  return worst;
}

TEST_SUITE("golden") {
  TEST_CASE("a folder written as GGUF has the logits that Hugging Face computes of it") {
    int checked = 0;
    for (const auto& folder : test::golden_folders()) {
      const std::string name = folder.filename().string();
      CAPTURE(name);
      if (!std::filesystem::exists(folder / "config.json")) continue;
      std::string path;
      try {
        path = write_gguf(folder);
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::unsupported) throw;
        test::skip("golden " + name + " as GGUF", e.what());
        continue;
      }
      {
        const Model<Cpu<>> model(path);
        const auto golden = test::read_golden(folder);
        for (std::size_t p = 0; p < golden.prompts.size(); ++p) CHECK(worst_difference(model, golden, p) <= test::logit_tolerance(golden.logits[p]));
      }
      std::remove(path.c_str());
      ++checked;
    }
    CHECK(checked > 0);
  }

  TEST_CASE("a tokenizer.json that GGUF can express becomes a vocabulary of the same tokens, and others are refused") {
    int expressed = 0, refused = 0;
    for (const auto& entry : std::filesystem::directory_iterator(test::golden_text() / "hf_tokenizers")) {
      const auto path = entry.path().string();
      const std::string name = entry.path().filename().string();
      CAPTURE(name);
      const auto json = read_tokenizer_json(path);
      const bool should = name == "bytelevel_gpt2" || name == "bytelevel_digits" || name == "bytelevel_llama3" || name == "bytelevel_qwen2";
      try {
        const Tokenizer tokenizer(vocabulary_of_tokenizer_json(path, json));
        for (const std::string_view text : {"Once upon a time, 1234 mice didn't sleep.", "  \n\n\tfor (i = 0;;) {}", "\xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x8e\x89"}) {
          CHECK(tokenizer.encode(text) == json.encode(text));
          CHECK(tokenizer.encode_prompt(text) == json.encode_prompt(text));
        }
        ++expressed;
      } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::unsupported);
        CHECK_FALSE(should);
        ++refused;
      }
    }
    CHECK(expressed >= 4);
    CHECK(refused >= 4);
  }
}

}  // namespace
