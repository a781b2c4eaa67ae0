// A small JSON document as values: for files whose shape is only known while reading them. (Big tables are better read event by
// event: io/json.hpp.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/io/json.hpp"

namespace weft::detail {

class JsonValue {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, number, text, array, object };

  Kind kind = Kind::null;
  bool flag = false;
  std::int64_t whole = 0;  ///< of an integer; a natural above 2^63 - 1 is kept as a number
  double real = 0;         ///< of an integer or a number
  std::string string{};
  std::vector<JsonValue> items{};                              ///< of an array
  std::vector<std::pair<std::string, JsonValue>> members{};  ///< of an object, in the order of the file

  [[nodiscard]] bool is(Kind k) const noexcept { return kind == k; }
  [[nodiscard]] bool is_null() const noexcept { return kind == Kind::null; }
  /// The last member of that name (as parsers agree), or null.
  [[nodiscard]] const JsonValue* find(std::string_view key) const noexcept;
  /// What it is, for messages: "the string 'x'", "an object".
  [[nodiscard]] std::string describe() const;
};

/// The members of an object from a file: every one must be read, so that nothing in a file is passed over in silence.
class JsonReader {
 public:
  /// where: names the object in messages ("tokenizer.json: normalizer"). Throws Error(format) unless value is an object.
  JsonReader(const JsonValue& value, std::string where);

  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  /// Null for a member that is absent or null.
  [[nodiscard]] const JsonValue* optional(std::string_view key);
  [[nodiscard]] const JsonValue& required(std::string_view key);

  [[nodiscard]] bool boolean(std::string_view key, std::optional<bool> otherwise = {});
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t greatest, std::optional<std::int64_t> otherwise = {});
  [[nodiscard]] std::string text(std::string_view key, std::optional<std::string_view> otherwise = {});
  [[nodiscard]] const std::vector<JsonValue>& array(std::string_view key);

  /// Marks a member as known, whatever it holds.
  void ignore(std::string_view key) { (void)optional(key); }
  /// Throws Error(unsupported) naming a member that was not read and is not null.
  void finish() const;

  [[noreturn]] void fail_member(std::string_view key, std::string_view expected) const;

 private:
  const JsonValue& value_;
  std::string where_;
  std::vector<bool> read_;
};

/// Builds a JsonValue out of a parser's events. Derive from it to take some of the events elsewhere.
class JsonBuilder : public JsonHandler {
 public:
  [[nodiscard]] JsonValue& root() noexcept { return root_; }

  void open(bool is_object) override {
    JsonValue value;
    value.kind = is_object ? JsonValue::Kind::object : JsonValue::Kind::array;
    open_.push_back(&add(std::move(value)));
  }
  void close(bool) override { open_.pop_back(); }
  void key(std::string& name) override { key_ = std::move(name); }
  void null() override { add({}); }
  void boolean(bool value) override {
    JsonValue v;
    v.kind = JsonValue::Kind::boolean;
    v.flag = value;
    add(std::move(v));
  }
  void integer(std::int64_t value) override {
    JsonValue v;
    v.kind = JsonValue::Kind::integer;
    v.whole = value;
    v.real = static_cast<double>(value);
    add(std::move(v));
  }
  void natural(std::uint64_t value) override {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return integer(static_cast<std::int64_t>(value));
    number(static_cast<double>(value));
  }
  void number(double value) override {
    JsonValue v;
    v.kind = JsonValue::Kind::number;
    v.real = value;
    add(std::move(v));
  }
  void text(std::string& value) override {
    JsonValue v;
    v.kind = JsonValue::Kind::text;
    v.string = std::move(value);
    add(std::move(v));
  }

 protected:
  ~JsonBuilder() = default;
  [[nodiscard]] std::size_t depth() const noexcept { return open_.size(); }

 private:
  friend JsonValue read_json_value(std::string_view text, std::string_view where, std::size_t max_depth);

  // A value that is open grows only in its last child, so pointers to the open ones stay.
  JsonValue& add(JsonValue value) {
    if (open_.empty()) return root_ = std::move(value);
    JsonValue& parent = *open_.back();
    if (parent.kind == JsonValue::Kind::array) return parent.items.emplace_back(std::move(value));
    return parent.members.emplace_back(std::move(key_), std::move(value)).second;
  }

  JsonValue root_{};
  std::vector<JsonValue*> open_{};
  std::string key_{};
};

/// Parses a whole document into memory, about a hundred bytes a value. Throws as parse_json.
JsonValue read_json_value(std::string_view text, std::string_view where, std::size_t max_depth);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/io/json_value.ipp"
#endif
