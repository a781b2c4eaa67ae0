// How io/hparams.hpp is filled: from GGUF metadata, or from a config.json that is flattened while it is parsed.
// Part of hparams.ipp; holds nothing but a class, so that it may be compiled on its own as well.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/hparams.hpp"
#include "weft/io/json.hpp"

namespace weft {

namespace detail {

/// Every such double is an exact integer, and its neighbours are too.
inline bool is_whole(double value) noexcept { return std::fabs(value) <= 0x1p53 && std::floor(value) == value; }

// What a config may ask for, far above any real one: they bound the memory that a hostile one can take.
inline constexpr std::size_t json_max_depth = 64;
inline constexpr std::size_t config_max_bytes = std::size_t{4} << 20;
inline constexpr std::size_t config_max_keys = 100000;
inline constexpr std::size_t config_max_name = 256;        // "rope_parameters/rope_theta" has 26
inline constexpr std::uint64_t hparam_max_items = 1 << 16;  // a list has a number for each layer, as a rule

inline std::string_view file_text(const MappedFile& file) noexcept {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

}  // namespace detail

/// Fills Hparams: directly for GGUF; as the handler of a config.json.
class HparamsBuilder final : public detail::JsonHandler {
 public:
  explicit HparamsBuilder(Hparams& out) : out_(out) {}

  void fill(const Gguf& gguf) {
    out_.is_gguf_ = true;
    out_.source_ = gguf.source();
    const auto architecture = gguf.string("general.architecture");
    if (!architecture || architecture->empty()) fail(ErrorKind::format, out_.source_, ": key 'general.architecture' is missing or empty, expected the name of an architecture");
    out_.architecture_ = std::string(*architecture);
    const std::string prefix = out_.architecture_ + ".";
    for (const std::string& key : gguf.keys())
      if (key.compare(0, prefix.size(), prefix) == 0) {
        Item item{key.substr(prefix.size()), Hparams::Null{}, false};
        read_value(gguf, key, item);
        out_.items_.push_back(std::move(item));
      }
    finish();
  }

  void fill(const MappedFile& file) {
    out_.source_ = file.path();
    if (file.bytes().size() > detail::config_max_bytes)
      fail(ErrorKind::format, out_.source_, ": has ", file.bytes().size(), " bytes, expected at most ", detail::config_max_bytes, " for a config");
    detail::parse_json(detail::file_text(file), *this, out_.source_, detail::json_max_depth);
    finish();
  }

  static std::vector<std::int64_t> read_end_tokens(const std::string& path) {
    Hparams config;
    HparamsBuilder(config).fill(*MappedFile::open(path));
    return config.find_counts({"", "eos_token_id"}, 0, INT32_MAX);
  }

  void open(bool is_object) override {
    if (frames_.empty() && !is_object) fail_no_object("an array");
    if (!frames_.empty() && frames_.back().is_object) {
      if (is_object) {
        note_object();
      } else {
        Item& item = new_item();
        item.value = std::vector<double>{};
        item.whole = true;
      }
    } else if (!frames_.empty()) {
      list().value = Hparams::Other{};  // an item that is itself a list or an object; all inside it is skipped
      ++skipped_;
    }
    frames_.push_back({is_object && skipped_ == 0});
  }
  void close(bool) override {
    frames_.pop_back();
    if (skipped_ > 0) --skipped_;
    if (!frames_.empty() && frames_.back().is_object) pop_name();
  }
  void key(std::string& name) override {
    if (skipped_ > 0) return;
    name_at_.push_back(path_.size());
    if (!path_.empty()) path_ += '/';
    for (const char c : name)
      if (c == '/') path_ += "~1";
      else path_ += c;
    if (path_.size() > detail::config_max_name)
      fail(ErrorKind::format, out_.source_, ": key ", detail::quote(path_), " has a name of ", path_.size(), " bytes, expected at most ", detail::config_max_name);
  }
  void null() override { put(Hparams::Null{}); }
  void boolean(bool value) override { put(value); }
  void integer(std::int64_t value) override { put(value); }
  void natural(std::uint64_t value) override {
    if (value <= static_cast<std::uint64_t>(INT64_MAX)) put(static_cast<std::int64_t>(value));
    else put(value);
  }
  void number(double value) override { put(value); }
  void text(std::string& value) override { put(std::move(value)); }

 private:
  using Item = Hparams::Item;
  struct Frame {
    bool is_object;  // false inside what is skipped
  };

