// GPT-2 as its files describe it: what a config may change, and what it may leave out.
#include "weft/model/gpt2.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "io/gguf_writer.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

using namespace weft;
using test::contains;
using test::message_of;

namespace {

ModelSpec described(const std::string& members) {
  const test::TemporaryFolder folder;
  folder.write("config.json", R"({"model_type":"gpt2","n_embd":48,"n_layer":3,"n_positions":64,)" + members + "}");
  return describe_gpt2(Hparams::from_hf(folder.path()));
}

}  // namespace

TEST_CASE("a config of GPT-2 that says little has layer norms, learned positions, no rotation, and a plain hidden layer four times as wide") {
  const auto spec = described(R"("n_head":4)");
  CHECK(spec.learned_positions);
  CHECK(spec.context_length == 64);
  CHECK(spec.final_norm.kind == NormKind::layer);
  CHECK(spec.final_norm.eps == 1e-5f);
  REQUIRE(spec.layers.size() == 3);
  for (const auto& layer : spec.layers) {
    CHECK(layer.attention.heads == 4);
    CHECK(layer.attention.kv_heads == 4);
    CHECK(layer.attention.head_dim == 12);
    CHECK(layer.attention.scale == static_cast<float>(1 / std::sqrt(12.0)));
    CHECK_FALSE(layer.attention.rope.has_value());
    CHECK(layer.attention_norm.kind == NormKind::layer);
    CHECK(layer.mlp_norm.kind == NormKind::layer);
    CHECK(layer.mlp.hidden == 4 * 48);
    CHECK(layer.mlp.activation == Activation::gelu_tanh);
    CHECK_FALSE(layer.mlp.gated);
  }
}

TEST_CASE("what a config of GPT-2 says about norms, hidden layer and activation is followed in every layer") {
  const auto spec = described(R"("n_head":4,"n_inner":100,"activation_function":"relu","layer_norm_epsilon":1e-3)");
  for (const auto& layer : spec.layers) {
    CHECK(layer.mlp.hidden == 100);
    CHECK(layer.mlp.activation == Activation::relu);
    CHECK(layer.attention_norm.eps == 1e-3f);
    CHECK(layer.mlp_norm.eps == 1e-3f);
  }
  CHECK(spec.final_norm.eps == 1e-3f);
  CHECK(described(R"("n_head":4,"n_inner":null)").layers[0].mlp.hidden == 4 * 48);
}

TEST_CASE("scores are scaled by the width of a head, not at all, or by the number of the layer too") {
  for (const auto& layer : described(R"("n_head":4,"scale_attn_weights":false)").layers) CHECK(layer.attention.scale == 1.0f);
  const auto spec = described(R"("n_head":4,"scale_attn_by_inverse_layer_idx":true)");
  const auto whole = static_cast<float>(1 / std::sqrt(12.0));
  CHECK(spec.layers[0].attention.scale == whole);
  CHECK(spec.layers[1].attention.scale == whole / 2);
  CHECK(spec.layers[2].attention.scale == whole / 3);
}

TEST_CASE("heads that do not divide the width are refused by name") {
  CHECK(contains(message_of([] { (void)described(R"("n_head":5)"); }), "n_head is 5, which does not divide the width 48"));
}

TEST_CASE("the keys of GGUF describe the same model") {
  test::GgufWriter w;
  w.add("general.architecture", std::string("gpt2")).add("gpt2.embedding_length", 48u).add("gpt2.block_count", 3u);
  w.add("gpt2.context_length", 64u).add("gpt2.attention.head_count", 4u).add("gpt2.feed_forward_length", 100u);
  w.add("gpt2.attention.layer_norm_epsilon", 1e-3f);
  const test::TemporaryFolder folder;
  const auto gguf = describe_gpt2(Hparams::from_gguf(Gguf::open(folder.write("model.gguf", w.bytes()))));
  const auto hf = described(R"("n_head":4,"n_inner":100,"layer_norm_epsilon":1e-3)");
  CHECK(gguf.width == hf.width);
  CHECK(gguf.context_length == hf.context_length);
  REQUIRE(gguf.layers.size() == hf.layers.size());
  for (std::size_t i = 0; i < hf.layers.size(); ++i) {
    CHECK(gguf.layers[i].attention.head_dim == hf.layers[i].attention.head_dim);
    CHECK(gguf.layers[i].attention.scale == hf.layers[i].attention.scale);
    CHECK(gguf.layers[i].mlp.hidden == hf.layers[i].mlp.hidden);
    CHECK(gguf.layers[i].mlp.activation == hf.layers[i].mlp.activation);
    CHECK(gguf.layers[i].attention_norm.eps == hf.layers[i].attention_norm.eps);
  }
}

TEST_CASE("no two tensors share a role or a name, and of Hugging Face's the matrices of a layer alone are stored the other way round") {
  std::set<Role> roles;
  std::set<std::string_view> gguf, hf;
  for (const auto& name : gpt2_names) {
    CAPTURE(std::string(name.gguf));
    CHECK(roles.insert(name.role).second);
    CHECK(gguf.insert(name.gguf).second);
    CHECK(hf.insert(name.hf).second);
    const bool of_layer = name.role >= Role::attention_norm;
    CHECK(contains(name.gguf, "{}") == of_layer);
    CHECK(contains(name.hf, "{}") == of_layer);
    const bool matrix = name.role == Role::qkv || name.role == Role::attention_out || name.role == Role::up || name.role == Role::down;
    CHECK(name.hf_transposed == matrix);
  }
}
