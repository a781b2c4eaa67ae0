// Model<Backend>: a model file, loaded. Immutable and safe to share between threads; sequences do the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "weft/backend/cpu/cpu.hpp"
#include "weft/core/thread_pool.hpp"
#include "weft/model/weights.hpp"
#include "weft/model/workspace.hpp"
#include "weft/nn/forward.hpp"
#include "weft/text/tokenizer.hpp"

namespace weft {

struct LoadOptions {
  int threads = 0;                   ///< workers; 0: the pool of the process (one per usable core)
  std::shared_ptr<ThreadPool> pool{};  ///< a pool to share instead; wins over threads
  std::stop_token cancel{};          ///< Error(cancelled) once requested
  std::function<void(std::size_t done, std::size_t total)> progress{};  ///< bytes of weights packed, on the loading thread
};

template <class B = Cpu<>>
class Model {
 public:
  using Backend = B;

  /// Loads a GGUF file or a Hugging Face folder. Throws Error(file, format, unsupported, shape, cancelled); the message names
  /// the file and the key or tensor.
  explicit Model(const std::filesystem::path& path, const LoadOptions& options = {})
      : Model(open_model_file(path, options.cancel), options) {}

  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  [[nodiscard]] const ModelSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::int64_t vocab_size() const noexcept { return spec_.vocab_size; }
  /// Positions the model was made for; 0 when its file does not say.
  [[nodiscard]] std::int64_t context_length() const noexcept { return spec_.context_length; }
  [[nodiscard]] std::span<const Token> end_tokens() const noexcept { return end_tokens_; }
  [[nodiscard]] bool has_tokenizer() const noexcept { return tokenizer_.has_value(); }
  /// Throws Error(unsupported) when the model came without one.
  [[nodiscard]] const Tokenizer& tokenizer() const {
    if (!tokenizer_) fail(ErrorKind::unsupported, source_, ": this model has no tokenizer that this build reads; pass token ids, or use its GGUF file");
    return *tokenizer_;
  }
  /// Bytes of packed matrices that one pass reads.
  [[nodiscard]] std::size_t weight_bytes() const noexcept { return weights_.bytes; }
  /// Bytes that the KV cache needs for one position.
  [[nodiscard]] std::size_t kv_bytes_per_position(KvType type) const noexcept {
    return static_cast<std::size_t>(kv_values_) * bytes_per_value(type) / static_cast<std::size_t>(page_positions);
  }
  [[nodiscard]] const std::string& source() const noexcept { return source_; }
  [[nodiscard]] ThreadPool& pool() const noexcept { return *pool_; }

  /// For Sequence and Batch: the lowered model, and scratch for passes over it.
  [[nodiscard]] const nn::Program<B>& program() const noexcept { return program_; }
  [[nodiscard]] WorkspaceShelf& workspaces() const noexcept { return *shelf_; }

 private:
  Model(ModelFile file, const LoadOptions& options)
      : pool_(options.pool       ? options.pool
              : options.threads  ? std::make_shared<ThreadPool>(options.threads)
                                 : ThreadPool::shared()),
        source_(file.tensors.source),
        spec_(file.spec),
        end_tokens_(std::move(file.end_tokens)) {
    weights_ = WeightLoader<B>(file).load(*pool_, options.cancel, options.progress);
    if (file.vocabulary) tokenizer_.emplace(std::move(*file.vocabulary));
    lower(file.tied_head);
  }

  static nn::NormRef lower(const Norm& norm, const NormWeights& w) {
    return {norm.kind, norm.eps, w.weight.data(), w.bias.empty() ? nullptr : w.bias.data()};
  }
  static nn::LinearRef<B> lower(const Linear<B>& linear) {
    return {linear.weight.rows() > 0 ? &linear.weight : nullptr, linear.bias.empty() ? nullptr : linear.bias.data()};
  }

