// Every name that `tokenizer.ggml.pre` may have, with the expressions that it stands for.
// Sources: the expressions that the models' authors published in tokenizer.json, in the form in which llama.cpp applies them: cases of
// contractions are spelt out in ASCII, and inside words it does not tell upper from lower case but in ASCII.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "weft/text/pretokenizer.hpp"

namespace weft::detail {

template <std::size_t N>
using Patterns = std::array<std::string_view, N>;

inline constexpr std::string_view gpt2_pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view lines_pattern = R"([^\n]+|\n+)";
inline constexpr std::string_view asian_pattern = R"([\u0800-\u9FA5\uAC00-\uD7FF&&[^\s]]+)";
/// From the right in threes: the first of a number has what is left over. What stands before a number goes with its first digits, so that
/// white space is cut there as before a word: of two spaces the second stands alone. llama.cpp cuts so.
inline constexpr std::string_view thousands_pattern = R"(\P{N}*\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))|\P{N}+)";
inline constexpr std::string_view code_word_pattern =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view qwen2_pattern =
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

inline constexpr Patterns<1> gpt2_patterns{gpt2_pattern};

// Digits one by one, then GPT-2's pattern on what lies between them. In one pass that is: a number is a piece, and white space
// before a number is not before "something else than white space", for GPT-2's pattern would see the end of its text there.
inline constexpr Patterns<1> smollm_patterns{
    R"('s|'t|'re|'ve|'m|'ll|'d|\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+)"};

// Contractions are spelt out in ASCII as in llama.cpp: (?i:'s) would also take U+017F, the long s.
inline constexpr Patterns<1> llama_bpe_patterns{
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<1> qwen2_patterns{qwen2_pattern};

inline constexpr Patterns<1> qwen35_patterns{
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<2> minicpm5_patterns{
    R"(\p{N}{1,3})",
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<1> jais2_patterns{
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|)"
    R"(\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s)"};

inline constexpr Patterns<6> deepseek_llm_patterns{
    R"([\r\n])",
    R"(\s?[A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386)"
    R"(\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF)"
    R"(\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4)"
    R"(\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115)"
    R"(\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE)"
    R"(\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A)"
    R"(\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}]+)",
    R"(\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3001\u3002]+)",
    R"(\s+$)",
    asian_pattern,
    R"(\p{N}+)"};

inline constexpr Patterns<5> deepseek_coder_patterns{R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", asian_pattern, R"(\p{N})"};

inline constexpr Patterns<3> deepseek_v3_patterns{R"(\p{N}{1,3})", R"([\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+)", code_word_pattern};

inline constexpr Patterns<4> spark_patterns{
    R"(\p{N}{1,3})", R"([\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+)",
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+)", R"(\p{N})"};

inline constexpr Patterns<2> youtu_patterns{
    R"([\uAC00-\uD7A3\u3131-\u318E]+|[\uFF01\u2026\u201C\u201D\u2018\u2019\u2014\uFF1A\uFF1B\uFF0C\u3001-\u303F\uFE30-\uFE4F]+|[\u3105-\u312F]+|[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+)",
    R"([^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<3> falcon_patterns{R"([\p{P}$+<=>^~|`]+)", gpt2_pattern, "[0-9][0-9][0-9]"};
inline constexpr Patterns<4> default_patterns{R"([\p{P}$+<=>^~|]+)", gpt2_pattern, R"(\p{N}+)", "[0-9][0-9][0-9]"};

inline constexpr Patterns<1> bloom_patterns{R"( ?[^(\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+)"};
inline constexpr Patterns<2> viking_patterns{R"( ?[^(\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+)", R"(\p{N})"};

inline constexpr Patterns<1> tekken_patterns{
    R"([^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]*[\p{L}&&[^A-Z]]+|[^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]+[\p{L}&&[^A-Z]]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<6> chameleon_patterns{"<sentinel:[0-9]+>", "IMGIMG[A-I]{1,4}Z", R"([\t\n]|    |  )", R"(\p{N})", R"([\p{P}!-/:-@\[-`{-~])", gpt2_pattern};

inline constexpr Patterns<1> gpt4o_patterns{
    R"([^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]*[\p{L}&&[^A-Z]]+(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]+[\p{L}&&[^A-Z]]*(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<1> granite_embed_patterns{
    R"([^\r\n\p{L}\p{N}]?[\p{L}\p{M}&&[^a-z]]*[\p{L}\p{M}&&[^A-Z]]+(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{L}\p{M}&&[^a-z]]+[\p{L}\p{M}&&[^A-Z]]*(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<2> tiny_aya_patterns{
    thousands_pattern,
    R"([^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<1> kimi_patterns{
    R"([\u4E00-\u9FFF\u3400-\u4DBF\x{20000}-\x{2A6DF}\x{2A700}-\x{2EBEF}\uF900-\uFAFF\x{2F800}-\x{2FA1F}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{L}&&[^\u4E00-\u9FFF\u3400-\u4DBF\x{20000}-\x{2A6DF}\x{2A700}-\x{2EBEF}\uF900-\uFAFF\x{2F800}-\x{2FA1F}]]+(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<2> superbpe_patterns{R"(\p{N}+)", "(?=(?:[0-9]{3})+(?![0-9]))"};

inline constexpr Patterns<1> bailingmoe_patterns{
    R"('(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"};

inline constexpr Patterns<1> seed_coder_patterns{
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<1> ufakzeka_patterns{R"([^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr Patterns<3> afmoe_patterns{
    thousands_pattern,
    R"([\u4E00-\u9FFF\u3400-\u4DBF\u8C48-\uFAFF\u3040-\u309F\u30A0-\u30FF\uFF65-\uFF9F\u2F00-\u2FDF\u0E40-\u0E7F\u0E80-\u0EFF\u1780-\u17FF\u1000-\u109F\uAA60-\uAA7F\uA9E0-\uA9FF\uAC00-\uD7AF\u1100-\u11FF]+)",
    code_word_pattern};

inline constexpr Patterns<2> laguna_patterns{lines_pattern, qwen2_pattern};

inline constexpr Patterns<1> exaone_moe_patterns{
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)"};

inline constexpr Patterns<1> lines_patterns{lines_pattern};
inline constexpr Patterns<1> solid_patterns{R"(\S+)"};

using Names = std::string_view[];
inline constexpr Names gpt2_names{"gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v1-en", "jina-v2-code", "roberta-bpe", "modern-bert",
                                  "gigachat", "a.x-4.0", "mellum", "exaone4", "mpt", "olmo", "jais", "trillion", "granite-docling"};
inline constexpr Names smollm_names{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"};
inline constexpr Names llama_bpe_names{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"};
inline constexpr Names smaug_names{"smaug-bpe", "dbrx", "chatglm-bpe"};
inline constexpr Names glm_names{"glm4", "glm5"};
inline constexpr Names qwen2_names{"qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan", "solar-open", "grok-2"};
inline constexpr Names qwen35_names{"qwen35"}, minicpm5_names{"minicpm5"}, jais2_names{"jais-2"}, deepseek_llm_names{"deepseek-llm"},
    deepseek_coder_names{"deepseek-coder"}, spark_names{"spark2_5"}, youtu_names{"youtu"}, falcon_names{"falcon"}, default_names{"default"},
    viking_names{"viking"}, tekken_names{"tekken"}, chameleon_names{"chameleon"}, granite_embed_names{"granite-embed-multi-97m"}, kimi_names{"kimi-k2"},
    superbpe_names{"superbpe"}, seed_coder_names{"seed-coder"}, ufakzeka_names{"ufakzeka"}, afmoe_names{"afmoe"}, laguna_names{"laguna"},
    exaone_moe_names{"exaone-moe"}, sarvam_names{"sarvam-moe"}, whitespace_names{"whitespace"};
inline constexpr Names deepseek_v3_names{"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"}, bloom_names{"bloom", "poro-chat", "gpt3-finnish"},
    gpt4o_names{"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}, tiny_aya_names{"tiny_aya", "cohere2moe"},
    bailingmoe_names{"bailingmoe", "bailingmoe2", "llada-moe"}, gemma4_names{"gemma4", "granite-embed-multi-311m"};

inline constexpr PreTokenizerFamily pre_tokenizer_families[]{
    {.name = "smollm", .aliases = smollm_names, .patterns = smollm_patterns},
    {.name = "gpt-2", .aliases = gpt2_names, .patterns = gpt2_patterns},
    {.name = "llama-bpe", .aliases = llama_bpe_names, .patterns = llama_bpe_patterns, .whole_words = true, .add_bos = true},
    {.name = "smaug-bpe", .aliases = smaug_names, .patterns = llama_bpe_patterns},  // Llama 3's words, but merged as usual
    {.name = "glm4", .aliases = glm_names, .patterns = llama_bpe_patterns, .whole_words = true},
    {.name = "qwen2", .aliases = qwen2_names, .patterns = qwen2_patterns},
    {.name = "qwen35", .aliases = qwen35_names, .patterns = qwen35_patterns},
    {.name = "minicpm5", .aliases = minicpm5_names, .patterns = minicpm5_patterns, .whole_words = true},
    {.name = "jais-2", .aliases = jais2_names, .patterns = jais2_patterns},
    {.name = "deepseek-llm", .aliases = deepseek_llm_names, .patterns = deepseek_llm_patterns},
    {.name = "deepseek-coder", .aliases = deepseek_coder_names, .patterns = deepseek_coder_patterns},
    {.name = "deepseek-v3", .aliases = deepseek_v3_names, .patterns = deepseek_v3_patterns},
    {.name = "spark2_5", .aliases = spark_names, .patterns = spark_patterns},
    {.name = "youtu", .aliases = youtu_names, .patterns = youtu_patterns, .whole_words = true},
    {.name = "falcon", .aliases = falcon_names, .patterns = falcon_patterns},
    {.name = "default", .aliases = default_names, .patterns = default_patterns},
    {.name = "bloom", .aliases = bloom_names, .patterns = bloom_patterns},
    {.name = "viking", .aliases = viking_names, .patterns = viking_patterns},
    {.name = "tekken", .aliases = tekken_names, .patterns = tekken_patterns, .whole_words = true, .add_bos = true},
    {.name = "chameleon", .aliases = chameleon_names, .patterns = chameleon_patterns, .add_bos = true},
    {.name = "gpt-4o", .aliases = gpt4o_names, .patterns = gpt4o_patterns},
    {.name = "granite-embed-multi-97m", .aliases = granite_embed_names, .patterns = granite_embed_patterns, .whole_words = true},
    {.name = "tiny_aya", .aliases = tiny_aya_names, .patterns = tiny_aya_patterns},
    {.name = "kimi-k2", .aliases = kimi_names, .patterns = kimi_patterns},
    {.name = "superbpe", .aliases = superbpe_names, .patterns = superbpe_patterns},
    {.name = "bailingmoe", .aliases = bailingmoe_names, .patterns = bailingmoe_patterns},
    {.name = "seed-coder", .aliases = seed_coder_names, .patterns = seed_coder_patterns},
    {.name = "ufakzeka", .aliases = ufakzeka_names, .patterns = ufakzeka_patterns},
    {.name = "afmoe", .aliases = afmoe_names, .patterns = afmoe_patterns},
    {.name = "laguna", .aliases = laguna_names, .patterns = laguna_patterns},
    {.name = "exaone-moe", .aliases = exaone_moe_names, .patterns = exaone_moe_patterns},
    {.name = "gemma4", .aliases = gemma4_names, .patterns = lines_patterns, .add_bos = true, .alphabet = WordAlphabet::space_mark, .whole_lines = true},
    {.name = "sarvam-moe", .aliases = sarvam_names, .patterns = lines_patterns, .alphabet = WordAlphabet::space_mark},
    {.name = "whitespace", .aliases = whitespace_names, .patterns = solid_patterns, .alphabet = WordAlphabet::characters},
};

}  // namespace weft::detail
