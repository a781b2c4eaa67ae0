// Definitions of io/gguf.hpp: the getters here, the parser in gguf_reader.ipp.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/gguf.hpp"
#include "weft/io/gguf_reader.ipp"

namespace weft {

WEFT_INLINE Gguf Gguf::open(std::shared_ptr<const MappedFile> file, std::stop_token stop) {
  Gguf gguf;
  gguf.tensors.source = file->path();
  gguf.tensors.files.push_back(std::move(file));
  GgufReader(gguf, std::move(stop)).run();
  return gguf;
}

WEFT_INLINE Gguf Gguf::open(const std::string& path, std::stop_token stop) { return open(MappedFile::open(path), std::move(stop)); }

WEFT_INLINE const GgufPair* Gguf::find(std::string_view key) const noexcept {
  const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), key,
                                      [this](std::uint32_t index, std::string_view k) { return pairs_[index].key < k; });
  return found != sorted_.end() && pairs_[*found].key == key ? &pairs_[*found] : nullptr;
}

WEFT_INLINE void Gguf::fail_type(const GgufPair& pair, std::string_view expected) const {
  fail(ErrorKind::format, source(), ": key ", detail::quote(pair.key), " is ", pair.is_array ? "an array of type " : "of type ",
       detail::gguf_type_name(static_cast<std::uint32_t>(pair.type)), ", expected ", expected);
}

WEFT_INLINE const GgufPair* Gguf::scalar(std::string_view key, std::string_view expected) const {
  const GgufPair* const pair = find(key);
  if (pair != nullptr && pair->is_array) fail_type(*pair, expected);
  return pair;
}

WEFT_INLINE const GgufPair* Gguf::list(std::string_view key, std::string_view expected) const {
  const GgufPair* const pair = find(key);
  if (pair != nullptr && !pair->is_array) fail_type(*pair, expected);
  return pair;
}

WEFT_INLINE std::optional<GgufType> Gguf::type(std::string_view key) const {
  const GgufPair* const pair = find(key);
  return pair == nullptr ? std::nullopt : std::optional(pair->type);
}

WEFT_INLINE bool Gguf::is_array(std::string_view key) const {
  const GgufPair* const pair = find(key);
  return pair != nullptr && pair->is_array;
}

WEFT_INLINE std::optional<std::uint64_t> Gguf::size(std::string_view key) const {
  const GgufPair* const pair = find(key);
  return pair == nullptr ? std::nullopt : std::optional(pair->count);
}

