#pragma once

#define EIGEN_MPL2_ONLY
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "weft/backend/reference.hpp"
#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/quant/dequantize.hpp"
#include "weft/quant/float16.hpp"

namespace weft {
namespace detail {

using ConstVector = Eigen::Map<const Eigen::VectorXf>;
using Vector = Eigen::Map<Eigen::VectorXf>;

/// Number `index` of a block of keys or values in a page, as float32 whatever its type; of q8, without its scale.
WEFT_INLINE float kv_value(const std::byte* block, KvType type, std::int64_t index) {
  if (type == KvType::f32) return reinterpret_cast<const float*>(block)[index];
  if (type == KvType::f16) return f16_to_f32(reinterpret_cast<const std::uint16_t*>(block)[index]);
  return static_cast<float>(reinterpret_cast<const std::int8_t*>(block)[index]);
}
WEFT_INLINE void set_kv_value(std::byte* block, KvType type, std::int64_t index, float value) {
  if (type == KvType::f32)
    reinterpret_cast<float*>(block)[index] = value;
  else if (type == KvType::f16)
    reinterpret_cast<std::uint16_t*>(block)[index] = f32_to_f16(value);
  else
    reinterpret_cast<std::int8_t*>(block)[index] = static_cast<std::int8_t>(std::nearbyint(value));
}
/// The scale of a position in a block of q8, which stands behind the numbers.
WEFT_INLINE float* kv_scale(std::byte* block, const KvSlot& slot, std::int64_t position) {
  return reinterpret_cast<float*>(block + page_positions * slot.head_dim) + position;
}
WEFT_INLINE float kv_scale(const std::byte* block, const KvSlot& slot, std::int64_t position) {
  return slot.type == KvType::q8 ? *kv_scale(const_cast<std::byte*>(block), slot, position) : 1.0f;
}
/// Makes the n numbers of x integers of 8 bits, and gives the scale: d = max|x| / 127.
WEFT_INLINE float round_to_8_bits(Eigen::VectorXf& x) {
  if (!x.allFinite()) {
    x.setZero();
    return std::numeric_limits<float>::quiet_NaN();
  }
  const float d = x.cwiseAbs().maxCoeff() / 127.0f;
  if (d < std::numeric_limits<float>::min()) {
    x.setZero();
    return 0.0f;
  }
  x *= 1.0f / d;
  return d;
}

/// One query head at one position over positions [0, count).
WEFT_INLINE void attend_one(const AttentionJob& job, const std::byte* const* pages, const float* q, std::int64_t count, float* out) {
  const auto dim = job.slot.head_dim;
  Eigen::VectorXf scores(count);
  for (std::int64_t p = 0; p < count; ++p) {
    const std::byte* keys = pages[p / page_positions] + job.slot.k_offset;
    float dot = 0;
    for (std::int64_t d = 0; d < dim; ++d)
      dot += q[d] * kv_value(keys, job.slot.type, d * page_positions + p % page_positions);
    scores[p] = dot * (job.scale * kv_scale(keys, job.slot, p % page_positions));
  }
  scores = (scores.array() - scores.maxCoeff()).exp();
  scores /= scores.sum();
  Vector result(out, dim);
  result.setZero();
  for (std::int64_t p = 0; p < count; ++p) {
    const std::byte* values = pages[p / page_positions] + job.slot.v_offset;
    const float weight = scores[p] * kv_scale(values, job.slot, p % page_positions);
    for (std::int64_t d = 0; d < dim; ++d)
      result[d] += weight * kv_value(values, job.slot.type, p % page_positions * dim + d);
  }
}

WEFT_INLINE float apply(Activation act, float x) {
  switch (act) {
    case Activation::silu: return x / (1.0f + std::exp(-x));
    case Activation::gelu: return 0.5f * x * (1.0f + std::erf(x * 0.70710678f));
    case Activation::gelu_tanh: return 0.5f * x * (1.0f + std::tanh(0.79788456f * (x + 0.044715f * x * x * x)));
    case Activation::relu: return std::max(x, 0.0f);
  }
  return x;
}

}  // namespace detail

WEFT_INLINE Reference::Weight Reference::pack(const RawMatrix& raw) {
  if (!can_dequantize(raw.type))
    fail(ErrorKind::unsupported, "tensor '", raw.name, "' has type ", weft::name(raw.type), ", which this build cannot read");
  Weight weight(raw.rows, raw.cols);
  dequantize(raw.type, raw.data, raw.rows * raw.cols, weight.row(0));
  return weight;
}

WEFT_INLINE void Reference::matmul(const Weight& w, std::int64_t panel_begin, std::int64_t panel_end, Operand x,
                                   std::int64_t rows, float* out, std::int64_t out_stride) {
  const auto end = std::min(panel_end * panel_rows, w.rows());
  for (std::int64_t r = 0; r < rows; ++r) {
    const detail::ConstVector input(x.values + r * x.cols, x.cols);
    for (std::int64_t i = panel_begin * panel_rows; i < end; ++i)
      out[r * out_stride + i] = detail::ConstVector(w.row(i), w.cols()).dot(input);
  }
}

WEFT_INLINE void Reference::gather(const Weight& w, std::int64_t row, float* out) {
  std::copy_n(w.row(row), w.cols(), out);
}

WEFT_INLINE void Reference::rms_norm(const float* x, const float* weight, float eps, std::int64_t n, float* out) {
  const detail::ConstVector input(x, n), scale(weight, n);
  const float mean = input.squaredNorm() / static_cast<float>(n);
  detail::Vector(out, n) = (input / std::sqrt(mean + eps)).cwiseProduct(scale);
}

WEFT_INLINE void Reference::layer_norm(const float* x, const float* weight, const float* bias, float eps, std::int64_t n,
                                       float* out) {
  const detail::ConstVector input(x, n), scale(weight, n);
  const Eigen::VectorXf centred = input.array() - input.mean();
  detail::Vector result(out, n);
  result = (centred / std::sqrt(centred.squaredNorm() / static_cast<float>(n) + eps)).cwiseProduct(scale);
  if (bias) result += detail::ConstVector(bias, n);
}

WEFT_INLINE void Reference::rope(float* head, const float* cos_sin, std::int64_t n, RopeStyle style) {
  const auto half = n / 2;
  for (std::int64_t i = 0; i < half; ++i) {
    const auto a = style == RopeStyle::half ? i : 2 * i;
    const auto b = style == RopeStyle::half ? i + half : 2 * i + 1;
    const float x = head[a], y = head[b], c = cos_sin[i], s = cos_sin[half + i];
    head[a] = x * c - y * s;
    head[b] = y * c + x * s;
  }
}

WEFT_INLINE void Reference::store(const float* k, const float* v, std::byte* page, KvSlot slot, std::int64_t index) {
  Eigen::VectorXf keys = detail::ConstVector(k, slot.head_dim), values = detail::ConstVector(v, slot.head_dim);
  if (slot.type == KvType::q8) {
    *detail::kv_scale(page + slot.k_offset, slot, index) = detail::round_to_8_bits(keys);
    *detail::kv_scale(page + slot.v_offset, slot, index) = detail::round_to_8_bits(values);
  }
  for (std::int64_t d = 0; d < slot.head_dim; ++d) {
    detail::set_kv_value(page + slot.k_offset, slot.type, d * page_positions + index, keys[d]);
    detail::set_kv_value(page + slot.v_offset, slot.type, index * slot.head_dim + d, values[d]);
  }
}

WEFT_INLINE void Reference::attend(const AttentionJob& job) {
  for (std::int64_t r = 0; r < job.rows; ++r)
    for (std::int64_t g = 0; g < job.group; ++g)
      detail::attend_one(job, job.pages_of(r), job.q + r * job.q_stride + g * job.slot.head_dim, job.position_of(r) + 1,
                         job.out + r * job.out_stride + g * job.slot.head_dim);
}

WEFT_INLINE void Reference::gate(Activation act, const float* gate, const float* up, std::int64_t n, float* out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = detail::apply(act, gate[i]) * up[i];
}

WEFT_INLINE void Reference::activate(Activation act, const float* x, std::int64_t n, float* out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = detail::apply(act, x[i]);
}

WEFT_INLINE void Reference::add(const float* x, std::int64_t n, float* out) {
  detail::Vector(out, n) += detail::ConstVector(x, n);
}

}  // namespace weft
