// The parser behind io/gguf.hpp; part of gguf.ipp, and nothing but a class, so that it may be compiled on its own as well.
// Every number of the file is checked against what the file can hold before it is used.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include "weft/core/checked.hpp"
#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/gguf.hpp"

namespace weft {

namespace detail {

inline constexpr std::array<std::string_view, 13> gguf_type_names{"u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"};
inline constexpr std::array<std::uint64_t, 13> gguf_item_sizes{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

constexpr std::string_view gguf_type_name(std::uint32_t type) noexcept { return type < gguf_type_names.size() ? gguf_type_names[type] : "?"; }
/// Bytes of a number or bool; 0 for strings and arrays, whose items differ in size.
constexpr std::uint64_t gguf_item_size(std::uint32_t type) noexcept { return type < gguf_item_sizes.size() ? gguf_item_sizes[type] : 0; }

}  // namespace detail

/// Walks the file once and fills a Gguf. What is being read is kept in `what_`, so that the end of the file can name it.
class GgufReader {
 public:
  GgufReader(Gguf& out, std::stop_token stop) : out_(out), bytes_(out.tensors.files.front()->bytes()), stop_(std::move(stop)) {
    static_assert(std::endian::native == std::endian::little, "Weft reads little-endian files on little-endian machines");
  }

  void run() {
    read_header();
    read_pairs();
    index_keys();
    refuse_split();
    read_tensors();
  }

 private:
  static constexpr std::uint64_t min_pair_bytes = 8 + 1 + 4 + 1;             // key of one letter, type, one byte
  static constexpr std::uint64_t min_tensor_bytes = 8 + 1 + 4 + 8 + 4 + 8;   // name of one letter, one dimension
  static constexpr std::uint64_t max_key_bytes = 65535;                      // the format's limit
  static constexpr std::uint32_t max_dims = 4;
  static constexpr int max_depth = 8;  // arrays in arrays: allowed by the format, used by nobody

  struct Place {
    std::uint64_t offset, size;
    std::size_t tensor;
  };

  template <class... Parts>
  [[noreturn]] void broken(const Parts&... parts) const {
    fail(ErrorKind::format, out_.source(), ": ", parts...);
  }
  [[nodiscard]] std::uint64_t left() const noexcept { return bytes_.size() - at_; }

  void need(std::uint64_t count) const {
    if (count > left())
      broken("truncated: ", what_, " needs ", count, " bytes at offset ", at_, ", but the file ends after ", bytes_.size(), " bytes");
  }
  std::span<const std::byte> take(std::uint64_t count) {
    need(count);
    const auto part = bytes_.subspan(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return part;
  }
  template <class T>
  T take_number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view take_string() {
    const auto text = take(take_number<std::uint64_t>());
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }
  void check_cancelled() const {
    if (stop_.stop_requested()) fail(ErrorKind::cancelled, out_.source(), ": opening was cancelled");
  }

  /// What files are that people take for GGUF.
  [[nodiscard]] std::string_view what_begins_so() const noexcept {
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()), std::min<std::size_t>(bytes_.size(), 64));
    if (text.starts_with("version https://git-lfs")) return "this is a pointer of Git LFS: fetch the file itself (git lfs pull)";
    if (text.starts_with("<!DO") || text.starts_with("<!do") || text.starts_with("<htm")) return "this is a web page: the download went wrong";
    if (text.starts_with("PK\x03\x04")) return "this is an archive, as PyTorch writes it: convert the model to GGUF or safetensors";
    if (text.size() > 8 && text[8] == '{') return "this looks like safetensors: give the folder that holds it and config.json";
    return "is this a GGUF file?";
  }

  void read_header() {
    if (bytes_.empty()) broken("the file is empty, expected the magic 'GGUF'");
    what_ = "the magic 'GGUF'";
    const auto magic = take(4);
    if (std::memcmp(magic.data(), "GGUF", 4) != 0)
      broken("the magic is ", detail::quote({reinterpret_cast<const char*>(magic.data()), 4}), ", expected 'GGUF'; ", what_begins_so());
    what_ = "the version";
    out_.version_ = take_number<std::uint32_t>();
    if ((out_.version_ & 0xffffu) == 0 && out_.version_ != 0)  // 2 or 3 with its bytes reversed
      fail(ErrorKind::unsupported, out_.source(), ": the byte order is big-endian; only little-endian GGUF files can be read; convert it with gguf_convert_endian.py of gguf-py");
    if (out_.version_ != 2 && out_.version_ != 3)
      fail(ErrorKind::unsupported, out_.source(), ": GGUF version ", out_.version_, " cannot be read, expected version 2 or 3");
    what_ = "the number of tensors";
    tensor_count_ = take_number<std::uint64_t>();
    what_ = "the number of metadata pairs (n_kv)";
    pair_count_ = take_number<std::uint64_t>();
    if (pair_count_ > left() / min_pair_bytes)
      broken("truncated: the header promises ", pair_count_, " metadata pairs (n_kv), but only ", left(), " bytes follow, at least ", min_pair_bytes, " a pair are needed");
  }

