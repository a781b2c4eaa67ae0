// What the backend tests share: random numbers, random matrices in the blocks of a file, every CPU of this machine.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "weft/backend/cpu/cpu.hpp"
#include "weft/quant/blocks.hpp"
#include "weft/quant/float16.hpp"

namespace weft::test {

/// Says once that an instruction set cannot be tested here.
inline void skip_cpu(const std::string& cpu) {
  static std::vector<std::string> named;
  if (std::find(named.begin(), named.end(), cpu) != named.end()) return;
  named.push_back(cpu);
  skip("backend " + cpu, "this machine lacks the instruction set");
}

/// f(Cpu<Isa>{}) for every instruction set of this machine.
template <class F>
void for_each_cpu(F f) {
  const auto run = [&](auto cpu) {
    CAPTURE(std::string(cpu.name()));
    cpu.available() ? f(cpu) : skip_cpu(std::string(cpu.name()));
  };
  run(Cpu<cpu::Scalar>{});
#if WEFT_CPU_X86
  run(Cpu<cpu::Avx2>{});
  run(Cpu<cpu::Avx2Vnni>{});
  run(Cpu<cpu::Avx512Vnni>{});
  run(Cpu<cpu::Avx512Amx>{});
#endif
#if WEFT_CPU_ARM
  run(Cpu<cpu::Neon>{});
#endif
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  float normal(
      float scale = 1.0f) {  // a sum of uniform numbers: the same everywhere, as std::normal_distribution is not
    float x = 0.0f;
    for (int i = 0; i < 4; ++i) x += static_cast<float>(engine_() >> 8) * 0x1p-24f - 0.5f;
    return x * 1.7f * scale;
  }
  std::uint32_t bits() { return static_cast<std::uint32_t>(engine_()); }
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(engine_() % static_cast<std::uint32_t>(n)); }
  std::vector<float> vector(std::int64_t n, float scale = 1.0f) {
    std::vector<float> v(static_cast<std::size_t>(n));
    for (float& x : v) x = normal(scale);
    return v;
  }

 private:
  std::mt19937 engine_;
};

/// What the CPU multiplies by.
inline constexpr DType types[] = {DType::q4_0, DType::q4_1,   DType::q8_0,   DType::f16,  DType::bf16, DType::f32,
                           DType::q5_0, DType::q5_1,   DType::q2_k,   DType::q3_k, DType::q4_k, DType::q5_k,
                           DType::q6_k, DType::iq4_nl, DType::iq4_xs, DType::mxfp4};

/// About n columns, such that rows are whole blocks; ragged where blocks are single numbers.
inline std::int64_t cols_near(DType type, std::int64_t n) {
  const std::int64_t values = info(type).values;
  return values == 1 ? n - 21 : (n + values - 1) / values * values;
}

/// Where a block has its half precision scales.
inline std::vector<std::size_t> scales_of(DType type) {
  switch (type) {
    case DType::mxfp4:
      return {};
    case DType::q4_1:
    case DType::q5_1:
    case DType::q4_k:
    case DType::q5_k:
      return {0, 2};
    case DType::q2_k:
      return {80, 82};
    case DType::q3_k:
      return {108};
    case DType::q6_k:
      return {208};
    default:
      return {0};
  }
}

/// A matrix of random blocks with scales that are finite and of ordinary size.
struct RandomMatrix {
  std::vector<std::byte> bytes;
  RawMatrix raw;

  RandomMatrix(DType type, std::int64_t rows, std::int64_t cols, Random& random)
      : raw{type, rows, cols, nullptr, "random"} {
    const DTypeInfo& t = info(type);
    bytes.resize(static_cast<std::size_t>(rows * cols / t.values) * t.bytes);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random.bits() & 255u);
    const auto put = [&](std::size_t at, float value) {
      const std::uint16_t half = f32_to_f16(value);
      std::memcpy(bytes.data() + at, &half, 2);
    };
    for (std::size_t at = 0; at < bytes.size(); at += t.bytes) {
      if (type == DType::f32) {
        const float x = random.normal();
        std::memcpy(bytes.data() + at, &x, 4);
      } else if (type == DType::bf16) {
        const std::uint16_t x = f32_to_bf16(random.normal());
        std::memcpy(bytes.data() + at, &x, 2);
      } else {
        for (const std::size_t offset : scales_of(type)) put(at + offset, random.normal(0.5f));
        if (type == DType::mxfp4) bytes[at] = static_cast<std::byte>(120 + random.below(16));
      }
    }
    raw.data = bytes.data();
  }
};

/// Cache lines, so that blocks lie as the library lays them.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::size_t size) : memory_(size + 64), size_(size) {
    offset_ = (64 - reinterpret_cast<std::uintptr_t>(memory_.data()) % 64) % 64;
  }
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;
  std::byte* data() { return memory_.data() + offset_; }
  std::size_t size() const { return size_; }

 private:
  std::vector<std::byte> memory_;
  std::size_t size_, offset_ = 0;
};

/// Activations with their quantised blocks.
template <class Backend>
struct Activations {
  std::vector<float> values;
  AlignedBytes blocks, room{Backend::room_bytes()};
  std::int64_t cols;
  std::int32_t planes;

  explicit Activations(std::vector<float> v, std::int64_t n, std::int32_t p = 1)
      : values(std::move(v)),
        blocks(values.size() / static_cast<std::size_t>(n) * static_cast<std::size_t>(p) * Backend::quantised_bytes(n)),
        cols(n),
        planes(p) {
    for (std::size_t r = 0; r < values.size() / static_cast<std::size_t>(n); ++r)
      Backend::quantise(values.data() + r * static_cast<std::size_t>(n), n, planes, row(r));
  }
  std::byte* row(std::size_t r) { return blocks.data() + r * static_cast<std::size_t>(planes) * Backend::quantised_bytes(cols); }
  /// From a row on.
  Operand operand(std::int64_t first = 0) { return {values.data() + first * cols, row(static_cast<std::size_t>(first)), cols, planes, room.data()}; }
};

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace weft::test
