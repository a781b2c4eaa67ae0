// What a model file must say and must not say: everything that would change the numbers and is not understood is refused by name.
#include "weft/model/model_file.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "io/gguf_writer.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"
#include "weft/instances.hpp"

namespace {

using namespace weft;

std::string floats(std::size_t count, float value = 0.01f) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += test::GgufWriter::number(value);
  return bytes;
}

/// A whole llama of one layer, width 8.
test::GgufWriter tiny(std::uint32_t heads = 2) {
  test::GgufWriter w;
  w.add("general.architecture", std::string("llama")).add("llama.context_length", 32u).add("llama.embedding_length", 8u);
  w.add("llama.block_count", 1u).add("llama.feed_forward_length", 12u).add("llama.attention.head_count", heads);
  w.add("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  const auto matrix = [&](const char* name, std::uint64_t rows, std::uint64_t cols) { w.add_tensor(name, {cols, rows}, 0, floats(rows * cols)); };
  matrix("token_embd.weight", 10, 8);
  for (const char* name : {"blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight", "blk.0.attn_output.weight"}) matrix(name, 8, 8);
  matrix("blk.0.ffn_gate.weight", 12, 8);
  matrix("blk.0.ffn_up.weight", 12, 8);
  matrix("blk.0.ffn_down.weight", 8, 12);
  for (const char* name : {"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_norm.weight"}) w.add_tensor(name, {8}, 0, floats(8, 1));
  return w;
}

/// The message with which a model is refused, "" when it loads.
std::string refusal(const test::GgufWriter& writer, ErrorKind kind = ErrorKind::unsupported) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "model.gguf";
  std::ofstream(path, std::ios::binary) << writer.bytes();
  try {
    const Model<Cpu<>> model(path);
    return "";
  } catch (const Error& e) {
    CHECK(e.kind() == kind);
    return e.what();
  }
}

using test::contains;

}  // namespace

TEST_CASE("the tiny model loads") { CHECK(refusal(tiny()) == ""); }

TEST_CASE("a model gives the chat templates of its file, and says which there are") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "model.gguf";
  auto writer = tiny();
  writer.add("tokenizer.chat_template.rag", std::string("R{{ 1 }}")).add("tokenizer.chat_template", std::string("D{{ messages[0].content }}"));
  std::ofstream(path, std::ios::binary) << writer.bytes();
  const Model<Cpu<>> model(path);
  CHECK(model.chat_template().render(Conversation{{.role = "user", .content = "x"}}).text == "Dx");
  CHECK(model.chat_template("rag").render(Conversation{}).text == "R1");
  CHECK(contains(test::message_of([&] { static_cast<void>(model.chat_template("no")); }), "no chat template named 'no'; it has 'rag', ''"));
  std::ofstream(path, std::ios::binary) << tiny().bytes();
  CHECK(contains(test::message_of([&] { static_cast<void>(Model<Cpu<>>(path).chat_template()); }), "has no chat template"));
}

TEST_CASE("a folder that is none of a model is called one") {
  const test::TemporaryFolder folder;
  CHECK(test::contains(test::message_of([&] { (void)open_model_file(folder.path().string()); }), "without config.json"));
}

TEST_CASE("a config of many layers with heads as wide as nothing is refused before it takes memory for them") {
  const test::TemporaryFolder folder;
  folder.write("model.safetensors", std::string("\x02\0\0\0\0\0\0\0{}", 10));
  const std::string rest = R"("model_type":"llama","num_hidden_layers":4096,"intermediate_size":32,"vocab_size":64,"rms_norm_eps":1e-5)";
  for (const std::string sizes : {R"("hidden_size":32,"num_attention_heads":2,"head_dim":1048576)", R"("hidden_size":1048576,"num_attention_heads":1)"}) {
    folder.write("config.json", "{" + sizes + "," + rest + "}");
    CHECK(test::contains(test::message_of([&] { (void)open_model_file(folder.path().string()); }), "4096"));
  }
}

TEST_CASE("a tensor that nobody asked for is refused by name") {
  CHECK(contains(refusal(tiny().add_tensor("blk.0.attn_sinks", {2}, 0, floats(2))), "blk.0.attn_sinks"));
}

TEST_CASE("a key of the architecture that nobody understands is refused by name") {
  CHECK(contains(refusal(tiny().add("llama.attention.sliding_window", 16u)), "llama.attention.sliding_window"));
  CHECK(contains(refusal(tiny().add("llama.rope.scaling.type", std::string("longrope"))), "longrope"));
}

TEST_CASE("a tensor of the wrong shape is refused with both shapes") {
  auto w = tiny();
  w.add_tensor("blk.0.attn_q.bias", {7}, 0, floats(7));
  const auto message = refusal(w, ErrorKind::shape);
  CHECK(contains(message, "blk.0.attn_q.bias"));
  CHECK(contains(message, "[7]"));
  CHECK(contains(message, "[8]"));
}

TEST_CASE("an unknown architecture is refused with those that are known") {
  test::GgufWriter w;
  w.add("general.architecture", std::string("mamba9"));
  const auto message = refusal(w);
  CHECK(contains(message, "mamba9"));
  CHECK(contains(message, "llama"));
}

TEST_CASE("frequency factors of long contexts are read, and checked") {
  CHECK(refusal(tiny().add_tensor("rope_freqs.weight", {2}, 0, floats(2, 4))) == "");
  CHECK(contains(refusal(tiny().add_tensor("rope_freqs.weight", {3}, 0, floats(3, 4)), ErrorKind::shape), "rope_freqs.weight"));
  CHECK(contains(refusal(tiny().add_tensor("rope_freqs.weight", {2}, 0, floats(2, 0)), ErrorKind::format), "rope_freqs.weight"));
}
