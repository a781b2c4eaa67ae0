// Reads lines of JSON strings, writes for each what a tokenizer makes of it: the other side of fuzz_tokenizer_json.py and of
// compare_llama_tokens.py and make_sentencepiece_goldens.py.
// usage: tokenize_lines TOKENIZER < texts > results    (tokenizer.json, or with ids alone a GGUF file, *.model or *.tiktoken)
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "weft/core/error.hpp"
#include "weft/text/open_tokenizer.hpp"
#include "weft/text/stream_decoder.hpp"

namespace {

// Ids, what encode_prompt adds to them and whether streams say the same.
int write_tokens(const weft::Tokenizer& tokenizer) {
  for (std::string line; std::getline(std::cin, line);) {
    const auto text = nlohmann::json::parse(line).get<std::string>();
    const auto plain = tokenizer.encoding(text), special = tokenizer.encoding(text, {.control = true, .add_special = true});
    nlohmann::json out{{"ids", tokenizer.encode(text)}, {"with_special", special.ids}};
    if (plain.ids != out["ids"]) out["with_places"] = plain.ids;
    std::puts(out.dump().c_str());
  }
  return 0;
}

/// All that there is to say of a text.
void describe(const weft::Tokenizer& tokenizer, const std::string& text, nlohmann::json& out) {
  const auto full = tokenizer.encoding(text, {.control = true, .add_special = true, .unit = weft::OffsetUnit::characters});
  out["ids"] = full.ids;
  out["tokens"] = full.tokens;
  out["types"] = full.types;
  for (const auto& range : full.offsets) out["offsets"].push_back({range.begin, range.end});
  const auto pair = tokenizer.encoding(text, "a pair", {.control = true, .add_special = true});
  out["pair"] = {pair.ids, pair.types};
  out["decoded"] = tokenizer.decode(full.ids);
  out["decoded_all"] = tokenizer.decode_with_control(full.ids);
  weft::StreamDecoder decoder(tokenizer);
  std::string streamed;
  for (const auto id : full.ids) streamed += decoder.push(id);
  streamed += decoder.finish();
  if (streamed != tokenizer.decode(full.ids)) out["streamed"] = streamed;
  const auto bytes = tokenizer.encoding(text, {.control = true, .add_special = true});
  for (const auto& range : bytes.offsets) out["bytes"].push_back({range.begin, range.end});
  for (const bool added : full.added) out["added"].push_back(added ? 1 : 0);
  try {
    out["plain"] = tokenizer.encode(text);
  } catch (const weft::Error& error) {  // a control token's text may be beyond the vocabulary
    out["plain"] = error.what();
  }
}

}  // namespace

int main(int, char** argv) try {
  const auto tokenizer = weft::open_tokenizer(argv[1]);
  if (!std::string(argv[1]).ends_with(".json")) return write_tokens(tokenizer);
  for (std::string line; std::getline(std::cin, line);) {
    nlohmann::json out;
    try {
      describe(tokenizer, nlohmann::json::parse(line).get<std::string>(), out);
    } catch (const weft::Error& error) {
      out = {{"error", error.what()}};
    }
    std::puts(out.dump().c_str());
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