  void read_pairs() {
    out_.pairs_.reserve(static_cast<std::size_t>(pair_count_));
    for (std::uint64_t i = 0; i < pair_count_; ++i) {
      if (i % 4096 == 0) check_cancelled();
      what_ = detail::concat("key ", i, " of the metadata");
      const std::string_view key = take_string();
      if (key.empty() || key.size() > max_key_bytes) broken(what_, " has ", key.size(), " bytes, expected 1 to ", max_key_bytes);
      what_ = "the value of key " + detail::quote(key);
      GgufPair pair{key, GgufType{}, false, 1, {}};
      auto type = take_type();
      pair.is_array = type == GgufType::array;
      if (pair.is_array) {
        type = take_type();
        pair.count = take_number<std::uint64_t>();
      }
      pair.type = type;
      pair.payload = type == GgufType::string && !pair.is_array ? as_bytes(take_string()) : take_items(type, pair.count, 1);
      out_.pairs_.push_back(pair);
    }
  }

  static std::span<const std::byte> as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
  }

  GgufType take_type() {
    const auto type = take_number<std::uint32_t>();
    if (type >= detail::gguf_type_names.size()) broken(what_, " has type ", type, ", which does not exist, expected 0 to 12");
    return static_cast<GgufType>(type);
  }

  /// The bytes of `count` items, each looked at.
  std::span<const std::byte> take_items(GgufType type, std::uint64_t count, int depth) {
    const std::size_t begin = at_;
    if (type == GgufType::string) {
      if (count > left() / 8) need_items(count, 8);
      for (std::uint64_t i = 0; i < count; ++i) {
        if (i % 65536 == 65535) check_cancelled();
        take_string();
      }
    } else if (type == GgufType::array) {
      if (depth >= max_depth) broken(what_, " nests arrays more than ", max_depth, " deep");
      if (count > left() / 12) need_items(count, 12);
      for (std::uint64_t i = 0; i < count; ++i) {
        const GgufType item = take_type();
        take_items(item, take_number<std::uint64_t>(), depth + 1);
      }
    } else {
      const std::uint64_t size = detail::gguf_item_size(static_cast<std::uint32_t>(type));
      if (count > left() / size) need_items(count, size);
      const auto items = take(count * size);  // cannot overflow: it is at most left()
      if (type == GgufType::boolean)
        for (const std::byte item : items)
          if (item > std::byte{1}) broken(what_, " is the bool ", std::to_integer<int>(item), ", expected 0 or 1");
    }
    return bytes_.subspan(begin, at_ - begin);
  }
  [[noreturn]] void need_items(std::uint64_t count, std::uint64_t size) const {
    broken("truncated: ", what_, " has ", count, " items of at least ", size, " bytes, but only ", left(), " bytes follow in the file");
  }

