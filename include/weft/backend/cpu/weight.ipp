// Bodies of weight.hpp: from the blocks of a file to panels, and single rows back to floats.
#pragma once

#include <cstring>
#include <new>
#include <string>

#include "weft/backend/cpu/weight.hpp"
#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/quant/blocks.hpp"
#include "weft/quant/float16.hpp"
#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(__clang__)
#pragma float_control(push)
#pragma clang fp contract(off)
#else
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif

namespace weft::cpu {
namespace detail {

inline std::uint16_t load_u16(const std::byte* p) noexcept {
  std::uint16_t value;
  std::memcpy(&value, p, 2);
  return value;
}
inline float load_f32(const std::byte* p) noexcept {
  float value;
  std::memcpy(&value, p, 4);
  return value;
}
inline float load_half(const std::byte* p) noexcept { return f16_to_f32(load_u16(p)); }

/// Groups of 4 bytes of one row into every 64th byte: lane r of each group.
inline void scatter_groups(const std::byte* row, int groups, std::byte* lane) noexcept {
  for (int g = 0; g < groups; ++g) std::memcpy(lane + g * 64, row + g * 4, 4);
}

/// The integers of a block of one row, as they are stored, into its lane; `q` is consumed.
inline void put_integers(int width, std::uint8_t (&q)[32], std::byte* lane) noexcept {
  const auto drop = [&](unsigned bits) {
    for (auto& value : q) value = static_cast<std::uint8_t>(value >> bits);
  };
  if ((width & 4) != 0) {
    std::uint8_t nibbles[16];
    for (int k = 0; k < 16; ++k) nibbles[k] = static_cast<std::uint8_t>((q[k] & 15) | q[k + 16] << 4);
    scatter_groups(reinterpret_cast<const std::byte*>(nibbles), 4, lane);
    lane += 256;
    drop(4);
  }
  if ((width & 2) != 0) {
    for (std::size_t k = 0; k < 32; ++k) lane[k / 16 * 64 + k % 4] |= static_cast<std::byte>((q[k] & 3) << (k % 16 / 4 * 2));
    lane += 128;
    drop(2);
  }
  if ((width & 1) != 0)
    for (std::size_t k = 0; k < 32; ++k) lane[k % 4] |= static_cast<std::byte>((q[k] & 1) << (k / 4));
}
/// The integer of column k, as it is stored.
inline unsigned get_integer(int width, const std::byte* lane, std::size_t k) noexcept {
  if (width == 8) return static_cast<unsigned>(lane[k / 4 * 64 + k % 4]);
  unsigned value = 0, place = 0;
  const auto add = [&](std::size_t byte, std::size_t shift, unsigned bits) {
    value |= (static_cast<unsigned>(lane[byte + k % 4]) >> shift & ((1u << bits) - 1)) << place;
    place += bits;
  };
  if ((width & 4) != 0) add(k % 16 / 4 * 64, k / 16 * 4, 4), lane += 256;
  if ((width & 2) != 0) add(k / 16 * 64, k % 16 / 4 * 2, 2), lane += 128;
  if ((width & 1) != 0) add(0, k / 4, 1);
  return value;
}

/// One block of 32 columns of one row (r of 16), in the file's format of `bytes` bytes, into the panel. Such blocks begin with d and
/// end with bytes or nibbles that lie in a group as they do in the file; a fifth bit lies before them.
inline void pack_block(Packing packing, const std::byte* block, std::size_t bytes, std::byte* panel, std::size_t b, std::size_t r) noexcept {
  const BlockLayout layout = block_layout(packing);
  std::byte* lane = panel + layout.integers(b) + r * 4;
  std::byte* d = panel + layout.d(b) + r * 2;
  const int groups = layout.width == 8 ? 8 : 4;
  const std::byte* q = block + bytes - groups * 4;
  scatter_groups(q, groups, lane);
  if (layout.width == 5) {
    std::uint8_t high[32];
    for (int k = 0; k < 32; ++k) high[k] = weft::detail::u32_at(q - 4) >> k & 1u;
    put_integers(1, high, lane + 256);
  }
  if (packing == Packing::mxfp4) {
    const std::uint16_t power = f32_to_bf16(BlockTraits<DType::mxfp4>::scale(block));
    std::memcpy(d, &power, 2);
  } else {
    std::memcpy(d, block, 2);
  }
  if (layout.with_min) std::memcpy(d + 32, block + 2, 2);
}

/// The small integers and the two floats of a super-block of one row.
struct SuperBlock {
  std::int8_t q[256];      // as they are stored
  std::int8_t scales[16];  // layout.scale_bytes for each block of 32
  std::byte d[2], min[2];
};
inline SuperBlock read_super(Packing packing, const std::byte* block) noexcept {
  SuperBlock s{};
  float d[16], m[16];
  const auto keep = [&]<DType type>(BlockTraits<type> format, const std::byte* d_at, const std::byte* min_at) {
    if constexpr (type != DType::iq4_xs) format.unpack(block, s.q, d, m);
    std::memcpy(s.d, d_at, 2);
    if (min_at != nullptr) std::memcpy(s.min, min_at, 2);
  };
  if (packing == Packing::q2_k) {
    keep(BlockTraits<DType::q2_k>{}, block + 80, block + 82);
    std::memcpy(s.scales, block, 16);
  } else if (packing == Packing::q3_k) {
    keep(BlockTraits<DType::q3_k>{}, block + 108, nullptr);
    for (int i = 0; i < 16; ++i) s.scales[i] = static_cast<std::int8_t>(BlockTraits<DType::q3_k>::scale(block, i));
  } else if (packing == Packing::q6_k) {
    keep(BlockTraits<DType::q6_k>{}, block + 208, nullptr);
    std::memcpy(s.scales, block + 192, 16);
  } else if (packing == Packing::iq4_xs) {
    keep(BlockTraits<DType::iq4_xs>{}, block, nullptr);
    for (int i = 0; i < 8; ++i) {
      s.scales[i] = static_cast<std::int8_t>(BlockTraits<DType::iq4_xs>::scale(block, i));
      weft::detail::nibbles32(block + 8 + 16 * i, 0u, s.q + 32 * i);
    }
  } else {
    packing == Packing::q4_k ? keep(BlockTraits<DType::q4_k>{}, block, block + 2) : keep(BlockTraits<DType::q5_k>{}, block, block + 2);
    std::int8_t scales[8], mins[8];
    weft::detail::k_scales(block + 4, scales, mins);
    for (int i = 0; i < 8; ++i) s.scales[2 * i] = scales[i], s.scales[2 * i + 1] = mins[i];
  }
  for (auto& q : s.q) q = static_cast<std::int8_t>(q + block_layout(packing).bias);
  return s;
}

/// Super-block `at` of one row, r of 16.
inline void pack_super(Packing packing, const std::byte* block, std::byte* panel, std::size_t at, std::size_t r) noexcept {
  const BlockLayout layout = block_layout(packing);
  const SuperBlock s = read_super(packing, block);
  for (std::size_t b = 0; b < 8; ++b) {
    std::uint8_t q[32];
    std::memcpy(q, s.q + 32 * b, 32);
    put_integers(layout.width, q, panel + layout.integers(at * 8 + b) + r * 4);
  }
  for (std::size_t i = 0; i < 8 * layout.scale_stride() / 16; ++i)
    panel[layout.scales(at * 8) + i * 16 + r] = static_cast<std::byte>(s.scales[i]);
  std::memcpy(panel + layout.d(at * 8) + r * 2, s.d, 2);
  std::memcpy(panel + layout.d(at * 8) + 32 + r * 2, s.min, 2);
}

/// d and m of one half of a block.
struct Scale {
  float d, m;
};
inline Scale scale_of(Packing packing, const std::byte* panel, std::size_t b, std::size_t r, std::size_t half) noexcept {
  const BlockLayout layout = block_layout(packing);
  const std::byte* at = panel + layout.d(b) + r * 2;
  const float d = packing == Packing::mxfp4 ? bf16_to_f32(load_u16(at)) : load_half(at);
  const float m = layout.with_min ? load_half(at + 32) : 0.0f;
  if (!layout.super()) return {d, m};
  const std::byte* scales = panel + layout.scales(b) + r;
  const auto scale = [&](std::size_t i) { return static_cast<float>(static_cast<std::int8_t>(scales[i * 16])); };
  if (packing == Packing::q2_k)
    return {d * static_cast<float>(scales[half * 16] & std::byte{15}), -(m * static_cast<float>(scales[half * 16] >> 4))};
  if (layout.with_min) return {d * scale(0), -(m * scale(1))};
  return {d * scale(layout.halves == 2 ? half : 0), 0.0f};
}

/// Block b of 32 columns of row r of 16.
inline void gather_block(Packing packing, const std::byte* panel, std::size_t b, std::size_t r, float* out) noexcept {
  const BlockLayout layout = block_layout(packing);
  const std::byte* lane = panel + layout.integers(b) + r * 4;
  for (std::size_t k = 0; k < 32; ++k) {
    const unsigned stored = get_integer(layout.width, lane, k);
    int q = static_cast<int>(stored) - layout.bias;
    if (layout.looked_up) q = (*layout.levels)[stored];
    if (layout.width == 8) q = static_cast<std::int8_t>(stored);
    const Scale scale = scale_of(packing, panel, b, r, k / 16);
    out[k] = scale.d * static_cast<float>(q);
    if (layout.with_min) out[k] += scale.m;
  }
}

/// Numbers: column k of 16 rows side by side.
template <std::size_t size>
inline void pack_numbers(const RawMatrix& rows, std::byte* panel) noexcept {
  const auto cols = static_cast<std::size_t>(rows.cols), count = static_cast<std::size_t>(rows.rows);
  for (std::size_t r = 0; r < count; ++r) {
    const std::byte* row = rows.data + r * rows.row_bytes();
    for (std::size_t k = 0; k < cols; ++k) std::memcpy(panel + (k * 16 + r) * size, row + k * size, size);
  }
}

/// At most 16 rows into a panel of zeros.
inline void pack_panel(const RawMatrix& rows, Packing packing, std::byte* panel) noexcept {
  if (packing == Packing::f32) return pack_numbers<4>(rows, panel);
  if (packing == Packing::f16 || packing == Packing::bf16) return pack_numbers<2>(rows, panel);
  const DTypeInfo& type = info(rows.type);
  const std::size_t blocks = static_cast<std::size_t>(rows.cols) / type.values;
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows.rows); ++r) {
    const std::byte* row = rows.data + r * rows.row_bytes();
    for (std::size_t b = 0; b < blocks; ++b)
      block_layout(packing).super() ? pack_super(packing, row + b * type.bytes, panel, b, r)
                                    : pack_block(packing, row + b * type.bytes, type.bytes, panel, b, r);
  }
}

}  // namespace detail

