#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/io/gguf.hpp"
#include "weft/io/hparams.hpp"
#include "weft/io/safetensors.hpp"
#include "weft/model/gpt2.hpp"
#include "weft/model/llama.hpp"
#include "weft/model/model_file.hpp"
#include "weft/quant/dequantize.hpp"
#include "weft/text/gguf_vocabulary.hpp"
#include "weft/text/open_tokenizer.hpp"

namespace weft {
namespace detail {

inline constexpr std::array<const Architecture*, 2> architectures{&llama, &gpt2};

/// Keys of config.json that say nothing about the numbers of a forward pass without dropout, cache policy or training.
inline constexpr std::array<std::string_view, 46> hf_harmless{
    "architectures", "model_type", "dtype", "torch_dtype", "transformers_version", "use_cache", "initializer_range",
    "bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id", "sep_token_id", "decoder_start_token_id",
    "attention_dropout", "attn_pdrop", "embd_pdrop", "resid_pdrop", "hidden_dropout", "dropout", "classifier_dropout",
    "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj",
    "task_specific_params", "id2label", "label2id", "problem_type", "finetuning_task", "tokenizer_class", "name_or_path",
    "_name_or_path", "output_attentions", "output_hidden_states", "return_dict", "gradient_checkpointing", "attention_bias",
    "mlp_bias", "tie_word_embeddings", "is_decoder", "is_encoder_decoder", "chunk_size_feed_forward", "transformers.js_config",
    "_attn_implementation_autoset", "is_llama_config"};

WEFT_INLINE const Architecture& find_architecture(const Hparams& h) {
  std::string known;
  for (const auto* architecture : architectures) {
    const auto name = h.is_gguf() ? architecture->gguf_name : architecture->hf_name;
    if (name == h.architecture()) return *architecture;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  fail(ErrorKind::unsupported, h.source(), ": ", h.is_gguf() ? "general.architecture" : "model_type", " is '", h.architecture(),
       "', which this build does not know; supported: ", known);
}

/// The embedding decides the size of the vocabulary; a key that says otherwise is refused.
WEFT_INLINE void settle_vocabulary(ModelFile& file, const Hparams& h) {
  const auto name = file.names.name(Role::embedding);
  const auto& embedding = file.tensors.at(name);
  if (embedding.shape.size() != 2)
    fail(ErrorKind::shape, h.source(), ": tensor '", name, "' has ", embedding.shape.size(), " dimensions; expected [vocabulary, width]");
  const auto rows = embedding.shape[0];
  if (rows < 1 || rows > max_vocab || (file.spec.vocab_size != 0 && file.spec.vocab_size != rows))
    fail(ErrorKind::shape, h.source(), ": tensor '", name, "' has ", rows, " rows, but vocab_size is ", file.spec.vocab_size);
  file.spec.vocab_size = rows;
  if (file.tokenizer && static_cast<std::int64_t>(file.tokenizer->size()) > rows)
    fail(ErrorKind::shape, h.source(), ": tokenizer.json has ", file.tokenizer->size(), " tokens, but tensor '", name, "' has only ", rows, " rows");
  if (!file.vocabulary) return;
  if (static_cast<std::int64_t>(file.vocabulary->tokens.size()) > rows)
    fail(ErrorKind::shape, h.source(), ": tokenizer.ggml.tokens has ", file.vocabulary->tokens.size(), " tokens, but tensor '", name,
         "' has only ", rows, " rows");
}

/// End tokens outside the vocabulary would never be drawn: they are a mistake of the file.
WEFT_INLINE void settle_end_tokens(ModelFile& file, const std::string& source, const std::vector<std::int64_t>& ids) {
  for (const auto id : ids) {
    if (id < 0 || id >= file.spec.vocab_size)
      fail(ErrorKind::format, source, ": eos_token_id ", id, " is outside the vocabulary of ", file.spec.vocab_size);
    file.end_tokens.push_back(static_cast<Token>(id));
  }
}

/// The factors of Llama 3.x's long context, stored as a tensor in GGUF: frequency i is divided by factor i.
WEFT_INLINE void apply_rope_factors(ModelFile& file) {
  const auto name = file.names.name(Role::rope_factors);
  const auto* tensor = name.empty() ? nullptr : file.tensors.find(name);
  if (!tensor) return;
  for (auto& layer : file.spec.layers) {
    if (!layer.attention.rope) continue;
    auto& frequencies = layer.attention.rope->inverse_frequencies;
    if (tensor->shape != std::vector<std::int64_t>{static_cast<std::int64_t>(frequencies.size())} || tensor->type != DType::f32)
      fail(ErrorKind::shape, file.tensors.source, ": tensor '", name, "' must hold ", frequencies.size(), " values of type F32");
    std::vector<float> factors(frequencies.size());
    dequantize(tensor->type, tensor->bytes.data(), static_cast<std::int64_t>(factors.size()), factors.data());
    for (std::size_t i = 0; i < factors.size(); ++i) {
      if (!(factors[i] > 0)) fail(ErrorKind::format, file.tensors.source, ": tensor '", name, "' holds ", factors[i], "; expected positive factors");
      frequencies[i] /= factors[i];
    }
  }
}

/// Classifiers, reward models and the like share a model_type with the language model but not its head.
WEFT_INLINE void check_head_kind(const Hparams& h) {
  for (const auto& name : h.find_strings({"", "architectures"}))
    if (!name.ends_with("ForCausalLM") && !name.ends_with("LMHeadModel"))
      fail(ErrorKind::unsupported, h.source(), ": architectures names '", name, "'; this build runs language models (...ForCausalLM)");
}

WEFT_INLINE ModelFile describe_model(const Hparams& h, Checkpoint tensors) {
  const auto& architecture = find_architecture(h);
  if (!h.is_gguf()) check_head_kind(h);
  ModelFile file;
  file.tensors = std::move(tensors);
  file.names = {architecture.names, h.is_gguf(), {}};
  file.gguf_architecture = architecture.gguf_name;
  if (!h.is_gguf() && !architecture.hf_prefix.empty() && !file.tensors.find(file.names.name(Role::embedding)))
    file.names.hf_missing_prefix = architecture.hf_prefix;
  file.ignored.assign(architecture.ignored.begin(), architecture.ignored.end());
  file.spec = architecture.describe(h);
  std::vector<std::string_view> harmless(architecture.harmless.begin(), architecture.harmless.end());
  if (!h.is_gguf()) harmless.insert(harmless.end(), hf_harmless.begin(), hf_harmless.end());
  h.refuse_unread(harmless);
  const auto head = file.names.name(Role::head);
  file.tied_head = h.is_gguf() ? !file.tensors.find(head)
                               : h.find_boolean({{"", "tie_word_embeddings"}}).value_or(false) ||
                                     (architecture.hf_name == "gpt2" && !file.tensors.find(head));
  if (file.tied_head && !h.is_gguf()) file.ignored.push_back("lm_head.weight");  // a copy of the embedding
  apply_rope_factors(file);
  return file;
}

}  // namespace detail

WEFT_INLINE void check_loading(const std::stop_token& stop, std::string_view source) {
  if (stop.stop_requested()) fail(ErrorKind::cancelled, source, ": loading was cancelled");
}

WEFT_INLINE ModelFile open_model_file(const std::string& path, std::stop_token stop) {
  if (is_folder(path)) {
    if (!file_exists(path + "/config.json"))
      fail(ErrorKind::file, path, ": is a folder without config.json; expected a GGUF file, or the folder of a Hugging Face model");
    const auto h = Hparams::from_hf(path);
    auto file = detail::describe_model(h, open_hf_checkpoint(path));
    check_loading(stop, path);
    if (has_tokenizer(path + "/")) file.tokenizer = open_tokenizer(path);
    file.chat_templates = read_chat_templates(path);
    detail::settle_vocabulary(file, h);
    detail::settle_end_tokens(file, h.source(), hf_end_tokens(path));
    if (file.tokenizer && file.end_tokens.empty()) file.end_tokens.assign(file.tokenizer->end_tokens().begin(), file.tokenizer->end_tokens().end());
    return file;
  }
  auto gguf = Gguf::open(path, stop);
  check_loading(stop, path);
  const auto h = Hparams::from_gguf(gguf);
  auto file = detail::describe_model(h, std::move(gguf.tensors));
  check_loading(stop, path);
  if (gguf.has("tokenizer.ggml.model")) file.vocabulary = read_vocabulary(gguf);
  file.chat_templates = read_chat_templates(gguf);
  detail::settle_vocabulary(file, h);
  if (file.vocabulary) file.end_tokens = file.vocabulary->end_tokens;
  return file;
}

}  // namespace weft
