#include "weft/io/hparams.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "io/gguf_writer.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"
#include "weft/core/error.hpp"

using weft::Hparams;
using weft::test::TemporaryFolder;

namespace {

using weft::test::contains;
using weft::test::message_of;

Hparams from_json(const std::string& text) {
  const TemporaryFolder folder;
  folder.write("config.json", text);
  return Hparams::from_hf(folder.path());
}

Hparams from_writer(const weft::test::GgufWriter& writer) {
  const TemporaryFolder folder;
  return Hparams::from_gguf(weft::Gguf::open(folder.write("model.gguf", writer.bytes())));
}

const Hparams::Key layers{"block_count", "num_hidden_layers"};

}  // namespace

TEST_CASE("the same getters read GGUF metadata and config.json") {
  weft::test::GgufWriter w;
  w.add("general.architecture", std::string("llama")).add("llama.block_count", std::uint32_t{30}).add("llama.rope.freq_base", 10000.0f);
  w.add("llama.rope.scaling.type", std::string("yarn")).add("llama.flag", true).add("llama.list", std::vector<float>{1.5f, 2.0f});
  w.add("llama.counts", std::vector<std::uint32_t>{4, 5}).add("other.block_count", std::uint32_t{7});
  const Hparams gguf = from_writer(w);
  const Hparams hf = from_json(R"({"model_type":"llama","num_hidden_layers":30,"rope_parameters":{"rope_theta":10000.0,"rope_type":"yarn"},
                                   "flag":true,"list":[1.5,2],"counts":[4,5]})");
  for (const Hparams* const h : {&gguf, &hf}) {
    CAPTURE(h->source());
    CHECK(h->architecture() == "llama");
    CHECK(h->is_gguf() == (h == &gguf));
    CHECK(h->count(layers, 1, 100) == 30);
    CHECK(h->number({"rope.freq_base", "rope_parameters/rope_theta"}) == 10000.0);
    CHECK(h->find_string({"rope.scaling.type", "rope_parameters/rope_type"}) == "yarn");
    CHECK(h->find_boolean({"flag", "flag"}) == true);
    CHECK(h->find_numbers({"list", "list"}) == std::vector<float>{1.5f, 2.0f});
    CHECK(h->find_counts({"counts", "counts"}, 0, 9) == std::vector<std::int64_t>{4, 5});
    CHECK(h->find_counts(layers, 0, 99) == std::vector<std::int64_t>{30});
    CHECK_FALSE(h->find_count({"absent", "absent"}, 0, 1).has_value());
    CHECK(h->find_numbers({"absent", "absent"}).empty());
    CHECK(h->has(layers));
    h->refuse_unread({});
  }
  CHECK(gguf.name_of(layers) == "llama.block_count");
  CHECK(hf.name_of(layers) == "num_hidden_layers");
}

TEST_CASE("the first spelling that is present wins, and null is absent") {
  const Hparams h = from_json(R"({"model_type":"x","rope_theta":5.0,"first":null,"second":2})");
  CHECK(h.number({{"", "rope_parameters/rope_theta"}, {"", "rope_theta"}}) == 5.0);
  CHECK(h.count({{"", "first"}, {"", "second"}}, 0, 9) == 2);
  CHECK(h.name_of({{"", "first"}, {"", "second"}}) == "second");
  CHECK_FALSE(h.has({"", "first"}));
  CHECK(contains(message_of([&] { (void)h.count({{"a", "one"}, {"a", "two"}}, 0, 9); }), "'one' is missing"));
  h.refuse_unread({});
}

TEST_CASE("what is no integer of the range is refused with key, value and range") {
  const Hparams h = from_json(R"({"model_type":"x","text":"32","big":1e30,"huge":100000000000000000000000,"u64":18446744073709551615,"half":2.5,
                                  "minus":-1,"list":[1],"yes":true,"whole":32.0,"zero":0,"mixed":[1,"a"],"nested":[[1],2]})");
  for (const char* key : {"text", "big", "huge", "u64", "half", "minus", "list", "yes", "zero", "mixed", "nested"}) {
    const auto text = message_of([&] { (void)h.count({"", key}, 1, 1000); });
    CHECK_MESSAGE(contains(text, "'" + std::string(key) + "'"), text);
    CHECK(contains(text, "from 1 to 1000"));
    CHECK(contains(text, "config.json"));
  }
  CHECK(h.count({"", "whole"}, 1, 1000) == 32);
  CHECK(contains(message_of([&] { (void)h.find_boolean({"", "text"}); }), "'text' is the string '32'"));
  CHECK(contains(message_of([&] { (void)h.find_string({"", "zero"}); }), "'zero'"));
  CHECK(contains(message_of([&] { (void)h.find_numbers({"", "mixed"}); }), "'mixed'"));
  CHECK(contains(message_of([&] { (void)h.find_counts({"", "list"}, 5, 9); }), "'list'"));
}

