// Definitions of model/model.hpp: what does not depend on the backend.
#pragma once

#include "weft/core/archive.hpp"
#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/xxh64.hpp"
#include "weft/model/model.hpp"
#include "weft/model/model_file.hpp"
#include "weft/model/page_heap.hpp"

namespace weft {

WEFT_INLINE AnyModel::AnyModel(ModelFile& file, const LoadOptions& options)
    : pool_(options.pool      ? options.pool
            : options.threads ? std::make_shared<ThreadPool>(options.threads)
                              : ThreadPool::shared()),
      source_(file.tensors.source),
      spec_(file.spec),
      end_tokens_(std::move(file.end_tokens)),
      chat_templates_(std::move(file.chat_templates)),
      activation_bits_(options.activation_bits) {
  if (activation_bits_ != 8 && activation_bits_ != 16)
    fail(ErrorKind::argument, "activation_bits is ", activation_bits_, "; expected 8 or 16");
  make_kv_heaps();
}

WEFT_INLINE AnyModel::AnyModel(const AnyModel& whole, std::int64_t layers)
    : pool_(whole.pool_), source_(whole.source_), spec_(whole.spec_), end_tokens_(whole.end_tokens_), tokenizer_(whole.tokenizer_),
      chat_templates_(whole.chat_templates_), activation_bits_(whole.activation_bits_) {
  if (layers < 1 || layers > static_cast<std::int64_t>(spec_.layers.size()))
    fail(ErrorKind::argument, source_, ": a model of the first ", layers, " layers: expected 1 to ", spec_.layers.size());
  spec_.layers.resize(static_cast<std::size_t>(layers));
  make_kv_heaps();
}

WEFT_INLINE void AnyModel::make_kv_heaps() {
  for (const auto type : {KvType::f32, KvType::f16, KvType::q8})
    kv_heaps_[static_cast<std::size_t>(type)] = std::make_shared<PageHeap>(kv_bytes_per_position(type) * static_cast<std::size_t>(page_positions));
}

WEFT_INLINE AnyModel::~AnyModel() = default;

WEFT_INLINE void AnyModel::take_tokenizer(ModelFile& file) {
  if (file.vocabulary) tokenizer_.emplace(std::move(*file.vocabulary));
  if (file.tokenizer) tokenizer_ = std::move(file.tokenizer);
}

WEFT_INLINE void AnyModel::take_fingerprint(std::uint64_t weight_digest) {
  StateWriter all;
  const auto put_norm = [&](const Norm& norm) {
    all.put(norm.kind);
    all.put(norm.eps);
  };
  all.put(weight_digest);
  all.put(std::int32_t{activation_bits_});  // the keys and values of a text depend on them
  all.put_text(spec_.architecture);
  for (const auto number : {spec_.vocab_size, spec_.width, std::int64_t{spec_.learned_positions}}) all.put(number);
  for (const auto& layer : spec_.layers) {
    const auto& a = layer.attention;
    put_norm(layer.attention_norm);
    for (const auto number : {a.heads, a.kv_heads, a.head_dim}) all.put(number);
    all.put(a.scale);
    all.put_flag(a.rope.has_value());
    if (a.rope) {
      all.put(a.rope->style);
      all.put(a.rope->dim);
      all.put_all(std::span<const float>(a.rope->inverse_frequencies));
      all.put(a.rope->attention_factor);
    }
    put_norm(layer.mlp_norm);
    all.put(layer.mlp.hidden);
    all.put(layer.mlp.activation);
    all.put_flag(layer.mlp.gated);
  }
  put_norm(spec_.final_norm);
  fingerprint_ = xxh64(all.bytes());
}

WEFT_INLINE const Tokenizer& AnyModel::tokenizer() const {
  if (!tokenizer_) fail(ErrorKind::unsupported, source_, ": this model has no tokenizer that this build reads; pass token ids, or put its tokenizer.json beside it");
  return *tokenizer_;
}

WEFT_INLINE ChatTemplate AnyModel::chat_template(std::string_view name) const {
  std::string known;
  for (const NamedTemplate& each : chat_templates_) {
    if (each.name == name) {
      TemplateTokens tokens;
      if (tokenizer_ && tokenizer_->vocabulary().bos) tokens.bos_token = tokenizer_->bytes(*tokenizer_->vocabulary().bos);
      if (tokenizer_ && tokenizer_->vocabulary().eos) tokens.eos_token = tokenizer_->bytes(*tokenizer_->vocabulary().eos);
      return ChatTemplate(each.source, std::move(tokens));
    }
    known += (known.empty() ? "" : ", ") + detail::quote(each.name);
  }
  if (known.empty()) fail(ErrorKind::unsupported, source_, ": this model has no chat template; make a ChatTemplate from a text");
  fail(ErrorKind::unsupported, source_, ": this model has no chat template named ", detail::quote(name), "; it has ", known);
}

WEFT_INLINE std::size_t AnyModel::kv_bytes_per_position(KvType type) const noexcept {
  std::size_t bytes = 0;
  for (const auto& layer : spec_.layers)
    bytes += 2 * static_cast<std::size_t>(layer.attention.kv_heads) * kv_block_bytes(type, layer.attention.head_dim);
  return bytes / static_cast<std::size_t>(page_positions);
}

WEFT_INLINE Tensor<float, 2> AnyModel::logits_of(TensorView<const float, 2> hidden) const {
  if (hidden.shape()[1] != spec_.width)
    fail(ErrorKind::shape, "hidden states of width ", hidden.shape()[1], ": the model's width is ", spec_.width);
  Tensor<float, 2> logits({hidden.shape()[0], spec_.vocab_size});
  run_head(hidden.data(), hidden.shape()[0], logits.data());
  return logits;
}

WEFT_INLINE std::span<const NamedTemplate> AnyModel::chat_templates() const noexcept { return chat_templates_; }

}  // namespace weft