WEFT_INLINE Packing packing_of(const RawMatrix& raw) {
  switch (raw.type) {
    case DType::f32: return Packing::f32;
    case DType::f16: return Packing::f16;
    case DType::bf16: return Packing::bf16;
    case DType::q4_0: return Packing::q4_0;
    case DType::q4_1: return Packing::q4_1;
    case DType::q5_0: return Packing::q5_0;
    case DType::q5_1: return Packing::q5_1;
    case DType::q8_0: return Packing::q8_0;
    case DType::q2_k: return Packing::q2_k;
    case DType::q3_k: return Packing::q3_k;
    case DType::q4_k: return Packing::q4_k;
    case DType::q5_k: return Packing::q5_k;
    case DType::q6_k: return Packing::q6_k;
    case DType::iq4_nl: return Packing::iq4_nl;
    case DType::iq4_xs: return Packing::iq4_xs;
    case DType::mxfp4: return Packing::mxfp4;
    default: break;
  }
  const DTypeInfo* type = find_dtype(raw.type);
  fail(ErrorKind::unsupported, "tensor '", raw.name, "' has type ",
       type != nullptr ? std::string(type->name) : std::to_string(static_cast<int>(raw.type)),
       ", which the CPU backend cannot multiply by; supported: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, "
       "Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4");
}

