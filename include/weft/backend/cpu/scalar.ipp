// The kernels in plain C++: 16 lanes are an array. What every other instruction set is compared with, and what runs
// where there is none.
#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "weft/backend/cpu/kernels.hpp"
#include "weft/backend/cpu/region.hpp"
#include "weft/quant/float16.hpp"

// Lanes are loops here: inlined and unrolled they would fill the compiler's time and no register.
#pragma push_macro("WEFT_FORCE")
#pragma push_macro("WEFT_INSIDE")
#pragma push_macro("WEFT_UNROLL")
#undef WEFT_FORCE
#undef WEFT_INSIDE
#undef WEFT_UNROLL
#define WEFT_FORCE static inline
#define WEFT_INSIDE inline
#define WEFT_UNROLL

#if defined(__clang__)
#pragma float_control(push)
#pragma clang fp contract(off)
#else
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif

namespace weft::cpu::scalar {

struct Floats {
  float v[16];
};
struct Ints {
  std::int32_t v[16];
};

// clang-format off
#define WEFT_LANES for (int i = 0; i < 16; ++i)
struct Part {
  using Pf = Floats;
  using Pi = Ints;
  static constexpr int lanes = 16, count = 1;
  static constexpr int max_tile = 2;      ///< tokens that one pass over a panel serves
  /// Float sums (registers) that one pass may have.
  static constexpr int nibble_sums = 1, byte_sums = 1, column_sums = 1;

