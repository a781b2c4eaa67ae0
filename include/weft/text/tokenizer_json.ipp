// The file's text into values, its big tables apart from the rest.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/json_value.hpp"
#include "weft/text/json_tokenizer.hpp"
#include "weft/text/tokenizer_json.hpp"
#include "weft/text/tokenizer_roles.hpp"

namespace weft {
namespace detail {

inline constexpr std::size_t tokenizer_json_depth = 64;

/// A decimal as the reference reads it: its digits as a whole number, rounded to a double, times a power of ten, rounded again. A third of all
/// scores are not the nearest double then, and sums of scores that are equal on paper differ, or the other way round.
/// Source: serde_json without its feature float_roundtrip, on which Hugging Face's tokenizers is built.
inline double read_score(std::string_view written, double nearest) {
  std::uint64_t digits = 0;
  int exponent = 0;
  bool fraction = false, full = false;
  const std::size_t power = std::min(written.find_first_of("eE"), written.size());
  for (const char c : written.substr(0, power)) {
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    full = full || digits > (~std::uint64_t{0} - digit) / 10;
    if (!full) digits = digits * 10 + digit;
    exponent += full ? (fraction ? 0 : 1) : (fraction ? -1 : 0);
  }
  if (power < written.size()) {
    int value = 0;
    const char* const begin = written.data() + power + 1 + (written[power + 1] == '+' ? 1 : 0);
    if (std::from_chars(begin, written.data() + written.size(), value).ec != std::errc{}) return nearest;
    exponent += value;
  }
  constexpr int largest = 308;
  if (exponent < -largest || exponent > largest) return nearest;
  double scale = 1;
  const std::string text = "1e" + std::to_string(exponent < 0 ? -exponent : exponent);
  std::from_chars(text.data(), text.data() + text.size(), scale);
  const double value = exponent < 0 ? static_cast<double>(digits) / scale : static_cast<double>(digits) * scale;
  return written.starts_with('-') ? -value : value;
}

/// Takes model.vocab and model.merges out of the events: as values they would be most of the memory.
class TokenizerJsonBuilder final : public JsonBuilder {
 public:
  explicit TokenizerJsonBuilder(std::string where) : where_(std::move(where)) {}
  ModelTables tables{};

  void open(bool is_object) override {
    if (table_ == Table::none) {
      const bool in_model = depth() == 2 && model_;
      if (depth() == 1) {
        model_ = key_ == "model";
        if (model_) tables = {};
      }
      if (!in_model || (key_ != "vocab" && key_ != "merges")) return JsonBuilder::open(is_object);
      table_ = key_ == "merges" ? Table::merges : is_object ? Table::ids : Table::scores;
      (table_ == Table::merges ? tables.has_merges : is_object ? tables.has_ids : tables.has_scores) = true;
      if (table_ == Table::merges && is_object) refuse("an object", "a list");
      null();  // a mark that it was there
      levels_ = 1;
      return;
    }
    if (++levels_ > 2 || is_object || table_ == Table::ids) refuse(is_object ? "an object" : "an array", expected());
    items_ = 0;
  }

  void close(bool is_object) override {
    if (table_ == Table::none) return JsonBuilder::close(is_object);
    if (levels_-- == 1) {
      table_ = Table::none;
      return;
    }
    if (items_ != 2) refuse("a list of another length", expected());
  }

  void key(std::string& name) override {
    if (table_ != Table::none) {
      text_ = std::move(name);
      return;
    }
    key_ = name;
    JsonBuilder::key(name);
  }

