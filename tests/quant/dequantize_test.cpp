#include "weft/quant/dequantize.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "weft/core/error.hpp"

namespace {

using weft::DType;

/// What tests/scripts/make_dequantize_goldens.py writes.
struct Golden {
  DType type{};
  std::int64_t values = 0;
  std::vector<std::byte> bytes;
  std::vector<float> expected;
};

/// The folder `dequantize` of WEFT_GOLDENS, if there is one, replaces ours.
std::filesystem::path dequantize_goldens() {
  const auto other = weft::test::goldens() / "dequantize";
  return std::filesystem::exists(other) ? other : std::filesystem::path(WEFT_TEST_DATA) / "dequantize";
}

std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  REQUIRE_MESSAGE(stream.good(), path.string());
  std::vector<std::byte> bytes(static_cast<std::size_t>(stream.tellg()));
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

Golden read_golden(const std::filesystem::path& path) {
  const auto all = read_bytes(path);
  REQUIRE(all.size() > 16);
  std::uint32_t head[4];
  std::memcpy(head, all.data(), sizeof head);
  REQUIRE(head[0] == 0x31514457u);
  Golden golden;
  golden.type = static_cast<DType>(head[1]);
  golden.values = std::int64_t{head[2]} * head[3];
  const auto block_bytes = static_cast<std::size_t>(head[2]) * weft::info(golden.type).bytes;
  REQUIRE(all.size() == 16 + block_bytes + 4 * static_cast<std::size_t>(golden.values));
  golden.bytes.assign(all.begin() + 16, all.begin() + 16 + static_cast<std::ptrdiff_t>(block_bytes));
  golden.expected.resize(static_cast<std::size_t>(golden.values));
  std::memcpy(golden.expected.data(), all.data() + 16 + block_bytes, 4 * golden.expected.size());
  return golden;
}

bool same_float(float a, float b) { return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

constexpr const char* golden_names[] = {"f32",  "f16",  "bf16", "q4_0", "q4_1", "q5_0",   "q5_1",   "q8_0",
                                        "q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "iq4_nl", "iq4_xs", "mxfp4"};

}  // namespace

TEST_CASE("every readable type is dequantised to the bits of PyPI's gguf, at any address") {
  for (const std::string name : golden_names) {
    CAPTURE(name);
    const Golden golden = read_golden(dequantize_goldens() / (name + ".bin"));
    REQUIRE(weft::can_dequantize(golden.type));
    for (const std::size_t shift : {std::size_t{0}, std::size_t{1}}) {
      std::vector<std::byte> bytes(shift);
      bytes.insert(bytes.end(), golden.bytes.begin(), golden.bytes.end());
      std::vector<float> out(golden.expected.size(), -1.0f);
      weft::dequantize(golden.type, bytes.data() + shift, golden.values, out.data());
      std::size_t different = 0;
      for (std::size_t i = 0; i < out.size(); ++i)
        if (!same_float(out[i], golden.expected[i]) && ++different <= 3) MESSAGE(i, ": ", out[i], " expected ", golden.expected[i]);
      CHECK(different == 0);
    }
  }
}

TEST_CASE("unpacked integers, scales and minima give the dequantised values, and fit the layout") {
  for (const std::string name : golden_names) {
    CAPTURE(name);
    const Golden golden = read_golden(dequantize_goldens() / (name + ".bin"));
    const auto layout = weft::quant_layout(golden.type);
    if (layout.values == 0) {
      CHECK_THROWS_AS(weft::unpack_blocks(golden.type, golden.bytes.data(), 1, nullptr, nullptr, nullptr), weft::Error);
      continue;
    }
    CHECK(layout.values == static_cast<int>(weft::info(golden.type).values));
    const std::int64_t blocks = golden.values / layout.values;
    std::vector<std::int8_t> q(golden.expected.size());
    std::vector<float> d(static_cast<std::size_t>(blocks * layout.subs())), m(d.size(), 7.0f);
    weft::unpack_blocks(golden.type, golden.bytes.data(), blocks, q.data(), d.data(), layout.has_min ? m.data() : nullptr);
    std::size_t different = 0;
    for (std::size_t i = 0; i < q.size(); ++i) {
      const std::size_t sub = i / static_cast<std::size_t>(layout.sub);
      volatile float product = d[sub] * static_cast<float>(q[i]);  // volatile: rounded here, never fused with the sum
      const float value = layout.has_min ? product + m[sub] : product;
      if (!same_float(value, golden.expected[i])) ++different;
    }
    CHECK(different == 0);
  }
}

TEST_CASE("a type that cannot be dequantised and a count that is no whole number of blocks are refused by name") {
  std::byte bytes[512]{};
  float out[256];
  const auto message = [&](DType type, std::int64_t count) -> std::string {
    try {
      weft::dequantize(type, bytes, count, out);
    } catch (const weft::Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message(DType::iq2_xxs, 256).find("IQ2_XXS") != std::string::npos);
  CHECK(message(DType::i32, 1).find("I32") != std::string::npos);
  CHECK(message(static_cast<DType>(200), 1).find("200") != std::string::npos);
  CHECK(message(DType::q4_0, 31).find("Q4_0") != std::string::npos);
  CHECK(message(DType::q4_0, -32).find("-32") != std::string::npos);
  CHECK(message(DType::q4_0, 0).empty());
  CHECK_FALSE(weft::can_dequantize(DType::q8_1));
  CHECK_FALSE(weft::can_dequantize(DType::f64));
}

TEST_CASE("unpackers run at compile time") {
  constexpr auto first = [] {
    std::byte block[18]{std::byte{0x00}, std::byte{0x3c}, std::byte{0x2f}};
    std::int8_t q[32]{};
    float d[1]{};
    weft::BlockTraits<DType::q4_0>::unpack(block, q, d, nullptr);
    return d[0] == 1.0f && q[0] == 7 && q[16] == -6 && q[1] == -8;
  }();
  CHECK(first);
}

TEST_SUITE("float16") {
  TEST_CASE("floats become the halves that numpy gives") {
    const auto all = read_bytes(dequantize_goldens() / "f32_to_f16.bin");
    std::uint32_t head[4];
    std::memcpy(head, all.data(), sizeof head);
    const std::size_t count = head[2];
    REQUIRE(all.size() == 16 + 6 * count);
    std::size_t different = 0;
    for (std::size_t i = 0; i < count; ++i) {
      float value;
      std::uint16_t half;
      std::memcpy(&value, all.data() + 16 + 4 * i, 4);
      std::memcpy(&half, all.data() + 16 + 4 * count + 2 * i, 2);
      const std::uint16_t found = weft::f32_to_f16(value);
      const bool both_nan = (found & 0x7fff) > 0x7c00 && (half & 0x7fff) > 0x7c00;
      if (found != half && !both_nan) ++different;
    }
    CHECK(different == 0);
  }
}
