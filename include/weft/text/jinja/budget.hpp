// What one rendering may cost.
#pragma once

#include <cstddef>
#include <cstdint>

#include "weft/core/error.hpp"
#include "weft/text/jinja/arena.hpp"
#include "weft/text/render_limits.hpp"

namespace weft::detail::jinja {

/// Counts steps and owns the memory.
class Budget {
 public:
  Budget(const RenderLimits& limits, std::size_t input_bytes)
      : arena(limits.memory + 32 * input_bytes), limits_(limits), output_(limits.output + input_bytes), steps_(limits.steps + input_bytes) {}

  void charge(std::size_t steps) {
    if (steps > steps_) fail(ErrorKind::resource, "the limit of ", limits_.steps, " steps for one rendering is reached (RenderLimits::steps)");
    steps_ -= steps;
  }

  /// Throws when a text of so many bytes would be too long.
  void check_text(std::size_t bytes) const {
    if (bytes > output_) fail(ErrorKind::resource, "a text would be longer than the limit of ", output_, " bytes of output (RenderLimits::output)");
  }

  /// Bytes of texts that are being put together at the same time: a macro in a macro in a macro ...
  void hold(std::size_t bytes) {
    held_ += bytes;
    if (held_ > 2 * output_) fail(ErrorKind::resource, "the texts being put together pass the limit of ", output_, " bytes of output twice (RenderLimits::output)");
  }
  void release(std::size_t bytes) noexcept { held_ -= bytes; }

  /// A level of nesting, for as long as it lives.
  class Level {
   public:
    explicit Level(Budget& budget) : budget_(budget) {
      if (++budget_.level_ > budget_.limits_.depth) {
        --budget_.level_;
        fail(ErrorKind::resource, "nested too deep: the limit is ", budget_.limits_.depth, " levels (RenderLimits::depth); is a macro calling itself for ever?");
      }
    }
    ~Level() { --budget_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Budget& budget_;
  };

  Arena arena;

 private:
  RenderLimits limits_;
  std::size_t output_;
  std::uint64_t steps_;
  std::size_t level_ = 0, held_ = 0;
};

}  // namespace weft::detail::jinja
