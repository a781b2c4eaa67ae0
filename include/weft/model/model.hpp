// Model<Backend>: a model file, loaded. Immutable and safe to share between threads; sequences do the rest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "weft/backend/cpu/cpu.hpp"
#include "weft/core/tensor.hpp"
#include "weft/core/thread_pool.hpp"
#include "weft/core/token.hpp"
#include "weft/model/pass_item.hpp"
#include "weft/model/spec.hpp"
#include "weft/text/chat_template.hpp"
#include "weft/text/chat_template_source.hpp"
#include "weft/text/tokenizer.hpp"

namespace weft {

struct LoadOptions {
  int threads = 0;                   ///< workers; 0: the pool of the process (one per usable core)
  std::shared_ptr<ThreadPool> pool{};  ///< a pool to share instead; wins over threads
  /// 8 or 16: bits to which matrices of block formats (Q4_0 and so on) have their activations rounded, per block of 32; 16 costs
  /// nothing where decoding waits for memory and is close to float32. Float weights and Reference always multiply float32.
  int activation_bits = 8;
  std::stop_token cancel{};          ///< Error(cancelled) once requested
  std::function<void(std::size_t done, std::size_t total)> progress{};  ///< bytes of weights packed, on the loading thread
};

class PageHeap;
struct ModelFile;
namespace detail {
template <class B>
class LoadedModel;
}

/// What all models offer, whatever their backend.
class AnyModel {
 public:
  AnyModel(const AnyModel&) = delete;
  AnyModel& operator=(const AnyModel&) = delete;
  virtual ~AnyModel();

  [[nodiscard]] const ModelSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::int64_t vocab_size() const noexcept { return spec_.vocab_size; }
  /// Positions the model was made for; 0 when its file does not say.
  [[nodiscard]] std::int64_t context_length() const noexcept { return spec_.context_length; }
  [[nodiscard]] std::span<const Token> end_tokens() const noexcept { return end_tokens_; }
  [[nodiscard]] bool has_tokenizer() const noexcept { return tokenizer_.has_value(); }
  /// Throws Error(unsupported) when the model came without one.
  [[nodiscard]] const Tokenizer& tokenizer() const;
  /// The chat templates that came with the model, not parsed.
  [[nodiscard]] std::span<const NamedTemplate> chat_templates() const noexcept;
  /// The chat template of that name ("": the default one), with the texts of the vocabulary's BOS and EOS. It is parsed by each call: keep it.
  /// Throws Error(unsupported) when there is none of that name, and what ChatTemplate throws.
  [[nodiscard]] ChatTemplate chat_template(std::string_view name = {}) const;
  /// Bytes of packed matrices that one pass reads.
  [[nodiscard]] std::size_t weight_bytes() const noexcept { return weight_bytes_; }
  [[nodiscard]] int activation_bits() const noexcept { return activation_bits_; }
  /// Bytes that the KV cache needs for one position.
  [[nodiscard]] std::size_t kv_bytes_per_position(KvType type) const noexcept;
  /// For Sequence: where the pages of its KV cache come from.
  [[nodiscard]] const std::shared_ptr<PageHeap>& kv_heap(KvType type) const noexcept { return kv_heaps_[static_cast<std::size_t>(type)]; }
  [[nodiscard]] const std::string& source() const noexcept { return source_; }
  [[nodiscard]] ThreadPool& pool() const noexcept { return *pool_; }
  /// Names what determines the logits: XXH64 of the spec and of every weight's name, type, shape and bytes as the file has them. The
  /// same on every backend, and for a copy of the file; what a saved sequence is checked against.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return fingerprint_; }

  /// For Sequence and Batch: runs every item. Throws Error(cancelled), after which the pages of the items hold undefined values
  /// at their new positions.
  virtual void run(std::span<const detail::PassItem> items, std::stop_token cancel) const = 0;

  /// The logits that the head gives for hidden states [rows, width]: [rows, vocab]. No norm is applied; those that append_hidden()
  /// gives for the last layer have been through it, and give the bits of logits(). Throws Error(shape).
  [[nodiscard]] Tensor<float, 2> logits_of(TensorView<const float, 2> hidden) const;

 protected:
  virtual void run_head(const float* hidden, std::int64_t rows, float* logits) const = 0;
  AnyModel(ModelFile& file, const LoadOptions& options);
  AnyModel(const AnyModel& whole, std::int64_t layers);  // but for weight_bytes_ and fingerprint_
  void make_kv_heaps();
  void take_tokenizer(ModelFile& file);
  void take_fingerprint(std::uint64_t weight_digest);

  std::shared_ptr<ThreadPool> pool_;
  std::string source_;
  ModelSpec spec_;
  std::array<std::shared_ptr<PageHeap>, 3> kv_heaps_;  ///< by KvType
  std::vector<Token> end_tokens_;
  std::optional<Tokenizer> tokenizer_;
  std::vector<NamedTemplate> chat_templates_;
  std::size_t weight_bytes_ = 0;
  int activation_bits_ = 8;
  std::uint64_t fingerprint_ = 0;
};

template <class B = Cpu<>>
class Sequence;

template <class B = Cpu<>>
class Model final : public AnyModel {
 public:
  using Backend = B;

  /// Loads a GGUF file or a Hugging Face folder. Throws Error(file, format, unsupported, shape, cancelled); the message names
  /// the file and the key or tensor.
  explicit Model(const std::string& path, const LoadOptions& options = {});
  ~Model() override;

  void run(std::span<const detail::PassItem> items, std::stop_token cancel) const override;

  /// A model of the first `count` layers and the head, over the same weights, which it shares: it drafts for the whole one, as
  /// draft_model(Sequence(part)). Its sequences have keys and values of these layers alone. This model may go before it.
  /// Throws Error(argument) for a count outside [1, layers]. Sources: Zhang et al. 2023, "Draft & Verify", arXiv:2309.08168;
  /// Elhoushi et al. 2024, "LayerSkip", arXiv:2404.16710.
  [[nodiscard]] Model first_layers(std::int64_t count) const { return Model(*this, count); }

  /// The sequence that Sequence::save() wrote to the path (model/sequence.hpp): it goes on with the same bits, forks and rewinds. A model
  /// on another backend, or with other activation_bits, may go on too, with its own bits. `beside` gets the bytes that were saved with it. Throws Error(file);
  /// Error(format) for what is no such file or is damaged; Error(unsupported) for another version of the format; Error(argument) when it
  /// was saved with other weights.
  [[nodiscard]] Sequence<B> restore(const std::string& path, std::vector<std::byte>* beside = nullptr) const;

 private:
  void run_head(const float* hidden, std::int64_t rows, float* logits) const override;
  Model(ModelFile&& file, const LoadOptions& options);
  Model(const Model& whole, std::int64_t layers);

  std::unique_ptr<detail::LoadedModel<B>> loaded_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/model/loaded_model.hpp"
#include "weft/model/model.ipp"
#endif
