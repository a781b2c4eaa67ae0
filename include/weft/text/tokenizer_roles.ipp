#pragma once

#include "weft/core/mapped_file.hpp"
#include "weft/io/json_value.hpp"
#include "weft/text/tokenizer_roles.hpp"

namespace weft::detail {

inline std::optional<std::string> token_text(const JsonValue& file, std::string_view key) {
  const JsonValue* value = file.find(key);
  if (value != nullptr && value->is(JsonValue::Kind::object)) value = value->find("content");  // an AddedToken written out
  return value != nullptr && value->is(JsonValue::Kind::text) ? std::optional(value->string) : std::nullopt;
}

// Later files say what earlier ones leave open.
WEFT_INLINE TokenizerRoles read_tokenizer_roles(const std::string& folder) {
  constexpr std::size_t depth = 64;
  TokenizerRoles roles;
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
  }
  return roles;
}

}  // namespace weft::detail
