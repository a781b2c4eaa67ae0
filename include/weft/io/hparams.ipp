// Definitions of io/hparams.hpp: the getters here, the two builders in hparams_builder.ipp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/hparams.hpp"
#include "weft/io/hparams_builder.ipp"

namespace weft {

WEFT_INLINE const Hparams::Item* Hparams::look(std::string_view name) const {
  if (name.empty()) return nullptr;
  const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), name,
                                      [this](std::size_t index, std::string_view n) { return std::string_view(items_[index].name) < n; });
  if (found == sorted_.end() || items_[*found].name != name || items_[*found].value.is_null()) return nullptr;
  return &items_[*found];
}

WEFT_INLINE const Hparams::Item* Hparams::find(const Keys& keys) const {
  const Item* first = nullptr;
  // All spellings count as understood: a file that has two of them has them for the sake of older readers.
  for (const Key& key : keys.all())
    if (const Item* const item = look(is_gguf_ ? key.gguf : key.hf)) {
      was_read_[static_cast<std::size_t>(item - items_.data())] = true;
      if (first == nullptr) first = item;
    }
  return first;
}

WEFT_INLINE bool Hparams::has(const Keys& keys) const {
  const auto all = keys.all();
  return std::any_of(all.begin(), all.end(), [this](const Key& key) { return look(is_gguf_ ? key.gguf : key.hf) != nullptr; });
}

WEFT_INLINE std::string Hparams::full_name(std::string_view name) const {
  return is_gguf_ ? architecture_ + "." + std::string(name) : std::string(name);
}

WEFT_INLINE std::string Hparams::name_of(const Keys& keys) const {
  std::string_view first;
  for (const Key& key : keys.all()) {
    const std::string_view name = is_gguf_ ? key.gguf : key.hf;
    if (look(name) != nullptr) return full_name(name);
    if (first.empty()) first = name;
  }
  return first.empty() ? std::string(is_gguf_ ? keys.all().front().hf : keys.all().front().gguf) : full_name(first);
}

namespace detail {

inline std::string hparam_text(double value) {
  std::string text = std::to_string(value);
  if (std::isfinite(value) && (std::fabs(value) >= 1e15 || (value != 0 && std::fabs(value) < 1e-3))) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.9g", value);
    text = buffer;
  }
  return text;
}

}  // namespace detail

WEFT_INLINE void Hparams::fail_value(const Item& item, std::string_view expected) const {
  const Value& value = item.value;
  std::string found = "a list of mixed or nested items";
  if (value.is_null()) found = "null";
  else if (const auto* flag = value.boolean()) found = detail::concat("the bool ", *flag);
  else if (const auto* integer = value.integer()) found = std::to_string(*integer);
  else if (const auto* natural = value.natural()) found = std::to_string(*natural);
  else if (const auto* number = value.number()) found = detail::hparam_text(*number);
  else if (const auto* text = value.text()) found = "the string " + detail::quote(*text);
  else if (const auto* numbers = value.numbers()) found = detail::concat("a list of ", numbers->size(), " numbers");
  else if (const auto* texts = value.texts()) found = detail::concat("a list of ", texts->size(), " strings");
  fail(ErrorKind::format, source_, ": key ", detail::quote(full_name(item.name)), " is ", found, ", expected ", expected);
}

WEFT_INLINE std::optional<std::int64_t> Hparams::find_count(const Keys& keys, std::int64_t min, std::int64_t max) const {
  const Item* const item = find(keys);
  if (item == nullptr) return std::nullopt;
  const std::string expected = detail::concat("an integer from ", min, " to ", max);
  std::int64_t result = 0;
  if (const auto* exact = item->value.integer()) {
    result = *exact;
  } else if (const auto* wide = item->value.number(); wide != nullptr && !is_gguf_ && detail::is_whole(*wide)) {
    result = static_cast<std::int64_t>(*wide);  // JSON written by JavaScript or from Python floats
  } else {
    fail_value(*item, expected);  // a std::uint64_t is one that does not fit std::int64_t
  }
  if (result < min || result > max) fail_value(*item, expected);
  return result;
}

WEFT_INLINE std::int64_t Hparams::count(const Keys& keys, std::int64_t min, std::int64_t max) const {
  if (const auto found = find_count(keys, min, max)) return *found;
  fail(ErrorKind::format, source_, ": key ", detail::quote(name_of(keys)), " is missing, expected an integer from ", min, " to ", max);
}

WEFT_INLINE std::vector<std::int64_t> Hparams::find_counts(const Keys& keys, std::int64_t min, std::int64_t max) const {
  const Item* const item = find(keys);
  if (item == nullptr) return {};
  const auto* list = item->value.numbers();
  if (list == nullptr) return {*find_count(keys, min, max)};
  std::vector<std::int64_t> result;
  result.reserve(list->size());
  for (const double value : *list) {
    if (!item->whole || !detail::is_whole(value) || value < static_cast<double>(min) || value > static_cast<double>(max))
      fail(ErrorKind::format, source_, ": key ", detail::quote(full_name(item->name)), " holds ", detail::hparam_text(value), ", expected integers from ", min, " to ", max);
    result.push_back(static_cast<std::int64_t>(value));
  }
  return result;
}

