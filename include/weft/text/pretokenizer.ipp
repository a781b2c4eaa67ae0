// The table of families, and the cutting.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "weft/text/pretokenizer.hpp"

namespace weft {
namespace detail {

inline constexpr std::array<std::string_view, 1> gpt2_patterns{
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"};

// Digits one by one, then GPT-2's pattern on what lies between them. In one pass that is: a number is a piece, and white space
// before a number is not before "something else than white space", for GPT-2's pattern would see the end of its text there.
inline constexpr std::array<std::string_view, 1> smollm_patterns{
    R"('s|'t|'re|'ve|'m|'ll|'d|\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+)"};

// Contractions are spelt out in ASCII as in llama.cpp: (?i:'s) would also take U+017F, the long s.
inline constexpr std::array<std::string_view, 1> llama_bpe_patterns{
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr std::array<std::string_view, 1> qwen2_patterns{
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr std::array<std::string_view, 15> gpt2_names{
    "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "gigachat", "a.x-4.0", "mellum", "exaone4", "mpt", "olmo", "jais",
    "trillion", "granite-docling"};
inline constexpr std::array<std::string_view, 8> smollm_names{"smollm",    "starcoder", "refact",     "command-r",
                                                              "codeshell", "exaone",    "minerva-7b", "mellum2"};
inline constexpr std::array<std::string_view, 8> llama_bpe_names{"llama-bpe", "llama3",  "llama-v3", "falcon3",
                                                                 "falcon-h1", "pixtral", "midm-2.0", "lfm2"};
inline constexpr std::array<std::string_view, 2> smaug_names{"smaug-bpe", "dbrx"};
inline constexpr std::array<std::string_view, 9> qwen2_names{"qwen2",     "deepseek-r1-qwen", "kormo",      "f2llmv2", "megrez",
                                                             "stablelm2", "hunyuan",          "solar-open", "grok-2"};

inline constexpr std::array pre_tokenizer_families{
    PreTokenizerFamily{"smollm", smollm_names, smollm_patterns},
    PreTokenizerFamily{"gpt-2", gpt2_names, gpt2_patterns},
    PreTokenizerFamily{"llama-bpe", llama_bpe_names, llama_bpe_patterns, true, true},
    PreTokenizerFamily{"smaug-bpe", smaug_names, llama_bpe_patterns},  // Llama 3's words, but merged as usual
    PreTokenizerFamily{"qwen2", qwen2_names, qwen2_patterns},
};

}  // namespace detail

WEFT_INLINE const PreTokenizerFamily* find_pre_tokenizer(std::string_view name) noexcept {
  for (const auto& family : detail::pre_tokenizer_families)
    if (std::find(family.aliases.begin(), family.aliases.end(), name) != family.aliases.end()) return &family;
  return nullptr;
}

WEFT_INLINE std::string pre_tokenizer_names() {
  std::string names;
  for (const auto& family : detail::pre_tokenizer_families)
    for (const auto alias : family.aliases) names.append(names.empty() ? "" : ", ").append(alias);
  return names;
}

WEFT_INLINE PreTokenizer::PreTokenizer(std::span<const std::string_view> patterns) {
  for (const auto pattern : patterns) stages_.emplace_back(pattern);
}

WEFT_INLINE std::vector<std::string_view> PreTokenizer::split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  PieceScanner scanner(*this);
  scanner.reset(text);
  for (std::string_view piece; scanner.next(piece);) pieces.push_back(piece);
  return pieces;
}

WEFT_INLINE PieceScanner::PieceScanner(const PreTokenizer& pre_tokenizer) {
  for (const auto& regex : pre_tokenizer.stages()) stages_.push_back({RegexScanner(regex, {}), {}});
}

WEFT_INLINE void PieceScanner::reset(std::string_view text) {
  for (auto& stage : stages_) stage.ended = true;
  if (!stages_.empty()) start(stages_.front(), text);
}

WEFT_INLINE void PieceScanner::start(Stage& stage, std::string_view text) {
  stage.scanner.reset(text);
  stage.text = text;
  stage.done = 0;
  stage.ahead = stage.ended = false;
}

WEFT_INLINE bool PieceScanner::next_of(std::size_t index, std::string_view& piece) {
  Stage& stage = stages_[index];
  for (;;) {
    if (stage.ended) {
      std::string_view text;
      if (index == 0 || !next_of(index - 1, text)) return false;
      start(stage, text);
    }
    if (!stage.ahead && !stage.scanner.next(stage.match)) {
      stage.ended = true;
      piece = stage.text.substr(stage.done);
    } else if (stage.match.begin > stage.done) {
      stage.ahead = true;  // first what lies before the match
      piece = stage.text.substr(stage.done, stage.match.begin - stage.done);
      stage.done = stage.match.begin;
    } else {
      stage.ahead = false;
      piece = stage.text.substr(stage.match.begin, stage.match.end - stage.match.begin);
      stage.done = stage.match.end;
    }
    if (!piece.empty()) return true;
  }
}

}  // namespace weft
