// The damaged files of the hostile corpus, as far as the readers alone can judge them, and random damage of our own.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "io/gguf_writer.hpp"
#include "support/data.hpp"
#include "support/json.hpp"
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

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

TEST_SUITE("hostile") {
  TEST_CASE("each damaged file has the outcome of the index, and a rejection names what is wrong") {
    const auto root = weft::test::hostile();
    if (!weft::test::present(root / "index.json", "hostile files")) return;
    const auto index = weft::test::read_json(root / "index.json");
    int judged = 0;
    for (const auto& entry : index.at("cases")) {
      const std::string file = entry.at("file"), family = entry.at("family"), expect = entry.at("expect");
      if ((family != "gguf" && family != "safetensors" && family != "config_json") || file.find("tokenizer.json") != std::string::npos) continue;
      CAPTURE(file);
      ++judged;
      std::string message;
      const auto begin = std::chrono::steady_clock::now();
      try {
        open_case(family, root / file);
      } catch (const weft::Error& error) {
        message = error.what();
        CHECK_FALSE(message.empty());
      }
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
      CHECK(taken.count() < 10 * entry.at("limit_s").get<double>());
      if (std::find(for_the_model.begin(), for_the_model.end(), file) != for_the_model.end()) {
        CHECK_MESSAGE(message.empty(), message);
        continue;
      }
      if (expect == "accept") CHECK_MESSAGE(message.empty(), message);
      if (expect == "reject") {
        const auto& names = entry.at("error_names");
        const bool named = std::any_of(names.begin(), names.end(), [&](const auto& name) { return lower(message).find(lower(name)) != std::string::npos; });
        CHECK_MESSAGE((!message.empty() && (named || names.empty())), message);
      }
    }
    CHECK(judged > 0);
  }

  TEST_CASE("a file with random damage is read or refused, and nothing else happens") {
    // Damage of four kinds: bytes replaced, 64-bit numbers replaced by borders, parts cut out, parts doubled.
    weft::test::GgufWriter w;
    w.add("general.architecture", std::string("llama")).add("llama.block_count", std::uint32_t{2}).add("llama.list", std::vector<float>{1.0f, 2.0f});
    w.add("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "ab", "abc"}).add("general.alignment", std::uint32_t{32});
    w.add("tokenizer.ggml.token_type", std::vector<std::int32_t>{1, 1, 3, 1}).add("llama.flag", true).add("big", std::uint64_t{1} << 40);
    w.add_tensor("token_embd.weight", {32, 4}, 0, std::string(512, 'e')).add_tensor("blk.0.a", {32, 2}, 2, std::string(36, 'q'));
    w.add_tensor("blk.0.b", {256}, 12, std::string(144, 'k'));
    const std::string valid = w.bytes();
    std::mt19937_64 random(20240711);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    int accepted = 0, refused = 0;
    for (int round = 0; round < 20000; ++round) {
      std::string bytes = valid;
      for (std::size_t i = 0, n = 1 + below(3); i < n; ++i) {
        const std::size_t at = below(std::min<std::size_t>(bytes.size(), 700));
        const std::uint64_t borders[] = {0, 1, 2, 31, 0x7fffffff, 0x80000000u, 0xffffffffu, std::uint64_t{1} << 62, std::uint64_t{1} << 63, ~std::uint64_t{0}, bytes.size(), bytes.size() - at};
        switch (below(5)) {
          case 0:
          case 1: bytes[at] = static_cast<char>(below(256)); break;
          case 2: bytes.replace(at, 8, weft::test::GgufWriter::number(borders[below(std::size(borders))])); break;
          case 3: bytes.erase(at, 1 + below(40)); break;
          default: bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(60))); break;
        }
      }
      try {
        const auto gguf = weft::Gguf::open(weft::MappedFile::from_bytes("damaged.gguf", std::as_bytes(std::span(bytes))));
        read_all(gguf);
        (void)weft::Hparams::from_gguf(gguf);
        ++accepted;
      } catch (const weft::Error&) {
        ++refused;
      }
    }
    CHECK(accepted > 100);  // the damage must not be so coarse that nothing is looked at
    CHECK(refused > 1000);
  }

  TEST_CASE("safetensors headers and configs with random damage are read or refused, and nothing else happens") {
    const std::string header = R"({"__metadata__":{"format":"pt"},"alpha":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]},"beta":{"dtype":"F16","shape":[4],"data_offsets":[32,40]}})";
    const std::string config = R"({"model_type":"llama","hidden_size":32,"rope_parameters":{"rope_theta":1e4,"list":[1,2.5,-3]},"names":["a","b"],"flag":true,"none":null})";
    std::mt19937_64 random(7);
    const auto file_of = [](const std::string& text) { return weft::MappedFile::from_bytes("damaged", std::as_bytes(std::span(text))); };
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    const std::string pieces[] = {"{", "}", "[", "]", ",", ":", "\"", "null", "-1", "1e400", "18446744073709551616", "4611686018427387904", "\"a\":", "\\u0000", "\xff", "0"};
    const auto damage = [&](std::string text) {
      for (std::size_t i = 0, n = 1 + below(3); i < n; ++i) {
        const std::size_t at = below(text.size());
        switch (below(4)) {
          case 0: text[at] = static_cast<char>(below(256)); break;
          case 1: text.insert(at, pieces[below(std::size(pieces))]); break;
          case 2: text.erase(at, 1 + below(4)); break;
          default: text[at] = static_cast<char>('0' + below(10)); break;
        }
        if (text.empty()) text = "{";
      }
      return text;
    };
    int accepted = 0, refused = 0;
    const auto attempt = [&](auto&& f) {
      try {
        f();
        ++accepted;
      } catch (const weft::Error&) {
        ++refused;
      }
    };
    for (int round = 0; round < 10000; ++round) {
      const std::string damaged = damage(header);
      const auto weights = file_of(weft::test::GgufWriter::number(std::uint64_t{damaged.size()}) + damaged + std::string(40, 'w'));
      attempt([&] {
        weft::Checkpoint checkpoint;
        weft::read_safetensors(weights, checkpoint);
        std::size_t bytes = 0;
        for (const auto& tensor : checkpoint.tensors()) bytes += tensor.bytes.size();
        CHECK(bytes == 40);
      });
      const auto file = file_of(damage(config));
      attempt([&] { (void)weft::Hparams::from_hf(*file).find_number({"", "rope_parameters/rope_theta"}); });
    }
    CHECK(accepted > 100);
    CHECK(refused > 1000);
  }
}
