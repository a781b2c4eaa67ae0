// What a template can call: filters, tests, methods and global functions of the library's own.
#pragma once

#include <initializer_list>
#include <string_view>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/value.hpp"

namespace weft::detail::jinja {

/// Null for a name that is unknown.
const Function* find_filter(std::string_view name);
const Function* find_test(std::string_view name);
const Function* find_global(std::string_view name);
/// A method of a value of that kind (methods that Python has and the sandbox refuses are not among them).
const Function* find_method(Kind kind, std::string_view name);
const Function* find_string_method(std::string_view name);
/// Whether Python has an attribute of that name that the sandbox keeps from templates: list.append, dict.pop ...
bool is_refused_method(Kind kind, std::string_view name);

/// The arguments of a call by the names of its parameters. A name that begins with '/' can only be given by position.
class Arguments {
 public:
  static constexpr std::size_t most = 6;

  Arguments(const Call& call, std::string_view function, std::initializer_list<std::string_view> names, std::size_t required = 0) {
    if (call.size > names.size()) fail(ErrorKind::format, function, " takes at most ", names.size(), " arguments, but got ", call.size);
    for (std::size_t i = 0; i < call.size; ++i) set(i, call.args[i]);
    for (std::size_t k = 0; k < call.keyword_count; ++k) {
      std::size_t i = 0;
      for (const auto name : names) {
        if (name == call.keywords[k].name) break;
        ++i;
      }
      if (i == names.size()) fail(ErrorKind::format, function, " has no parameter ", quote(call.keywords[k].name, 60));
      if (given_[i]) fail(ErrorKind::format, function, " got two values for ", quote(call.keywords[k].name, 60));
      set(i, call.keywords[k].value);
    }
    for (std::size_t i = 0; i < required; ++i)
      if (!given_[i]) fail(ErrorKind::format, function, " lacks its argument ", quote(names.begin()[i], 60));
  }

  [[nodiscard]] bool has(std::size_t i) const { return given_[i]; }
  /// None if it was not given.
  [[nodiscard]] const Value& operator[](std::size_t i) const { return values_[i]; }

 private:
  void set(std::size_t i, const Value& value) {
    values_[i] = value;
    given_[i] = true;
  }

  Value values_[most];
  bool given_[most] = {};
};

}  // namespace weft::detail::jinja
