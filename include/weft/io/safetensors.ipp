// Definitions of io/safetensors.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/checked.hpp"
#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/json.hpp"
#include "weft/io/safetensors.hpp"

namespace weft {
namespace detail {

inline constexpr std::uint64_t safetensors_max_header = 100'000'000;  // the reference implementation's limit
inline constexpr std::size_t safetensors_max_rank = 16;

/// What the header says of one tensor.
struct SafetensorsEntry {
  std::string name;
  const DTypeInfo* type = nullptr;
  std::vector<std::int64_t> shape;
  std::array<std::uint64_t, 2> offsets{};
  unsigned offset_count = 0;
  unsigned fields = 0;  // bits of the fields seen
};

/// Collects the entries of a header: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {...}}.
class SafetensorsHeader final : public JsonHandler {
 public:
  explicit SafetensorsHeader(std::string where) : where_(std::move(where)) {}
  std::vector<SafetensorsEntry> entries;

  void open(bool is_object) override {
    ++depth_;
    if (depth_ == 1 && !is_object) fail(ErrorKind::format, where_, " is an array, expected a JSON object");
    if (depth_ == 2 && !is_object) wrong("an array");
    if (depth_ == 3 && !in_metadata_ && field_ != other && (is_object || field_ == dtype)) wrong_field();
    if (depth_ == 4 && !in_metadata_ && field_ != other) wrong_field();
  }
  void close(bool) override {
    // Checked here, so that memory stays in proportion: a complete entry has 40 characters or more.
    if (--depth_ == 1 && !in_metadata_ && (entries.back().fields != (dtype | shape | offsets) || entries.back().offset_count != 2))
      fail(ErrorKind::format, where_, ": tensor ", quote(entries.back().name), " lacks one of 'dtype', 'shape' and the two 'data_offsets'");
  }
  void key(std::string& name) override {
    if (depth_ == 1) {
      in_metadata_ = name == "__metadata__";
      if (!in_metadata_) entries.push_back({std::move(name), nullptr, {}, {}, 0, 0});
    } else if (depth_ == 2 && !in_metadata_) {
      field_ = name == "dtype" ? dtype : name == "shape" ? shape : name == "data_offsets" ? offsets : other;
      if (field_ != other && (entries.back().fields & field_) != 0)
        fail(ErrorKind::format, where_, ": tensor ", quote(entries.back().name), " has duplicate ", quote(name));
      entries.back().fields |= field_;
    }
  }
  void null() override { unexpected(); }
  void boolean(bool) override { unexpected(); }
  void number(double) override { unexpected(); }
  void integer(std::int64_t) override { unexpected(); }  // negative: nlohmann gives the others to natural()
  void natural(std::uint64_t value) override {
    if (depth_ != 3 || in_metadata_ || field_ == other) return unexpected();
    SafetensorsEntry& entry = entries.back();
    if (field_ == shape) {
      if (value > static_cast<std::uint64_t>(INT64_MAX) || entry.shape.size() == safetensors_max_rank) wrong_field();
      entry.shape.push_back(static_cast<std::int64_t>(value));
    } else {
      if (entry.offset_count == 2) wrong_field();
      entry.offsets[entry.offset_count++] = value;
    }
  }
  void text(std::string& value) override {
    if (depth_ != 2 || in_metadata_ || field_ != dtype) return unexpected();
    for (const auto& candidate : dtype_table)
      if (candidate.values == 1 && candidate.name == value) entries.back().type = &candidate;
    if (entries.back().type == nullptr)
      fail(ErrorKind::format, where_, ": tensor ", quote(entries.back().name), " has dtype ", quote(value),
           ", which this version does not know; known: F64, F32, F16, BF16, F8_E4M3, F8_E5M2, I64, I32, I16, I8, U64, U32, U16, U8, BOOL");
  }

 private:
  enum Field : unsigned { other = 0, dtype = 1, shape = 2, offsets = 4 };

  /// A value where none, or one of another type, belongs. Fields that the format does not know are skipped.
  void unexpected() const {
    if (depth_ == 0) fail(ErrorKind::format, where_, " is a single value, expected a JSON object");
    if (in_metadata_) return;
    if (depth_ == 1) wrong("a single value");
    if (field_ != other) wrong_field();
  }
  [[noreturn]] void wrong(std::string_view found) const {
    fail(ErrorKind::format, where_, ": the entry of ", in_metadata_ ? "'__metadata__'" : quote(entries.back().name), " is ", found, ", expected an object");
  }
  [[noreturn]] void wrong_field() const {
    fail(ErrorKind::format, where_, ": tensor ", quote(entries.back().name),
         field_ == dtype   ? " has a 'dtype' that is no string"
         : field_ == shape ? " has a 'shape' that is no list of at most 16 numbers in 0 .. 2^63-1"
                           : " has 'data_offsets' that are no list of two numbers in 0 .. 2^64-1");
  }