  WEFT_FORCE Pf set(float x) { Pf r; WEFT_LANES r.v[i] = x; return r; }
  WEFT_FORCE Pf load(const float* p) { Pf r; std::memcpy(r.v, p, 64); return r; }
  WEFT_FORCE void store(float* p, Pf a) { std::memcpy(p, a.v, 64); }
  WEFT_FORCE Pf add(Pf a, Pf b) { WEFT_LANES a.v[i] += b.v[i]; return a; }
  WEFT_FORCE Pf sub(Pf a, Pf b) { WEFT_LANES a.v[i] -= b.v[i]; return a; }
  WEFT_FORCE Pf mul(Pf a, Pf b) { WEFT_LANES a.v[i] *= b.v[i]; return a; }
  WEFT_FORCE Pf div(Pf a, Pf b) { WEFT_LANES a.v[i] /= b.v[i]; return a; }
  WEFT_FORCE Pf fma(Pf a, Pf b, Pf c) { WEFT_LANES a.v[i] = std::fma(a.v[i], b.v[i], c.v[i]); return a; }
  // As x86 has them: the second operand when one is NaN.
  WEFT_FORCE Pf min(Pf a, Pf b) { WEFT_LANES a.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i]; return a; }
  WEFT_FORCE Pf max(Pf a, Pf b) { WEFT_LANES a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i]; return a; }
  /// a < b ? x : y
  WEFT_FORCE Pf select_less(Pf a, Pf b, Pf x, Pf y) { WEFT_LANES x.v[i] = a.v[i] < b.v[i] ? x.v[i] : y.v[i]; return x; }
  WEFT_FORCE Pi as_int(Pf a) { Pi r; std::memcpy(r.v, a.v, 64); return r; }
  WEFT_FORCE Pf as_float(Pi a) { Pf r; std::memcpy(r.v, a.v, 64); return r; }
  /// To the nearest integer, ties to even; |a| < 2^22.
  WEFT_FORCE Pi round(Pf a) {
    constexpr float shift = 12582912.0f;  // 1.5 * 2^23: adding it leaves the integer in the low bits
    Pi r;
    WEFT_LANES r.v[i] = std::bit_cast<std::int32_t>(a.v[i] + shift) - std::bit_cast<std::int32_t>(shift);
    return r;
  }
  WEFT_FORCE Pf to_float(Pi a) { Pf r; WEFT_LANES r.v[i] = static_cast<float>(a.v[i]); return r; }

  WEFT_FORCE Pi iset(std::int32_t x) { Pi r; WEFT_LANES r.v[i] = x; return r; }
  WEFT_FORCE Pi iadd(Pi a, Pi b) { WEFT_LANES a.v[i] = wrap(bits(a.v[i]) + bits(b.v[i])); return a; }
  WEFT_FORCE Pi isub(Pi a, Pi b) { WEFT_LANES a.v[i] = wrap(bits(a.v[i]) - bits(b.v[i])); return a; }
  WEFT_FORCE Pi imax(Pi a, Pi b) { WEFT_LANES a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i]; return a; }
  WEFT_FORCE Pi iand(Pi a, Pi b) { WEFT_LANES a.v[i] &= b.v[i]; return a; }
  WEFT_FORCE Pi ior(Pi a, Pi b) { WEFT_LANES a.v[i] |= b.v[i]; return a; }
  WEFT_FORCE Pi ixor(Pi a, Pi b) { WEFT_LANES a.v[i] ^= b.v[i]; return a; }
  template <int n> WEFT_FORCE Pi shift_left(Pi a) { WEFT_LANES a.v[i] = wrap(bits(a.v[i]) << n); return a; }
  /// Arithmetic, as right shifts of signed numbers are.
  template <int n> WEFT_FORCE Pi shift_right(Pi a) { WEFT_LANES a.v[i] >>= n; return a; }
  WEFT_FORCE std::int32_t highest(Pi a) { std::int32_t r = a.v[0]; WEFT_LANES r = a.v[i] > r ? a.v[i] : r; return r; }
  WEFT_FORCE std::int32_t sum(Pi a) { std::int32_t r = 0; WEFT_LANES r += a.v[i]; return r; }
  /// The low bytes of 2 x 16 lanes, which lie in [-127, 127].
  WEFT_FORCE void store_bytes(std::int8_t* p, const Pi (&a)[1], const Pi (&b)[1]) {
    WEFT_LANES { p[i] = static_cast<std::int8_t>(a[0].v[i]); p[i + 16] = static_cast<std::int8_t>(b[0].v[i]); }
  }

  WEFT_FORCE Pf load_f16(const std::byte* p) {
    std::uint16_t h[16];
    std::memcpy(h, p, 32);
    Pf r; WEFT_LANES r.v[i] = f16_to_f32(h[i]);
    return r;
  }
  WEFT_FORCE Pf load_bf16(const std::byte* p) {
    std::uint16_t h[16]; std::memcpy(h, p, 32);
    Pf r; WEFT_LANES r.v[i] = std::bit_cast<float>(static_cast<std::uint32_t>(h[i]) << 16);
    return r;
  }
  WEFT_FORCE void store_f16(std::byte* p, Pf a) {
    std::uint16_t h[16]; WEFT_LANES h[i] = f32_to_f16(a.v[i]);
    std::memcpy(p, h, 32);
  }
  /// 2 x 16 neighbours to the even and the odd ones, and back.
  WEFT_FORCE void unzip(Pf a, Pf b, Pf& even, Pf& odd) {
    for (int i = 0; i < 8; ++i) {
      even.v[i] = a.v[2 * i]; even.v[i + 8] = b.v[2 * i];
      odd.v[i] = a.v[2 * i + 1]; odd.v[i + 8] = b.v[2 * i + 1];
    }
  }
  WEFT_FORCE void zip(Pf even, Pf odd, Pf& a, Pf& b) {
    for (int i = 0; i < 8; ++i) {
      a.v[2 * i] = even.v[i]; a.v[2 * i + 1] = odd.v[i];
      b.v[2 * i] = even.v[i + 8]; b.v[2 * i + 1] = odd.v[i + 8];
    }
  }

  // Dot products of 4 bytes a lane. Nibbles: unsigned weights <= 15, at most 8 steps into one accumulator.
  using Nibbles = Ints;
  WEFT_FORCE Pi load_lanes(const std::byte* p) { Pi r; std::memcpy(r.v, p, 64); return r; }
  using Spread = Pi;  ///< 4 bytes for every lane: group g of 16 at p
  WEFT_FORCE Spread broadcast(const std::int8_t* p, int g) { std::int32_t x; std::memcpy(&x, p + 4 * g, 4); return iset(x); }
  WEFT_FORCE Pi low_nibbles(Pi a) { WEFT_LANES a.v[i] &= 0x0f0f0f0f; return a; }
  WEFT_FORCE Pi high_nibbles(Pi a) { WEFT_LANES a.v[i] = (a.v[i] >> 4) & 0x0f0f0f0f; return a; }
  /// Bytes of a table of 16, by nibble.
  WEFT_FORCE Pi lookup(const std::int8_t* table, Pi nibbles) {
    std::int8_t bytes[64];
    std::memcpy(bytes, nibbles.v, 64);
    for (std::int8_t& b : bytes) b = table[b];
    std::memcpy(nibbles.v, bytes, 64);
    return nibbles;
  }
  WEFT_FORCE Nibbles nibbles_start(Pi from) { return from; }
  WEFT_FORCE Nibbles nibbles_add(Nibbles s, Pi w, Pi x) { WEFT_LANES s.v[i] += dot4(w.v[i], x.v[i]); return s; }
  WEFT_FORCE Pi nibbles_sum(Nibbles s, Pi) { return s; }
  // Signed bytes; x in [-127, 127]. start takes the sum of all x that will be multiplied.
  using Signed = Ints;
  WEFT_FORCE Signed as_signed(Pi w) { return w; }
  WEFT_FORCE Pi signed_start(std::int32_t) { return iset(0); }
  WEFT_FORCE Pi signed_add(Pi s, Signed w, Pi x) { return nibbles_add(s, w, x); }
  // Unsigned bytes of at most 127.
  WEFT_FORCE Pi unsigned_add(Pi s, Pi w, Pi x) { return nibbles_add(s, w, x); }
  WEFT_FORCE Pi load_i8(const std::byte* p) { Pi r; WEFT_LANES r.v[i] = static_cast<std::int8_t>(p[i]); return r; }
  WEFT_FORCE void prefetch(const std::byte*) {}

 private:
  WEFT_FORCE std::uint32_t bits(std::int32_t x) { return static_cast<std::uint32_t>(x); }
  WEFT_FORCE std::int32_t wrap(std::uint32_t x) { return static_cast<std::int32_t>(x); }
  WEFT_FORCE std::int32_t dot4(std::int32_t a, std::int32_t b) {
    std::int8_t x[4], y[4];
    std::memcpy(x, &a, 4);
    std::memcpy(y, &b, 4);
    return x[0] * y[0] + x[1] * y[1] + x[2] * y[2] + x[3] * y[3];
  }
};
#undef WEFT_LANES
// clang-format on

#include "weft/backend/cpu/loops.inl"

inline constexpr Kernels table = kernels_named("scalar");

}  // namespace weft::cpu::scalar

#if defined(__clang__)
#pragma float_control(pop)
#else
#pragma GCC pop_options
#endif

#pragma pop_macro("WEFT_UNROLL")
#pragma pop_macro("WEFT_INSIDE")
#pragma pop_macro("WEFT_FORCE")

namespace weft::cpu {
WEFT_INLINE const Kernels& scalar_kernels() noexcept { return scalar::table; }
}  // namespace weft::cpu
