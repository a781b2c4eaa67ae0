// A tensor as it lies in a file, and a checkpoint: all of them with the mapped files that hold their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/dtype.hpp"
#include "weft/core/mapped_file.hpp"

namespace weft {

/// A named block of bytes. shape is outermost first (row-major, as PyTorch prints it; GGUF's order reversed), so a
/// matrix is [rows, cols] and each row is a whole number of blocks. The reader has checked that bytes fit the shape.
struct RawTensor {
  std::string name;
  DType type{};
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  ///< into a MappedFile that the checkpoint owns; may lie at any address, aligned or not
};

/// The tensors of a model, from one GGUF file or from the safetensors files of a folder. Movable.
class Checkpoint {
 public:
  /// Name of the file or folder for messages.
  std::string source;
  std::vector<std::shared_ptr<const MappedFile>> files;

  /// Throws Error(format) naming the tensor when the name is taken.
  void add(RawTensor tensor);
  [[nodiscard]] const RawTensor* find(std::string_view name) const;
  /// Throws Error(format) "<source>: tensor '<name>' is missing".
  [[nodiscard]] const RawTensor& at(std::string_view name) const;
  [[nodiscard]] const std::vector<RawTensor>& tensors() const noexcept { return tensors_; }
  /// Tells the operating system that the mapped pages of these bytes of a tensor will not be read again (they have been packed).
  void release(std::span<const std::byte> part) const;

 private:
  std::vector<RawTensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;  // a tree: a hostile file cannot make names collide
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/io/raw_tensor.ipp"
#endif