  std::string where_;
  int depth_ = 0;
  bool in_metadata_ = false;
  Field field_ = other;
};

/// The tensors lie one behind the other and fill the data exactly: so the format demands, and it leaves no room for
/// overlaps, gaps or smuggled bytes.
inline void check_safetensors_cover(const std::string& where, const std::vector<SafetensorsEntry>& entries, std::uint64_t room) {
  std::vector<const SafetensorsEntry*> order;
  order.reserve(entries.size());
  for (const auto& entry : entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->offsets < b->offsets; });
  std::uint64_t end = 0;
  const SafetensorsEntry* before = nullptr;
  for (const auto* const entry : order) {
    if (entry->offsets[0] < end) fail(ErrorKind::format, where, ": tensors ", quote(before->name), " and ", quote(entry->name), " overlap at byte ", entry->offsets[0], " of the data");
    if (entry->offsets[0] > end)
      fail(ErrorKind::format, where, ": tensor ", quote(entry->name), " begins at byte ", entry->offsets[0], " of the data, expected ", end, ": bytes between tensors belong to none");
    end = entry->offsets[1];
    before = entry;
  }
  if (end != room) fail(ErrorKind::format, where, ": ", room - end, " trailing bytes of data after the last tensor, expected none");
}

}  // namespace detail

WEFT_INLINE void read_safetensors(const std::string& file, Checkpoint& into) { read_safetensors(MappedFile::open(file), into); }

WEFT_INLINE void read_safetensors(std::shared_ptr<const MappedFile> mapped, Checkpoint& into) {
  const std::string& where = mapped->path();
  const auto bytes = mapped->bytes();
  if (bytes.size() < 8) fail(ErrorKind::format, where, ": has ", bytes.size(), " bytes, expected 8 for the length of the header, and the header");
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < 8; ++i) length |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  if (length < 2 || length > detail::safetensors_max_header || length > bytes.size() - 8)
    fail(ErrorKind::format, where, ": the header claims ", length, " bytes, expected 2 to ", detail::safetensors_max_header, " and at most the ", bytes.size() - 8, " that follow in the file");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, static_cast<std::size_t>(length));
  detail::SafetensorsHeader header(where + ": the header");
  detail::parse_json(text, header, where + ": the header", 16);

  const auto data = bytes.subspan(8 + static_cast<std::size_t>(length));
  std::vector<RawTensor> tensors;
  tensors.reserve(header.entries.size());
  std::vector<std::string_view> names;
  for (const auto& entry : header.entries) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    fail(ErrorKind::format, where, ": duplicate tensor ", detail::quote(*twice), "; a name may be used once");
  for (const auto& entry : header.entries) {
    Checked needed(entry.type->bytes);  // as if no extent were 0, so that whoever multiplies extents is safe
    bool is_empty = false;
    for (const std::int64_t extent : entry.shape) {
      is_empty = is_empty || extent == 0;
      if (extent != 0) needed = needed * static_cast<std::uint64_t>(extent);
    }
    if (!needed.at_most(INT64_MAX)) fail(ErrorKind::format, where, ": tensor ", detail::quote(entry.name), " has a shape whose size in bytes overflows");
    const std::uint64_t size = is_empty ? 0 : *needed.value();
    const auto [begin, end] = entry.offsets;
    if (begin > end || end > data.size())
      fail(ErrorKind::format, where, ": tensor ", detail::quote(entry.name), " has data_offsets ", begin, " to ", end, ", expected a range within the ", data.size(), " bytes of data");
    if (end - begin != size)
      fail(ErrorKind::format, where, ": tensor ", detail::quote(entry.name), " has ", end - begin, " bytes of data, expected ", size, " for its shape and dtype ", entry.type->name);
    tensors.push_back({entry.name, entry.type->type, entry.shape, data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size))});
  }
  detail::check_safetensors_cover(where, header.entries, data.size());
  if (into.source.empty()) into.source = where;
  into.files.push_back(std::move(mapped));
  for (auto& tensor : tensors) into.add(std::move(tensor));
}

namespace detail {

/// Collects "weight_map" of model.safetensors.index.json: tensor name -> file name.
class SafetensorsIndex final : public JsonHandler {
 public:
  explicit SafetensorsIndex(std::string where) : where_(std::move(where)) {}
  std::vector<std::pair<std::string, std::string>> map;
  bool has_map = false;

