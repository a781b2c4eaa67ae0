// The reference backend: every primitive in the plainest way, in float32, with Eigen. It is the oracle for the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weft/backend/concept.hpp"

namespace weft {

struct Reference {
  /// The whole matrix, dequantised to float32: [rows, cols].
  class Weight {
   public:
    Weight() = default;
    Weight(std::int64_t rows, std::int64_t cols)
        : rows_(rows), cols_(cols), values_(static_cast<std::size_t>(rows * cols)) {}
    [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
    [[nodiscard]] std::int64_t cols() const noexcept { return cols_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return values_.size() * sizeof(float); }
    [[nodiscard]] float* row(std::int64_t i) noexcept { return values_.data() + i * cols_; }
    [[nodiscard]] const float* row(std::int64_t i) const noexcept { return values_.data() + i * cols_; }

   private:
    std::int64_t rows_ = 0, cols_ = 0;
    std::vector<float> values_;
  };

  static constexpr std::string_view name() noexcept { return "reference"; }
  static Weight pack(const RawMatrix& raw);
  static bool quantises(const Weight&) noexcept { return false; }
  static std::size_t quantised_bytes(std::int64_t) noexcept { return 0; }
  static void quantise(const float*, std::int64_t, std::int32_t, std::byte*) noexcept {}
  static std::size_t room_bytes() noexcept { return 0; }
  static void matmul(const Weight& w, std::int64_t panel_begin, std::int64_t panel_end, Operand x, std::int64_t rows,
                     float* out, std::int64_t out_stride);
  static void gather(const Weight& w, std::int64_t row, float* out);
  static void rms_norm(const float* x, const float* weight, float eps, std::int64_t n, float* out);
  static void layer_norm(const float* x, const float* weight, const float* bias, float eps, std::int64_t n, float* out);
  static void rope(float* head, const float* cos_sin, std::int64_t n, RopeStyle style);
  static void store(const float* k, const float* v, std::byte* page, KvSlot slot, std::int64_t index);
  static void attend(const AttentionJob& job);
  static void gate(Activation act, const float* gate, const float* up, std::int64_t n, float* out);
  static void activate(Activation act, const float* x, std::int64_t n, float* out);
  static void add(const float* x, std::int64_t n, float* out);
};

static_assert(Backend<Reference>);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/backend/reference.ipp"
#endif
