// What the processor can do, and the table for the best of it.
#pragma once

#include <string>

#include "weft/backend/cpu/kernels.hpp"
#include "weft/core/error.hpp"
#if WEFT_CPU_X86
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif
#if WEFT_CPU_ARM && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace weft::cpu {

#if WEFT_CPU_X86
namespace detail {

/// Which register states the operating system saves (XCR0); 0 when it saves none.
inline std::uint32_t saved_states() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned osxsave = 1u << 27;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & osxsave) == 0) return 0;
  std::uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

inline Level detect_level() noexcept {
  constexpr std::uint32_t ymm_state = 0x06, zmm_state = 0xe6;
  constexpr unsigned fma = 1u << 12, f16c = 1u << 29, avx2 = 1u << 5;
  constexpr unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // F, DQ, BW, VL
  constexpr unsigned vnni = 1u << 11;
  const std::uint32_t states = saved_states();
  unsigned a = 0, b = 0, c = 0, d = 0, c1 = 0;
  if ((states & ymm_state) != ymm_state || __get_cpuid(1, &a, &b, &c1, &d) == 0) return Level::scalar;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return Level::scalar;
  if ((c1 & fma) == 0 || (c1 & f16c) == 0 || (b & avx2) == 0) return Level::scalar;
  const bool has_avx512 = (states & zmm_state) == zmm_state && (b & avx512) == avx512 && (c & vnni) != 0;
  return has_avx512 ? Level::avx512_vnni : Level::avx2;
}

/// The state of tiles is large: Linux saves it only for processes that ask (arch_prctl(2), ARCH_REQ_XCOMP_PERM).
inline bool request_amx() noexcept {
#if defined(__linux__)
  constexpr std::uint32_t tile_state = 0x60000;
  constexpr unsigned amx_tile = 1u << 24, amx_int8 = 1u << 25;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (detect_level() != Level::avx512_vnni || (saved_states() & tile_state) != tile_state) return false;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d & amx_tile) == 0 || (d & amx_int8) == 0) return false;
  constexpr long request_permission = 0x1023, tile_data = 18;
  return ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

inline bool detect_avx_vnni() noexcept {
  constexpr unsigned avx_vnni = 1u << 4;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return detect_level() >= Level::avx2 && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & avx_vnni) != 0;
}

}  // namespace detail

WEFT_INLINE bool has_avx_vnni() noexcept {
  static const bool has = detail::detect_avx_vnni();
  return has;
}
WEFT_INLINE bool has_amx() noexcept {
  static const bool has = detail::request_amx();
  return has;
}
#endif

WEFT_INLINE Level best_level() noexcept {
#if WEFT_CPU_X86
  static const Level level = detail::detect_level();
  return level;
#elif WEFT_CPU_ARM && defined(__linux__)
  constexpr unsigned long dot_product = 1ul << 20;  // HWCAP_ASIMDDP
  static const bool has_dot_product = (::getauxval(AT_HWCAP) & dot_product) != 0;
  return has_dot_product ? Level::neon : Level::scalar;
#elif WEFT_CPU_ARM && defined(__APPLE__)
  return Level::neon;
#else
  return Level::scalar;
#endif
}

namespace detail {

/// A set of kernels by its name; `kernels` is null where the build lacks it.
struct NamedKernels {
  std::string_view name;
  bool available;
  const Kernels& (*kernels)() noexcept;
};

/// All that are known, the best last. f(NamedKernels).
template <class F>
inline void for_each_kernels(F&& f) {
  f(NamedKernels{"scalar", true, scalar_kernels});
#if WEFT_CPU_X86
  f(NamedKernels{"avx2", best_level() >= Level::avx2, avx2_kernels});
  f(NamedKernels{"avx2-vnni", has_avx_vnni(), avx2_vnni_kernels});
  f(NamedKernels{"avx512-vnni", best_level() >= Level::avx512_vnni, avx512_kernels});
  f(NamedKernels{"avx512-amx", has_amx(), amx_kernels});
#else
  for (const std::string_view name : {"avx2", "avx2-vnni", "avx512-vnni", "avx512-amx"}) f(NamedKernels{name, false, nullptr});
#endif
#if WEFT_CPU_ARM
  f(NamedKernels{"neon", best_level() >= Level::neon, neon_kernels});
#else
  f(NamedKernels{"neon", false, nullptr});
#endif
}

}  // namespace detail

WEFT_INLINE const Kernels& best_kernels() noexcept {
  const Kernels* best = nullptr;
  detail::for_each_kernels([&](const detail::NamedKernels& set) {
    if (set.available) best = &set.kernels();
  });
  return *best;
}

WEFT_INLINE void check_available(std::string_view name) {
  bool known = false, available = false;
  std::string names = "best";
  detail::for_each_kernels([&](const detail::NamedKernels& set) {
    names += ", " + std::string(set.name);
    if (set.name != name) return;
    known = true;
    available = set.available;
  });
  if (!known) fail(ErrorKind::argument, "there is no instruction set '", name, "'; expected one of ", names);
  if (!available) fail(ErrorKind::unsupported, "this machine lacks the instruction set '", name, "'; it has ", best_kernels().name);
}

}  // namespace weft::cpu
