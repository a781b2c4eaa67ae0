// Writes GGUF files for tests, valid ones and others.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weft::test {

class GgufWriter {
 public:
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;

  template <class T>
  static std::string number(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  }
  static std::string text(std::string_view value) { return number(std::uint64_t{value.size()}) + std::string(value); }

  GgufWriter& add_raw(std::string_view key, std::uint32_t type, std::string_view value) {
    pairs_ += text(key) + number(type) + std::string(value);
    ++pair_count_;
    return *this;
  }
  template <class T>
  GgufWriter& add(std::string_view key, const T& value) {
    return add_raw(key, type_of<T>(), encode(value));
  }
  template <class T>
  GgufWriter& add(std::string_view key, const std::vector<T>& values) {
    std::string bytes = number(type_of<T>()) + number(std::uint64_t{values.size()});
    for (const T& value : values) bytes += encode(value);
    return add_raw(key, 9, bytes);
  }
  /// dims as the format has them: innermost first.
  GgufWriter& add_tensor(std::string name, std::vector<std::uint64_t> dims, std::uint32_t type, std::string data) {
    tensors_.push_back({std::move(name), std::move(dims), type, std::move(data)});
    return *this;
  }

  [[nodiscard]] std::string bytes() const {
    std::string out = "GGUF" + number(version) + number(std::uint64_t{tensors_.size()}) + number(pair_count_) + pairs_, data;
    for (const Tensor& tensor : tensors_) {
      out += text(tensor.name) + number(static_cast<std::uint32_t>(tensor.dims.size()));
      for (const auto dim : tensor.dims) out += number(dim);
      out += number(tensor.type) + number(std::uint64_t{data.size()});
      data += tensor.data;
      pad(data);
    }
    if (!tensors_.empty()) pad(out);
    return out + data;
  }

 private:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> dims;
    std::uint32_t type;
    std::string data;
  };

  template <class T>
  static constexpr std::uint32_t type_of() {
    if constexpr (std::is_same_v<T, bool>) return 7;
    else if constexpr (std::is_same_v<T, std::string>) return 8;
    else if constexpr (std::is_same_v<T, float>) return 6;
    else if constexpr (std::is_same_v<T, double>) return 12;
    else if constexpr (sizeof(T) == 8) return std::is_signed_v<T> ? 11 : 10;
    else return (sizeof(T) == 1 ? 0u : sizeof(T) == 2 ? 2u : 4u) + (std::is_signed_v<T> ? 1u : 0u);
  }
  template <class T>
  static std::string encode(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) return text(value);
    else return number(value);
  }
  void pad(std::string& bytes) const { bytes.append((alignment - bytes.size() % alignment) % alignment, '\0'); }

  std::string pairs_;
  std::uint64_t pair_count_ = 0;
  std::vector<Tensor> tensors_;
};

}  // namespace weft::test
