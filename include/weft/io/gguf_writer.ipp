// Definitions of io/gguf_writer.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "weft/core/checked.hpp"
#include "weft/core/error.hpp"
#include "weft/core/new_file.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/gguf_writer.hpp"

namespace weft {

namespace detail {

template <class T>
void append_number(std::string& out, T value) {
  const auto bytes = std::bit_cast<std::array<char, sizeof value>>(value);
  out.append(bytes.data(), bytes.size());
}

inline void append_text(std::string& out, std::string_view text) {
  append_number(out, static_cast<std::uint64_t>(text.size()));
  out += text;
}

inline std::uint64_t rounded_up(std::uint64_t bytes, std::uint64_t alignment) noexcept { return (bytes + alignment - 1) / alignment * alignment; }

}  // namespace detail

WEFT_INLINE std::uint64_t bytes_of(const GgufTensor& tensor) {
  const DTypeInfo* const type = find_dtype(tensor.type);
  const auto named = detail::quote(tensor.name);
  if (type == nullptr || static_cast<int>(tensor.type) >= 64)
    fail(ErrorKind::argument, "tensor ", named, " has type ", type == nullptr ? std::string_view("?") : type->name, ", which GGUF does not have");
  if (tensor.shape.empty() || tensor.shape.size() > 4) fail(ErrorKind::argument, "tensor ", named, " has ", tensor.shape.size(), " dimensions, expected 1 to 4");
  Checked values(1);
  for (const auto size : tensor.shape) {
    if (size < 1) fail(ErrorKind::argument, "tensor ", named, " has a dimension of ", size, ", expected at least 1");
    values = values * static_cast<std::uint64_t>(size);
  }
  if (static_cast<std::uint64_t>(tensor.shape.back()) % type->values != 0)
    fail(ErrorKind::argument, "tensor ", named, " has rows of ", tensor.shape.back(), " values, expected a multiple of ", type->values, ", the block size of ", type->name);
  const auto count = values.value_or_fail(ErrorKind::argument, "tensor ", named, " has more than 2^64 values");
  return (Checked(count / type->values) * type->bytes).value_or_fail(ErrorKind::argument, "tensor ", named, " has more than 2^64 bytes");
}

WEFT_INLINE void GgufWriter::set(const GgufPair& pair) {
  const auto same = [&](const auto& other) { return other.key == pair.key; };
  if (const auto at = std::find_if(pairs_.begin(), pairs_.end(), same); at != pairs_.end())
    *at = pair;
  else
    pairs_.push_back(pair);
}

WEFT_INLINE void GgufWriter::set(std::string_view key, std::uint32_t value) {
  std::erase_if(pairs_, [&](const GgufPair& pair) { return pair.key == key; });
  std::erase_if(own_, [&](const auto& pair) { return pair.first == key; });
  own_.emplace_back(key, value);
}

WEFT_INLINE std::uint64_t GgufWriter::alignment() const {
  for (const auto& pair : pairs_)
    if (pair.key == "general.alignment" && pair.type == GgufType::u32 && pair.payload.size() == 4) {
      std::uint32_t value = 0;
      std::memcpy(&value, pair.payload.data(), 4);
      if (std::has_single_bit(value)) return value;
    }
  return 32;
}

WEFT_INLINE std::string GgufWriter::header() const {
  std::string out = "GGUF";
  detail::append_number(out, std::uint32_t{3});
  detail::append_number(out, static_cast<std::uint64_t>(tensors_.size()));
  detail::append_number(out, static_cast<std::uint64_t>(pairs_.size() + own_.size()));
  for (const auto& pair : pairs_) {
    detail::append_text(out, pair.key);
    if (pair.is_array) detail::append_number(out, GgufType::array);
    detail::append_number(out, pair.type);
    if (pair.is_array)
      detail::append_number(out, pair.count);
    else if (pair.type == GgufType::string)
      detail::append_number(out, static_cast<std::uint64_t>(pair.payload.size()));
    out.append(reinterpret_cast<const char*>(pair.payload.data()), pair.payload.size());
  }
  for (const auto& [key, value] : own_) {
    detail::append_text(out, key);
    detail::append_number(out, GgufType::u32);
    detail::append_number(out, value);
  }
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors_) {
    detail::append_text(out, tensor.name);
    detail::append_number(out, static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size) detail::append_number(out, static_cast<std::uint64_t>(*size));
    detail::append_number(out, static_cast<std::uint32_t>(tensor.type));
    detail::append_number(out, offset);
    offset += detail::rounded_up(bytes_of(tensor), alignment());
  }
  out.resize(static_cast<std::size_t>(detail::rounded_up(out.size(), alignment())), '\0');
  return out;
}

WEFT_INLINE void GgufWriter::write(const std::string& path, const std::function<std::span<const std::byte>(std::size_t)>& bytes_of) const {
  const std::string head = header();
  NewFile file(path);
  file.write(std::as_bytes(std::span(head)));
  const std::vector<std::byte> padding(static_cast<std::size_t>(alignment()));
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const auto bytes = bytes_of(i);
    const auto expected = weft::bytes_of(tensors_[i]);
    if (bytes.size() != expected)
      fail(ErrorKind::argument, "tensor ", detail::quote(tensors_[i].name), " was given ", bytes.size(), " bytes, expected ", expected, " for its type and shape");
    file.write(bytes);
    file.write(std::span(padding).first(static_cast<std::size_t>(detail::rounded_up(bytes.size(), alignment()) - bytes.size())));
  }
  file.commit();
}

}  // namespace weft