namespace detail {

template <class T>
T gguf_load(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// Calls f with a value of the number type that `type` means, read at `at`; false for string, array and bool.
template <class F>
bool gguf_visit_number(GgufType type, const std::byte* at, F&& f) {
  switch (type) {
    case GgufType::u8: f(gguf_load<std::uint8_t>(at)); return true;
    case GgufType::i8: f(gguf_load<std::int8_t>(at)); return true;
    case GgufType::u16: f(gguf_load<std::uint16_t>(at)); return true;
    case GgufType::i16: f(gguf_load<std::int16_t>(at)); return true;
    case GgufType::u32: f(gguf_load<std::uint32_t>(at)); return true;
    case GgufType::i32: f(gguf_load<std::int32_t>(at)); return true;
    case GgufType::u64: f(gguf_load<std::uint64_t>(at)); return true;
    case GgufType::i64: f(gguf_load<std::int64_t>(at)); return true;
    case GgufType::f32: f(gguf_load<float>(at)); return true;
    case GgufType::f64: f(gguf_load<double>(at)); return true;
    default: return false;
  }
}

constexpr bool gguf_is_integer(GgufType type) noexcept {
  return type <= GgufType::i32 || type == GgufType::u64 || type == GgufType::i64;
}
constexpr bool gguf_is_number(GgufType type) noexcept {
  return gguf_is_integer(type) || type == GgufType::f32 || type == GgufType::f64;
}

}  // namespace detail

WEFT_INLINE std::optional<std::uint64_t> Gguf::integer(std::string_view key) const {
  if (const GgufPair* const pair = find(key); pair != nullptr && !pair->is_array && pair->type == GgufType::u64)
    return detail::gguf_load<std::uint64_t>(pair->payload.data());
  const auto value = signed_integer(key);
  if (value && *value < 0)
    fail(ErrorKind::format, source(), ": key ", detail::quote(key), " is ", *value, ", expected a number that is not negative");
  return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

WEFT_INLINE std::optional<std::int64_t> Gguf::signed_integer(std::string_view key) const {
  const GgufPair* const pair = scalar(key, "an integer");
  if (pair == nullptr) return std::nullopt;
  if (!detail::gguf_is_integer(pair->type)) fail_type(*pair, "an integer");
  std::int64_t value = 0;
  detail::gguf_visit_number(pair->type, pair->payload.data(), [&](auto v) { value = static_cast<std::int64_t>(v); });
  if (pair->type == GgufType::u64 && value < 0)
    fail(ErrorKind::format, source(), ": key ", detail::quote(key), " is ", static_cast<std::uint64_t>(value), ", expected at most 2^63-1");
  return value;
}

WEFT_INLINE std::optional<double> Gguf::number(std::string_view key) const {
  const GgufPair* const pair = scalar(key, "a number");
  if (pair == nullptr) return std::nullopt;
  double value = 0;
  if (!detail::gguf_visit_number(pair->type, pair->payload.data(), [&](auto v) { value = static_cast<double>(v); }))
    fail_type(*pair, "a number");
  return value;
}

WEFT_INLINE std::optional<bool> Gguf::boolean(std::string_view key) const {
  const GgufPair* const pair = scalar(key, "a bool");
  if (pair == nullptr) return std::nullopt;
  if (pair->type != GgufType::boolean) fail_type(*pair, "a bool");
  return pair->payload[0] != std::byte{0};
}

WEFT_INLINE std::optional<std::string_view> Gguf::string(std::string_view key) const {
  const GgufPair* const pair = scalar(key, "a string");
  if (pair == nullptr) return std::nullopt;
  if (pair->type != GgufType::string) fail_type(*pair, "a string");
  return std::string_view(reinterpret_cast<const char*>(pair->payload.data()), pair->payload.size());
}

WEFT_INLINE std::vector<std::string_view> Gguf::strings(std::string_view key) const {
  std::vector<std::string_view> result;
  const GgufPair* const pair = list(key, "an array of strings");
  if (pair == nullptr) return result;
  if (pair->type != GgufType::string) fail_type(*pair, "an array of strings");
  result.reserve(static_cast<std::size_t>(pair->count));  // each item has been seen in the file: 8 bytes or more
  const std::byte* at = pair->payload.data();
  for (std::uint64_t i = 0; i < pair->count; ++i) {
    const auto length = static_cast<std::size_t>(detail::gguf_load<std::uint64_t>(at));
    result.emplace_back(reinterpret_cast<const char*>(at + 8), length);
    at += 8 + length;
  }
  return result;
}

WEFT_INLINE std::vector<std::int64_t> Gguf::integers(std::string_view key) const {
  std::vector<std::int64_t> result;
  const GgufPair* const pair = list(key, "an array of integers");
  if (pair == nullptr) return result;
  if (!detail::gguf_is_integer(pair->type) && pair->type != GgufType::boolean) fail_type(*pair, "an array of integers");
  const GgufType type = pair->type == GgufType::boolean ? GgufType::u8 : pair->type;
  const auto size = static_cast<std::size_t>(detail::gguf_item_size(static_cast<std::uint32_t>(type)));
  result.reserve(static_cast<std::size_t>(pair->count));
  for (std::size_t i = 0; i < pair->count; ++i) {
    detail::gguf_visit_number(type, pair->payload.data() + i * size, [&](auto v) { result.push_back(static_cast<std::int64_t>(v)); });
    if (type == GgufType::u64 && result.back() < 0)
      fail(ErrorKind::format, source(), ": key ", detail::quote(key), " holds ", static_cast<std::uint64_t>(result.back()), ", expected at most 2^63-1");
  }
  return result;
}

WEFT_INLINE std::vector<float> Gguf::numbers(std::string_view key) const {
  std::vector<float> result;
  const GgufPair* const pair = list(key, "an array of numbers");
  if (pair == nullptr) return result;
  if (!detail::gguf_is_number(pair->type)) fail_type(*pair, "an array of numbers");
  const auto size = static_cast<std::size_t>(detail::gguf_item_size(static_cast<std::uint32_t>(pair->type)));
  result.reserve(static_cast<std::size_t>(pair->count));
  // A double beyond the range of float becomes infinity by IEEE rules, which callers look for; a cast would be undefined.
  constexpr double limit = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < pair->count; ++i)
    detail::gguf_visit_number(pair->type, pair->payload.data() + i * size, [&](auto v) {
      const auto wide = static_cast<double>(v);
      const float infinity = std::numeric_limits<float>::infinity();
      result.push_back(wide > limit ? infinity : wide < -limit ? -infinity : static_cast<float>(wide));
    });
  return result;
}

WEFT_INLINE std::vector<std::string> Gguf::keys() const {
  std::vector<std::string> result;
  result.reserve(pairs_.size());
  for (const GgufPair& pair : pairs_) result.emplace_back(pair.key);
  return result;
}

}  // namespace weft
