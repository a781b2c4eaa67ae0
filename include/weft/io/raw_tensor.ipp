// Definitions of io/raw_tensor.hpp.
#pragma once

#include <functional>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/raw_tensor.hpp"

namespace weft {

WEFT_INLINE void Checkpoint::add(RawTensor tensor) {
  if (!index_.emplace(tensor.name, tensors_.size()).second)
    fail(ErrorKind::format, source, ": duplicate tensor ", detail::quote(tensor.name), "; a name may be used once");
  tensors_.push_back(std::move(tensor));
}

WEFT_INLINE const RawTensor* Checkpoint::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

WEFT_INLINE const RawTensor& Checkpoint::at(std::string_view name) const {
  const RawTensor* const tensor = find(name);
  if (tensor == nullptr) fail(ErrorKind::format, source, ": tensor ", detail::quote(name), " is missing");
  return *tensor;
}

WEFT_INLINE void Checkpoint::release(std::span<const std::byte> part) const {
  const std::less<const std::byte*> before;
  for (const auto& file : files) {
    const auto all = file->bytes();
    const std::byte* const begin = part.data();
    if (!before(begin, all.data()) && before(begin, all.data() + all.size())) return file->release(part);
  }
}

}  // namespace weft
