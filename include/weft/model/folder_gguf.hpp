// A Hugging Face folder as a GGUF file would hold it: metadata, and tensors under GGUF's names in GGUF's order of rows.
// Sources: the GGUF key list (ggml/docs/gguf.md); for the order of rotating rows the two conventions of rotary embeddings (RopeStyle).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/io/gguf.hpp"
#include "weft/io/gguf_writer.hpp"
#include "weft/model/model_file.hpp"

namespace weft {

class Hparams;

/// Give pairs and tensors to a GgufWriter, and its `bytes_of` this one's. Weights keep their type, vectors become F32, as readers of
/// GGUF expect. Not movable: pairs view what it owns.
class FolderGguf {
 public:
  /// Opens and checks the folder as open_model_file does. Throws as that; Error(unsupported) for what GGUF has no key for, naming it,
  /// and for a tokenizer.json that vocabulary_of_tokenizer_json refuses.
  explicit FolderGguf(const std::string& folder);
  FolderGguf(const FolderGguf&) = delete;
  FolderGguf& operator=(const FolderGguf&) = delete;

  [[nodiscard]] const std::vector<GgufPair>& pairs() const noexcept { return pairs_; }
  [[nodiscard]] const std::vector<GgufTensor>& tensors() const noexcept { return tensors_; }
  /// Bytes of tensor i, row after row; valid until the next call.
  [[nodiscard]] std::span<const std::byte> bytes(std::size_t i);

 private:
  struct Source {
    const RawTensor* tensor = nullptr;  ///< null: the factors of rotation
    bool transposed = false;
    std::int64_t heads = 0;  ///< whose rows change their order, 0 for none
  };

  void put(std::string_view key, GgufType type, std::string bytes, bool is_array = false, std::uint64_t count = 1);
  void put_count(std::string_view key, std::int64_t value);
  void put_number(std::string_view key, double value);
  void put_text(std::string_view key, std::string_view text);
  void put_texts(std::string_view key, const std::vector<std::string>& texts);
  void describe(const Hparams& h, const std::string& folder);
  void describe_rope(const Hparams& h, const std::string& prefix);
  void describe_tokenizer(const std::string& folder);
  void add_tensors();
  void add(Role role, std::int64_t layer);

  ModelFile file_;
  std::string architecture_;
  std::vector<GgufPair> pairs_;
  std::deque<std::string> owned_;  // keys and payloads: their addresses stay
  std::vector<GgufTensor> tensors_;
  std::vector<Source> sources_;
  std::vector<float> rope_factors_;
  std::vector<std::byte> buffer_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/model/folder_gguf.ipp"
#endif