WEFT_INLINE std::shared_ptr<std::byte> allocate_panels(std::size_t bytes) {
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  const auto alignment = static_cast<std::align_val_t>(bytes >= huge_page ? huge_page : 64);
  auto* memory = static_cast<std::byte*>(::operator new(bytes > 0 ? bytes : 1, alignment));
#if defined(__linux__)
  if (bytes >= huge_page) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return {memory, [alignment](std::byte* p) { ::operator delete(p, alignment); }};
}

WEFT_INLINE std::shared_ptr<std::byte> Arena::take(std::size_t bytes) {
  bytes = (bytes + 63) / 64 * 64;
  if (bytes > size_ - used_) {
    size_ = bytes > chunk_bytes ? bytes : chunk_bytes;
    chunk_ = allocate_panels(size_);
    used_ = 0;
  }
  std::shared_ptr<std::byte> taken(chunk_, chunk_.get() + used_);
  used_ += bytes;
  return taken;
}

WEFT_INLINE Weight place(const RawMatrix& raw, Arena* arena) {
  const Packing packing = packing_of(raw);
  const auto values = static_cast<std::int64_t>(info(raw.type).values);
  if (raw.rows < 0 || raw.cols < 0 || raw.cols % values != 0)
    fail(ErrorKind::shape, "tensor '", raw.name, "' has shape [", raw.rows, ", ", raw.cols, "], but a row of type ",
         name(raw.type), " must be a whole number of blocks of ", values);
  const std::int64_t panels = (raw.rows + panel_rows - 1) / panel_rows;
  const std::size_t size = static_cast<std::size_t>(panels) * panel_bytes(packing, raw.cols);
  return {arena != nullptr ? arena->take(size) : allocate_panels(size), packing, raw.rows, raw.cols};
}