WEFT_INLINE std::optional<double> Hparams::find_number(const Keys& keys) const {
  const Item* const item = find(keys);
  if (item == nullptr) return std::nullopt;
  double result = std::numeric_limits<double>::quiet_NaN();
  if (const auto* wide = item->value.number()) result = *wide;
  if (const auto* exact = item->value.integer()) result = static_cast<double>(*exact);
  if (const auto* natural = item->value.natural()) result = static_cast<double>(*natural);
  if (!std::isfinite(result)) fail_value(*item, "a finite number");
  return result;
}

WEFT_INLINE double Hparams::number(const Keys& keys) const {
  if (const auto found = find_number(keys)) return *found;
  fail(ErrorKind::format, source_, ": key ", detail::quote(name_of(keys)), " is missing, expected a finite number");
}

WEFT_INLINE std::optional<bool> Hparams::find_boolean(const Keys& keys) const {
  const Item* const item = find(keys);
  if (item == nullptr) return std::nullopt;
  const auto* value = item->value.boolean();
  if (value == nullptr) fail_value(*item, "true or false");
  return *value;
}

WEFT_INLINE std::optional<std::string> Hparams::find_string(const Keys& keys) const {
  const Item* const item = find(keys);
  if (item == nullptr) return std::nullopt;
  const auto* value = item->value.text();
  if (value == nullptr) fail_value(*item, "a string");
  return *value;
}

WEFT_INLINE std::vector<float> Hparams::find_numbers(const Keys& keys) const {
  const Item* const item = find(keys);
  if (item == nullptr) return {};
  const auto* list = item->value.numbers();
  if (list == nullptr) fail_value(*item, "a list of numbers");
  std::vector<float> result;
  result.reserve(list->size());
  for (const double value : *list) {
    if (!(std::fabs(value) <= static_cast<double>(std::numeric_limits<float>::max())))
      fail(ErrorKind::format, source_, ": key ", detail::quote(full_name(item->name)), " holds ", detail::hparam_text(value), ", expected numbers that are finite as floats");
    result.push_back(static_cast<float>(value));
  }
  return result;
}

WEFT_INLINE std::vector<std::string> Hparams::find_strings(const Keys& keys) const {
  const Item* const item = find(keys);
  if (item == nullptr) return {};
  if (const auto* list = item->value.texts()) return *list;
  if (const auto* none = item->value.numbers(); none != nullptr && none->empty()) return {};
  fail_value(*item, "a list of strings");
}

WEFT_INLINE void Hparams::refuse_unread(std::span<const std::string_view> harmless) const {
  const auto is_harmless = [&](const Item& item) {
    if (!is_gguf_) {
      const bool* const flag = item.value.boolean();
      const auto* const text = item.value.text();
      const auto* const list = item.value.numbers();
      if (item.value.is_null() || (flag != nullptr && !*flag) || (text != nullptr && text->empty()) || (list != nullptr && list->empty()))
        return true;
    }
    return std::any_of(harmless.begin(), harmless.end(), [&](std::string_view name) {
      return item.name == name || (item.name.size() > name.size() && item.name.compare(0, name.size(), name) == 0 && item.name[name.size()] == '/');
    });
  };
  for (std::size_t i = 0; i < items_.size(); ++i)
    if (!was_read_[i] && !is_harmless(items_[i]))
      fail(ErrorKind::unsupported, source_, ": key ", detail::quote(full_name(items_[i].name)), " is not understood for the architecture ", detail::quote(architecture_),
           "; it may change what the model computes, so the model is not loaded");
}

WEFT_INLINE Hparams Hparams::from_gguf(const Gguf& gguf) {
  Hparams result;
  HparamsBuilder(result).fill(gguf);
  return result;
}

WEFT_INLINE Hparams Hparams::from_hf(const std::string& path) {
  return from_hf(*MappedFile::open(is_folder(path) ? path + "/config.json" : path));
}

WEFT_INLINE Hparams Hparams::from_hf(const MappedFile& config) {
  Hparams result;
  HparamsBuilder(result).fill(config);
  const auto type = result.find_string({"", "model_type"});
  if (!type || type->empty()) fail(ErrorKind::format, result.source_, ": key 'model_type' is missing or empty, expected the name of an architecture");
  result.architecture_ = *type;
  return result;
}

WEFT_INLINE std::vector<std::int64_t> hf_end_tokens(const std::string& folder) {
  std::vector<std::int64_t> result;
  std::set<std::int64_t> known;  // a hostile list is long
  for (const char* const name : {"/generation_config.json", "/config.json"}) {
    if (!file_exists(folder + name)) continue;
    for (const std::int64_t id : HparamsBuilder::read_end_tokens(folder + name))
      if (known.insert(id).second) result.push_back(id);
  }
  return result;
}

}  // namespace weft
