// Writer of GGUF files, version 3.
// Source: the GGUF specification (ggml/docs/gguf.md).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/io/gguf.hpp"

namespace weft {

/// A tensor to be written; shape outermost first, as in RawTensor.
struct GgufTensor {
  std::string name{};
  DType type{};
  std::vector<std::int64_t> shape{};
};

/// What a file will hold: pairs in their order, then tensors in theirs. Views in `pairs` must outlive it.
class GgufWriter {
 public:
  /// Replaces the pair of that key, or adds it at the end.
  void set(const GgufPair& pair);
  void set(std::string_view key, std::uint32_t value);
  void add(GgufTensor tensor) { tensors_.push_back(std::move(tensor)); }

  /// Writes the file in one pass: `bytes_of(i)` gives tensor i's bytes when their turn comes, valid until the next call.
  /// The file appears under its name when it is complete, in place of one that was there.
  /// Throws Error(argument) for a tensor whose type is none of GGUF's, whose shape does not fit its type or whose bytes do
  /// not fit its shape, Error(file) when the file cannot be written; what was written so far is removed then, as when
  /// `bytes_of` throws.
  void write(const std::string& path, const std::function<std::span<const std::byte>(std::size_t)>& bytes_of) const;

 private:
  [[nodiscard]] std::uint64_t alignment() const;
  [[nodiscard]] std::string header() const;

  std::vector<GgufPair> pairs_;
  std::vector<std::pair<std::string, std::uint32_t>> own_;  // pairs set by number
  std::vector<GgufTensor> tensors_;
};

/// Bytes of a tensor of this type and shape. Throws Error(argument) naming the tensor where they do not fit together.
[[nodiscard]] std::uint64_t bytes_of(const GgufTensor& tensor);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/io/gguf_writer.ipp"
#endif
