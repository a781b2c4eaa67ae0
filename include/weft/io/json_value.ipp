// Building the values, and reading members by name.
#pragma once

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/json_value.hpp"

namespace weft::detail {

WEFT_INLINE const JsonValue* JsonValue::find(std::string_view key) const noexcept {
  for (std::size_t i = members.size(); i-- > 0;)
    if (members[i].first == key) return &members[i].second;
  return nullptr;
}

WEFT_INLINE std::string JsonValue::describe() const {
  switch (kind) {
    case Kind::null: return "null";
    case Kind::boolean: return flag ? "true" : "false";
    case Kind::integer: return std::to_string(whole);
    case Kind::number: return concat("the number ", real);
    case Kind::text: return "the string " + quote(string, 60);
    case Kind::array: return concat("an array of ", items.size());
    default: return concat("an object of ", members.size());
  }
}

WEFT_INLINE JsonReader::JsonReader(const JsonValue& value, std::string where) : value_(value), where_(std::move(where)), read_(value.members.size()) {
  if (!value.is(JsonValue::Kind::object)) fail(ErrorKind::format, where_, " is ", value.describe(), ", expected an object");
}

WEFT_INLINE const JsonValue* JsonReader::optional(std::string_view key) {
  const JsonValue* found = nullptr;
  for (std::size_t i = 0; i < value_.members.size(); ++i)
    if (value_.members[i].first == key) {
      read_[i] = true;
      found = &value_.members[i].second;
    }
  return found == nullptr || found->is_null() ? nullptr : found;
}

WEFT_INLINE const JsonValue& JsonReader::required(std::string_view key) {
  const JsonValue* found = optional(key);
  if (found == nullptr) fail(ErrorKind::format, where_, ": ", quote(key), " is missing");
  return *found;
}

WEFT_INLINE void JsonReader::fail_member(std::string_view key, std::string_view expected) const {
  const JsonValue* found = value_.find(key);
  fail(ErrorKind::format, where_, ": ", quote(key), " is ", found ? found->describe() : "missing", ", expected ", expected);
}

WEFT_INLINE bool JsonReader::boolean(std::string_view key, std::optional<bool> otherwise) {
  const JsonValue* found = optional(key);
  if (found == nullptr && otherwise) return *otherwise;
  if (found == nullptr || !found->is(JsonValue::Kind::boolean)) fail_member(key, "true or false");
  return found->flag;
}

WEFT_INLINE std::int64_t JsonReader::integer(std::string_view key, std::int64_t least, std::int64_t greatest, std::optional<std::int64_t> otherwise) {
  const JsonValue* found = optional(key);
  if (found == nullptr && otherwise) return *otherwise;
  if (found == nullptr || !found->is(JsonValue::Kind::integer) || found->whole < least || found->whole > greatest)
    fail_member(key, concat("an integer from ", least, " to ", greatest));
  return found->whole;
}

WEFT_INLINE std::string JsonReader::text(std::string_view key, std::optional<std::string_view> otherwise) {
  const JsonValue* found = optional(key);
  if (found == nullptr && otherwise) return std::string(*otherwise);
  if (found == nullptr || !found->is(JsonValue::Kind::text)) fail_member(key, "a string");
  return found->string;
}

WEFT_INLINE const std::vector<JsonValue>& JsonReader::array(std::string_view key) {
  const JsonValue& found = required(key);
  if (!found.is(JsonValue::Kind::array)) fail_member(key, "an array");
  return found.items;
}

WEFT_INLINE void JsonReader::finish() const {
  for (std::size_t i = 0; i < read_.size(); ++i)
    if (!read_[i] && !value_.members[i].second.is_null())
      fail(ErrorKind::unsupported, where_, ": ", quote(value_.members[i].first), " (", value_.members[i].second.describe(), ") is not understood by this build");
}

WEFT_INLINE JsonValue read_json_value(std::string_view text, std::string_view where, std::size_t max_depth) {
  JsonBuilder builder;
  parse_json(text, builder, where, max_depth);
  return std::move(builder.root());
}

}  // namespace weft::detail
