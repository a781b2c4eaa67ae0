// The library's exception, and the small helper that words its messages.
#pragma once

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weft {

enum class ErrorKind {
  file,         ///< a file cannot be opened, read or mapped
  format,       ///< a file or text from outside breaks the rules of its format
  unsupported,  ///< valid, but this build cannot do it
  shape,        ///< sizes that do not fit each other
  argument,     ///< a caller's value outside its stated range
  cancelled,    ///< the caller's stop token fired
  resource      ///< a stated limit (context, memory) would be passed
};

/// What every public function of the library throws: what was found, where, what was expected, and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

namespace detail {

/// A part of a message: a text, or what becomes one. One type for all, so that a call of fail() costs no more to compile than the call.
class MessagePart {
 public:
  MessagePart(std::string_view text) noexcept : text_(text) {}
  MessagePart(const char* text) noexcept : text_(text) {}
  MessagePart(bool value) noexcept : text_(value ? "true" : "false") {}
  MessagePart(char letter) noexcept : kind_(Kind::letter), natural_(static_cast<unsigned char>(letter)) {}
  MessagePart(int value) noexcept : MessagePart(static_cast<long long>(value)) {}
  MessagePart(long value) noexcept : MessagePart(static_cast<long long>(value)) {}
  MessagePart(long long value) noexcept : kind_(Kind::integer), integer_(value) {}
  MessagePart(unsigned value) noexcept : MessagePart(static_cast<unsigned long long>(value)) {}
  MessagePart(unsigned long value) noexcept : MessagePart(static_cast<unsigned long long>(value)) {}
  MessagePart(unsigned long long value) noexcept : kind_(Kind::natural), natural_(value) {}
  MessagePart(double value) noexcept : kind_(Kind::real), real_(value) {}

  void append_to(std::string& message) const {
    switch (kind_) {
      case Kind::text: message += text_; break;
      case Kind::letter: message += static_cast<char>(natural_); break;
      case Kind::integer: message += std::to_string(integer_); break;
      case Kind::natural: message += std::to_string(natural_); break;
      case Kind::real: message += std::to_string(real_); break;
    }
  }

 private:
  enum class Kind : unsigned char { text, letter, integer, natural, real };
  Kind kind_ = Kind::text;
  std::string_view text_{};
  long long integer_ = 0;
  unsigned long long natural_ = 0;
  double real_ = 0;
};

inline std::string join(std::initializer_list<MessagePart> parts) {
  std::string message;
  for (const MessagePart& part : parts) part.append_to(message);
  return message;
}

[[noreturn]] inline void throw_error(ErrorKind kind, std::initializer_list<MessagePart> parts) { throw Error(kind, join(parts)); }

/// Joins texts and numbers into one string: the library's messages need no more than this, and it compiles fast.
template <class... Parts>
std::string concat(const Parts&... parts) {
  return join({MessagePart(parts)...});
}

}  // namespace detail

/// Throws weft::Error with the message made of `parts`.
template <class... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
  detail::throw_error(kind, {detail::MessagePart(parts)...});
}

}  // namespace weft