  void null() override {
    if (table_ != Table::none && levels_ > 0) refuse("null", expected());
    JsonBuilder::null();
  }
  void boolean(bool value) override {
    if (table_ != Table::none) refuse(value ? "true" : "false", expected());
    JsonBuilder::boolean(value);
  }
  void integer(std::int64_t value) override {
    if (table_ == Table::none) return JsonBuilder::integer(value);
    if (table_ == Table::ids)
      tables.ids.emplace_back(std::move(text_), value);
    else
      number(static_cast<double>(value));
  }
  void natural(std::uint64_t value) override {
    if (table_ == Table::ids && value > 0xFFFFFFFF) refuse(std::to_string(value), expected());
    JsonBuilder::natural(value);
  }
  void number(double value) override {
    if (table_ == Table::none) return JsonBuilder::number(value);
    if (table_ != Table::scores || levels_ != 2 || ++items_ != 2) refuse(concat("the number ", value), expected());
    tables.scores.emplace_back(std::move(text_), value);
  }
  void decimal(double value, std::string_view written) override { number(table_ == Table::scores ? read_score(written, value) : value); }
  void text(std::string& value) override {
    if (table_ == Table::none) return JsonBuilder::text(value);
    if (table_ == Table::merges && levels_ == 1) return add_merge(value);
    if (table_ == Table::ids || levels_ != 2 || ++items_ > (table_ == Table::scores ? 1 : 2)) refuse("the string " + quote(value, 60), expected());
    if (items_ == 2)
      tables.merges.emplace_back(std::move(text_), std::move(value));
    else
      text_ = std::move(value);
  }

 private:
  enum class Table { none, ids, scores, merges };

  // "left right": files before 2024 write merges so, which is no trouble while tokens hold no blanks.
  void add_merge(std::string& value) {
    if (value.starts_with("#version")) return;
    const std::size_t space = value.find(' ');
    if (space == std::string::npos || value.find(' ', space + 1) != std::string::npos) refuse("the string " + quote(value, 60), expected());
    tables.merges.emplace_back(value.substr(0, space), value.substr(space + 1));
  }

  [[nodiscard]] std::string_view expected() const {
    return table_ == Table::ids ? "an id for each text" : table_ == Table::scores ? "[text, score]" : "[left, right] or 'left right'";
  }
  [[noreturn]] void refuse(std::string_view found, std::string_view wanted) const {
    const std::string name = table_ == Table::ids      ? concat("vocab: token ", quote(text_, 60))
                             : table_ == Table::scores ? concat("vocab[", tables.scores.size(), "]")
                                                       : concat("merges[", tables.merges.size(), "]");
    fail(ErrorKind::format, where_, ": model: ", name, " is ", found, ", expected ", wanted);
  }

  std::string where_, key_{}, text_{};
  Table table_ = Table::none;
  bool model_ = false;
  std::size_t levels_ = 0, items_ = 0;
};

inline Tokenizer make_json_tokenizer(std::string_view json, const std::string& where, const TokenizerRoles& roles) {
  TokenizerJsonBuilder builder(where);
  parse_json(json, builder, where, tokenizer_json_depth);
  TokenizerJson file{where, std::move(builder.root()), std::move(builder.tables)};
  return Tokenizer(std::make_shared<const JsonTokenizer>(std::move(file), roles));
}

}  // namespace detail

WEFT_INLINE Tokenizer parse_tokenizer_json(std::string_view json, const std::string& where) { return detail::make_json_tokenizer(json, where, {}); }

WEFT_INLINE Tokenizer read_tokenizer_json(const std::string& path) {
  std::string folder = path.substr(0, path.rfind('/') + 1), name = path;
  if (is_folder(path)) {
    folder = path.ends_with('/') ? path : path + "/";
    name = folder + "tokenizer.json";
  }
  std::shared_ptr<const MappedFile> file = MappedFile::open(name);
  const auto roles = detail::read_tokenizer_roles(folder);
  const auto bytes = file->bytes();
  return detail::make_json_tokenizer({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name, roles);
}

WEFT_INLINE std::vector<std::pair<std::string, std::string>> detail::read_json_merges(const std::string& file) {
  const auto mapped = MappedFile::open(file);
  TokenizerJsonBuilder builder(file);
  parse_json({reinterpret_cast<const char*>(mapped->bytes().data()), mapped->bytes().size()}, builder, file, tokenizer_json_depth);
  return std::move(builder.tables.merges);
}

}  // namespace weft
