// What loading makes of a file beside its weights: the context that its positions allow, and how many bytes a pass reads.
#include "weft/model/loaded_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "io/gguf_writer.hpp"
#include "support/temporary_folder.hpp"
#include "weft/instances.hpp"
#include "weft/model/sequence.hpp"

namespace {

using namespace weft;

std::string numbers(std::uint64_t count) {
  std::string bytes;
  for (std::uint64_t i = 0; i < count; ++i) bytes += test::GgufWriter::number(static_cast<float>(i % 7) * 0.1f);
  return bytes;
}

/// A GPT-2 of one layer of width 16, with 32 tokens and 24 learned positions; context 0: the file does not say.
test::GgufWriter small_gpt2(std::uint32_t context, bool own_head = false) {
  test::GgufWriter w;
  w.add("general.architecture", std::string("gpt2")).add("gpt2.embedding_length", 16u).add("gpt2.block_count", 1u);
  w.add("gpt2.attention.head_count", 2u).add("gpt2.feed_forward_length", 48u).add("gpt2.attention.layer_norm_epsilon", 1e-5f);
  if (context > 0) w.add("gpt2.context_length", context);
  const auto matrix = [&](const char* name, std::uint64_t rows, std::uint64_t cols) { w.add_tensor(name, {cols, rows}, 0, numbers(rows * cols)); };
  const auto vector = [&](const char* name, std::uint64_t size) { w.add_tensor(name, {size}, 0, numbers(size)); };
  matrix("token_embd.weight", 32, 16);
  matrix("position_embd.weight", 24, 16);
  if (own_head) matrix("output.weight", 32, 16);
  matrix("blk.0.attn_qkv.weight", 48, 16), vector("blk.0.attn_qkv.bias", 48);
  matrix("blk.0.attn_output.weight", 16, 16), vector("blk.0.attn_output.bias", 16);
  matrix("blk.0.ffn_up.weight", 48, 16), vector("blk.0.ffn_up.bias", 48);
  matrix("blk.0.ffn_down.weight", 16, 48), vector("blk.0.ffn_down.bias", 16);
  for (const char* name : {"output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"})
    for (const char* part : {".weight", ".bias"}) vector((std::string(name) + part).c_str(), 16);
  return w;
}

Model<Cpu<>> loaded(const test::GgufWriter& writer) {
  const test::TemporaryFolder folder;
  return Model<Cpu<>>(folder.write("model.gguf", writer.bytes()).string());
}

}  // namespace

TEST_CASE("the context is no longer than the learned positions, whatever the file says, and shorter if it says so") {
  CHECK(loaded(small_gpt2(0)).spec().context_length == 24);
  CHECK(loaded(small_gpt2(64)).spec().context_length == 24);
  CHECK(loaded(small_gpt2(20)).spec().context_length == 20);
  const auto model = loaded(small_gpt2(64));
  Sequence<Cpu<>> sequence(model);
  CHECK(sequence.capacity() == 24);
}

TEST_CASE("a pass reads the matrices of the layers and the head once; of embeddings and positions it reads rows") {
  constexpr std::size_t layer = (48 * 16 + 16 * 16 + 48 * 16 + 16 * 48) * sizeof(float), head = 32 * 16 * sizeof(float);
  CHECK(loaded(small_gpt2(24)).weight_bytes() == layer + head);  // the embedding is the head
  CHECK(loaded(small_gpt2(24, true)).weight_bytes() == layer + head);
}

TEST_CASE("a head of its own that says what the embedding says changes nothing but the fingerprint") {
  const auto tied = loaded(small_gpt2(24)), own = loaded(small_gpt2(24, true));
  Sequence<Cpu<>> a(tied), b(own);
  a.append({3, 1, 4});
  b.append({3, 1, 4});
  CHECK(std::ranges::equal(a.logits(), b.logits()));
  CHECK(tied.fingerprint() != own.fingerprint());
}
