// Reader of GGUF files: metadata and tensors, checked from the first byte to the last.
// Source: the GGUF specification (ggml/docs/gguf.md), versions 2 and 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/io/raw_tensor.hpp"

namespace weft {

/// Types of metadata values; the numbers are those of the format.
enum class GgufType : std::uint32_t {
  u8 = 0, i8 = 1, u16 = 2, i16 = 3, u32 = 4, i32 = 5, f32 = 6, boolean = 7, string = 8, array = 9, u64 = 10, i64 = 11, f64 = 12
};

/// One pair of the metadata. Views point into the file.
struct GgufPair {
  std::string_view key{};
  GgufType type{};                       ///< of the value, or of the items
  bool is_array = false;
  std::uint64_t count = 1;               ///< items of an array
  std::span<const std::byte> payload{};  ///< a scalar's bytes, a string's characters, or an array's items as they lie in the file
};

/// A GGUF file that has been checked as a whole: all lengths lie inside the file, keys and tensor names are unique,
/// tensors are aligned, do not overlap, and have whole blocks in each row. Movable.
///
/// Getters give nothing (or an empty list) for a key that is absent, and throw Error(format) naming file, key, what was
/// found and what was expected for a value of another type. String views point into the file and live as long as
/// `tensors.files` does. A lookup is a binary search; a list is made anew by each call.
class Gguf {
 public:
  /// Throws Error(file) for a path that cannot be read, Error(format) for a broken file, Error(unsupported) for big-endian
  /// and split files and other versions, Error(cancelled) when `stop` fires. Memory and time are linear in the metadata's bytes.
  [[nodiscard]] static Gguf open(const std::string& path, std::stop_token stop = {});

  /// The same for a file that is open, or whose bytes are in memory.
  [[nodiscard]] static Gguf open(std::shared_ptr<const MappedFile> file, std::stop_token stop = {});

  [[nodiscard]] bool has(std::string_view key) const noexcept { return find(key) != nullptr; }
  /// The value's type, or the type of an array's items; empty when the key is absent.
  [[nodiscard]] std::optional<GgufType> type(std::string_view key) const;
  [[nodiscard]] bool is_array(std::string_view key) const;
  /// Items of an array, 1 for any other value; empty when the key is absent.
  [[nodiscard]] std::optional<std::uint64_t> size(std::string_view key) const;

  /// Any integer type; a negative number is an error (see `signed_integer`).
  [[nodiscard]] std::optional<std::uint64_t> integer(std::string_view key) const;
  /// Any integer type that fits 64 bits with a sign.
  [[nodiscard]] std::optional<std::int64_t> signed_integer(std::string_view key) const;
  /// Any float or integer type. May be infinite or NaN.
  [[nodiscard]] std::optional<double> number(std::string_view key) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  [[nodiscard]] std::optional<std::string_view> string(std::string_view key) const;

  [[nodiscard]] std::vector<std::string_view> strings(std::string_view key) const;
  /// Items of any integer type or bool.
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view key) const;
  /// Items of any float or integer type. May be infinite or NaN.
  [[nodiscard]] std::vector<float> numbers(std::string_view key) const;

  /// All pairs in the order of the file, and their keys.
  [[nodiscard]] const std::vector<GgufPair>& pairs() const noexcept { return pairs_; }
  [[nodiscard]] std::vector<std::string> keys() const;
  /// The path as it was given.
  [[nodiscard]] const std::string& source() const noexcept { return tensors.source; }
  /// 2 or 3.
  [[nodiscard]] std::uint32_t version() const noexcept { return version_; }

  Checkpoint tensors;

 private:
  friend class GgufReader;

  const GgufPair* find(std::string_view key) const noexcept;
  const GgufPair* scalar(std::string_view key, std::string_view expected) const;
  const GgufPair* list(std::string_view key, std::string_view expected) const;
  [[noreturn]] void fail_type(const GgufPair& pair, std::string_view expected) const;

  std::uint32_t version_ = 0;
  std::vector<GgufPair> pairs_;        // in the order of the file
  std::vector<std::uint32_t> sorted_;  // indices into pairs_ by key
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/io/gguf.ipp"
#endif
