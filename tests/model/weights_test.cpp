// Loading in parts: how a tensor is divided changes nothing, and a load is cancelled between the parts of one.
#include "weft/model/weights.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "io/gguf_writer.hpp"
#include "support/data.hpp"
#include "support/temporary_folder.hpp"
#include "weft/instances.hpp"

namespace {

using namespace weft;

using B = Cpu<>;

Weights<B> load(const std::filesystem::path& path, std::size_t part_bytes, int threads) {
  const auto file = open_model_file(path);
  ThreadPool pool(threads);
  return WeightLoader<B>(file, part_bytes).load(pool, {}, nullptr);
}

/// Every matrix, in the order of a pass.
std::vector<const B::Weight*> matrices(const Weights<B>& weights) {
  std::vector<const B::Weight*> all{&weights.embedding, &weights.positions};
  for (const auto& layer : weights.layers)
    for (const auto* linear : {&layer.q, &layer.k, &layer.v, &layer.out, &layer.gate, &layer.up, &layer.down}) all.push_back(&linear->weight);
  all.push_back(&weights.head);
  return all;
}

/// A llama of one layer whose embedding has `vocab` rows of 8 floats; all other tensors are small.
std::string wide_gguf(std::uint32_t vocab) {
  test::GgufWriter w;
  w.add("general.architecture", std::string("llama")).add("llama.context_length", 32u).add("llama.embedding_length", 8u);
  w.add("llama.block_count", 1u).add("llama.feed_forward_length", 8u).add("llama.attention.head_count", 2u);
  w.add("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  const auto zeros = [](std::uint64_t count) { return std::string(count * sizeof(float), '\0'); };
  w.add_tensor("token_embd.weight", {8, vocab}, 0, zeros(8 * std::uint64_t{vocab}));
  for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"})
    w.add_tensor("blk.0." + std::string(name) + ".weight", {8, 8}, 0, zeros(64));
  for (const char* name : {"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_norm.weight"}) w.add_tensor(name, {8}, 0, zeros(8));
  return w.bytes();
}

}  // namespace

TEST_CASE("weights and their digest are the same bits however a load divides the tensors") {
  // GPT-2 has its weights transposed, and q, k and v in one tensor.
  for (const auto* name : {"models/blocks32.gguf", "models/blocks256.gguf", "models/floats.gguf", "goldens/gpt2", "goldens/llama_tied_bias"}) {
    CAPTURE(std::string(name));
    const auto path = test::data("") / name;
    const auto whole = load(path, std::size_t{1} << 30, 1);
    for (const std::size_t part : {std::size_t{1}, std::size_t{10000}}) {
      const auto parts = load(path, part, 2);
      CHECK(parts.digest == whole.digest);
      const auto expected = matrices(whole), found = matrices(parts);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        REQUIRE(found[i]->rows() == expected[i]->rows());
        const std::byte* const bytes = expected[i]->panels().data;
        CHECK(std::equal(bytes, bytes + expected[i]->bytes(), found[i]->panels().data));
      }
    }
  }
}

TEST_CASE("a load that is cancelled inside a tensor packs no further part of it") {
  constexpr std::uint32_t vocab = 1u << 16;
  constexpr std::size_t largest = vocab * 8 * sizeof(float);
  const test::TemporaryFolder folder;
  const auto path = folder.write("wide.gguf", wide_gguf(vocab));
  std::size_t parts = 0, packed = 0;
  std::stop_source stop;
  LoadOptions options;
  options.threads = 1;
  options.cancel = stop.get_token();
  options.progress = [&](std::size_t done, std::size_t) {
    packed = done;
    if (++parts == 3) stop.request_stop();
  };
  try {
    const Model<B> cancelled(path, options);
    FAIL("not cancelled");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::cancelled);
  }
  CHECK(parts == 3);
  CHECK(packed < largest / 2);
}
