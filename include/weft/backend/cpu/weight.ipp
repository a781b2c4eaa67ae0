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

/// Where block b of a panel keeps its weights, and its d; m follows d at 16 times d's size.
struct BlockPlace {
  std::size_t q = 0;
  std::size_t d = 0;
};
constexpr BlockPlace place_of(Packing packing, std::size_t b) noexcept {
  switch (packing) {
    case Packing::q4_0:
      return {b / 2 * 576 + b % 2 * 256, b / 2 * 576 + 512 + b % 2 * 32};
    case Packing::q4_1:
      return {b * 320, b * 320 + 256};
    case Packing::q8_0:
      return {b / 2 * 1088 + b % 2 * 512, b / 2 * 1088 + 1024 + b % 2 * 32};
    default:
      break;
  }
  const std::size_t size = panel_bytes(packing, 32);
  return {b * size, b * size + 512};
}

/// Groups of 4 bytes of one row into every 64th byte: lane r of each group.
inline void scatter_groups(const std::byte* row, int groups, std::byte* lane) noexcept {
  for (int g = 0; g < groups; ++g) std::memcpy(lane + g * 64, row + g * 4, 4);
}

/// One block of 32 columns of one row (r of 16), in the file's format, into the panel.
inline void pack_block(Packing packing, const std::byte* block, std::byte* panel, std::size_t b,
                       std::size_t r) noexcept {
  const BlockPlace place = place_of(packing, b);
  std::byte* lane = panel + place.q + r * 4;
  std::byte* d = panel + place.d + r * 2;
  std::memcpy(d, block, 2);
  if (packing == Packing::q4_0) {
    scatter_groups(block + 2, 4, lane);
  } else if (packing == Packing::q4_1) {
    std::memcpy(d + 32, block + 2, 2);
    scatter_groups(block + 4, 4, lane);
  } else {
    scatter_groups(block + 2, 8, lane);
  }
}

using Unpack = void (*)(const std::byte* block, std::int8_t* q, float* d, float* m) noexcept;
inline Unpack unpacker_of(DType type) noexcept {
  Unpack unpack = nullptr;
  with_block_format(type, [&](auto format) { unpack = &decltype(format)::unpack; });
  return unpack;
}

/// Sub-block `sub` of 16 or 32 values of one row, unpacked, into the panel.
inline void pack_bytes(const QuantLayout& layout, std::size_t sub, const std::int8_t* q, float d, float m,
                       std::byte* lane_of_block, std::byte* scales) noexcept {
  const bool halves = layout.sub == 16;
  std::byte* at = scales + (halves ? sub % 2 * 64 : 0);
  std::memcpy(at, &d, 4);
  if (layout.has_min) std::memcpy(at + (halves ? 128 : 64), &m, 4);
  scatter_groups(reinterpret_cast<const std::byte*>(q), layout.sub / 4, lane_of_block + (halves ? sub % 2 * 256 : 0));
}

/// One row, r of 16, of a format that has no layout of its own.
inline void pack_unpacked(const std::byte* row, std::size_t blocks, DType type, Packing packing, std::byte* panel,
                          std::size_t r) noexcept {
  const QuantLayout layout = quant_layout(type);
  const Unpack unpack = unpacker_of(type);
  const auto sub = static_cast<std::size_t>(layout.sub), values = static_cast<std::size_t>(layout.values);
  std::int8_t q[256];
  float d[16], m[16] = {};
  for (std::size_t b = 0; b < blocks; ++b) {
    unpack(row + b * info(type).bytes, q, d, m);
    for (std::size_t s = 0; s < values / sub; ++s) {
      const BlockPlace place = place_of(packing, (b * values + s * sub) / 32);
      pack_bytes(layout, s, q + s * sub, d[s], m[s], panel + place.q + r * 4, panel + place.d + r * 4);
    }
  }
}

/// The small integers and the two floats of a super-block of one row.
struct SuperBlock {
  std::int8_t q[256];
  std::int8_t scales[16];  // two a block, or a scale and a minimum: scales[2 s], scales[2 s + 1]
  std::byte d[2], min[2];
};
inline SuperBlock read_super(Packing packing, const std::byte* block) noexcept {
  SuperBlock s{};
  float d[16], m[16];
  if (packing == Packing::q6_k) {
    BlockTraits<DType::q6_k>::unpack(block, s.q, d, m);
    for (auto& q : s.q) q = static_cast<std::int8_t>(q + 32);
    std::memcpy(s.scales, block + 192, 16);
    std::memcpy(s.d, block + 208, 2);
    return s;
  }
  packing == Packing::q4_k ? BlockTraits<DType::q4_k>::unpack(block, s.q, d, m) : BlockTraits<DType::q5_k>::unpack(block, s.q, d, m);
  std::int8_t scales[8], mins[8];
  weft::detail::k_scales(block + 4, scales, mins);
  for (int i = 0; i < 8; ++i) s.scales[2 * i] = scales[i], s.scales[2 * i + 1] = mins[i];
  std::memcpy(s.d, block, 2);
  std::memcpy(s.min, block + 2, 2);
  return s;
}

