// Model, Sequence and Batch of the library's own backends: with weft::compiled they are compiled once, in the library.
#pragma once

#ifdef WEFT_COMPILED
#include "weft/backend/cpu/cpu.hpp"
#include "weft/backend/reference.hpp"
#include "weft/model/batch.hpp"

namespace weft {

extern template class Model<Reference>;
extern template class Sequence<Reference>;
extern template class Batch<Reference>;
extern template class Model<Cpu<>>;
extern template class Sequence<Cpu<>>;
extern template class Batch<Cpu<>>;
extern template class Model<Cpu<cpu::Scalar>>;
extern template class Sequence<Cpu<cpu::Scalar>>;
extern template class Batch<Cpu<cpu::Scalar>>;
#if WEFT_CPU_X86
extern template class Model<Cpu<cpu::Avx2>>;
extern template class Sequence<Cpu<cpu::Avx2>>;
extern template class Batch<Cpu<cpu::Avx2>>;
extern template class Model<Cpu<cpu::Avx512Vnni>>;
extern template class Sequence<Cpu<cpu::Avx512Vnni>>;
extern template class Batch<Cpu<cpu::Avx512Vnni>>;
#endif

}  // namespace weft
#endif
