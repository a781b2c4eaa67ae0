// Compiled into weft::compiled only: see instances.hpp.
#pragma once

#ifdef WEFT_COMPILED
#include "weft/backend/cpu/cpu.hpp"
#include "weft/backend/reference.hpp"
#include "weft/model/batch.hpp"
#include "weft/model/instances.hpp"

namespace weft {

template class Model<Reference>;
template class Sequence<Reference>;
template class Batch<Reference>;
template class Model<Cpu<>>;
template class Sequence<Cpu<>>;
template class Batch<Cpu<>>;
template class Model<Cpu<cpu::Scalar>>;
template class Sequence<Cpu<cpu::Scalar>>;
template class Batch<Cpu<cpu::Scalar>>;
#if WEFT_CPU_X86
template class Model<Cpu<cpu::Avx2>>;
template class Sequence<Cpu<cpu::Avx2>>;
template class Batch<Cpu<cpu::Avx2>>;
template class Model<Cpu<cpu::Avx512Vnni>>;
template class Sequence<Cpu<cpu::Avx512Vnni>>;
template class Batch<Cpu<cpu::Avx512Vnni>>;
#endif

}  // namespace weft
#endif