/// Where the bits above the fourth of column k lie: which byte of a block's planes, and from which bit of it.
struct HighBits {
  std::size_t byte;
  unsigned shift;
};
constexpr HighBits high_bits(std::size_t planes, std::size_t k) noexcept {
  const std::size_t group = k % 16 / 4;
  if (planes == 2) return {k / 16 * 64 + k % 4, static_cast<unsigned>(2 * group)};
  return {k % 4, static_cast<unsigned>(group + k / 16 * 4)};
}

/// One row, r of 16, of super-blocks.
inline void pack_super(const std::byte* row, std::size_t count, DType type, Packing packing, std::byte* panel, std::size_t r) noexcept {
  const SuperLayout layout = super_layout(packing);
  for (std::size_t b = 0; b < count; ++b, panel += layout.bytes()) {
    const SuperBlock s = read_super(packing, row + b * info(type).bytes);
    for (std::size_t i = 0; i < 256; ++i) {
      const std::size_t k = i % 32;
      std::byte* block = panel + i / 32 * layout.block() + r * 4;
      const auto q = static_cast<std::byte>(s.q[i]);
      block[k % 16 / 4 * 64 + k % 4] |= (q & std::byte{15}) << (k < 16 ? 0 : 4);
      const HighBits high = high_bits(layout.planes, k);
      if (layout.planes > 0) block[256 + high.byte] |= (q >> 4) << high.shift;
    }
    for (std::size_t i = 0; i < 16; ++i) panel[layout.scales() + i * 16 + r] = static_cast<std::byte>(s.scales[i]);
    std::memcpy(panel + layout.d() + r * 2, s.d, 2);
    std::memcpy(panel + layout.d() + 32 + r * 2, s.min, 2);
  }
}

/// Block b of 32 columns of row r of 16.
inline void gather_super(Packing packing, const std::byte* panel, std::size_t b, std::size_t r, float* out) noexcept {
  const SuperLayout layout = super_layout(packing);
  const std::byte* super = panel + b / 8 * layout.bytes();
  const std::byte* block = super + b % 8 * layout.block() + r * 4;
  const std::byte* scales = super + layout.scales() + b % 8 * 32 + r;
  const float d = load_half(super + layout.d() + r * 2), min = load_half(super + layout.d() + 32 + r * 2);
  const auto scale = [&](int i) { return static_cast<float>(static_cast<std::int8_t>(scales[i * 16])); };
  for (std::size_t k = 0; k < 32; ++k) {
    auto q = static_cast<unsigned>(block[k % 16 / 4 * 64 + k % 4]) >> (k < 16 ? 0 : 4) & 15u;
    const HighBits high = high_bits(layout.planes, k);
    if (layout.planes > 0) q |= (static_cast<unsigned>(block[256 + high.byte]) >> high.shift & (layout.planes == 2 ? 3u : 1u)) << 4;
    if (packing == Packing::q6_k)
      out[k] = d * scale(k < 16 ? 0 : 1) * static_cast<float>(static_cast<int>(q) - 32);
    else
      out[k] = d * scale(0) * static_cast<float>(q) + -(min * scale(1));
  }
}

inline const std::byte* row_of(const RawMatrix& raw, std::int64_t row) noexcept {
  const DTypeInfo& type = info(raw.type);
  return raw.data + static_cast<std::size_t>(row) * (static_cast<std::size_t>(raw.cols) / type.values * type.bytes);
}

/// Numbers: column k of 16 rows side by side.
template <std::size_t size>
inline void pack_numbers(const RawMatrix& raw, std::int64_t first, std::size_t rows, std::byte* panel) noexcept {
  const auto cols = static_cast<std::size_t>(raw.cols);
  for (std::size_t r = 0; r < rows; ++r) {
    const std::byte* row = row_of(raw, first + static_cast<std::int64_t>(r));
    for (std::size_t k = 0; k < cols; ++k) std::memcpy(panel + (k * 16 + r) * size, row + k * size, size);
  }
}

