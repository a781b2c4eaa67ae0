// A model lowered to flat records: what the blocks in nn/ read while they run. Nothing here owns memory.
#pragma once

#include <cstdint>
#include <span>

#include "weft/backend/concept.hpp"

namespace weft::nn {

/// y = W x + bias; bias may be null.
template <class B>
struct LinearRef {
  const typename B::Weight* weight = nullptr;
  const float* bias = nullptr;
};

struct NormRef {
  NormKind kind{};
  float eps = 0;
  const float* weight = nullptr;
  const float* bias = nullptr;
};

struct AttentionRef {
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
  float scale = 1;
  std::int64_t rope = -1;  ///< index into Program::ropes, -1 for none
  std::int64_t kv_values = 0;  ///< keys and values that earlier layers hold in a page
  std::int64_t kv_blocks = 0;  ///< and in how many blocks (of one head's keys, or values)
};

struct RopeRef {
  RopeStyle style{};
  std::int64_t dim = 0;
  const float* inverse_frequencies = nullptr;
  float attention_factor = 1;
};

template <class B>
struct LayerRef {
  NormRef attention_norm;
  AttentionRef attention;
  LinearRef<B> q, k, v, out;
  NormRef mlp_norm;
  Activation activation{};
  LinearRef<B> gate, up, down;     ///< gate.weight is null when the MLP is not gated
  bool quantise_qkv = false, quantise_out = false, quantise_mlp = false, quantise_down = false;
};

template <class B>
struct Program {
  std::int64_t width = 0, vocab = 0;
  const typename B::Weight* embedding = nullptr;
  const typename B::Weight* positions = nullptr;  ///< learned positions, or null
  std::span<const RopeRef> ropes;
  std::span<const LayerRef<B>> layers;
  NormRef final_norm;
  LinearRef<B> head;
  bool quantise_head = false;
  std::int32_t planes = 1;  ///< of quantised activations (Operand::planes)
};

/// Where one KV head of a layer lies in a page. A layer's heads follow each other, each K then V.
inline KvSlot kv_slot(const AttentionRef& a, KvType type, std::int64_t head) noexcept {
  const auto block = kv_block_bytes(type, a.head_dim);
  const auto earlier = static_cast<std::size_t>(a.kv_values) * bytes_per_value(type) +
                       static_cast<std::size_t>(a.kv_blocks) * kv_block_bytes(type, 0);
  const auto start = earlier + 2 * static_cast<std::size_t>(head) * block;
  return {type, static_cast<std::int32_t>(a.head_dim), start, start + block};
}

}  // namespace weft::nn
