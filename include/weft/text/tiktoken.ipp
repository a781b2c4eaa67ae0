#pragma once

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/byte_alphabet.hpp"
#include "weft/text/charsmap.hpp"
#include "weft/text/pretokenizer.hpp"
#include "weft/text/tiktoken.hpp"
#include "weft/text/tokenizer_roles.hpp"

namespace weft {
namespace detail {

inline void place_token(Vocabulary& vocabulary, std::size_t id, std::string text, TokenType type,
                        std::string_view where) {
  if (id >= MergeTable::max_tokens)
    fail(ErrorKind::unsupported, where, ": id ", id, ", at most ", MergeTable::max_tokens - 1, " is supported");
  if (vocabulary.tokens.size() <= id) {
    vocabulary.tokens.resize(id + 1);
    vocabulary.types.resize(id + 1, TokenType::unused);
  }
  if (vocabulary.types[id] != TokenType::unused) fail(ErrorKind::format, where, ": a second token has the id ", id);
  vocabulary.tokens[id] = std::move(text);
  vocabulary.types[id] = type;
}

struct RankLine {
  std::string token;
  std::size_t rank;
};
inline std::optional<RankLine> read_rank_line(std::string_view line) {
  const std::size_t blank = std::min(line.find(' '), line.size());
  auto bytes = decode_base64(line.substr(0, blank));
  std::size_t rank = 0;
  const std::string_view digits = line.substr(std::min(blank + 1, line.size()));
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
  if (!bytes || bytes->empty() || digits.empty() || read.ec != std::errc{} || read.ptr != digits.data() + digits.size())
    return std::nullopt;
  return RankLine{std::move(*bytes), rank};
}

/// Takes the next line off a text, without its end.
inline std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

WEFT_INLINE bool is_rank_file(std::string_view bytes) {
  constexpr std::size_t longest = 2048;
  bytes = bytes.substr(0, longest);
  return read_rank_line(take_line(bytes)).has_value();
}

inline Vocabulary read_ranks(std::string_view ranks, std::string_view pattern, const std::string& where) {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pattern = pattern;
  vocabulary.merge_by_id = true;
  for (std::size_t line_number = 1; !ranks.empty(); ++line_number) {
    const std::string_view line = take_line(ranks);
    if (line.empty()) continue;
    const std::string here = concat(where, ": line ", line_number);
    const auto read = read_rank_line(line);
    if (!read) fail(ErrorKind::format, here, " is ", quote(line, 60), ", expected a token in base 64 and its rank");
    constexpr std::size_t longest = 1024;
    if (read->token.size() > longest)
      fail(ErrorKind::unsupported, here, ": a token of ", read->token.size(), " bytes, at most ", longest,
           " are supported");
    place_token(vocabulary, read->rank, spell_gpt2(read->token), TokenType::normal, here);
  }
  if (vocabulary.tokens.empty()) fail(ErrorKind::format, where, ": it holds no ranks");
  return vocabulary;
}

inline std::string_view rank_file_pattern(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.starts_with("o200k_base.")) return o200k_pattern;
  return name.starts_with("r50k_base.") || name.starts_with("p50k_base.")
             ? find_pre_tokenizer("gpt-2")->patterns.front()
             : cl100k_pattern;
}

}  // namespace detail

WEFT_INLINE Tokenizer parse_tiktoken(std::string_view ranks, const TiktokenOptions& options, const std::string& where) {
  Vocabulary vocabulary = detail::read_ranks(ranks, options.pattern, where);
  for (const auto& [text, id] : options.special) {
    if (id < 0)
      fail(ErrorKind::argument, "the id of the control token ", detail::quote(text, 60), " is ", id,
           ", expected 0 or more");
    detail::place_token(vocabulary, static_cast<std::size_t>(id), text, TokenType::control,
                        "control token " + detail::quote(text, 60));
  }
  return Tokenizer(std::move(vocabulary));
}

WEFT_INLINE Tokenizer read_tiktoken(const std::string& path, const TiktokenOptions& options) {
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return parse_tiktoken({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, options, path);
}

WEFT_INLINE Tokenizer read_tiktoken_model(const std::string& path) {
  const auto roles = detail::read_tokenizer_roles(path.substr(0, path.rfind('/') + 1));
  if (roles.own_code)
    fail(ErrorKind::unsupported, path,
         ": tokenizer_config.json names code of the model's own (auto_map), and only that says how words are cut; "
         "make a tokenizer.json with it, or give the pattern to read_tiktoken");
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  const auto bytes = file->bytes();
  Vocabulary vocabulary = detail::read_ranks({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                                             detail::rank_file_pattern(path), path);
  detail::take_roles(vocabulary, roles, path);
  vocabulary.add_bos = roles.add_bos.value_or(false) && vocabulary.bos;
  vocabulary.add_eos = roles.add_eos.value_or(false) && vocabulary.eos;
  return Tokenizer(std::move(vocabulary));
}

}  // namespace weft
