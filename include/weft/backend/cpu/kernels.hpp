// The table of kernels that each instruction set fills, and which sets this machine has.
//
// Every set runs the same sequence of operations in every lane, so all give the same bits (matmul.inl, attention.inl,
// elementwise.inl are compiled once per set, inside its target region).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weft/backend/concept.hpp"
#include "weft/backend/cpu/weight.hpp"
#include "weft/core/config.hpp"

#if defined(__x86_64__)
#define WEFT_CPU_X86 1
#else
#define WEFT_CPU_X86 0
#endif
#if defined(__aarch64__)
#define WEFT_CPU_ARM 1
#else
#define WEFT_CPU_ARM 0
#endif

namespace weft::cpu {

/// 32 activations rounded to 8 bits: x = d * q with d = max|x| / 127. One cache line. A block with a value that is not
/// finite has q = 0 and d = NaN, so that whatever it multiplies is NaN.
struct QuantBlock {
  std::int8_t q[32];
  float d;
  float sum;           ///< d * (sum of q)
  float half_sum[2];   ///< d * (sum of q over columns 0-15, 16-31)
  std::int32_t q_sum;  ///< sum of q
  std::int32_t q_half_sum[2];
  std::int32_t minus_8_sum;  ///< -8 * q_sum: where the dot product starts with weights that are stored plus 8
};
static_assert(sizeof(QuantBlock) == 64);

/// Plain functions on plain pointers; concept.hpp says what each does.
struct Kernels {
  std::string_view name;
  void (*matmul)(const Panels&, std::int64_t begin, std::int64_t end, const Operand&, std::int64_t rows, float* out,
                 std::int64_t stride) noexcept;
  void (*quantise)(const float* x, std::int64_t n, std::int32_t planes, std::byte* out) noexcept;
  void (*rms_norm)(const float* x, const float* weight, float eps, std::int64_t n, float* out) noexcept;
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float eps, std::int64_t n,
                     float* out) noexcept;
  void (*rope)(float* head, const float* cos_sin, std::int64_t n, RopeStyle) noexcept;
  void (*store)(const float* k, const float* v, std::byte* page, const KvSlot&, std::int64_t index) noexcept;
  void (*attend)(const AttentionJob&) noexcept;
  void (*attend_split)(const AttentionJob&, std::int64_t split, float* partials) noexcept;
  void (*merge_splits)(const float* partials, std::int64_t splits, std::int64_t stride, std::int64_t head_dim,
                       float* out) noexcept;
  void (*gate)(Activation, const float* gate, const float* up, std::int64_t n, float* out) noexcept;
  void (*activate)(Activation, const float* x, std::int64_t n, float* out) noexcept;
  void (*add)(const float* x, std::int64_t n, float* out) noexcept;
  std::size_t room_bytes = 0;
};

const Kernels& scalar_kernels() noexcept;
#if WEFT_CPU_X86
const Kernels& avx2_kernels() noexcept;       ///< AVX2, FMA and F16C
const Kernels& avx2_vnni_kernels() noexcept;  ///< the same, but products of bytes by AVX-VNNI
const Kernels& avx512_kernels() noexcept;     ///< AVX-512 F, BW, DQ, VL and VNNI
const Kernels& amx_kernels() noexcept;        ///< the same, but products of many rows on AMX tiles
/// Whether the processor has AMX-INT8 and the operating system lets this process use it.
bool has_amx() noexcept;
/// Whether the processor has AVX-VNNI besides AVX2.
bool has_avx_vnni() noexcept;
#endif

#if WEFT_CPU_ARM
const Kernels& neon_kernels() noexcept;  ///< Advanced SIMD with dot products
#endif

/// Of one kind of processor each, a level has all that is before it.
enum class Level : std::uint8_t { scalar, avx2, avx512_vnni, neon };
/// The best set that this processor has and this operating system saves.
Level best_level() noexcept;
/// The best kernels that this machine can run.
const Kernels& best_kernels() noexcept;
/// Throws Error(argument) when no set of kernels is called so, Error(unsupported) when the machine or the build lacks it.
void check_available(std::string_view name);

}  // namespace weft::cpu

#ifndef WEFT_COMPILED
#include "weft/backend/cpu/kernels.ipp"
#include "weft/backend/cpu/scalar.ipp"
#if WEFT_CPU_X86
#include "weft/backend/cpu/avx2_vnni.ipp"
#include "weft/backend/cpu/amx.ipp"
#endif
#if WEFT_CPU_ARM
#include "weft/backend/cpu/neon.ipp"
#endif
#endif
