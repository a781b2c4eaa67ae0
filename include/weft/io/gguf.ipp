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

WEFT_INLINE const Gguf::Entry* Gguf::find(std::string_view key) const noexcept {
  const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), key,
                                      [this](std::uint32_t index, std::string_view k) { return entries_[index].key < k; });
  return found != sorted_.end() && entries_[*found].key == key ? &entries_[*found] : nullptr;
}

WEFT_INLINE void Gguf::fail_type(const Entry& entry, std::string_view expected) const {
  fail(ErrorKind::format, source(), ": key ", detail::quote(entry.key), " is ", entry.is_array ? "an array of type " : "of type ",
       detail::gguf_type_name(static_cast<std::uint32_t>(entry.type)), ", expected ", expected);
}

WEFT_INLINE const Gguf::Entry* Gguf::scalar(std::string_view key, std::string_view expected) const {
  const Entry* const entry = find(key);
  if (entry != nullptr && entry->is_array) fail_type(*entry, expected);
  return entry;
}

WEFT_INLINE const Gguf::Entry* Gguf::list(std::string_view key, std::string_view expected) const {
  const Entry* const entry = find(key);
  if (entry != nullptr && !entry->is_array) fail_type(*entry, expected);
  return entry;
}

WEFT_INLINE std::optional<GgufType> Gguf::type(std::string_view key) const {
  const Entry* const entry = find(key);
  return entry == nullptr ? std::nullopt : std::optional(entry->type);
}

WEFT_INLINE bool Gguf::is_array(std::string_view key) const {
  const Entry* const entry = find(key);
  return entry != nullptr && entry->is_array;
}

WEFT_INLINE std::optional<std::uint64_t> Gguf::size(std::string_view key) const {
  const Entry* const entry = find(key);
  return entry == nullptr ? std::nullopt : std::optional(entry->count);
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
  if (const Entry* const entry = find(key); entry != nullptr && !entry->is_array && entry->type == GgufType::u64)
    return detail::gguf_load<std::uint64_t>(entry->payload.data());
  const auto value = signed_integer(key);
  if (value && *value < 0)
    fail(ErrorKind::format, source(), ": key ", detail::quote(key), " is ", *value, ", expected a number that is not negative");
  return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

WEFT_INLINE std::optional<std::int64_t> Gguf::signed_integer(std::string_view key) const {
  const Entry* const entry = scalar(key, "an integer");
  if (entry == nullptr) return std::nullopt;
  if (!detail::gguf_is_integer(entry->type)) fail_type(*entry, "an integer");
  std::int64_t value = 0;
  detail::gguf_visit_number(entry->type, entry->payload.data(), [&](auto v) { value = static_cast<std::int64_t>(v); });
  if (entry->type == GgufType::u64 && value < 0)
    fail(ErrorKind::format, source(), ": key ", detail::quote(key), " is ", static_cast<std::uint64_t>(value), ", expected at most 2^63-1");
  return value;
}

WEFT_INLINE std::optional<double> Gguf::number(std::string_view key) const {
  const Entry* const entry = scalar(key, "a number");
  if (entry == nullptr) return std::nullopt;
  double value = 0;
  if (!detail::gguf_visit_number(entry->type, entry->payload.data(), [&](auto v) { value = static_cast<double>(v); }))
    fail_type(*entry, "a number");
  return value;
}

WEFT_INLINE std::optional<bool> Gguf::boolean(std::string_view key) const {
  const Entry* const entry = scalar(key, "a bool");
  if (entry == nullptr) return std::nullopt;
  if (entry->type != GgufType::boolean) fail_type(*entry, "a bool");
  return entry->payload[0] != std::byte{0};
}

WEFT_INLINE std::optional<std::string_view> Gguf::string(std::string_view key) const {
  const Entry* const entry = scalar(key, "a string");
  if (entry == nullptr) return std::nullopt;
  if (entry->type != GgufType::string) fail_type(*entry, "a string");
  return std::string_view(reinterpret_cast<const char*>(entry->payload.data()), entry->payload.size());
}

WEFT_INLINE std::vector<std::string_view> Gguf::strings(std::string_view key) const {
  std::vector<std::string_view> result;
  const Entry* const entry = list(key, "an array of strings");
  if (entry == nullptr) return result;
  if (entry->type != GgufType::string) fail_type(*entry, "an array of strings");
  result.reserve(static_cast<std::size_t>(entry->count));  // each item has been seen in the file: 8 bytes or more
  const std::byte* at = entry->payload.data();
  for (std::uint64_t i = 0; i < entry->count; ++i) {
    const auto length = static_cast<std::size_t>(detail::gguf_load<std::uint64_t>(at));
    result.emplace_back(reinterpret_cast<const char*>(at + 8), length);
    at += 8 + length;
  }
  return result;
}

WEFT_INLINE std::vector<std::int64_t> Gguf::integers(std::string_view key) const {
  std::vector<std::int64_t> result;
  const Entry* const entry = list(key, "an array of integers");
  if (entry == nullptr) return result;
  if (!detail::gguf_is_integer(entry->type) && entry->type != GgufType::boolean) fail_type(*entry, "an array of integers");
  const GgufType type = entry->type == GgufType::boolean ? GgufType::u8 : entry->type;
  const auto size = static_cast<std::size_t>(detail::gguf_item_size(static_cast<std::uint32_t>(type)));
  result.reserve(static_cast<std::size_t>(entry->count));
  for (std::size_t i = 0; i < entry->count; ++i) {
    detail::gguf_visit_number(type, entry->payload.data() + i * size, [&](auto v) { result.push_back(static_cast<std::int64_t>(v)); });
    if (type == GgufType::u64 && result.back() < 0)
      fail(ErrorKind::format, source(), ": key ", detail::quote(key), " holds ", static_cast<std::uint64_t>(result.back()), ", expected at most 2^63-1");
  }
  return result;
}

WEFT_INLINE std::vector<float> Gguf::numbers(std::string_view key) const {
  std::vector<float> result;
  const Entry* const entry = list(key, "an array of numbers");
  if (entry == nullptr) return result;
  if (!detail::gguf_is_number(entry->type)) fail_type(*entry, "an array of numbers");
  const auto size = static_cast<std::size_t>(detail::gguf_item_size(static_cast<std::uint32_t>(entry->type)));
  result.reserve(static_cast<std::size_t>(entry->count));
  // A double beyond the range of float becomes infinity by IEEE rules, which callers look for; a cast would be undefined.
  constexpr double limit = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < entry->count; ++i)
    detail::gguf_visit_number(entry->type, entry->payload.data() + i * size, [&](auto v) {
      const auto wide = static_cast<double>(v);
      const float infinity = std::numeric_limits<float>::infinity();
      result.push_back(wide > limit ? infinity : wide < -limit ? -infinity : static_cast<float>(wide));
    });
  return result;
}

WEFT_INLINE std::vector<std::string> Gguf::keys() const {
  std::vector<std::string> result;
  result.reserve(entries_.size());
  for (const Entry& entry : entries_) result.emplace_back(entry.key);
  return result;
}

}  // namespace weft
