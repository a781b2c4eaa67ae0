#pragma once

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/io/gguf.hpp"
#include "weft/io/json_value.hpp"
#include "weft/text/chat_template_source.hpp"

namespace weft {

WEFT_INLINE std::vector<NamedTemplate> read_chat_templates(const Gguf& file) {
  constexpr std::string_view key = "tokenizer.chat_template";
  std::vector<NamedTemplate> templates;
  for (const std::string& each : file.keys()) {
    std::string_view name = each;
    if (!name.starts_with(key)) continue;
    name.remove_prefix(key.size());
    if (!name.empty() && !name.starts_with('.')) continue;  // tokenizer.chat_templates lists the names
    if (!name.empty()) name.remove_prefix(1);
    templates.push_back({std::string(name), std::string(file.string(each).value_or(""))});
  }
  return templates;
}

namespace detail {

/// The member `chat_template` of a tokenizer_config.json.
inline void add_configured_templates(const std::string& path, std::vector<NamedTemplate>& templates) {
  constexpr std::size_t depth = 64;
  const JsonValue config = read_json_value(read_whole_file(path), path, depth);
  const JsonValue* const value = config.find("chat_template");
  if (value == nullptr || value->is_null()) return;
  if (value->is(JsonValue::Kind::text)) {
    templates.push_back({"", value->string});
    return;
  }
  if (!value->is(JsonValue::Kind::array))
    fail(ErrorKind::format, path, ": chat_template is ", value->describe(), ", expected a text or a list of names and texts");
  for (const JsonValue& each : value->items) {
    const JsonValue *name = each.find("name"), *source = each.find("template");
    if (name == nullptr || source == nullptr || !name->is(JsonValue::Kind::text) || !source->is(JsonValue::Kind::text))
      fail(ErrorKind::format, path, ": chat_template holds ", each.describe(), ", expected {\"name\": a text, \"template\": a text}");
    templates.push_back({name->string == "default" ? "" : name->string, source->string});
  }
}

}  // namespace detail

WEFT_INLINE std::vector<NamedTemplate> read_chat_templates(const std::string& folder) {
  std::vector<NamedTemplate> templates;
  if (const auto path = folder + "/chat_template.jinja"; file_exists(path)) {
    templates.push_back({"", read_whole_file(path)});
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/additional_chat_templates", none))
      if (entry.path().extension() == ".jinja") templates.push_back({entry.path().stem().string(), read_whole_file(entry.path().string())});
  } else if (const auto config = folder + "/tokenizer_config.json"; file_exists(config)) {
    detail::add_configured_templates(config, templates);
  }
  std::sort(templates.begin(), templates.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return templates;
}

}  // namespace weft
