// How files call the tensors of a model: one table per architecture maps a role to a name in GGUF and in Hugging Face.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weft {

/// What a tensor does. Roles from attention_norm on exist once a layer.
enum class Role : std::uint8_t {
  embedding, position_embedding, final_norm, final_norm_bias, head, rope_factors,
  attention_norm, attention_norm_bias, q, k, v, qkv, attention_out, q_bias, k_bias, v_bias, qkv_bias, attention_out_bias,
  mlp_norm, mlp_norm_bias, gate, up, down, gate_bias, up_bias, down_bias
};

/// One row of the table. "{}" stands for the layer's number; an empty name means the format has no such tensor.
/// hf_transposed: Hugging Face's Conv1D, which stores [in, out].
struct TensorName {
  Role role;
  std::string_view gguf;
  std::string_view hf;
  bool hf_transposed = false;
};

/// The names of one file: an architecture's table, the format, and the prefix that some Hugging Face folders leave out.
struct NameScheme {
  std::span<const TensorName> table;
  bool gguf = true;
  std::string_view hf_missing_prefix;  ///< cut from the front of Hugging Face names

  [[nodiscard]] const TensorName* find(Role role) const noexcept {
    for (const auto& entry : table)
      if (entry.role == role) return &entry;
    return nullptr;
  }
  /// The tensor's name, or "" when the architecture or the format has none.
  [[nodiscard]] std::string name(Role role, std::int64_t layer = 0) const {
    const auto* entry = find(role);
    if (!entry) return {};
    std::string_view pattern = gguf ? entry->gguf : entry->hf;
    if (!gguf && pattern.starts_with(hf_missing_prefix)) pattern.remove_prefix(hf_missing_prefix.size());
    std::string text(pattern);
    if (const auto at = text.find("{}"); at != std::string::npos) text.replace(at, 2, std::to_string(layer));
    return text;
  }
  [[nodiscard]] bool transposed(Role role) const noexcept {
    const auto* entry = find(role);
    return entry && !gguf && entry->hf_transposed;
  }
};

}  // namespace weft
