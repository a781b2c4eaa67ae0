// Compiled into weft::compiled only: see instances.hpp.
#pragma once

#ifdef WEFT_COMPILED
#include "weft/backend/reference.hpp"
#include "weft/instances.hpp"
#include "weft/model/loaded_model.hpp"

namespace weft {

template class Model<Reference>;
template class detail::Generation<Sequence<Reference>>;
template class Model<Cpu<>>;
template class detail::Generation<Sequence<Cpu<>>>;
template class Model<Cpu<cpu::Scalar>>;
template class detail::Generation<Sequence<Cpu<cpu::Scalar>>>;
#if WEFT_CPU_X86
template class Model<Cpu<cpu::Avx2>>;
template class detail::Generation<Sequence<Cpu<cpu::Avx2>>>;
template class Model<Cpu<cpu::Avx2Vnni>>;
template class detail::Generation<Sequence<Cpu<cpu::Avx2Vnni>>>;
template class Model<Cpu<cpu::Avx512Vnni>>;
template class detail::Generation<Sequence<Cpu<cpu::Avx512Vnni>>>;
template class Model<Cpu<cpu::Avx512Amx>>;
template class detail::Generation<Sequence<Cpu<cpu::Avx512Amx>>>;
#endif
#if WEFT_CPU_ARM
template class Model<Cpu<cpu::Neon>>;
template class detail::Generation<Sequence<Cpu<cpu::Neon>>>;
#endif

}  // namespace weft
#endif
