// Models of the library's own backends, and decoding with them: with weft::compiled they are compiled once, in the library.
#pragma once

#ifdef WEFT_COMPILED
#include "weft/backend/cpu/cpu.hpp"
#include "weft/backend/reference.hpp"
#include "weft/decode/generation.hpp"
#include "weft/model/model.hpp"
#include "weft/model/sequence.hpp"

namespace weft {

extern template class Model<Reference>;
extern template class detail::Generation<Sequence<Reference>>;
extern template class Model<Cpu<>>;
extern template class detail::Generation<Sequence<Cpu<>>>;
extern template class Model<Cpu<cpu::Scalar>>;
extern template class detail::Generation<Sequence<Cpu<cpu::Scalar>>>;
#if WEFT_CPU_X86
extern template class Model<Cpu<cpu::Avx2>>;
extern template class detail::Generation<Sequence<Cpu<cpu::Avx2>>>;
extern template class Model<Cpu<cpu::Avx2Vnni>>;
extern template class detail::Generation<Sequence<Cpu<cpu::Avx2Vnni>>>;
extern template class Model<Cpu<cpu::Avx512Vnni>>;
extern template class detail::Generation<Sequence<Cpu<cpu::Avx512Vnni>>>;
extern template class Model<Cpu<cpu::Avx512Amx>>;
extern template class detail::Generation<Sequence<Cpu<cpu::Avx512Amx>>>;
#endif
#if WEFT_CPU_ARM
extern template class Model<Cpu<cpu::Neon>>;
extern template class detail::Generation<Sequence<Cpu<cpu::Neon>>>;
#endif

}  // namespace weft
#endif
