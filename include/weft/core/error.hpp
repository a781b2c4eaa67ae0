// The library's exception, and the small helper that words its messages.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

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

template <class T>
std::string to_text(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    return std::string(1, value);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string(std::string_view(value));
  } else {
    return std::to_string(value);
  }
}

/// Joins texts and numbers into one string: the library's messages need no more than this, and it compiles fast.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string text;
  (text.append(to_text(parts)), ...);
  return text;
}

}  // namespace detail

/// Throws weft::Error with the message made of `parts`.
template <class... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
  throw Error(kind, detail::concat(parts...));
}

}  // namespace weft
