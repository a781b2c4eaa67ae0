#pragma once

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/byte_alphabet.hpp"
#include "weft/text/charsmap.hpp"
#include "weft/text/tiktoken.hpp"

namespace weft {
namespace detail {

inline void place_token(Vocabulary& vocabulary, std::size_t id, std::string text, TokenType type, std::string_view where) {
  if (id >= MergeTable::max_tokens) fail(ErrorKind::unsupported, where, ": id ", id, ", at most ", MergeTable::max_tokens - 1, " is supported");
  if (vocabulary.tokens.size() <= id) {
    vocabulary.tokens.resize(id + 1);
    vocabulary.types.resize(id + 1, TokenType::unused);
  }
  if (vocabulary.types[id] != TokenType::unused) fail(ErrorKind::format, where, ": a second token has the id ", id);
  vocabulary.tokens[id] = std::move(text);
  vocabulary.types[id] = type;
}

inline std::string spell_gpt2(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) append_utf8(text, gpt2_char_of[static_cast<unsigned char>(c)]);
  return text;
}

}  // namespace detail

WEFT_INLINE Tokenizer parse_tiktoken(std::string_view ranks, const TiktokenOptions& options, const std::string& where) {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pattern = options.pattern;
  vocabulary.merge_by_id = true;
  std::size_t line_number = 0;
  for (std::size_t at = 0; at < ranks.size();) {
    const std::size_t end = std::min(ranks.find('\n', at), ranks.size());
    std::string_view line = ranks.substr(at, end - at);
    at = end + 1;
    const std::string here = detail::concat(where, ": line ", ++line_number);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const std::size_t blank = std::min(line.find(' '), line.size());
    const auto bytes = detail::decode_base64(line.substr(0, blank));
    std::size_t rank = 0;
    const std::string_view digits = line.substr(std::min(blank + 1, line.size()));
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
    if (!bytes || bytes->empty() || digits.empty() || read.ec != std::errc{} || read.ptr != digits.data() + digits.size())
      fail(ErrorKind::format, here, " is ", detail::quote(line, 60), ", expected a token in base 64 and its rank");
    constexpr std::size_t longest = 1024;
    if (bytes->size() > longest) fail(ErrorKind::unsupported, here, ": a token of ", bytes->size(), " bytes, at most ", longest, " are supported");
    detail::place_token(vocabulary, rank, detail::spell_gpt2(*bytes), TokenType::normal, here);
  }
  if (vocabulary.tokens.empty()) fail(ErrorKind::format, where, ": it holds no ranks");
  for (const auto& [text, id] : options.special) {
    if (id < 0) fail(ErrorKind::argument, "the id of the control token ", detail::quote(text, 60), " is ", id, ", expected 0 or more");
    detail::place_token(vocabulary, static_cast<std::size_t>(id), text, TokenType::control, "control token " + detail::quote(text, 60));
  }
  return Tokenizer(std::move(vocabulary));
}

WEFT_INLINE Tokenizer read_tiktoken(const std::string& path, const TiktokenOptions& options) {
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return parse_tiktoken({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, options, path);
}

}  // namespace weft
