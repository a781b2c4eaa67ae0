#include "weft/quant/quantize.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "support/json.hpp"
#include "weft/core/error.hpp"
#include "weft/quant/dequantize.hpp"

namespace {

using weft::DType;

/// The folder `quantize` of WEFT_GOLDENS, if there is one, replaces ours (tests/scripts/make_quantize_goldens.py writes it).
std::filesystem::path folder() {
  const auto other = weft::test::goldens() / "quantize";
  return std::filesystem::exists(other) ? other : std::filesystem::path(WEFT_TEST_DATA) / "quantize";
}

std::vector<std::byte> read_file(const std::string& name) {
  std::ifstream stream(folder() / name, std::ios::binary);
  REQUIRE_MESSAGE(stream.good(), name);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string file_name(DType type) {
  std::string name(weft::name(type));
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

std::vector<float> values() {
  const auto bytes = read_file("values.bin");
  std::vector<float> out(bytes.size() / 4);
  std::memcpy(out.data(), bytes.data(), 4 * out.size());
  return out;
}

std::vector<std::byte> quantized(DType type, const std::vector<float>& x) {
  const auto& info = weft::info(type);
  std::vector<std::byte> out(x.size() / info.values * info.bytes);
  weft::quantize(type, x.data(), static_cast<std::int64_t>(x.size()), out.data());
  return out;
}

std::vector<float> there_and_back(DType type, const std::vector<float>& x) {
  const auto bytes = quantized(type, x);
  std::vector<float> out(x.size());
  weft::dequantize(type, bytes.data(), static_cast<std::int64_t>(x.size()), out.data());
  return out;
}

/// Weighted squares of the 256 values at x, with the weights of ggml (see make_quantize_goldens.py): of their errors, and of themselves.
struct Squares {
  double error = 0, values = 0;
};

Squares weighted_squares(DType type, const float* x, const float* y) {
  const int sub = type == DType::q6_k ? 16 : 32;
  Squares sum;
  for (int begin = 0; begin < 256; begin += sub) {
    double squares = 0;
    for (int i = begin; i < begin + sub; ++i) squares += double{x[i]} * double{x[i]};
    for (int i = begin; i < begin + sub; ++i) {
      const double value = double{x[i]}, rest = double{y[i]} - value;
      const double weight = type == DType::q6_k ? value * value : std::fabs(value) + std::sqrt(squares / sub);
      sum.error += weight * rest * rest;
      sum.values += weight * value * value;
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0 have the bits of PyPI's gguf") {
  const auto x = values();
  for (const auto type : {DType::f16, DType::bf16, DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0}) {
    CHECK_MESSAGE(quantized(type, x) == read_file(file_name(type) + ".bin"), weft::name(type));
  }
}

TEST_CASE("the weighted error of Q4_K, Q5_K and Q6_K is at most 1 % above llama.cpp's, block by block within 10 %") {
  const auto x = values();
  const auto expected = weft::test::read_json(folder() / "k_errors.json");
  for (const auto type : {DType::q4_k, DType::q5_k, DType::q6_k}) {
    const std::string name = file_name(type);
    const auto y = there_and_back(type, x);
    double ours = 0, theirs = 0;
    for (std::size_t b = 0; b < x.size() / 256; ++b) {
      const Squares sum = weighted_squares(type, &x[256 * b], &y[256 * b]);
      const double reference = expected.at(name).at(b).get<double>();
      const double half = std::ldexp(sum.values, -22);  // of a value whose scale is rounded to f16, at most 2^-11 of it
      CHECK_MESSAGE(sum.error <= 1.1 * reference + half, name << " block " << b << ": " << sum.error << " against " << reference);
      if (reference <= half || reference < 1e-30) continue;  // a matter of luck, or scales below what f16 holds
      ours += sum.error / reference;
      theirs += 1;
    }
    CHECK_MESSAGE(ours <= 1.01 * theirs, name << ": " << ours / theirs);
  }
}

TEST_CASE("a value that a format holds exactly comes back as it was") {
  std::vector<float> halves(256), affine(256), fine(256);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    halves[i] = 0.5f * static_cast<float>(static_cast<int>(i % 16) - 8);
    affine[i] = (static_cast<float>(i % 16) * 63 - 63 * 8) / 128;  // the greatest multiple, 63, of a scale that is a power of two
    fine[i] = (static_cast<float>(i % 32) * 63 - 63 * 16) / 128;
  }
  for (const auto type : {DType::f32, DType::f16, DType::bf16, DType::q4_0}) CHECK(there_and_back(type, halves) == halves);
  CHECK(there_and_back(DType::q4_k, affine) == affine);
  CHECK(there_and_back(DType::q5_k, fine) == fine);
  const std::vector<float> zeros(256, 0.0f);
  for (const auto type : {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0, DType::q4_k, DType::q5_k, DType::q6_k})
    for (const float back : there_and_back(type, zeros)) CHECK(back == 0);
}

TEST_CASE("what cannot be quantised is refused: types, counts, and values that are no finite halves") {
  std::vector<float> x(256, 1.0f);
  std::vector<std::byte> out(4096);
  CHECK_THROWS_AS(weft::quantize(DType::q2_k, x.data(), 256, out.data()), weft::Error);
  CHECK_THROWS_AS(weft::quantize(static_cast<DType>(99), x.data(), 256, out.data()), weft::Error);
  CHECK_THROWS_AS(weft::quantize(DType::q4_k, x.data(), 128, out.data()), weft::Error);
  CHECK_THROWS_AS(weft::quantize(DType::q8_0, x.data(), -32, out.data()), weft::Error);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e6f}) {
    x[77] = bad;
    CHECK_THROWS_WITH_AS(weft::quantize(DType::q4_k, x.data(), 256, out.data()), doctest::Contains("value 77"), weft::Error);
  }
}
