// Definitions of model/folder_gguf.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/io/hparams.hpp"
#include "weft/model/architecture.hpp"
#include "weft/model/folder_gguf.hpp"
#include "weft/model/rope_scaling.hpp"
#include "weft/quant/dequantize.hpp"
#include "weft/text/json_vocabulary.hpp"

namespace weft {
namespace detail {

template <class T>
std::string bytes_of_number(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// Rows of `size` bytes of each head, from halves that rotate with each other, (0, d/2), (1, d/2 + 1) ..., to neighbours.
inline void interleave_halves(const std::byte* from, std::int64_t heads, std::int64_t head_dim, std::size_t size, std::byte* to) noexcept {
  const std::int64_t half = head_dim / 2;
  for (std::int64_t h = 0; h < heads; ++h)
    for (std::int64_t i = 0; i < head_dim; ++i) {
      const std::int64_t row = h * head_dim + i % 2 * half + i / 2;
      std::memcpy(to + static_cast<std::size_t>(h * head_dim + i) * size, from + static_cast<std::size_t>(row) * size, size);
    }
}

inline void transpose(const std::byte* from, std::int64_t rows, std::int64_t cols, std::size_t size, std::byte* to) noexcept {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < cols; ++c)
      std::memcpy(to + static_cast<std::size_t>(c * rows + r) * size, from + static_cast<std::size_t>(r * cols + c) * size, size);
}

}  // namespace detail

WEFT_INLINE FolderGguf::FolderGguf(const std::string& folder) : file_(open_model_file(folder)) {
  const auto h = Hparams::from_hf(folder);
  describe(h, folder);
  if (file_.tokenizer) describe_tokenizer(folder);
  add_tensors();
}

WEFT_INLINE void FolderGguf::put(std::string_view key, GgufType type, std::string bytes, bool is_array, std::uint64_t count) {
  const std::string& name = owned_.emplace_back(key);
  const std::string& payload = owned_.emplace_back(std::move(bytes));
  pairs_.push_back({name, type, is_array, count, std::as_bytes(std::span(payload.data(), payload.size()))});
}
WEFT_INLINE void FolderGguf::put_count(std::string_view key, std::int64_t value) {
  put(key, GgufType::u32, detail::bytes_of_number(static_cast<std::uint32_t>(value)));
}
WEFT_INLINE void FolderGguf::put_number(std::string_view key, double value) {
  put(key, GgufType::f32, detail::bytes_of_number(static_cast<float>(value)));
}
WEFT_INLINE void FolderGguf::put_text(std::string_view key, std::string_view text) { put(key, GgufType::string, std::string(text)); }
WEFT_INLINE void FolderGguf::put_texts(std::string_view key, const std::vector<std::string>& texts) {
  std::string bytes;
  for (const auto& text : texts) bytes += detail::bytes_of_number(static_cast<std::uint64_t>(text.size())) + text;
  put(key, GgufType::string, std::move(bytes), true, texts.size());
}

WEFT_INLINE void FolderGguf::describe(const Hparams& h, const std::string& folder) {
  const auto& spec = file_.spec;
  const auto& layer = spec.layers.front();
  const auto& a = layer.attention;
  architecture_ = std::string(file_.gguf_architecture);
  const std::string prefix = architecture_ + ".";
  const bool is_llama = a.rope.has_value();
  if (layer.mlp.activation != (is_llama ? Activation::silu : Activation::gelu_tanh))
    fail(ErrorKind::unsupported, h.source(), ": GGUF has no key for the activation function, which is not that of ", architecture_, " here");
  const auto usual = static_cast<float>(1 / std::sqrt(static_cast<double>(a.head_dim)));
  for (const auto& each : spec.layers)
    if (each.attention.scale != usual) fail(ErrorKind::unsupported, h.source(), ": GGUF has no key for the scale of attention, which is not 1 / sqrt(head_dim) here");
  std::string name = folder;
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  put_text("general.architecture", architecture_);
  put_text("general.name", name.substr(name.rfind('/') + 1));
  if (spec.context_length > 0) put_count(prefix + "context_length", spec.context_length);
  put_count(prefix + "embedding_length", spec.width);
  put_count(prefix + "block_count", static_cast<std::int64_t>(spec.layers.size()));
  put_count(prefix + "feed_forward_length", layer.mlp.hidden);
  put_count(prefix + "attention.head_count", a.heads);
  put_number(prefix + (is_llama ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon"), static_cast<double>(layer.attention_norm.eps));
  if (!is_llama) return;
  put_count(prefix + "attention.head_count_kv", a.kv_heads);
  put_count(prefix + "vocab_size", spec.vocab_size);
  if (a.head_dim * a.heads != spec.width) {
    put_count(prefix + "attention.key_length", a.head_dim);
    put_count(prefix + "attention.value_length", a.head_dim);
  }
  describe_rope(h, prefix);
}

// Linear scaling and YaRN have keys; what Llama 3 does to the frequencies becomes a tensor of factors.
WEFT_INLINE void FolderGguf::describe_rope(const Hparams& h, const std::string& prefix) {
  const Rope& rope = *file_.spec.layers.front().attention.rope;
  if (rope.dim != file_.spec.layers.front().attention.head_dim)
    fail(ErrorKind::unsupported, h.source(), ": heads of which only a part rotates cannot be written as GGUF by this build");
  const double theta = h.find_number({{"", "rope_parameters/rope_theta"}, {"", "rope_theta"}}).value_or(10000);
  put_count(prefix + "rope.dimension_count", rope.dim);
  put_number(prefix + "rope.freq_base", theta);
  const auto type = h.find_string({{"", "rope_parameters/rope_type"}, {"", "rope_scaling/rope_type"}, {"", "rope_scaling/type"}}).value_or("default");
  const auto number = [&](const char* key, double otherwise) {
    const std::string modern = std::string("rope_parameters/") + key, older = std::string("rope_scaling/") + key;
    return h.find_number({{"", modern.c_str()}, {"", older.c_str()}}).value_or(otherwise);
  };
  if (type == "llama3") {
    const auto plain = rope_frequencies(theta, rope.dim);
    for (std::size_t i = 0; i < plain.size(); ++i) rope_factors_.push_back(plain[i] / rope.inverse_frequencies[i]);
  } else if (type == "linear" || type == "yarn") {
    const double factor = number("factor", 1);
    put_text(prefix + "rope.scaling.type", type);
    put_number(prefix + "rope.scaling.factor", factor);
    if (type == "linear") return;
    if (!h.find_boolean({{"", "rope_parameters/truncate"}, {"", "rope_scaling/truncate"}}).value_or(true))
      fail(ErrorKind::unsupported, h.source(), ": GGUF has no key for YaRN without 'truncate'");
    put_count(prefix + "rope.scaling.original_context_length",
              h.find_count({{"", "rope_parameters/original_max_position_embeddings"}, {"", "rope_scaling/original_max_position_embeddings"}, {"", "max_position_embeddings"}},
                           1, max_context)
                  .value_or(4096));
    put_number(prefix + "rope.scaling.yarn_beta_fast", number("beta_fast", 32));
    put_number(prefix + "rope.scaling.yarn_beta_slow", number("beta_slow", 1));
    const double usual = factor > 1 ? 0.1 * std::log(factor) + 1 : 1.0;  // what readers multiply by attn_factor
    put_number(prefix + "rope.scaling.attn_factor", number("attention_factor", usual) / usual);
  }
}

WEFT_INLINE void FolderGguf::describe_tokenizer(const std::string& folder) {
  const auto v = vocabulary_of_tokenizer_json(folder, *file_.tokenizer);
  const std::string prefix = "tokenizer.ggml.";
  put_text(prefix + "model", v.model);
  if (v.model == "gpt2") put_text(prefix + "pre", v.pre);
  auto tokens = v.tokens;
  auto types = v.types;
  while (static_cast<std::int64_t>(tokens.size()) < file_.spec.vocab_size) {  // rows of the embedding that no token has
    tokens.push_back("[PAD" + std::to_string(tokens.size()) + "]");
    types.push_back(TokenType::unused);
  }
  put_texts(prefix + "tokens", tokens);
  std::string kinds, scores;
  for (const auto type : types) kinds += detail::bytes_of_number(static_cast<std::int32_t>(type));
  put(prefix + "token_type", GgufType::i32, std::move(kinds), true, types.size());
  if (v.model == "llama") {
    for (std::size_t i = 0; i < tokens.size(); ++i) scores += detail::bytes_of_number(i < v.scores.size() ? v.scores[i] : -1e9f);
    put(prefix + "scores", GgufType::f32, std::move(scores), true, tokens.size());
    put(prefix + "add_space_prefix", GgufType::boolean, std::string(1, v.add_space_prefix ? '\1' : '\0'));
  } else {
    put_texts(prefix + "merges", v.merges);
  }
  const auto put_id = [&](const char* key, std::optional<Token> id) {
    if (id) put_count(prefix + key, *id);
  };
  put_id("bos_token_id", v.bos);
  put_id("eos_token_id", v.add_eos || file_.end_tokens.empty() ? v.eos : file_.end_tokens.front());
  if (file_.end_tokens.size() > 1) put_id("eot_token_id", file_.end_tokens[1]);
  if (file_.end_tokens.size() > 2) put_id("eom_token_id", file_.end_tokens[2]);
  put_id("unknown_token_id", v.unknown);
  put_id("padding_token_id", v.pad);
  put(prefix + "add_bos_token", GgufType::boolean, std::string(1, v.add_bos ? '\1' : '\0'));
  put(prefix + "add_eos_token", GgufType::boolean, std::string(1, v.add_eos ? '\1' : '\0'));
  for (const auto& chat : file_.chat_templates) put_text("tokenizer.chat_template" + (chat.name.empty() ? "" : "." + chat.name), chat.source);
}

WEFT_INLINE void FolderGguf::add_tensors() {
  const auto layers = static_cast<std::int64_t>(file_.spec.layers.size());
  for (const auto& entry : file_.names.table)
    if (entry.role < Role::attention_norm) add(entry.role, 0);
  for (std::int64_t layer = 0; layer < layers; ++layer)
    for (const auto& entry : file_.names.table)
      if (entry.role >= Role::attention_norm) add(entry.role, layer);
}

WEFT_INLINE void FolderGguf::add(Role role, std::int64_t layer) {
  const auto& entry = *file_.names.find(role);
  const NameScheme gguf{file_.names.table, true, {}};
  if (role == Role::rope_factors) {
    if (rope_factors_.empty()) return;
    tensors_.push_back({gguf.name(role), DType::f32, {static_cast<std::int64_t>(rope_factors_.size())}});
    sources_.push_back({});
    return;
  }
  if (role == Role::head && file_.tied_head) return;
  const auto* tensor = file_.tensors.find(file_.names.name(role, layer));
  if (tensor == nullptr) return;
  if (!can_dequantize(tensor->type) || tensor->shape.empty() || tensor->shape.size() > 2)
    fail(ErrorKind::unsupported, file_.tensors.source, ": tensor '", tensor->name, "' of type ", name(tensor->type), " cannot be written by this build");
  const auto& a = file_.spec.layers[static_cast<std::size_t>(layer)].attention;
  Source source{tensor, entry.hf_transposed && tensor->shape.size() == 2};
  if (a.rope && (role == Role::q || role == Role::q_bias)) source.heads = a.heads;
  if (a.rope && (role == Role::k || role == Role::k_bias)) source.heads = a.kv_heads;
  auto shape = tensor->shape;
  if (source.transposed) std::swap(shape[0], shape[1]);
  if (source.heads > 0 && shape[0] != source.heads * a.head_dim)
    fail(ErrorKind::shape, file_.tensors.source, ": tensor '", tensor->name, "' has ", shape[0], " rows, expected ", source.heads * a.head_dim);
  tensors_.push_back({gguf.name(role, layer), shape.size() == 1 ? DType::f32 : tensor->type, shape});
  sources_.push_back(source);
}

WEFT_INLINE std::span<const std::byte> FolderGguf::bytes(std::size_t i) {
  const auto& [tensor, transposed, heads] = sources_[i];
  if (tensor == nullptr) return std::as_bytes(std::span(rope_factors_));
  const auto& shape = tensor->shape;
  std::span<const std::byte> from = tensor->bytes;
  std::vector<std::byte> floats;
  if (shape.size() == 1 && tensor->type != DType::f32) {
    floats.resize(static_cast<std::size_t>(shape[0]) * sizeof(float));
    dequantize(tensor->type, from.data(), shape[0], reinterpret_cast<float*>(floats.data()));
    from = floats;
  }
  if (!transposed && heads == 0 && floats.empty()) return from;
  buffer_.resize(from.size());
  const auto rows = static_cast<std::size_t>(shape[0]);
  if (transposed)
    detail::transpose(from.data(), shape[0], shape[1], from.size() / (rows * static_cast<std::size_t>(shape[1])), buffer_.data());
  else if (heads > 0)
    detail::interleave_halves(from.data(), heads, shape[0] / heads, from.size() / rows, buffer_.data());
  else
    buffer_ = std::move(floats);
  return buffer_;
}

}  // namespace weft
