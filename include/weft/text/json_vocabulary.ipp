// Definitions of text/json_vocabulary.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/json_vocabulary.hpp"
#include "weft/text/tokenizer_json.hpp"

namespace weft {
namespace detail {

/// Tells the families apart: digits in runs, contractions, capitals, runs of blanks and of line ends, signs before words, other scripts.
inline constexpr std::string_view telling_text =
    "Hello, world! It's 12345 o'clock; I'LL pay $6,789.01 (or  not).\n\n  \tif (a_b != 0x1F) {\r\n    return \"x\";\n}\n\n\n"
    "na\xc3\xafve caf\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87\xe5\xad\x97 \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 \xf0\x9f\x98\x80 x\xc2\xb2 "
    " --- end   of 7 lines.   \n";

using JsonMerges = std::vector<std::pair<std::string, std::string>>;

inline bool same_tokens(const Vocabulary& vocabulary, const Tokenizer& json) {
  try {
    const Tokenizer candidate(vocabulary);
    return candidate.encode(telling_text) == json.encode(telling_text) && candidate.encode("a b") == json.encode("a b");
  } catch (const Error&) {
    return false;
  }
}

/// The merges of "gpt2"; false where none of the pre-tokenisers fits.
inline bool fill_byte_level(const JsonMerges& merges, const Tokenizer& json, Vocabulary& out) {
  out.model = "gpt2";
  for (const auto& [left, right] : merges) out.merges.push_back(left + " " + right);
  for (const auto pre : {"gpt-2", "smollm", "llama-bpe", "smaug-bpe", "qwen2"}) {
    out.pre = pre;
    if (same_tokens(out, json)) return true;
  }
  return false;
}

/// The scores of "llama": merges come first to last, what is no merge's result last of all.
inline bool fill_scores(const JsonMerges& merges, const Tokenizer& json, Vocabulary& out) {
  out.model = "llama";
  out.scores.assign(out.tokens.size(), -static_cast<float>(merges.size()));
  std::unordered_map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < out.tokens.size(); ++i) {
    const std::string& text = out.tokens[i];
    ids.emplace(text, i);
    if (text.size() == 6 && text.starts_with("<0x") && text.ends_with('>') && out.types[i] == TokenType::normal) out.types[i] = TokenType::byte;
  }
  if (out.unknown) out.types[static_cast<std::size_t>(*out.unknown)] = TokenType::unknown;
  for (std::size_t i = merges.size(); i-- > 0;)
    if (const auto found = ids.find(merges[i].first + merges[i].second); found != ids.end())
      out.scores[found->second] = -static_cast<float>(i);
  for (const bool prefix : {true, false}) {
    out.add_space_prefix = prefix;
    if (same_tokens(out, json)) return true;
  }
  return false;
}

}  // namespace detail

WEFT_INLINE Vocabulary vocabulary_of_tokenizer_json(const std::string& path, const Tokenizer& json) {
  const std::string file = is_folder(path) ? path + "/tokenizer.json" : path;
  const auto merges = detail::read_json_merges(file);
  const Vocabulary& from = json.vocabulary();
  Vocabulary out;
  out.tokens = from.tokens;
  out.types = from.types;
  out.bos = from.bos, out.eos = from.eos, out.unknown = from.unknown, out.pad = from.pad;
  out.end_tokens = from.end_tokens;
  for (std::size_t i = 0; i < out.tokens.size(); ++i)  // ids without a text need one
    if (out.tokens[i].empty()) out.tokens[i] = "[UNUSED_" + std::to_string(i) + "]";
  const auto text = json.encode("a"), prompt = json.encode_prompt("a");
  const auto at = std::search(prompt.begin(), prompt.end(), text.begin(), text.end());
  const auto before = at - prompt.begin(), behind = prompt.end() - at - static_cast<std::ptrdiff_t>(text.size());
  if (before > 1 || behind < 0 || behind > 1)
    fail(ErrorKind::unsupported, file, ": a prompt gets other tokens around it than one before and one behind, for which GGUF has no key");
  out.add_bos = before == 1, out.add_eos = behind == 1;
  if (out.add_bos) out.bos = prompt.front();
  if (out.add_eos) out.eos = prompt.back();
  const bool is_bpe = from.model == "BPE";
  Vocabulary scored = out;
  if (is_bpe && detail::fill_byte_level(merges, json, out)) return out;
  if (is_bpe && detail::fill_scores(merges, json, scored)) return scored;
  fail(ErrorKind::unsupported, file, ": GGUF has no vocabulary that reads a text as this one (", from.model,
       ") does; this build can write BPE over bytes with the words of gpt-2, smollm, llama-bpe, smaug-bpe or qwen2, and BPE with byte fallback");
}

}  // namespace weft
