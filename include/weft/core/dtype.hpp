// Element and block types of tensors: every type of ggml and of safetensors, by name, with its block geometry.
// Source: ggml's type table (ids and sizes are part of the GGUF format); safetensors' format description.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft {

/// Ids below 64 are those of the GGUF format; the rest are element types that only safetensors has.
enum class DType : std::uint8_t {
  f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8, q8_1 = 9,
  q2_k = 10, q3_k = 11, q4_k = 12, q5_k = 13, q6_k = 14, q8_k = 15,
  iq2_xxs = 16, iq2_xs = 17, iq3_xxs = 18, iq1_s = 19, iq4_nl = 20, iq3_s = 21, iq2_s = 22, iq4_xs = 23,
  i8 = 24, i16 = 25, i32 = 26, i64 = 27, f64 = 28, iq1_m = 29, bf16 = 30,
  tq1_0 = 34, tq2_0 = 35, mxfp4 = 39, nvfp4 = 40,
  u8 = 64, u16 = 65, u32 = 66, u64 = 67, boolean = 68, f8_e4m3 = 69, f8_e5m2 = 70
};

/// values: elements a block holds; bytes: its size in a file. An element type is a block of one.
struct DTypeInfo {
  DType type;
  std::string_view name;  ///< as ggml or safetensors spells it
  std::uint32_t values;
  std::uint32_t bytes;
};

inline constexpr std::array dtype_table{
    DTypeInfo{DType::f32, "F32", 1, 4},          DTypeInfo{DType::f16, "F16", 1, 2},
    DTypeInfo{DType::q4_0, "Q4_0", 32, 18},      DTypeInfo{DType::q4_1, "Q4_1", 32, 20},
    DTypeInfo{DType::q5_0, "Q5_0", 32, 22},      DTypeInfo{DType::q5_1, "Q5_1", 32, 24},
    DTypeInfo{DType::q8_0, "Q8_0", 32, 34},      DTypeInfo{DType::q8_1, "Q8_1", 32, 36},
    DTypeInfo{DType::q2_k, "Q2_K", 256, 84},     DTypeInfo{DType::q3_k, "Q3_K", 256, 110},
    DTypeInfo{DType::q4_k, "Q4_K", 256, 144},    DTypeInfo{DType::q5_k, "Q5_K", 256, 176},
    DTypeInfo{DType::q6_k, "Q6_K", 256, 210},    DTypeInfo{DType::q8_k, "Q8_K", 256, 292},
    DTypeInfo{DType::iq2_xxs, "IQ2_XXS", 256, 66}, DTypeInfo{DType::iq2_xs, "IQ2_XS", 256, 74},
    DTypeInfo{DType::iq3_xxs, "IQ3_XXS", 256, 98}, DTypeInfo{DType::iq1_s, "IQ1_S", 256, 50},
    DTypeInfo{DType::iq4_nl, "IQ4_NL", 32, 18},  DTypeInfo{DType::iq3_s, "IQ3_S", 256, 110},
    DTypeInfo{DType::iq2_s, "IQ2_S", 256, 82},   DTypeInfo{DType::iq4_xs, "IQ4_XS", 256, 136},
    DTypeInfo{DType::i8, "I8", 1, 1},            DTypeInfo{DType::i16, "I16", 1, 2},
    DTypeInfo{DType::i32, "I32", 1, 4},          DTypeInfo{DType::i64, "I64", 1, 8},
    DTypeInfo{DType::f64, "F64", 1, 8},          DTypeInfo{DType::iq1_m, "IQ1_M", 256, 56},
    DTypeInfo{DType::bf16, "BF16", 1, 2},        DTypeInfo{DType::tq1_0, "TQ1_0", 256, 54},
    DTypeInfo{DType::tq2_0, "TQ2_0", 256, 66},   DTypeInfo{DType::mxfp4, "MXFP4", 32, 17},
    DTypeInfo{DType::nvfp4, "NVFP4", 64, 36},    DTypeInfo{DType::u8, "U8", 1, 1},
    DTypeInfo{DType::u16, "U16", 1, 2},          DTypeInfo{DType::u32, "U32", 1, 4},
    DTypeInfo{DType::u64, "U64", 1, 8},          DTypeInfo{DType::boolean, "BOOL", 1, 1},
    DTypeInfo{DType::f8_e4m3, "F8_E4M3", 1, 1},  DTypeInfo{DType::f8_e5m2, "F8_E5M2", 1, 1},
};

/// The table's entry, or null for an id that is no type (a byte of a file cast to DType, say).
constexpr const DTypeInfo* find_dtype(DType type) noexcept {
  for (const auto& info : dtype_table)
    if (info.type == type) return &info;
  return nullptr;
}

/// For a type that is known to be in the table.
constexpr const DTypeInfo& info(DType type) noexcept { return *find_dtype(type); }
constexpr std::string_view name(DType type) noexcept { return info(type).name; }

}  // namespace weft