  [[noreturn]] void fail_no_object(std::string_view found) const { fail(ErrorKind::format, out_.source_, ": the config is ", found, ", expected a JSON object"); }

  void read_value(const Gguf& gguf, const std::string& key, Item& item) const {
    const GgufType type = *gguf.type(key);
    const bool is_float = type == GgufType::f32 || type == GgufType::f64;
    if (gguf.is_array(key)) {
      item.whole = !is_float;
      if (type == GgufType::array || *gguf.size(key) > detail::hparam_max_items) {
        item.value = Hparams::Other{};
      } else if (type == GgufType::string) {
        std::vector<std::string> texts;
        for (const auto text : gguf.strings(key)) texts.emplace_back(text);
        item.value = std::move(texts);
      } else if (is_float) {
        const auto numbers = gguf.numbers(key);
        item.value = std::vector<double>(numbers.begin(), numbers.end());
      } else {
        std::vector<double> numbers;
        for (const auto number : gguf.integers(key)) numbers.push_back(static_cast<double>(number));
        item.value = std::move(numbers);
      }
    } else if (type == GgufType::string) {
      item.value = std::string(*gguf.string(key));
    } else if (type == GgufType::boolean) {
      item.value = *gguf.boolean(key);
    } else if (is_float) {
      item.value = *gguf.number(key);
    } else if (type == GgufType::u64 && *gguf.integer(key) > static_cast<std::uint64_t>(INT64_MAX)) {
      item.value = *gguf.integer(key);
    } else {
      item.value = *gguf.signed_integer(key);
    }
  }

  /// A new item under the name that was read last.
  Item& new_item() {
    if (out_.items_.size() >= detail::config_max_keys) fail(ErrorKind::format, out_.source_, ": the config has more than ", detail::config_max_keys, " keys");
    out_.items_.push_back({path_, Hparams::Null{}, false});
    return out_.items_.back();
  }
  /// The list that is being filled.
  Item& list() { return out_.items_.back(); }

  /// Objects leave no item of their own, but their names count for duplicates.
  void note_object() {
    if (objects_.size() >= detail::config_max_keys) fail(ErrorKind::format, out_.source_, ": the config has more than ", detail::config_max_keys, " objects");
    objects_.push_back(path_);
  }

  void pop_name() {
    path_.resize(name_at_.back());
    name_at_.pop_back();
  }

  template <class T>
  void put(T value) {
    if (frames_.empty()) fail_no_object("a single value");
    if (skipped_ > 0) return;
    if (frames_.back().is_object) {
      new_item().value = std::move(value);
      pop_name();
    } else {
      append(list(), std::move(value));
    }
  }

  /// Lists are kept if all items are numbers, or all are strings.
  template <class T>
  static void append(Item& item, T value) {
    auto* const numbers = item.value.numbers();
    auto* const texts = item.value.texts();
    if constexpr (std::is_same_v<T, std::string>) {
      if (texts != nullptr) return texts->push_back(std::move(value));
      if (numbers != nullptr && numbers->empty()) {
        item.value = std::vector<std::string>{std::move(value)};
        return;
      }
    } else if constexpr (!std::is_same_v<T, bool> && !std::is_same_v<T, Hparams::Null>) {
      item.whole = item.whole && !std::is_same_v<T, double>;
      if (numbers != nullptr) return numbers->push_back(static_cast<double>(value));
    }
    item.value = Hparams::Other{};
  }

  void finish() {
    auto& items = out_.items_;
    out_.sorted_.resize(items.size());
    std::iota(out_.sorted_.begin(), out_.sorted_.end(), std::size_t{0});
    std::sort(out_.sorted_.begin(), out_.sorted_.end(), [&](std::size_t a, std::size_t b) { return items[a].name < items[b].name; });
    std::vector<std::string_view> names(objects_.begin(), objects_.end());
    for (const Item& item : items) names.push_back(item.name);
    std::sort(names.begin(), names.end());
    if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
      fail(ErrorKind::format, out_.source_, ": duplicate key ", detail::quote(*twice));
    out_.was_read_.assign(items.size(), false);
  }

  Hparams& out_;
  std::vector<Frame> frames_;
  std::vector<std::size_t> name_at_;  // length of path_ before each name in it
  std::string path_;
  std::vector<std::string> objects_;
  std::size_t skipped_ = 0;  // depth inside an item of a list
};

}  // namespace weft
