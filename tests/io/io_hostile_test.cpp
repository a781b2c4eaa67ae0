// The damaged files of the hostile corpus, as far as the readers alone can judge them, and random damage of our own.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "io/gguf_writer.hpp"
#include "support/damage.hpp"
#include "support/errors.hpp"
#include "support/hostile.hpp"
#include "weft/core/error.hpp"
#include "weft/io/gguf.hpp"
#include "weft/io/hparams.hpp"
#include "weft/io/safetensors.hpp"
#include "weft/quant/dequantize.hpp"

namespace {

/// Cases whose fault lies in the meaning of the numbers: the model's tests judge them.
const std::vector<std::string> for_the_model{"gguf/missing_head_count.gguf", "gguf/head_count_0.gguf", "gguf/eps_nan.gguf",
                                             "gguf/more_tokens_than_rows.gguf", "config_json/heads_0.json", "config_json/model_type_unknown.json"};

/// All that a reader says of a GGUF file: every value of every key, every byte of every string and tensor.
void read_all(const weft::Gguf& gguf) {
  std::size_t total = 0;
  const auto look = [&](std::string_view text) {
    for (const char c : text) total += static_cast<unsigned char>(c);
  };
  for (const auto& key : gguf.keys()) {
    const weft::GgufType type = *gguf.type(key);
    const bool is_float = type == weft::GgufType::f32 || type == weft::GgufType::f64;
    if (type == weft::GgufType::array) continue;
    if (gguf.is_array(key)) {
      if (type == weft::GgufType::string)
        for (const auto text : gguf.strings(key)) look(text);
      else if (is_float) total += gguf.numbers(key).size();
      else total += type == weft::GgufType::u64 ? 0u : gguf.integers(key).size();
    } else if (type == weft::GgufType::string) {
      look(*gguf.string(key));
    } else if (type == weft::GgufType::boolean) {
      total += *gguf.boolean(key) ? 1u : 0u;
    } else {
      total += *gguf.number(key) > 0 ? 1u : 0u;
    }
  }
  for (const auto& tensor : gguf.tensors.tensors()) {
    if (!weft::can_dequantize(tensor.type)) continue;
    std::int64_t count = 1;
    for (const auto extent : tensor.shape) count *= extent;
    std::vector<float> values(static_cast<std::size_t>(count));
    weft::dequantize(tensor.type, tensor.bytes.data(), count, values.data());
  }
  CHECK(total < std::size_t{1} << 40);
}

void open_case(const std::string& family, const std::filesystem::path& path) {
  if (family == "gguf") {
    const auto gguf = weft::Gguf::open(path);
    read_all(gguf);
    const auto hparams = weft::Hparams::from_gguf(gguf);
    (void)hparams.find_count({"block_count", ""}, 1, 1 << 20);
  } else if (family == "config_json" || path.filename() == "config.json") {
    (void)weft::Hparams::from_hf(path).count({"", "hidden_size"}, 1, 1 << 20);
  } else {
    weft::Checkpoint checkpoint;
    weft::read_safetensors(path, checkpoint);
  }
}

}  // namespace

TEST_SUITE("hostile") {
  TEST_CASE("each damaged file has the outcome of the index, and a rejection names what is wrong") {
    const auto ours = [](const weft::test::HostileCase& c) {
      return (c.family == "gguf" || c.family == "safetensors" || c.family == "config_json") && c.file.find("tokenizer.json") == std::string::npos;
    };
    for (const auto& one : weft::test::hostile_cases("hostile files", ours)) {
      CAPTURE(one.file);
      const auto begin = std::chrono::steady_clock::now();
      const std::string message = weft::test::message_of([&] { open_case(one.family, one.path); });
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
      CHECK(taken.count() < 10 * one.seconds);
      if (std::find(for_the_model.begin(), for_the_model.end(), one.file) != for_the_model.end())
        CHECK_MESSAGE(message.empty(), message);
      else
        one.check(message);
    }
  }

  TEST_CASE("a file with random damage is read or refused, and nothing else happens") {
    weft::test::GgufWriter w;
    w.add("general.architecture", std::string("llama")).add("llama.block_count", std::uint32_t{2}).add("llama.list", std::vector<float>{1.0f, 2.0f});
    w.add("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "ab", "abc"}).add("general.alignment", std::uint32_t{32});
    w.add("tokenizer.ggml.token_type", std::vector<std::int32_t>{1, 1, 3, 1}).add("llama.flag", true).add("big", std::uint64_t{1} << 40);
    w.add_tensor("token_embd.weight", {32, 4}, 0, std::string(512, 'e')).add_tensor("blk.0.a", {32, 2}, 2, std::string(36, 'q'));
    w.add_tensor("blk.0.b", {256}, 12, std::string(144, 'k'));
    const std::string valid = w.bytes();
    weft::test::Damage damage;
    weft::test::Damaged outcome;
    for (int round = 0; round < 20000; ++round) {
      const std::string bytes = damage(valid, 700);
      outcome.attempt([&] {
        const auto gguf = weft::Gguf::open(weft::MappedFile::from_bytes("damaged.gguf", std::as_bytes(std::span(bytes))));
        read_all(gguf);
        (void)weft::Hparams::from_gguf(gguf);
      });
    }
    CHECK(outcome.read > 100);  // the damage must not be so coarse that nothing is looked at
    CHECK(outcome.refused > 1000);
  }

  TEST_CASE("safetensors headers and configs with random damage are read or refused, and nothing else happens") {
    const std::string header = R"({"__metadata__":{"format":"pt"},"alpha":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]},"beta":{"dtype":"F16","shape":[4],"data_offsets":[32,40]}})";
    const std::string config = R"({"model_type":"llama","hidden_size":32,"rope_parameters":{"rope_theta":1e4,"list":[1,2.5,-3]},"names":["a","b"],"flag":true,"none":null})";
    const auto file_of = [](const std::string& text) { return weft::MappedFile::from_bytes("damaged", std::as_bytes(std::span(text))); };
    weft::test::Damage damage({"{", "}", "[", "]", ",", ":", "\"", "null", "-1", "1e400", "18446744073709551616", "4611686018427387904", "\"a\":", "\\u0000", "\xff", "0"});
    weft::test::Damaged outcome;
    for (int round = 0; round < 10000; ++round) {
      const std::string damaged = damage(header);
      const auto weights = file_of(weft::test::GgufWriter::number(std::uint64_t{damaged.size()}) + damaged + std::string(40, 'w'));
      outcome.attempt([&] {
        weft::Checkpoint checkpoint;
        weft::read_safetensors(weights, checkpoint);
        std::size_t bytes = 0;
        for (const auto& tensor : checkpoint.tensors()) bytes += tensor.bytes.size();
        CHECK(bytes == 40);
      });
      const auto file = file_of(damage(config));
      outcome.attempt([&] { (void)weft::Hparams::from_hf(*file).find_number({"", "rope_parameters/rope_theta"}); });
    }
    CHECK(outcome.read > 100);
    CHECK(outcome.refused > 1000);
  }
}
