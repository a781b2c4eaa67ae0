// Reads protocol buffers, field by field: enough for files of one known message, without its description.
// Source: Protocol Buffers Documentation, "Encoding".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weft/core/error.hpp"

namespace weft {

/// The fields of one message, in the order of the file. Nothing is copied: the bytes must outlive the reader and what it gives.
class ProtobufReader {
 public:
  enum class Kind : std::uint8_t { number = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
  struct Field {
    std::uint32_t number = 0;
    Kind kind = Kind::number;
    std::uint64_t value = 0;     ///< of numbers: as they are written, without regard to their type
    std::string_view bytes{};    ///< of texts, bytes and messages
  };

  /// where: what errors begin with.
  ProtobufReader(std::string_view message, std::string where) : rest_(message), size_(message.size()), where_(std::move(where)) {}

  /// The next field; false at the end. Throws Error(format) for what is cut short or is no field.
  bool next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t key = varint();
    field.number = static_cast<std::uint32_t>(key >> 3 & 0x1FFFFFFF);
    field.kind = static_cast<Kind>(key & 7);
    if (field.number == 0 || key >> 32 != 0) broken("a field of number ", key >> 3);
    field.value = 0;
    field.bytes = {};
    switch (field.kind) {
      case Kind::number: field.value = varint(); break;
      case Kind::fixed64: field.value = fixed(8); break;
      case Kind::fixed32: field.value = fixed(4); break;
      case Kind::bytes: field.bytes = take(varint()); break;
      default: broken("a field of the unknown type ", key & 7);
    }
    return true;
  }

 private:
  template <class... Parts>
  [[noreturn]] void broken(const Parts&... parts) const {
    fail(ErrorKind::format, where_, ": ", parts..., " before byte ", size_ - rest_.size(), " of ", size_, "; expected a protocol buffer");
  }

  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) broken("a field of ", count, " bytes, of which ", rest_.size(), " are there,");
    const std::string_view bytes = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(bytes.size());
    return bytes;
  }
  std::uint64_t fixed(std::size_t count) {
    std::uint64_t value = 0;
    const std::string_view bytes = take(count);
    for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = static_cast<unsigned char>(take(1)[0]);
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    broken("a number of more than ten bytes");
  }

  std::string_view rest_;
  std::size_t size_;
  std::string where_;
};

}  // namespace weft
