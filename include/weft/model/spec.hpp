// ModelSpec: what a model is, as data. An architecture is a function that fills one; no forward pass is written twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weft/backend/concept.hpp"

namespace weft {

struct Norm {
  NormKind kind = NormKind::rms;
  float eps = 1e-5f;
};

/// Rotary position embedding (Su et al. 2021, arXiv:2104.09864), lowered to what the pass needs.
struct Rope {
  RopeStyle style = RopeStyle::half;
  std::int64_t dim = 0;                    ///< leading dimensions of a head that rotate; even
  std::vector<float> inverse_frequencies;  ///< [dim / 2], after scaling: the angle at position p is p * this
  float attention_factor = 1.0f;           ///< multiplies cosine and sine (YaRN's temperature)

  bool operator==(const Rope&) const = default;
};

/// Softmax attention with `heads` query heads over `kv_heads` keys and values (grouped-query when fewer).
struct Attention {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  float scale = 1.0f;  ///< of q . k
  std::optional<Rope> rope;

  [[nodiscard]] std::int64_t q_width() const noexcept { return heads * head_dim; }
  [[nodiscard]] std::int64_t kv_width() const noexcept { return kv_heads * head_dim; }
  [[nodiscard]] std::int64_t group() const noexcept { return heads / kv_heads; }
};

/// down(act(gate(x)) * up(x)) when gated, down(act(up(x))) otherwise.
struct Mlp {
  std::int64_t hidden = 0;
  Activation activation = Activation::silu;
  bool gated = true;
};

/// x += attention(norm(x)); x += mlp(norm(x)).
struct LayerSpec {
  Norm attention_norm;
  Attention attention;
  Norm mlp_norm;
  Mlp mlp;
};

struct ModelSpec {
  std::string architecture;         ///< as the file calls it: "llama", "gpt2"
  std::int64_t vocab_size = 0;      ///< rows of the embedding: logits per position
  std::int64_t width = 0;           ///< of the residual stream
  std::int64_t context_length = 0;  ///< positions the model was made for; 0 when the file does not say
  bool learned_positions = false;   ///< adds a row of a position table to the embedding (GPT-2)
  std::vector<LayerSpec> layers;
  Norm final_norm;
};

/// Limits of the numbers a file may claim: far beyond every published model, small enough that no product of two overflows
/// and that nothing is allocated in proportion to a lie.
inline constexpr std::int64_t max_layers = 4096;
inline constexpr std::int64_t max_width = 1 << 20;
inline constexpr std::int64_t max_heads = 1 << 16;
inline constexpr std::int64_t max_head_dim = 1 << 12;  // each layer has frequencies for it: 32 MB at most
inline constexpr std::int64_t max_context = std::int64_t{1} << 40;
inline constexpr std::int64_t max_vocab = std::int64_t{1} << 28;

}  // namespace weft
