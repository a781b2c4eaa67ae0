// Beam search with drafts: every branch's next tokens are guessed, one pass verifies several steps of all branches, and steps at which all do
// what was guessed need no pass. The hypotheses, their order and the bits of their scores are those of plain beams.
// Sources: Leviathan et al. 2023, arXiv:2211.17192; trees of drafts: Miao et al. 2023, "SpecInfer", arXiv:2305.09781.
#pragma once

#include <utility>
#include <vector>

#include "weft/decode/beam.hpp"
#include "weft/decode/drafter.hpp"
#include "weft/decode/foreseeing.hpp"

namespace weft {

template <LogitsStep Steps, Drafter D>
struct SpeculativeBeam {
  Beam<Steps> beam;
  D drafter;
  SpeculativeOptions options{};

  template <VerifyingSequence S>
  [[nodiscard]] std::vector<Result> search(S sequence, std::vector<Token> prompt, const Options& decoding) const {
    const auto limits = detail::limits_of(sequence, prompt.size(), decoding);
    // the last token that may come needs no logits after it
    const std::size_t end = limits.prompt + (limits.new_tokens > 0 ? limits.new_tokens - 1 : 0);
    detail::Foreseeing<S, D> foreseeing(std::move(sequence), drafter, options, end);
    const auto sight = foreseeing.sight();
    auto results = beam.search(std::move(foreseeing), std::move(prompt), decoding);
    for (auto& r : results) {
      r.stats.passes = sight->passes;
      r.stats.drafted_tokens = sight->drafted;
      r.stats.accepted_tokens = sight->accepted;
    }
    return results;
  }
};

/// A beam search, sooner: generate(model, prompt, speculative(beam({.width = 4}), draft_model(Sequence(small), {.branches = 2}))). All kinds of
/// beams, also with steps, groups, forced phrases and draws. Stats count the passes over chosen tokens, and the tokens of branches that
/// were drafted and run, and that needed no pass. Drafts cost memory: a fork of each branch for each path of its tree.
/// SpeculativeOptions::pass_cost: of a pass over so many tokens of each branch. Throws weft::Error(argument) for options out of range.
template <LogitsStep Steps, Drafter D>
SpeculativeBeam<Steps, D> speculative(const Beam<Steps>& beam, D drafter, const SpeculativeOptions& options = {}) {
  detail::DraftLength{options};  // checks them
  return {beam, std::move(drafter), options};
}

}  // namespace weft
