// The CPU backend with the instruction set that a command line names, chosen when the program runs. weft::with_cpu() chooses between types:
// a program that calls it is compiled once for each set, which is what a measurement of one set wants, and six times the work.
#pragma once

#include <string_view>

#include "weft/backend/cpu/cpu.hpp"
#include "weft/model/loaded_model.hpp"  // since the backend is none of the library

namespace example {

class ChosenSet {
 public:
  /// Once, before a model is loaded. Names and errors are those of weft::with_cpu().
  static void choose(std::string_view name) {
    kernels_ = &weft::with_cpu(name, []<class Isa>(weft::Cpu<Isa>) -> const weft::cpu::Kernels& { return Isa::kernels(); });
  }
  static bool available() noexcept { return true; }
  static const weft::cpu::Kernels& kernels() noexcept { return *kernels_; }

 private:
  static inline const weft::cpu::Kernels* kernels_ = &weft::cpu::best_kernels();
};

using ChosenCpu = weft::Cpu<ChosenSet>;

}  // namespace example
