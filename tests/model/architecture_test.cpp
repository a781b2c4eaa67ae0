// What the descriptions of architectures read alike: sizes, epsilons, activations, heads.
#include "weft/model/architecture.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

using namespace weft;
using test::contains;
using test::message_of;

namespace {

/// The numbers of a config.json with these members.
Hparams config_of(const std::string& members) {
  const test::TemporaryFolder folder;
  folder.write("config.json", R"({"model_type":"x",)" + members + "}");
  return Hparams::from_hf(folder.path());
}

ModelSpec size_of(const std::string& members) { return detail::describe_size(config_of(members), {"", "width"}, {"", "layers"}, {"", "context"}); }
float eps_of(const std::string& value) { return detail::read_eps(config_of("\"eps\":" + value), {{"", "eps"}}, 1e-6); }
Activation activation_of(const std::string& name) {
  return detail::read_activation(config_of("\"act\":\"" + name + "\""), {{"", "act"}}, "silu");
}

}  // namespace

TEST_CASE("a model's size is what its file says; context and vocabulary may be left out, width and layers not") {
  const auto whole = size_of(R"("width":48,"layers":3,"context":512,"vocab_size":100)");
  CHECK(whole.architecture == "x");
  CHECK(whole.width == 48);
  CHECK(whole.layers.size() == 3);
  CHECK(whole.context_length == 512);
  CHECK(whole.vocab_size == 100);
  const auto least = size_of(R"("width":1,"layers":1)");
  CHECK(least.context_length == 0);
  CHECK(least.vocab_size == 0);
  CHECK(contains(message_of([] { (void)size_of(R"("layers":1)"); }), "'width' is missing"));
  CHECK(contains(message_of([] { (void)size_of(R"("width":8)"); }), "'layers' is missing"));
}

TEST_CASE("sizes beyond every model are refused by name before memory is taken for them") {
  CHECK(contains(message_of([] { (void)size_of(R"("width":0,"layers":1)"); }), "'width'"));
  CHECK(contains(message_of([] { (void)size_of(R"("width":1048577,"layers":1)"); }), "'width'"));
  CHECK(contains(message_of([] { (void)size_of(R"("width":8,"layers":4097)"); }), "'layers'"));
  CHECK(contains(message_of([] { (void)size_of(R"("width":8,"layers":1,"vocab_size":0)"); }), "'vocab_size'"));
}

TEST_CASE("a norm's epsilon lies in [0, 1), and has a value where the file is silent") {
  CHECK(eps_of("1e-5") == 1e-5f);
  CHECK(eps_of("0") == 0.0f);
  CHECK(eps_of("null") == 1e-6f);
  for (const char* value : {"1", "-1e-9", "1e30"}) CHECK(contains(message_of([&] { (void)eps_of(value); }), "expected a number in [0, 1)"));
}

TEST_CASE("activations are known by all their names, and others are refused with what is known") {
  for (const char* name : {"silu", "swish"}) CHECK(activation_of(name) == Activation::silu);
  for (const char* name : {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}) CHECK(activation_of(name) == Activation::gelu_tanh);
  CHECK(activation_of("gelu") == Activation::gelu);
  CHECK(activation_of("relu") == Activation::relu);
  CHECK(detail::read_activation(config_of(R"("other":1)"), {{"", "act"}}, "relu") == Activation::relu);
  const auto message = message_of([] { (void)activation_of("quick_gelu"); });
  CHECK(contains(message, "act"));
  CHECK(contains(message, "'quick_gelu'"));
  CHECK(contains(message, "supported: silu"));
}

TEST_CASE("keys and values belong to a whole number of heads each") {
  const auto h = config_of(R"("kv":3)");
  Attention a;
  a.heads = 6, a.kv_heads = 3;
  CHECK(message_of([&] { detail::check_heads(h, a, {"", "kv"}); }).empty());
  a.heads = 8;
  CHECK(contains(message_of([&] { detail::check_heads(h, a, {"", "kv"}); }), "is 3, which does not divide the 8 heads"));
}
