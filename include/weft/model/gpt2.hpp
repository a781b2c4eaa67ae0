// GPT-2 (Radford et al. 2019): layer norm, learned positions, one fused projection of queries, keys and values, plain GELU.
// Sources: the GGUF key list; Hugging Face GPT2Config.
#pragma once

#include <array>
#include <cmath>

#include "weft/model/architecture.hpp"

namespace weft {

inline ModelSpec describe_gpt2(const Hparams& h) {
  auto spec = detail::describe_size(h, {"embedding_length", "n_embd"}, {"block_count", "n_layer"},
                                    {"context_length", "n_positions"});
  spec.learned_positions = true;
  Attention a;
  const Hparams::Key head_keys{"attention.head_count", "n_head"};
  a.heads = a.kv_heads = h.count(head_keys, 1, max_heads);
  if (spec.width % a.heads != 0)
    fail(ErrorKind::format, h.source(), ": ", h.name_of(head_keys), " is ", a.heads, ", which does not divide the width ", spec.width);
  a.head_dim = spec.width / a.heads;
  a.scale = h.find_boolean({{"", "scale_attn_weights"}}).value_or(true) ? static_cast<float>(1 / std::sqrt(static_cast<double>(a.head_dim))) : 1.0f;
  const bool by_layer = h.find_boolean({{"", "scale_attn_by_inverse_layer_idx"}}).value_or(false);

  LayerSpec layer;
  layer.attention = a;
  layer.attention_norm = {NormKind::layer, detail::read_eps(h, {{"attention.layer_norm_epsilon", "layer_norm_epsilon"}}, 1e-5)};
  layer.mlp_norm = spec.final_norm = layer.attention_norm;
  layer.mlp.hidden = h.find_count({{"feed_forward_length", "n_inner"}}, 1, max_width).value_or(4 * spec.width);
  layer.mlp.activation = detail::read_activation(h, {{"", "activation_function"}}, "gelu_new");
  layer.mlp.gated = false;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i] = layer;
    if (by_layer) spec.layers[i].attention.scale /= static_cast<float>(i + 1);
  }
  return spec;
}

inline constexpr std::array gpt2_names{
    TensorName{Role::embedding, "token_embd.weight", "transformer.wte.weight"},
    TensorName{Role::position_embedding, "position_embd.weight", "transformer.wpe.weight"},
    TensorName{Role::final_norm, "output_norm.weight", "transformer.ln_f.weight"},
    TensorName{Role::final_norm_bias, "output_norm.bias", "transformer.ln_f.bias"},
    TensorName{Role::head, "output.weight", "lm_head.weight"},
    TensorName{Role::attention_norm, "blk.{}.attn_norm.weight", "transformer.h.{}.ln_1.weight"},
    TensorName{Role::attention_norm_bias, "blk.{}.attn_norm.bias", "transformer.h.{}.ln_1.bias"},
    TensorName{Role::qkv, "blk.{}.attn_qkv.weight", "transformer.h.{}.attn.c_attn.weight", true},
    TensorName{Role::qkv_bias, "blk.{}.attn_qkv.bias", "transformer.h.{}.attn.c_attn.bias"},
    TensorName{Role::attention_out, "blk.{}.attn_output.weight", "transformer.h.{}.attn.c_proj.weight", true},
    TensorName{Role::attention_out_bias, "blk.{}.attn_output.bias", "transformer.h.{}.attn.c_proj.bias"},
    TensorName{Role::mlp_norm, "blk.{}.ffn_norm.weight", "transformer.h.{}.ln_2.weight"},
    TensorName{Role::mlp_norm_bias, "blk.{}.ffn_norm.bias", "transformer.h.{}.ln_2.bias"},
    TensorName{Role::up, "blk.{}.ffn_up.weight", "transformer.h.{}.mlp.c_fc.weight", true},
    TensorName{Role::up_bias, "blk.{}.ffn_up.bias", "transformer.h.{}.mlp.c_fc.bias"},
    TensorName{Role::down, "blk.{}.ffn_down.weight", "transformer.h.{}.mlp.c_proj.weight", true},
    TensorName{Role::down_bias, "blk.{}.ffn_down.bias", "transformer.h.{}.mlp.c_proj.bias"},
};

inline constexpr std::array<std::string_view, 2> gpt2_harmless{"reorder_and_upcast_attn", "n_ctx"};
inline constexpr std::array<std::string_view, 2> gpt2_ignored{".attn.bias", ".attn.masked_bias"};

inline constexpr Architecture gpt2{"gpt2", "gpt2", describe_gpt2, gpt2_names, "transformer.", gpt2_harmless, gpt2_ignored};

}  // namespace weft
