#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/core/quote.hpp"
#include "weft/io/json_value.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/byte_alphabet.hpp"
#include "weft/text/tokenizer_roles.hpp"

namespace weft::detail {

inline std::optional<std::string> token_text(const JsonValue& file, std::string_view key) {
  const JsonValue* value = file.find(key);
  if (value != nullptr && value->is(JsonValue::Kind::object))
    value = value->find("content");  // an AddedToken written out
  return value != nullptr && value->is(JsonValue::Kind::text) ? std::optional(value->string) : std::nullopt;
}

inline Token added_id(std::int64_t id, std::string_view content, const std::string& where) {
  if (id < 0)
    fail(ErrorKind::format, where, ": added token ", quote(content, 60), " has the id ", id, ", expected 0 or more");
  if (id >= MergeTable::max_tokens)
    fail(ErrorKind::unsupported, where, ": added token ", quote(content, 60), " has the id ", id, ", at most ",
         MergeTable::max_tokens - 1, " is supported");
  return static_cast<Token>(id);
}

/// "added_tokens_decoder": {"128000": {"content": "<|begin_of_text|>", "special": true, ..}, ..}
inline std::vector<AddedToken> read_added_decoder(const JsonValue& tokens, const std::string& where) {
  std::vector<AddedToken> out;
  for (const auto& [key, value] : tokens.members) {
    JsonReader reader(value, concat(where, ": added_tokens_decoder: ", quote(key, 40)));
    std::int64_t id = -1;
    if (const auto read = std::from_chars(key.data(), key.data() + key.size(), id);
        read.ec != std::errc{} || read.ptr != key.data() + key.size())
      fail(ErrorKind::format, where, ": added_tokens_decoder has the member ", quote(key, 40), ", expected an id");
    AddedToken& token = out.emplace_back();
    token.content = reader.text("content");
    token.id = added_id(id, token.content, where);
    token.single_word = reader.boolean("single_word", false);
    token.lstrip = reader.boolean("lstrip", false);
    token.rstrip = reader.boolean("rstrip", false);
    token.special = reader.boolean("special", false);
  }
  return out;
}

/// {"<|im_start|>": 32000, ..}: which of them are special (sorted) is said elsewhere.
inline std::vector<AddedToken> read_added_ids(const std::string& path, const std::vector<std::string>& special) {
  const JsonValue json = read_json_value(read_whole_file(path), path, 2);
  if (!json.is(JsonValue::Kind::object))
    fail(ErrorKind::format, path, ": the file holds ", json.describe(), ", expected an object of ids");
  std::vector<AddedToken> out;
  for (const auto& [content, id] : json.members) {
    if (!id.is(JsonValue::Kind::integer))
      fail(ErrorKind::format, path, ": ", quote(content, 60), " is ", id.describe(), ", expected an id");
    AddedToken& token = out.emplace_back();
    token.content = content;
    token.id = added_id(id.whole, content, path);
    token.special = std::binary_search(special.begin(), special.end(), content);
  }
  return out;
}

/// The texts that a file of roles names: of its roles and in its lists of further special tokens.
inline void collect_special(const JsonValue& file, std::vector<std::string>& out) {
  const auto take = [&](const JsonValue& value) {
    const JsonValue* const text = value.is(JsonValue::Kind::object) ? value.find("content") : &value;
    if (text != nullptr && text->is(JsonValue::Kind::text)) out.push_back(text->string);
  };
  for (const auto& [key, value] : file.members) {
    if (key.ends_with("_token")) take(value);
    if (key == "additional_special_tokens" || key == "extra_special_tokens")
      for (const auto& item : value.items) take(item);
  }
}

// Later files say what earlier ones leave open.
WEFT_INLINE TokenizerRoles read_tokenizer_roles(const std::string& folder) {
  constexpr std::size_t depth = 64;
  TokenizerRoles roles;
  std::vector<std::string> special;
  for (const auto name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const std::string path = folder + name;
    if (!file_exists(path)) continue;
    const JsonValue json = read_json_value(read_whole_file(path), path, depth);
    const auto take = [&](std::optional<std::string>& role, std::string_view key) {
      if (!role) role = token_text(json, key);
    };
    take(roles.bos, "bos_token");
    take(roles.eos, "eos_token");
    take(roles.unknown, "unk_token");
    take(roles.pad, "pad_token");
    const auto take_flag = [&](std::optional<bool>& flag, std::string_view key) {
      const JsonValue* value = json.find(key);
      if (!flag && value != nullptr && value->is(JsonValue::Kind::boolean)) flag = value->flag;
    };
    take_flag(roles.add_bos, "add_bos_token");
    take_flag(roles.add_eos, "add_eos_token");
    collect_special(json, special);
    if (const JsonValue* code = json.find("auto_map"); code != nullptr && code->find("AutoTokenizer") != nullptr)
      roles.own_code = true;
    if (const JsonValue* added = json.find("added_tokens_decoder")) roles.added = read_added_decoder(*added, path);
  }
  std::sort(special.begin(), special.end());
  if (const std::string path = folder + "added_tokens.json"; roles.added.empty() && file_exists(path))
    roles.added = read_added_ids(path, special);
  return roles;
}

inline void place_added_token(Vocabulary& vocabulary, const AddedToken& token, const std::string& where) {
  if (token.content.empty()) return;
  if (token.single_word)
    fail(ErrorKind::unsupported, where, ": added token ", quote(token.content, 60),
         " counts only between words (single_word), which this build can do for a tokenizer.json alone");
  const auto at = static_cast<std::size_t>(token.id);
  vocabulary.types.resize(vocabulary.tokens.size(), TokenType::normal);
  if (at >= vocabulary.tokens.size()) {
    vocabulary.tokens.resize(at + 1);
    vocabulary.types.resize(at + 1, TokenType::unused);
    if (!vocabulary.scores.empty()) vocabulary.scores.resize(at + 1);
  }
  auto& text = vocabulary.tokens[at];
  auto& type = vocabulary.types[at];
  const bool spelt = vocabulary.model == "gpt2" && type == TokenType::normal;
  if (!text.empty() && text != (spelt ? spell_gpt2(token.content) : token.content))
    fail(ErrorKind::format, where, ": added token ", quote(token.content, 60), " has the id ", token.id,
         ", which the vocabulary gives to ", quote(text, 60));
  text = token.content;
  if (type == TokenType::normal || type == TokenType::unused)
    type = token.special ? TokenType::control : TokenType::user_defined;
  if (token.lstrip) vocabulary.strip_left.push_back(token.id);
  if (token.rstrip) vocabulary.strip_right.push_back(token.id);
}

WEFT_INLINE void take_roles(Vocabulary& vocabulary, const TokenizerRoles& roles, const std::string& where) {
  for (const auto& token : roles.added) place_added_token(vocabulary, token, where);
  const auto find = [&](std::optional<Token>& role, const std::optional<std::string>& text) {
    if (!text) return;
    for (const auto& token : roles.added)
      if (token.content == *text) role = token.id;
    const auto found = std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), *text);
    if (found != vocabulary.tokens.end()) role = static_cast<Token>(found - vocabulary.tokens.begin());
  };
  find(vocabulary.bos, roles.bos);
  find(vocabulary.eos, roles.eos);
  find(vocabulary.unknown, roles.unknown);
  find(vocabulary.pad, roles.pad);
  if (vocabulary.eos) vocabulary.end_tokens = {*vocabulary.eos};
}

}  // namespace weft::detail
