// JSON from outside, value by value: a well-kept parser behind a small interface, with a bound on depth and errors that
// name the file. (The parser costs seconds of compile time: it is instantiated once, in json.ipp.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/core/config.hpp"

namespace weft::detail {

/// Receives the values of a document, in order. What it throws ends the parsing.
class JsonHandler {
 public:
  virtual void open(bool is_object) = 0;   ///< an object or an array begins
  virtual void close(bool is_object) = 0;
  virtual void key(std::string& name) = 0;  ///< of an object; may be moved from, as may texts
  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  virtual void integer(std::int64_t value) = 0;   ///< a negative one
  virtual void natural(std::uint64_t value) = 0;
  virtual void number(double value) = 0;
  virtual void decimal(double value, std::string_view) { number(value); }  ///< what is no whole number: the nearest double, and as it is written
  virtual void text(std::string& value) = 0;

 protected:
  ~JsonHandler() = default;
};

/// Parses a whole document. where: what errors begin with ("config.json"). Throws Error(format) for what is no JSON (with the
/// byte) and for more than max_depth levels; depth costs no call stack.
void parse_json(std::string_view text, JsonHandler& handler, std::string_view where, std::size_t max_depth);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/io/json.ipp"
#endif