  void index_keys() {
    // Sorted, not hashed: no choice of keys makes this slow.
    const auto& pairs = out_.pairs_;
    if (pairs.size() > UINT32_MAX) broken("has ", pairs.size(), " keys, more than 2^32");
    auto& sorted = out_.sorted_;
    sorted.resize(pairs.size());
    std::iota(sorted.begin(), sorted.end(), 0u);
    std::sort(sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) { return pairs[a].key < pairs[b].key; });
    for (std::size_t i = 1; i < sorted.size(); ++i)
      if (pairs[sorted[i - 1]].key == pairs[sorted[i]].key)
        broken("duplicate key ", detail::quote(pairs[sorted[i]].key), "; a key may be used once");
  }

  void refuse_split() const {
    const auto parts = out_.integer("split.count");
    if (parts && *parts > 1)
      fail(ErrorKind::unsupported, out_.source(), ": is one of ", *parts, " parts of a split model (key 'split.count'), which cannot be read; merge the parts first (gguf-split --merge)");
  }

  void read_tensors() {
    alignment_ = out_.integer("general.alignment").value_or(32);
    if (!std::has_single_bit(alignment_)) broken("key 'general.alignment' is ", alignment_, ", expected a power of two");
    if (tensor_count_ > left() / min_tensor_bytes)
      broken("truncated: the header promises ", tensor_count_, " tensors, but only ", left(), " bytes follow the metadata, at least ", min_tensor_bytes, " a tensor are needed");
    std::vector<std::pair<RawTensor, Place>> found;
    found.reserve(static_cast<std::size_t>(tensor_count_));
    for (std::uint64_t i = 0; i < tensor_count_; ++i) {
      if (i % 4096 == 0) check_cancelled();
      found.push_back(read_tensor(i));
    }
    if (tensor_count_ == 0) return;
    place_tensors(found);
    for (auto& [tensor, place] : found) out_.tensors.add(std::move(tensor));
  }

  std::pair<RawTensor, Place> read_tensor(std::uint64_t index) {
    what_ = detail::concat("the name of tensor ", index);
    const std::string_view name = take_string();
    if (name.empty() || name.size() > max_key_bytes) broken(what_, " has ", name.size(), " bytes, expected 1 to ", max_key_bytes);
    what_ = "tensor " + detail::quote(name);
    const auto dims = take_number<std::uint32_t>();
    if (dims < 1 || dims > max_dims) broken(what_, " has ", dims, " dimensions, expected 1 to ", max_dims);
    RawTensor tensor{std::string(name), DType{}, {}, {}};
    tensor.shape.resize(dims);
    Checked values(1);
    for (std::uint32_t i = 0; i < dims; ++i) {
      const auto size = take_number<std::uint64_t>();
      if (size == 0 || size > static_cast<std::uint64_t>(INT64_MAX)) broken(what_, " has dimension ", i, " of size ", size, ", expected 1 to 2^63-1");
      values = values * size;
      tensor.shape[dims - 1 - i] = static_cast<std::int64_t>(size);
    }
    const DTypeInfo& type = take_dtype();
    tensor.type = type.type;
    const auto row = static_cast<std::uint64_t>(tensor.shape.back());
    if (row % type.values != 0)
      broken(what_, " has rows of ", row, " values, expected a multiple of ", type.values, ", the block size of its type ", type.name);
    if (!values.at_most(INT64_MAX)) broken(what_, " has more than 2^63-1 values: the product of its dimensions overflows");
    const Checked bytes = Checked(*values.value() / type.values) * type.bytes;
    const auto offset = take_number<std::uint64_t>();
    if (offset % alignment_ != 0) broken(what_, " has offset ", offset, ", expected a multiple of the alignment ", alignment_);
    return {std::move(tensor), Place{offset, bytes.value_or_fail(ErrorKind::format, out_.source(), ": ", what_, " has a size in bytes that overflows"), static_cast<std::size_t>(index)}};
  }

  const DTypeInfo& take_dtype() {
    const auto id = take_number<std::uint32_t>();
    const DTypeInfo* const type = id < 64 ? find_dtype(static_cast<DType>(id)) : nullptr;
    if (type == nullptr) broken(what_, " has type ", id, ", which is no tensor type that this version knows");
    return *type;
  }

  void place_tensors(std::vector<std::pair<RawTensor, Place>>& found) {
    const std::uint64_t start = Checked(at_).round_up(alignment_).value_or_fail(ErrorKind::format, out_.source(), ": key 'general.alignment' is ", alignment_, ", which no file can follow");
    const std::uint64_t room = start > bytes_.size() ? 0 : bytes_.size() - start;
    std::vector<Place> places;
    places.reserve(found.size());
    for (auto& [tensor, place] : found) {
      if (!(Checked(place.offset) + place.size).at_most(room))
        broken("tensor ", detail::quote(tensor.name), " has ", place.size, " bytes at offset ", place.offset, ", but the file holds only ", room, " bytes of tensor data; is it truncated?");
      tensor.bytes = bytes_.subspan(static_cast<std::size_t>(start + place.offset), static_cast<std::size_t>(place.size));
      places.push_back(place);
    }
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.offset < b.offset; });
    for (std::size_t i = 1; i < places.size(); ++i)
      if (places[i].offset - places[i - 1].offset < places[i - 1].size)
        broken("tensors ", detail::quote(found[places[i - 1].tensor].first.name), " and ", detail::quote(found[places[i].tensor].first.name), " overlap: both use the bytes at offset ", places[i].offset, " of the tensor data");
  }

  Gguf& out_;
  std::span<const std::byte> bytes_;
  std::stop_token stop_;
  std::size_t at_ = 0;  // never above bytes_.size()
  std::string what_;
  std::uint64_t tensor_count_ = 0, pair_count_ = 0, alignment_ = 32;
};

}  // namespace weft
