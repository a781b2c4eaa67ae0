// The backends that typed suites run over, and what a backend that this machine lacks does: it is skipped by name.
#pragma once

#include <string>

#include "support/data.hpp"
#include "support/sanitizer.hpp"
#include "weft/backend/cpu/cpu.hpp"
#include "weft/backend/reference.hpp"

#if WEFT_CPU_X86
#define WEFT_TEST_CPUS weft::Cpu<weft::cpu::Scalar>, weft::Cpu<weft::cpu::Avx2>, weft::Cpu<>
#elif WEFT_CPU_ARM
#define WEFT_TEST_CPUS weft::Cpu<weft::cpu::Scalar>, weft::Cpu<>
#else
#define WEFT_TEST_CPUS weft::Cpu<weft::cpu::Scalar>
#endif
// What the laws of a model are tested on. A sanitizer would take ten minutes for all of them: there it is the plain backend and the best
// of this machine. The other builds hold every set to the same bits, and tests/backend runs all kernels of every set under sanitizers too.
#if WEFT_TEST_SANITIZED
#define WEFT_TEST_BACKENDS weft::Reference, weft::Cpu<>
#else
#define WEFT_TEST_BACKENDS weft::Reference, WEFT_TEST_CPUS
#endif

namespace weft::test {

/// Whether this machine can run B; says so by name when it cannot.
template <class B>
bool usable() {
  if constexpr (requires { B::available(); }) {
    if (!B::available()) {
      skip(std::string("backend ") + std::string(B::name()), "this machine lacks the instruction set");
      return false;
    }
  }
  return true;
}

}  // namespace weft::test
