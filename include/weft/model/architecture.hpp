// An architecture: a function that describes a model from its file's numbers, and a table of tensor names.
#pragma once

#include <span>
#include <string_view>

#include "weft/core/error.hpp"
#include "weft/io/hparams.hpp"
#include "weft/io/raw_tensor.hpp"
#include "weft/model/spec.hpp"
#include "weft/model/tensor_names.hpp"

namespace weft {

struct Architecture {
  std::string_view gguf_name;  ///< general.architecture
  std::string_view hf_name;    ///< model_type of config.json
  ModelSpec (*describe)(const Hparams&);
  std::span<const TensorName> names;
  std::string_view hf_prefix;                    ///< of every name that a folder may leave out, "" for none
  std::span<const std::string_view> harmless;    ///< keys that do not change the numbers of inference
  std::span<const std::string_view> ignored;     ///< ends of tensor names that hold nothing of their own (masks, tables)
};

namespace detail {

/// What most decoders say about their size: width, layers, context. Keys as GGUF and Hugging Face spell them.
inline ModelSpec describe_size(const Hparams& h, Hparams::Key width, Hparams::Key layers, Hparams::Key context) {
  ModelSpec spec;
  spec.architecture = h.architecture();
  spec.width = h.count({width}, 1, max_width);
  spec.layers.resize(static_cast<std::size_t>(h.count({layers}, 1, max_layers)));
  spec.context_length = h.find_count({context}, 0, max_context).value_or(0);
  spec.vocab_size = h.find_count({{"vocab_size", "vocab_size"}}, 1, max_vocab).value_or(0);
  return spec;
}

/// A norm's epsilon: finite and not negative.
inline float read_eps(const Hparams& h, const Hparams::Keys& keys, double otherwise) {
  const double eps = h.find_number(keys).value_or(otherwise);
  if (!(eps >= 0 && eps < 1)) fail(ErrorKind::format, h.source(), ": ", h.name_of(keys), " is ", eps, "; expected a number in [0, 1)");
  return static_cast<float>(eps);
}

inline Activation read_activation(const Hparams& h, const Hparams::Keys& keys, std::string_view otherwise) {
  const auto text = h.find_string(keys).value_or(std::string(otherwise));
  if (text == "silu" || text == "swish") return Activation::silu;
  if (text == "gelu") return Activation::gelu;
  if (text == "gelu_new" || text == "gelu_pytorch_tanh" || text == "gelu_fast") return Activation::gelu_tanh;
  if (text == "relu") return Activation::relu;
  fail(ErrorKind::unsupported, h.source(), ": ", h.name_of(keys), " is '", text,
       "', which this build does not know; supported: silu, gelu, gelu_new, relu");
}

/// Heads that divide evenly: kv_heads divides heads.
inline void check_heads(const Hparams& h, const Attention& a, Hparams::Key kv_key) {
  if (a.heads % a.kv_heads != 0)
    fail(ErrorKind::format, h.source(), ": ", h.name_of({kv_key}), " is ", a.kv_heads, ", which does not divide the ", a.heads, " heads");
}

}  // namespace detail
}  // namespace weft
