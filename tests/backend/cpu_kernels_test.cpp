// Which instruction sets there are, by name.
#include "weft/backend/cpu/kernels.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support.hpp"
#include "weft/core/error.hpp"

namespace {

using namespace weft;
using namespace weft::test;

TEST_CASE("a set that this machine can run is named, one that it lacks is unsupported, any other name is none") {
  const auto kind_of = [](std::string_view name) {
    try {
      cpu::check_available(name);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::cancelled;  // which it never is
  };
  for_each_cpu([&](auto cpu) { CHECK(kind_of(cpu.name()) == ErrorKind::cancelled); });
#if WEFT_CPU_X86
  if (!Cpu<cpu::Avx512Amx>::available()) CHECK(kind_of("avx512-amx") == ErrorKind::unsupported);
  CHECK(kind_of("neon") == ErrorKind::unsupported);
#endif
  CHECK(kind_of("AVX2") == ErrorKind::argument);
  CHECK(kind_of("") == ErrorKind::argument);
}

TEST_CASE("with_cpu finds a backend by name and refuses names that do not exist") {
  CHECK(with_cpu("scalar", [](auto cpu) { return std::string(cpu.name()); }) == "scalar");
  CHECK(with_cpu("best", [](auto cpu) { return std::string(cpu.name()); }) == std::string(Cpu<>::name()));
  CHECK(with_best_cpu([](auto cpu) { return cpu.name(); }) == cpu::best_kernels().name);
  CHECK_THROWS_AS(with_cpu("mmx", [](auto) {}), Error);
}

}  // namespace
