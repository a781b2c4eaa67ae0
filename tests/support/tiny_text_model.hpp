// A llama of 100 kilobytes with random weights and a tokenizer, written by the test that needs one: text, stop strings, end tokens.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "io/gguf_writer.hpp"
#include "support/temporary_folder.hpp"
#include "text/tiny.hpp"
#include "weft/core/philox.hpp"

namespace weft::test {

/// 264 tokens of tests/text/tiny.hpp, whose <|im_end|> ends a text; two layers of width 32.
inline std::string tiny_text_gguf() {
  const auto vocabulary = tiny_vocabulary();
  constexpr std::uint64_t width = 32, hidden = 64, kv = 16, layers = 2;
  const std::uint64_t vocab = vocabulary.tokens.size();
  GgufWriter file;
  file.add("general.architecture", std::string("llama"));
  const auto count = [&](const char* key, std::uint64_t value) { file.add(key, static_cast<std::uint32_t>(value)); };
  count("llama.block_count", layers);
  count("llama.context_length", 512);
  count("llama.embedding_length", width);
  count("llama.feed_forward_length", hidden);
  count("llama.attention.head_count", 4);
  count("llama.attention.head_count_kv", 2);
  count("llama.vocab_size", vocab);
  file.add("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  file.add("tokenizer.ggml.model", vocabulary.model);
  file.add("tokenizer.ggml.pre", vocabulary.pre);
  file.add("tokenizer.ggml.tokens", vocabulary.tokens);
  file.add("tokenizer.ggml.merges", vocabulary.merges);
  std::vector<std::int32_t> types;
  for (const auto type : vocabulary.types) types.push_back(static_cast<std::int32_t>(type));
  file.add("tokenizer.ggml.token_type", types);
  count("tokenizer.ggml.bos_token_id", 261);
  count("tokenizer.ggml.eos_token_id", 262);
  std::uint64_t seed = 0;
  const auto tensor = [&](const std::string& name, std::uint64_t cols, std::uint64_t rows) {
    std::string data;
    const bool vector = rows == 0;
    const double scale = vector ? 0 : 3 / std::sqrt(static_cast<double>(cols));
    for (std::uint64_t i = 0; i < cols * (vector ? 1 : rows); ++i)
      data += GgufWriter::number(static_cast<float>(vector ? 1 : scale * (2 * uniform(7, seed, i) - 1)));
    ++seed;
    file.add_tensor(name, vector ? std::vector{cols} : std::vector{cols, rows}, 0, std::move(data));
  };
  tensor("token_embd.weight", width, vocab);
  tensor("output.weight", width, vocab);
  tensor("output_norm.weight", width, 0);
  for (std::uint64_t i = 0; i < layers; ++i) {
    const auto layer = "blk." + std::to_string(i) + ".";
    tensor(layer + "attn_norm.weight", width, 0);
    tensor(layer + "ffn_norm.weight", width, 0);
    tensor(layer + "attn_q.weight", width, width);
    tensor(layer + "attn_k.weight", width, kv);
    tensor(layer + "attn_v.weight", width, kv);
    tensor(layer + "attn_output.weight", width, width);
    tensor(layer + "ffn_gate.weight", width, hidden);
    tensor(layer + "ffn_up.weight", width, hidden);
    tensor(layer + "ffn_down.weight", hidden, width);
  }
  return file.bytes();
}

/// A model over that file, which is written for it.
template <class Model>
const Model& tiny_text_model() {
  static const TemporaryFolder folder;
  static const Model model(folder.write("tiny.gguf", tiny_text_gguf()).string());
  return model;
}

/// A part of the text, `length` bytes or a little more, from about byte `at` on: whole characters, to be used as a stop string.
inline std::string part_of(const std::string& text, std::size_t at, std::size_t length) {
  const auto inside = [&](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
  };
  while (inside(at)) ++at;
  std::size_t end = at + length;
  while (inside(end)) ++end;
  return text.substr(at, end - at);
}

}  // namespace weft::test
