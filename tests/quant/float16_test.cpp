#include "weft/quant/float16.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

static_assert(weft::f16_to_f32(0x3c00) == 1.0f && weft::f32_to_f16(1.0f) == 0x3c00);

TEST_CASE("each of the 65,536 halves has the value that its fields mean, and comes back from float") {
  std::size_t wrong = 0;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const int exponent = static_cast<int>((bits >> 10) & 31), mantissa = static_cast<int>(bits & 1023);
    const float value = weft::f16_to_f32(half);
    if (exponent == 31 && mantissa != 0) {
      if (!std::isnan(value) || !std::isnan(weft::f16_to_f32(weft::f32_to_f16(value)))) ++wrong;
      continue;
    }
    double expected = exponent == 31  ? std::numeric_limits<double>::infinity()
                      : exponent == 0 ? std::ldexp(mantissa, -24)
                                      : std::ldexp(1024 + mantissa, exponent - 25);
    if (bits & 0x8000) expected = -expected;
    if (static_cast<double>(value) != expected || std::signbit(value) != ((bits & 0x8000) != 0) || weft::f32_to_f16(value) != half) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a float becomes the nearest half, and the even one of two that are equally near") {
  std::mt19937 random(1);
  std::size_t wrong = 0;
  for (int i = 0; i < 300000; ++i) {
    // Exponents from below the smallest denormal half to above the largest half.
    const auto draw = [&](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
    const std::uint32_t mantissa = draw(1u << 23) & ~((1u << draw(24)) - 1);  // many ties
    const float magnitude = std::bit_cast<float>((100 + draw(45)) << 23 | mantissa);
    const std::uint16_t half = weft::f32_to_f16(magnitude);
    // Neighbouring halves are neighbouring integers, and infinity stands for 65536.
    const auto at = [](int bits) { return bits == 0x7c00 ? 65536.0 : bits < 0 ? -1e9 : bits > 0x7c00 ? 1e9 : static_cast<double>(weft::f16_to_f32(static_cast<std::uint16_t>(bits))); };
    const double here = std::fabs(at(half) - static_cast<double>(magnitude));
    const double below = std::fabs(at(half - 1) - static_cast<double>(magnitude)), above = std::fabs(at(half + 1) - static_cast<double>(magnitude));
    const bool tie = here == below || here == above;
    const bool beyond = static_cast<double>(magnitude) >= 65536.0;
    if (beyond ? half != 0x7c00 : (here > below || here > above || (tie && (half & 1) != 0))) ++wrong;
    if (weft::f32_to_f16(-magnitude) != (half | 0x8000)) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("bfloat16 is the upper half of a float, rounded to nearest even") {
  CHECK(weft::bf16_to_f32(0x3f80) == 1.0f);
  CHECK(weft::f32_to_bf16(1.0f) == 0x3f80);
  CHECK(weft::f32_to_bf16(std::bit_cast<float>(0x3f808000u)) == 0x3f80);  // a tie goes to even
  CHECK(weft::f32_to_bf16(std::bit_cast<float>(0x3f818000u)) == 0x3f82);
  CHECK(weft::f32_to_bf16(std::bit_cast<float>(0x3f808001u)) == 0x3f81);
  CHECK(weft::f32_to_bf16(std::numeric_limits<float>::infinity()) == 0x7f80);
  CHECK(weft::f32_to_bf16(std::numeric_limits<float>::max()) == 0x7f80);
  CHECK(std::isnan(weft::bf16_to_f32(weft::f32_to_bf16(std::bit_cast<float>(0x7f800001u)))));
}