TEST_CASE("numbers that are not finite are refused by name") {
  weft::test::GgufWriter w;
  w.add("general.architecture", std::string("a")).add("a.eps", std::numeric_limits<float>::quiet_NaN());
  w.add("a.list", std::vector<float>{1.0f, std::numeric_limits<float>::infinity()}).add("a.float", 3.0f);
  const Hparams h = from_writer(w);
  CHECK(contains(message_of([&] { (void)h.find_number({"eps", ""}); }), "'a.eps'"));
  CHECK(contains(message_of([&] { (void)h.find_numbers({"list", ""}); }), "'a.list'"));
  CHECK(contains(message_of([&] { (void)h.count({"float", ""}, 0, 9); }), "'a.float'"));
}

TEST_CASE("keys that nobody read are refused by name, unless they are harmless or say nothing") {
  const Hparams h = from_json(R"({"model_type":"x","n":1,"off":false,"none":null,"empty":"","list":[],"object":{},"quiet":{"a":1,"b":{"c":2}},"loud":{"d":3}})");
  (void)h.count({"", "n"}, 0, 9);
  const std::string_view quiet[] = {"quiet"}, both[] = {"quiet", "loud"};
  CHECK(contains(message_of([&] { h.refuse_unread(quiet); }), "'loud/d'"));
  CHECK(message_of([&] { h.refuse_unread(both); }).empty());
  weft::test::GgufWriter w;
  w.add("general.architecture", std::string("a")).add("a.causal", false).add("general.name", std::string("ignored"));
  const Hparams gguf = from_writer(w);
  CHECK(contains(message_of([&] { gguf.refuse_unread({}); }), "'a.causal'"));
}

TEST_CASE("JSON that is broken, too deep, no object or ambiguous is refused") {
  std::string deep = R"({"model_type":"x","a":)";
  for (int i = 0; i < 100000; ++i) deep += "[";
  CHECK(contains(message_of([&] { (void)from_json(deep); }), "deep"));
  for (const char* text : {"", "{", "[]", "1", "null", R"({"a":1,})", "{\"a\":\"\xff\"}", R"({"a":1e999})", R"({"model_type":3})", R"({"other":1})", R"({"model_type":""})"})
    CHECK_MESSAGE(contains(message_of([&] { (void)from_json(text); }), "config.json"), text);
  CHECK(contains(message_of([&] { (void)from_json(R"({"model_type":"x","a":1,"a":2})"); }), "duplicate key 'a'"));
  CHECK(contains(message_of([&] { (void)from_json(R"({"model_type":"x","a":{"b":1},"a":{"c":2}})"); }), "duplicate key 'a'"));
  CHECK(contains(message_of([&] { (void)from_json("{\"model_type\":\"x\",\"" + std::string(5000, 'k') + "\":1}"); }), "kkk"));
}

TEST_CASE("lists of objects and lists of lists inside a config are passed over") {
  const Hparams h = from_json(R"({"model_type":"x","a":[{"b":[1,{"c":2}]},[3]],"d":{"e":[{"f":1}],"g":5}})");
  CHECK(h.count({"", "d/g"}, 0, 9) == 5);
  CHECK(contains(message_of([&] { (void)h.find_numbers({"", "a"}); }), "'a'"));
}

TEST_CASE("end tokens are those of generation_config.json and of config.json, each once") {
  const TemporaryFolder folder;
  CHECK(weft::hf_end_tokens(folder.path()).empty());
  folder.write("config.json", R"({"model_type":"x","eos_token_id":2})");
  CHECK(weft::hf_end_tokens(folder.path()) == std::vector<std::int64_t>{2});
  folder.write("generation_config.json", R"({"eos_token_id":[7,2,7]})");
  CHECK(weft::hf_end_tokens(folder.path()) == std::vector<std::int64_t>{7, 2});
  std::string many = "{\"eos_token_id\":[0";
  for (int id = 1; id < 200'000; ++id) many += "," + std::to_string(id);
  folder.write("generation_config.json", many + "]}");
  CHECK(weft::hf_end_tokens(folder.path()).size() == 200'000);
  folder.write("generation_config.json", R"({"eos_token_id":[7,-2]})");
  CHECK(contains(message_of([&] { (void)weft::hf_end_tokens(folder.path()); }), "eos_token_id"));
}
