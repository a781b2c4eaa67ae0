// The CPU backend: packed weights and SIMD kernels behind the Backend concept.
//
// Cpu<> picks the best instruction set once, at start; Cpu<cpu::Avx2> and the others name one. All share one Weight type and give the
// same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "weft/backend/concept.hpp"
#include "weft/backend/cpu/kernels.hpp"
#include "weft/backend/cpu/weight.hpp"

namespace weft::cpu {

// The instruction sets. available(): whether this machine has it.
struct Scalar {
  static bool available() noexcept { return true; }
  static const Kernels& kernels() noexcept { return scalar_kernels(); }
};
#if WEFT_CPU_X86
struct Avx2 {
  static bool available() noexcept { return best_level() >= Level::avx2; }
  static const Kernels& kernels() noexcept { return avx2_kernels(); }
};
struct Avx2Vnni {
  static bool available() noexcept { return has_avx_vnni(); }
  static const Kernels& kernels() noexcept { return avx2_vnni_kernels(); }
};
struct Avx512Vnni {
  static bool available() noexcept { return best_level() >= Level::avx512_vnni; }
  static const Kernels& kernels() noexcept { return avx512_kernels(); }
};
struct Avx512Amx {
  static bool available() noexcept { return has_amx(); }
  static const Kernels& kernels() noexcept { return amx_kernels(); }
};
#endif
#if WEFT_CPU_ARM
struct Neon {
  static bool available() noexcept { return best_level() >= Level::neon; }
  static const Kernels& kernels() noexcept { return neon_kernels(); }
};
#endif
/// Whatever the machine has.
struct Best {
  static bool available() noexcept { return true; }
  static const Kernels& kernels() noexcept {
    static const Kernels& best = best_kernels();
    return best;
  }
};

}  // namespace weft::cpu

namespace weft {

/// Satisfies Backend. A stateless struct of static functions; calling it on a machine without Isa is undefined.
template <class Isa = cpu::Best>
struct Cpu {
  using Weight = cpu::Weight;
  /// Optional: weights placed in one arena in the order of their use are read faster than separate ones.
  using Arena = cpu::Arena;

  static std::string_view name() noexcept { return Isa::kernels().name; }
  /// Whether this machine can run it.
  static bool available() noexcept { return Isa::available(); }

  /// pack in two steps: place in the order of use, then fill in any order, from any thread.
  static Weight place(const RawMatrix& raw, Arena* arena = nullptr) { return cpu::place(raw, arena); }
  static void fill(const RawMatrix& rows, Weight& weight, std::int64_t first_panel = 0) { cpu::fill(rows, weight, first_panel); }
  static Weight pack(const RawMatrix& raw) {
    auto weight = place(raw);
    fill(raw, weight);
    return weight;
  }
  static bool quantises(const Weight& w) noexcept { return cpu::quantises(w.panels().packing); }
  static std::size_t quantised_bytes(std::int64_t n) noexcept {
    return static_cast<std::size_t>((n + quant_block - 1) / quant_block) * sizeof(cpu::QuantBlock);
  }
  static void quantise(const float* x, std::int64_t n, std::int32_t planes, std::byte* out) noexcept {
    Isa::kernels().quantise(x, n, planes, out);
  }
  static std::size_t room_bytes() noexcept { return Isa::kernels().room_bytes; }
  static void matmul(const Weight& w, std::int64_t panel_begin, std::int64_t panel_end, const Operand& x,
                     std::int64_t rows, float* out, std::int64_t out_stride) noexcept {
    Isa::kernels().matmul(w.panels(), panel_begin, panel_end, x, rows, out, out_stride);
  }
  static void gather(const Weight& w, std::int64_t row, float* out) noexcept { cpu::gather(w.panels(), row, out); }
  static void rms_norm(const float* x, const float* weight, float eps, std::int64_t n, float* out) noexcept {
    Isa::kernels().rms_norm(x, weight, eps, n, out);
  }
  static void layer_norm(const float* x, const float* weight, const float* bias, float eps, std::int64_t n,
                         float* out) noexcept {
    Isa::kernels().layer_norm(x, weight, bias, eps, n, out);
  }
  static void rope(float* head, const float* cos_sin, std::int64_t n, RopeStyle style) noexcept {
    Isa::kernels().rope(head, cos_sin, n, style);
  }
  static void store(const float* k, const float* v, std::byte* page, const KvSlot& slot, std::int64_t index) noexcept {
    Isa::kernels().store(k, v, page, slot, index);
  }
  static void attend(const AttentionJob& job) noexcept { Isa::kernels().attend(job); }
  static void attend_split(const AttentionJob& job, std::int64_t split, float* partials) noexcept {
    Isa::kernels().attend_split(job, split, partials);
  }
  static void merge_splits(const float* partials, std::int64_t splits, std::int64_t stride, std::int64_t head_dim,
                           float* out) noexcept {
    Isa::kernels().merge_splits(partials, splits, stride, head_dim, out);
  }
  static void gate(Activation act, const float* gate, const float* up, std::int64_t n, float* out) noexcept {
    Isa::kernels().gate(act, gate, up, n, out);
  }
  static void activate(Activation act, const float* x, std::int64_t n, float* out) noexcept {
    Isa::kernels().activate(act, x, n, out);
  }
  static void add(const float* x, std::int64_t n, float* out) noexcept { Isa::kernels().add(x, n, out); }
};

static_assert(Backend<Cpu<>> && FillsParts<Cpu<>> && SplitsAttention<Cpu<>>);

namespace detail {

template <class... Isa>
struct CpuSets {
  /// f(Cpu<Isa>{}) for the first set that `is_wanted` holds for; the last one where it holds for none before.
  template <class First, class... Rest, class Wanted, class F>
  static decltype(auto) with(Wanted&& is_wanted, F&& f) {
    if constexpr (sizeof...(Rest) > 0)
      if (!is_wanted(Cpu<First>{})) return with<Rest...>(is_wanted, std::forward<F>(f));
    return std::forward<F>(f)(Cpu<First>{});
  }
  template <class Wanted, class F>
  static decltype(auto) first(Wanted&& is_wanted, F&& f) {
    return with<Isa...>(is_wanted, std::forward<F>(f));
  }
};
/// All sets of the build, best first.
#if WEFT_CPU_X86
using AllCpuSets = CpuSets<cpu::Avx512Amx, cpu::Avx512Vnni, cpu::Avx2Vnni, cpu::Avx2, cpu::Scalar>;
#elif WEFT_CPU_ARM
using AllCpuSets = CpuSets<cpu::Neon, cpu::Scalar>;
#else
using AllCpuSets = CpuSets<cpu::Scalar>;
#endif

}  // namespace detail

/// f(Cpu<Isa>{}) for the best instruction set of this machine; f is instantiated for each.
template <class F>
decltype(auto) with_best_cpu(F&& f) {
  return detail::AllCpuSets::first([](auto set) { return set.available(); }, std::forward<F>(f));
}

/// f(Cpu<Isa>{}) for the set of that name: "scalar", "avx2", "avx2-vnni", "avx512-vnni", "avx512-amx", "neon" or "best" ("cpu"); f is
/// instantiated for each. Error(unsupported) when the machine or the build lacks it, Error(argument) when there is no such name.
template <class F>
decltype(auto) with_cpu(std::string_view name, F&& f) {
  if (name == "best" || name == "cpu") return with_best_cpu(std::forward<F>(f));
  cpu::check_available(name);
  return detail::AllCpuSets::first([&](auto set) { return set.name() == name; }, std::forward<F>(f));
}

}  // namespace weft