WEFT_INLINE void fill(const RawMatrix& rows, Weight& weight, std::int64_t first_panel) {
  const Panels& panels = weight.panels();
  std::byte* panel = weight.bytes_.get() + static_cast<std::size_t>(first_panel) * panels.stride;
  for (std::int64_t row = 0; row < rows.rows; row += panel_rows, panel += panels.stride) {
    const std::int64_t left = rows.rows - row;
    std::memset(panel, 0, panels.stride);
    detail::pack_panel(rows.part(row, left < panel_rows ? left : panel_rows), panels.packing, panel);
  }
}

WEFT_INLINE void gather(const Panels& w, std::int64_t row, float* out) noexcept {
  const std::byte* panel = w.data + static_cast<std::size_t>(row / panel_rows) * w.stride;
  const auto r = static_cast<std::size_t>(row % panel_rows);
  const auto cols = static_cast<std::size_t>(w.cols);
  for (std::size_t k = 0; !quantises(w.packing) && k < cols; ++k) {
    const std::size_t i = k * 16 + r;
    if (w.packing == Packing::f32) out[k] = detail::load_f32(panel + i * 4);
    if (w.packing == Packing::f16) out[k] = detail::load_half(panel + i * 2);
    if (w.packing == Packing::bf16) out[k] = bf16_to_f32(detail::load_u16(panel + i * 2));
  }
  for (std::size_t b = 0; quantises(w.packing) && b < cols / 32; ++b)
    detail::gather_block(w.packing, panel, b, r, out + b * 32);
}

}  // namespace weft::cpu

#if defined(__clang__)
#pragma float_control(pop)
#else
#pragma GCC pop_options
#endif
