// What tests ask of the errors they provoke.
#pragma once

#include <string>
#include <string_view>

#include "weft/core/error.hpp"

namespace weft::test {

/// The message of the error that f throws, or "" if it throws none.
template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace weft::test
