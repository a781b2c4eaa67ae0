// The drafter that a command line names: "lookup", "suffix", "lookahead", "layers=N", or the file of a smaller model.
#pragma once

#include <charconv>
#include <memory>
#include <string>
#include <variant>

#include "weft/decode/draft_by_text.hpp"
#include "weft/decode/draft_model.hpp"
#include "weft/decode/lookahead.hpp"
#include "weft/decode/prompt_lookup.hpp"
#include "weft/decode/suffix_drafter.hpp"
#include "weft/model/model.hpp"
#include "weft/model/sequence.hpp"

namespace example {

/// Any of them, as one drafter; with the model that it may need.
template <class B>
struct Drafter {
  using Sequence = weft::Sequence<B>;
  using Kind = std::variant<weft::PromptLookup, weft::SuffixDrafter, weft::Lookahead, weft::DraftModel<Sequence>,
                            weft::DraftByText<Sequence, weft::Tokenizer>>;

  std::shared_ptr<const weft::Model<B>> model;
  Kind kind;

  void prepare(std::size_t vocab, std::size_t positions) {
    std::visit([&](auto& d) { weft::prepare(d, vocab, positions); }, kind);
  }
  void operator()(std::span<const weft::Token> history, std::size_t most, weft::Draft& draft) {
    std::visit([&](auto& d) { d(history, most, draft); }, kind);
  }
  template <class LogitsAfter>
  void ran(std::size_t position, std::span<const weft::Token> path, const LogitsAfter& after) {
    if (auto* guesses = std::get_if<weft::Lookahead>(&kind)) guesses->ran(position, path, after);
  }
};

inline const char* const drafter_names =
    "lookup or suffix (what followed in the text so far), lookahead (the model's own guesses), layers=N (its first N layers), or the file of "
    "a smaller model";

/// target: what is drafted for. branches: of the tree that suffix and models draft. threads: of a model from a file.
template <class B>
Drafter<B> load_drafter(const std::string& name, const weft::Model<B>& target, std::int64_t branches, int threads) {
  if (name == "lookup") return {nullptr, weft::prompt_lookup()};
  if (name == "suffix") return {nullptr, weft::suffix_drafter({.branches = branches})};
  if (name == "lookahead") return {nullptr, weft::lookahead()};
  std::shared_ptr<const weft::Model<B>> model;
  if (const std::string layers = "layers="; name.starts_with(layers)) {
    std::int64_t count = 0;
    const auto read = std::from_chars(name.data() + layers.size(), name.data() + name.size(), count);
    if (read.ec != std::errc() || read.ptr != name.data() + name.size())
      weft::fail(weft::ErrorKind::argument, "--draft ", name, ": expected the number of layers that draft, such as layers=8");
    model.reset(new weft::Model<B>(target.first_layers(count)));
  } else {
    model = std::make_shared<const weft::Model<B>>(name, weft::LoadOptions{.threads = threads});
    const bool own_tokens = target.has_tokenizer() && model->has_tokenizer() && target.tokenizer().vocabulary().tokens != model->tokenizer().vocabulary().tokens;
    if (own_tokens) return {model, weft::draft_by_text(weft::Sequence<B>(*model), target.tokenizer())};
  }
  return {model, weft::draft_model(weft::Sequence<B>(*model), {.branches = branches})};
}

}  // namespace example