  void open(bool is_object) override {
    ++depth_;
    if (depth_ == 1 && !is_object) fail(ErrorKind::format, where_, ": is an array, expected a JSON object");
    if (depth_ == 2 && in_map_ && !is_object) fail(ErrorKind::format, where_, ": 'weight_map' is an array, expected an object");
    if (depth_ == 3 && in_map_) wrong();
  }
  void close(bool) override { --depth_; }
  void key(std::string& name) override {
    if (depth_ == 1) {
      in_map_ = name == "weight_map";
      if (in_map_ && has_map) fail(ErrorKind::format, where_, ": duplicate key 'weight_map'");
      has_map = has_map || in_map_;
    } else if (depth_ == 2 && in_map_) {
      map.emplace_back(std::move(name), std::string());
    }
  }
  void null() override { unexpected(); }
  void boolean(bool) override { unexpected(); }
  void number(double) override { unexpected(); }
  void integer(std::int64_t) override { unexpected(); }
  void natural(std::uint64_t) override { unexpected(); }
  void text(std::string& value) override {
    if (depth_ == 2 && in_map_) map.back().second = std::move(value);
    else unexpected();
  }

 private:
  void unexpected() const {
    if (depth_ == 0) fail(ErrorKind::format, where_, ": is a single value, expected a JSON object");
    if (in_map_ && depth_ == 1) fail(ErrorKind::format, where_, ": 'weight_map' is a single value, expected an object");
    if (in_map_) wrong();
  }
  [[noreturn]] void wrong() const { fail(ErrorKind::format, where_, ": tensor ", quote(map.back().first), " of 'weight_map' has no string as its file"); }

  std::string where_;
  int depth_ = 0;
  bool in_map_ = false;
};

/// A file of the same folder: an index must not reach elsewhere.
inline bool is_plain_file_name(std::string_view name) noexcept {
  return !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\\:\0", 4)) == std::string_view::npos;
}

inline void read_safetensors_shards(const std::string& folder, const std::string& index, Checkpoint& into) {
  const auto mapped = MappedFile::open(index);
  const std::string& where = mapped->path();
  constexpr std::size_t max_bytes = std::size_t{32} << 20;  // a hundred thousand tensors need 9 MB
  if (mapped->bytes().size() > max_bytes) fail(ErrorKind::format, where, ": has ", mapped->bytes().size(), " bytes, expected at most ", max_bytes);
  SafetensorsIndex found(where);
  parse_json({reinterpret_cast<const char*>(mapped->bytes().data()), mapped->bytes().size()}, found, where, 16);
  if (found.map.empty()) fail(ErrorKind::format, where, ": key 'weight_map' is missing or empty");
  auto& map = found.map;
  std::sort(map.begin(), map.end());
  for (std::size_t i = 1; i < map.size(); ++i)
    if (map[i - 1].first == map[i].first) fail(ErrorKind::format, where, ": duplicate tensor ", quote(map[i].first), " in 'weight_map'");
  std::vector<std::string_view> files;
  for (const auto& [tensor, file] : map) {
    if (!is_plain_file_name(file)) fail(ErrorKind::format, where, ": tensor ", quote(tensor), " is in file ", quote(file), ", expected the name of a file in the same folder");
    files.push_back(file);
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  for (const auto file : files) read_safetensors(folder + "/" + std::string(file), into);
  for (const auto& [tensor, file] : map)
    if (into.find(tensor) == nullptr) fail(ErrorKind::format, where, ": promises tensor ", quote(tensor), " in file ", quote(file), ", where it is missing");
}

}  // namespace detail

WEFT_INLINE Checkpoint open_hf_checkpoint(const std::string& folder) {
  Checkpoint result;
  result.source = folder;
  const auto has = [&](const char* name) { return file_exists(folder + "/" + name); };
  if (has("model.safetensors")) {
    read_safetensors(folder + "/model.safetensors", result);
  } else if (has("model.safetensors.index.json")) {
    detail::read_safetensors_shards(folder, folder + "/model.safetensors.index.json", result);
  } else if (has("pytorch_model.bin") || has("pytorch_model.bin.index.json")) {
    fail(ErrorKind::unsupported, result.source, ": has its weights as pytorch_model.bin only, which runs code when it is read; save them as safetensors");
  } else {
    fail(ErrorKind::file, result.source, ": has no model.safetensors and no model.safetensors.index.json; is this the folder of a Hugging Face model?");
  }
  return result;
}

}  // namespace weft