inline void pack_panel(const RawMatrix& raw, Packing packing, std::int64_t first, std::size_t rows,
                       std::byte* panel) noexcept {
  if (packing == Packing::f32) return pack_numbers<4>(raw, first, rows, panel);
  if (packing == Packing::f16 || packing == Packing::bf16) return pack_numbers<2>(raw, first, rows, panel);
  const DTypeInfo& type = info(raw.type);
  const std::size_t blocks = static_cast<std::size_t>(raw.cols) / type.values;
  for (std::size_t r = 0; r < rows; ++r) {
    const std::byte* row = row_of(raw, first + static_cast<std::int64_t>(r));
    if (is_super(packing))
      pack_super(row, blocks, raw.type, packing, panel, r);
    else if (packing >= Packing::i8)
      pack_unpacked(row, blocks, raw.type, packing, panel, r);
    else
      for (std::size_t b = 0; b < blocks; ++b) pack_block(packing, row + b * type.bytes, panel, b, r);
  }
}

inline void gather_block(Packing packing, const std::byte* panel, std::size_t b, std::size_t r, float* out) noexcept {
  const BlockPlace place = place_of(packing, b);
  const bool halves_of_bytes = packing == Packing::q4_0 || packing == Packing::q4_1;
  const std::byte* lane = panel + place.q + r * 4;
  const std::byte* d = panel + place.d + r * 2;
  for (std::size_t k = 0; k < 32; ++k) {
    if (halves_of_bytes) {
      const auto byte = static_cast<unsigned>(lane[k % 16 / 4 * 64 + k % 4]);
      const auto nibble = static_cast<int>(k < 16 ? byte & 15u : byte >> 4);
      out[k] = packing == Packing::q4_0 ? load_half(d) * static_cast<float>(nibble - 8)
                                        : load_half(d) * static_cast<float>(nibble) + load_half(d + 32);
    } else {
      const auto q = static_cast<std::int8_t>(lane[k / 4 * 64 + k % 4]);
      if (packing == Packing::q8_0) {
        out[k] = load_half(d) * static_cast<float>(q);
      } else {
        const bool half = packing == Packing::i8_half || packing == Packing::i8_half_min;
        const bool with_min = packing == Packing::i8_min || packing == Packing::i8_half_min;
        const std::byte* scale = panel + place.d + r * 4 + (half ? k / 16 * 64 : 0);
        out[k] = load_f32(scale) * static_cast<float>(q);
        if (with_min) out[k] += load_f32(scale + (half ? 128 : 64));
      }
    }
  }
}

}  // namespace detail

WEFT_INLINE Packing packing_of(const RawMatrix& raw) {
  switch (raw.type) {
    case DType::q4_0:
      return Packing::q4_0;
    case DType::q4_1:
      return Packing::q4_1;
    case DType::q8_0:
      return Packing::q8_0;
    case DType::q4_k:
      return Packing::q4_k;
    case DType::q5_k:
      return Packing::q5_k;
    case DType::q6_k:
      return Packing::q6_k;
    case DType::f16:
      return Packing::f16;
    case DType::bf16:
      return Packing::bf16;
    case DType::f32:
      return Packing::f32;
    default:
      break;
  }
  if (const QuantLayout layout = quant_layout(raw.type); layout.values > 0) {
    if (layout.sub == 16) return layout.has_min ? Packing::i8_half_min : Packing::i8_half;
    return layout.has_min ? Packing::i8_min : Packing::i8;
  }
  const DTypeInfo* type = find_dtype(raw.type);
  fail(ErrorKind::unsupported, "tensor '", raw.name, "' has type ",
       type != nullptr ? std::string(type->name) : std::to_string(static_cast<int>(raw.type)),
       ", which the CPU backend cannot multiply by; supported: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, "
       "Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4");
}

WEFT_INLINE void pack_panels(const RawMatrix& raw, Packing packing, std::int64_t begin, std::int64_t end,
                             std::byte* out) {
  const std::size_t size = panel_bytes(packing, raw.cols);
  for (std::int64_t p = begin; p < end; ++p) {
    const std::int64_t left = raw.rows - p * panel_rows;
    std::byte* panel = out + static_cast<std::size_t>(p) * size;
    std::memset(panel, 0, size);
    detail::pack_panel(raw, packing, p * panel_rows, static_cast<std::size_t>(left < panel_rows ? left : panel_rows),
                       panel);
  }
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

WEFT_INLINE void fill(const RawMatrix& raw, Weight& weight) {
  pack_panels(raw, weight.panels().packing, 0, weight.panel_count(), weight.bytes_.get());
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
    is_super(w.packing) ? detail::gather_super(w.packing, panel, b, r, out + b * 32)
                        : detail::gather_block(w.packing, panel, b, r, out + b * 32);
}

}  // namespace weft::cpu

#if defined(__clang__)
#pragma float_control(pop)
#else
#pragma GCC pop_options
#endif
