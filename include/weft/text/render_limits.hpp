// What one rendering of a chat template may cost.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft {

/// Limits of one rendering; passing one is Error(resource). The defaults are far above what any chat needs and keep a hostile template
/// below a second and 64 MB.
struct RenderLimits {
  std::uint64_t steps = 20'000'000;          ///< operations; one that handles n items or 64 n bytes counts as n
  std::size_t memory = std::size_t{32} << 20;  ///< bytes of values and texts, beyond what the variables themselves need
  std::size_t output = std::size_t{8} << 20;  ///< bytes of the text, and of all parts that are being put together, beyond the size of the variables
  std::size_t depth = 250;                   ///< levels of nested macros, blocks and expressions
};

}  // namespace weft
