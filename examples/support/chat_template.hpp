// The chat template that a command line asks for.
#pragma once

#include <filesystem>
#include <string>

#include "weft/core/mapped_file.hpp"
#include "weft/model/model.hpp"

namespace example {

/// Written by many models; for files that lost their template. Never taken unless it is named.
inline constexpr const char* chatml =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// name: of a template in the model's file, "chatml", a file, or empty: the model's own.
inline weft::ChatTemplate chat_template(const weft::AnyModel& model, const std::string& name) {
  bool has = false;
  std::string names;
  for (const auto& each : model.chat_templates()) {
    has = has || each.name == name;
    if (!each.name.empty()) names += each.name + ", ";
  }
  if (has) return model.chat_template(name);
  if (name.empty())
    weft::fail(weft::ErrorKind::unsupported, model.source(), ": has no chat template, so how it was taught to converse is not known; name one with --template: ",
               names, "chatml, or a file (see the model's page)");
  weft::TemplateTokens tokens;
  if (const auto& vocabulary = model.tokenizer().vocabulary(); true) {
    if (vocabulary.bos) tokens.bos_token = model.tokenizer().bytes(*vocabulary.bos);
    if (vocabulary.eos) tokens.eos_token = model.tokenizer().bytes(*vocabulary.eos);
  }
  if (name == "chatml") return weft::ChatTemplate(chatml, std::move(tokens));
  if (!std::filesystem::exists(name))
    weft::fail(weft::ErrorKind::argument, "--template '", name, "': is no file, and no template of ", model.source(), "; expected ", names, "chatml, or a file");
  return weft::ChatTemplate(weft::read_whole_file(name), std::move(tokens));
}

}  // namespace example
