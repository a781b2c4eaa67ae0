// Definitions of io/json.hpp, on nlohmann's SAX parser.
#pragma once

#include <nlohmann/json.hpp>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/json.hpp"

namespace weft::detail {

class JsonSax {
 public:
  using json = nlohmann::json;

  JsonSax(JsonHandler& handler, std::string_view where, std::size_t max_depth) : handler_(handler), where_(where), max_depth_(max_depth) {}

  bool null() { return handler_.null(), true; }
  bool boolean(bool value) { return handler_.boolean(value), true; }
  bool number_integer(json::number_integer_t value) { return handler_.integer(value), true; }
  bool number_unsigned(json::number_unsigned_t value) { return handler_.natural(value), true; }
  bool number_float(json::number_float_t value, const json::string_t& written) { return handler_.decimal(value, written), true; }
  bool string(json::string_t& value) { return handler_.text(value), true; }
  bool binary(json::binary_t&) { return false; }  // never in text
  bool start_object(std::size_t) { return open(true); }
  bool end_object() { return close(true); }
  bool start_array(std::size_t) { return open(false); }
  bool end_array() { return close(false); }
  bool key(json::string_t& name) { return handler_.key(name), true; }
  bool parse_error(std::size_t position, const std::string&, const json::exception& error) {
    // nlohmann's text, without its "[json.exception...] ", quotes the last token read.
    std::string_view text = error.what();
    if (const auto end = text.find("] "); end != std::string_view::npos) text.remove_prefix(end + 2);
    fail(ErrorKind::format, where_, ": no valid JSON (byte ", position, "): ", printable(text, 256));
  }

 private:
  bool open(bool is_object) {
    if (++depth_ > max_depth_) fail(ErrorKind::format, where_, ": JSON nested more than ", max_depth_, " deep");
    return handler_.open(is_object), true;
  }
  bool close(bool is_object) {
    --depth_;
    return handler_.close(is_object), true;
  }

  JsonHandler& handler_;
  std::string_view where_;
  std::size_t max_depth_, depth_ = 0;
};

WEFT_INLINE void parse_json(std::string_view text, JsonHandler& handler, std::string_view where, std::size_t max_depth) {
  JsonSax sax(handler, where, max_depth);
  nlohmann::json::sax_parse(text.begin(), text.end(), &sax);
}

}  // namespace weft::detail
