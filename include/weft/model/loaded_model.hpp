// What a Model<B> is made of: packed weights, the model lowered to flat records, and scratch for passes over it.
// Included by model.hpp unless weft::compiled holds the library's own backends; for one of your own include it yourself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "weft/model/model.hpp"
#include "weft/model/model_file.hpp"
#include "weft/model/pass_runner.hpp"
#include "weft/model/weights.hpp"
#include "weft/model/workspace.hpp"
#include "weft/nn/program.hpp"

namespace weft {
namespace detail {

template <class B>
class LoadedModel {
 public:
  /// Packs the weights of `file`. spec must outlive this; its context_length is cut to what learned positions allow.
  LoadedModel(const ModelFile& file, ModelSpec& spec, ThreadPool& pool, const LoadOptions& options)
      : weights_(std::make_shared<const Weights<B>>(WeightLoader<B>(file).load(pool, options.cancel, options.progress))), tied_head_(file.tied_head) {
    program_.planes = options.activation_bits / 8;
    lower(spec);
    if (spec.learned_positions && (spec.context_length == 0 || spec.context_length > weights_->positions.rows()))
      spec.context_length = weights_->positions.rows();
    shelf_ = std::make_unique<WorkspaceShelf>(shape_, pool.size());
  }
  /// The first layers of another one, as many as the spec has; they share the weights.
  LoadedModel(const LoadedModel& whole, const ModelSpec& spec, ThreadPool& pool) : weights_(whole.weights_), tied_head_(whole.tied_head_) {
    program_.planes = whole.program_.planes;
    lower(spec);
    shelf_ = std::make_unique<WorkspaceShelf>(shape_, pool.size());
  }

  /// Bytes of packed matrices that one pass reads.
  [[nodiscard]] std::size_t weight_bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t weight_digest() const noexcept { return weights_->digest; }

  void run(ThreadPool& pool, std::span<const PassItem> items, std::stop_token cancel) const {
    run_items<B>(program_, pool, *shelf_, items, std::move(cancel));
  }
  void run_head(ThreadPool& pool, const float* hidden, std::int64_t rows, float* logits) const {
    detail::run_head<B>(program_, pool, *shelf_, hidden, rows, logits);
  }

 private:
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
    layer.attention = {a.heads, a.kv_heads, a.head_dim, a.scale, rope_index(a), kv_values_, kv_blocks_};
    kv_values_ += 2 * a.kv_width() * page_positions;
    kv_blocks_ += 2 * a.kv_heads;
    layer.q = lower(w.q), layer.k = lower(w.k), layer.v = lower(w.v), layer.out = lower(w.out);
    layer.activation = spec.mlp.activation;
    layer.gate = lower(w.gate), layer.up = lower(w.up), layer.down = lower(w.down);
    layer.quantise_qkv = B::quantises(w.q.weight) || B::quantises(w.k.weight) || B::quantises(w.v.weight);
    layer.quantise_out = B::quantises(w.out.weight);
    layer.quantise_mlp = B::quantises(w.up.weight) || (layer.gate.weight && B::quantises(w.gate.weight));
    layer.quantise_down = B::quantises(w.down.weight);
    for (const auto* linear : {&w.q, &w.k, &w.v, &w.out, &w.gate, &w.up, &w.down})
      if (linear->weight.rows() > 0) bytes_ += linear->weight.bytes();
    shape_.partials = std::max(shape_.partials, a.heads * partial_floats(a.head_dim));
    shape_.q_width = std::max(shape_.q_width, a.q_width());
    shape_.kv_width = std::max(shape_.kv_width, a.kv_width());
    shape_.widest = std::max({shape_.widest, a.q_width(), spec.mlp.hidden});
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

  void lower(const ModelSpec& spec) {
    const Weights<B>& weights = *weights_;
    shape_.width = shape_.widest = spec.width;
    shape_.vocab = spec.vocab_size;
    for (std::size_t i = 0; i < spec.layers.size(); ++i) layers_.push_back(lower(spec.layers[i], weights.layers[i]));
    shape_.ropes = static_cast<std::int64_t>(ropes_.size());
    shape_.room_bytes = B::room_bytes();
    shape_.widest_blocks = static_cast<std::size_t>(program_.planes) * B::quantised_bytes(shape_.widest);
    program_.width = spec.width;
    program_.vocab = spec.vocab_size;
    program_.embedding = &weights.embedding;
    program_.positions = spec.learned_positions ? &weights.positions : nullptr;
    program_.ropes = ropes_;
    program_.layers = layers_;
    program_.final_norm = lower(spec.final_norm, weights.final_norm);
    program_.head = {tied_head_ ? &weights.embedding : &weights.head, nullptr};
    program_.quantise_head = B::quantises(*program_.head.weight);
    bytes_ += program_.head.weight->bytes();  // of embeddings and positions only a row is read
  }

  std::shared_ptr<const Weights<B>> weights_;
  bool tied_head_;
  std::size_t bytes_ = 0;  ///< of the matrices that a pass reads
  std::vector<const Rope*> rope_specs_;
  std::vector<nn::RopeRef> ropes_;
  std::vector<nn::LayerRef<B>> layers_;
  std::int64_t kv_values_ = 0;  ///< of a page, and in how many blocks
  std::int64_t kv_blocks_ = 0;
  WorkspaceShape shape_;
  nn::Program<B> program_;
  std::unique_ptr<WorkspaceShelf> shelf_;
};

}  // namespace detail

template <class B>
Model<B>::Model(const std::string& path, const LoadOptions& options) : Model(open_model_file(path, options.cancel), options) {}

template <class B>
Model<B>::Model(ModelFile&& file, const LoadOptions& options)
    : AnyModel(file, options), loaded_(std::make_unique<detail::LoadedModel<B>>(file, spec_, *pool_, options)) {
  weight_bytes_ = loaded_->weight_bytes();
  take_fingerprint(loaded_->weight_digest());
  check_loading(options.cancel, file.tensors.source);
  take_tokenizer(file);
}

template <class B>
Model<B>::Model(const Model& whole, std::int64_t layers)
    : AnyModel(whole, layers), loaded_(std::make_unique<detail::LoadedModel<B>>(*whole.loaded_, spec_, *pool_)) {
  weight_bytes_ = loaded_->weight_bytes();
  take_fingerprint(loaded_->weight_digest());
}

template <class B>
Model<B>::~Model() = default;

template <class B>
void Model<B>::run(std::span<const detail::PassItem> items, std::stop_token cancel) const {
  loaded_->run(*pool_, items, std::move(cancel));
}

template <class B>
void Model<B>::run_head(const float* hidden, std::int64_t rows, float* logits) const {
  loaded_->run_head(*pool_, hidden, rows, logits);
}

}  // namespace weft
