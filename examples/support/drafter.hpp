// The drafter that a command line names: "lookup", "suffix", or the file of a smaller model.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "weft/decode/draft_model.hpp"
#include "weft/decode/prompt_lookup.hpp"
#include "weft/decode/suffix_drafter.hpp"
#include "weft/model/model.hpp"
#include "weft/model/sequence.hpp"

namespace example {

/// Any of them, as one drafter; with the model that it may need.
template <class B>
struct Drafter {
  using Kind = std::variant<weft::PromptLookup, weft::SuffixDrafter, weft::DraftModel<weft::Sequence<B>>>;

  std::shared_ptr<const weft::Model<B>> model;
  Kind kind;

  void prepare(std::size_t vocab, std::size_t positions) {
    std::visit([&](auto& d) { d.prepare(vocab, positions); }, kind);
  }
  void operator()(std::span<const weft::Token> history, std::size_t most, weft::Draft& draft) {
    std::visit([&](auto& d) { d(history, most, draft); }, kind);
  }
};

/// threads: of the model, where it is one.
template <class B>
Drafter<B> load_drafter(const std::string& name, int threads) {
  if (name == "lookup") return {nullptr, weft::prompt_lookup()};
  if (name == "suffix") return {nullptr, weft::suffix_drafter()};
  auto model = std::make_shared<const weft::Model<B>>(name, weft::LoadOptions{.threads = threads});
  return {model, weft::draft_model(weft::Sequence<B>(*model))};
}

}  // namespace example
