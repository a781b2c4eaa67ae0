#pragma once

#include <string_view>

#include "weft/io/gguf.hpp"
#include "weft/text/gguf_chat_template.hpp"

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

}  // namespace weft
