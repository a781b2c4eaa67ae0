// Reads lines {"template": .., "arguments": {..}}, writes for each {"text": ..} or {"error": ..}: the other side of fuzz_templates.py.
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "support/template_cases.hpp"
#include "weft/core/error.hpp"
#include "weft/text/chat_template.hpp"

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto row = nlohmann::ordered_json::parse(line);
    nlohmann::json out;
    try {
      weft::RenderOptions options;
      options.now = weft::test::golden_time();
      out["text"] = weft::ChatTemplate(row.at("template").get<std::string>()).render_variables(row.at("arguments").dump(), options).text;
    } catch (const weft::Error& error) {
      out["error"] = error.what();
    }
    std::puts(out.dump().c_str());
  }
}