  nn::LayerRef<B> lower(const LayerSpec& spec, const LayerWeights<B>& w) {
    nn::LayerRef<B> layer;
    layer.attention_norm = lower(spec.attention_norm, w.attention_norm);
    layer.mlp_norm = lower(spec.mlp_norm, w.mlp_norm);
    const auto& a = spec.attention;
    layer.attention = {a.heads, a.kv_heads, a.head_dim, a.scale, rope_index(a), kv_values_};
    kv_values_ += 2 * a.kv_width() * page_positions;
    layer.q = lower(w.q), layer.k = lower(w.k), layer.v = lower(w.v), layer.out = lower(w.out);
    layer.activation = spec.mlp.activation;
    layer.gate = lower(w.gate), layer.up = lower(w.up), layer.down = lower(w.down);
    layer.quantise_qkv = B::quantises(w.q.weight) || B::quantises(w.k.weight) || B::quantises(w.v.weight);
    layer.quantise_out = B::quantises(w.out.weight);
    layer.quantise_mlp = B::quantises(w.up.weight) || (layer.gate.weight && B::quantises(w.gate.weight));
    layer.quantise_down = B::quantises(w.down.weight);
    shape_.widest = std::max({shape_.widest, a.q_width(), a.kv_width(), spec.mlp.hidden});
    return layer;
  }

  /// Layers with the same rotation share one table of cosines and sines.
  std::int64_t rope_index(const Attention& a) {
    if (!a.rope) return -1;
    std::size_t i = 0;
    while (i < rope_specs_.size() && *rope_specs_[i] != *a.rope) ++i;
    if (i == rope_specs_.size()) {
      rope_specs_.push_back(&*a.rope);
      ropes_.push_back({a.rope->style, a.rope->dim, a.rope->inverse_frequencies.data(), a.rope->attention_factor});
      shape_.widest_rope = std::max(shape_.widest_rope, a.rope->dim);
    }
    return static_cast<std::int64_t>(i);
  }

  void lower(bool tied_head) {
    shape_.width = shape_.widest = spec_.width;
    shape_.vocab = spec_.vocab_size;
    for (std::size_t i = 0; i < spec_.layers.size(); ++i) layers_.push_back(lower(spec_.layers[i], weights_.layers[i]));
    shape_.ropes = static_cast<std::int64_t>(ropes_.size());
    shape_.widest_blocks = B::quantised_bytes(shape_.widest);
    program_.width = spec_.width;
    program_.vocab = spec_.vocab_size;
    program_.embedding = &weights_.embedding;
    program_.positions = spec_.learned_positions ? &weights_.positions : nullptr;
    program_.ropes = ropes_;
    program_.layers = layers_;
    program_.final_norm = lower(spec_.final_norm, weights_.final_norm);
    program_.head = {tied_head ? &weights_.embedding : &weights_.head, nullptr};
    program_.quantise_head = B::quantises(*program_.head.weight);
    if (!tied_head) weights_.bytes -= weights_.embedding.bytes();  // only one row of it is read
    if (spec_.learned_positions) {
      weights_.bytes -= weights_.positions.bytes();
      if (spec_.context_length == 0 || spec_.context_length > weights_.positions.rows()) spec_.context_length = weights_.positions.rows();
    }
    shelf_ = std::make_unique<WorkspaceShelf>(shape_, pool_->size());
  }

  std::shared_ptr<ThreadPool> pool_;
  std::string source_;
  ModelSpec spec_;
  std::vector<Token> end_tokens_;
  Weights<B> weights_;
  std::optional<Tokenizer> tokenizer_;
  std::vector<const Rope*> rope_specs_;
  std::vector<nn::RopeRef> ropes_;
  std::vector<nn::LayerRef<B>> layers_;
  std::int64_t kv_values_ = 0;  ///< values in a page
  WorkspaceShape shape_;
  nn::Program<B> program_;
  std::unique_ptr<WorkspaceShelf> shelf_;
};

}  // namespace weft
