// Llama (Touvron et al. 2023, arXiv:2302.13971) and all that share its graph: RMS norm, rotary grouped-query attention,
// gated SiLU. Sources: the GGUF key list; Hugging Face LlamaConfig.
#pragma once

#include <array>
#include <cmath>

#include "weft/model/architecture.hpp"
#include "weft/model/rope_scaling.hpp"

namespace weft {

inline ModelSpec describe_llama(const Hparams& h) {
  using Key = Hparams::Key;
  auto spec = detail::describe_size(h, {"embedding_length", "hidden_size"}, {"block_count", "num_hidden_layers"},
                                    {"context_length", "max_position_embeddings"});
  const Key kv_key{"attention.head_count_kv", "num_key_value_heads"};
  Attention a;
  a.heads = h.count({{"attention.head_count", "num_attention_heads"}}, 1, max_heads);
  a.kv_heads = h.find_count({kv_key}, 1, a.heads).value_or(a.heads);
  detail::check_heads(h, a, kv_key);
  const Key dim_keys{"attention.key_length", "head_dim"};
  a.head_dim = h.find_count(dim_keys, 1, max_head_dim).value_or(spec.width / a.heads);
  if (a.head_dim < 1 || a.head_dim > max_head_dim)
    fail(ErrorKind::format, h.source(), ": ", a.heads, " heads do not fit a width of ", spec.width, "; expected heads of 1 to ", max_head_dim, " values");
  const Key value_keys{"attention.value_length", ""};
  if (h.find_count(value_keys, 1, max_width).value_or(a.head_dim) != a.head_dim)
    fail(ErrorKind::unsupported, h.source(), ": ", h.name_of(value_keys), " differs from the length of keys");
  const Key rope_keys{"rope.dimension_count", ""};
  const auto rope_dim = h.find_count(rope_keys, 2, a.head_dim).value_or(a.head_dim);
  if (rope_dim % 2 != 0) fail(ErrorKind::format, h.source(), ": ", h.name_of(rope_keys), " is ", rope_dim, "; expected an even number");
  a.rope = read_rope(h, h.is_gguf() ? RopeStyle::interleaved : RopeStyle::half, rope_dim, 10000);
  a.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(a.head_dim)));

  LayerSpec layer;
  layer.attention = a;
  layer.attention_norm.eps = detail::read_eps(h, {{"attention.layer_norm_rms_epsilon", "rms_norm_eps"}}, 1e-6);
  layer.mlp_norm = spec.final_norm = layer.attention_norm;
  layer.mlp.hidden = h.count({{"feed_forward_length", "intermediate_size"}}, 1, max_width);
  layer.mlp.activation = detail::read_activation(h, {{"", "hidden_act"}}, "silu");
  std::fill(spec.layers.begin(), spec.layers.end(), layer);
  return spec;
}

inline constexpr std::array llama_names{
    TensorName{Role::embedding, "token_embd.weight", "model.embed_tokens.weight"},
    TensorName{Role::final_norm, "output_norm.weight", "model.norm.weight"},
    TensorName{Role::head, "output.weight", "lm_head.weight"},
    TensorName{Role::rope_factors, "rope_freqs.weight", ""},
    TensorName{Role::attention_norm, "blk.{}.attn_norm.weight", "model.layers.{}.input_layernorm.weight"},
    TensorName{Role::q, "blk.{}.attn_q.weight", "model.layers.{}.self_attn.q_proj.weight"},
    TensorName{Role::k, "blk.{}.attn_k.weight", "model.layers.{}.self_attn.k_proj.weight"},
    TensorName{Role::v, "blk.{}.attn_v.weight", "model.layers.{}.self_attn.v_proj.weight"},
    TensorName{Role::attention_out, "blk.{}.attn_output.weight", "model.layers.{}.self_attn.o_proj.weight"},
    TensorName{Role::q_bias, "blk.{}.attn_q.bias", "model.layers.{}.self_attn.q_proj.bias"},
    TensorName{Role::k_bias, "blk.{}.attn_k.bias", "model.layers.{}.self_attn.k_proj.bias"},
    TensorName{Role::v_bias, "blk.{}.attn_v.bias", "model.layers.{}.self_attn.v_proj.bias"},
    TensorName{Role::attention_out_bias, "blk.{}.attn_output.bias", "model.layers.{}.self_attn.o_proj.bias"},
    TensorName{Role::mlp_norm, "blk.{}.ffn_norm.weight", "model.layers.{}.post_attention_layernorm.weight"},
    TensorName{Role::gate, "blk.{}.ffn_gate.weight", "model.layers.{}.mlp.gate_proj.weight"},
    TensorName{Role::up, "blk.{}.ffn_up.weight", "model.layers.{}.mlp.up_proj.weight"},
    TensorName{Role::down, "blk.{}.ffn_down.weight", "model.layers.{}.mlp.down_proj.weight"},
    TensorName{Role::gate_bias, "blk.{}.ffn_gate.bias", "model.layers.{}.mlp.gate_proj.bias"},
    TensorName{Role::up_bias, "blk.{}.ffn_up.bias", "model.layers.{}.mlp.up_proj.bias"},
    TensorName{Role::down_bias, "blk.{}.ffn_down.bias", "model.layers.{}.mlp.down_proj.bias"},
};

inline constexpr std::array<std::string_view, 2> llama_harmless{"pretraining_tp", "tensor_data_layout"};
inline constexpr std::array<std::string_view, 1> llama_ignored{".rotary_emb.inv_freq"};

inline constexpr Architecture llama{"llama", "llama", describe_llama, llama_names, "", llama_harmless, llama_ignored};

}  // namespace weft
