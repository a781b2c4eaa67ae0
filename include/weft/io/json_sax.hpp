// The part of JSON reading that all readers of hostile JSON share: nlohmann's parser with a bound on depth, and with
// errors that name the file. Included by .ipp files only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"

namespace weft::detail {

/// Receives the values of a document one by one (nlohmann's SAX interface) and passes them to `Handler`:
///   open(is_object), close(is_object), key(text), null(), boolean(b), integer(i64), natural(u64), number(double), text(std::string&)
/// nlohmann's parser keeps its own stack, so that depth costs no call stack; we refuse more than `max_depth` all the same.
template <class Handler>
class JsonSax {
 public:
  using json = nlohmann::json;

  JsonSax(Handler& handler, std::string where, std::size_t max_depth) : handler_(handler), where_(std::move(where)), max_depth_(max_depth) {}

  bool null() { return handler_.null(), true; }
  bool boolean(bool value) { return handler_.boolean(value), true; }
  bool number_integer(json::number_integer_t value) { return handler_.integer(value), true; }
  bool number_unsigned(json::number_unsigned_t value) { return handler_.natural(value), true; }
  bool number_float(json::number_float_t value, const json::string_t&) { return handler_.number(value), true; }
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

  Handler& handler_;
  std::string where_;
  std::size_t max_depth_, depth_ = 0;
};

/// Parses a whole document. where: what errors begin with ("config.json").
template <class Handler>
void parse_json(std::string_view text, Handler& handler, std::string where, std::size_t max_depth) {
  JsonSax<Handler> sax(handler, std::move(where), max_depth);
  nlohmann::json::sax_parse(text.begin(), text.end(), &sax);
}

}  // namespace weft::detail
