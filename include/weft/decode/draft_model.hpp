// Drafts by another, smaller model with the same tokenizer, or by the same one at another precision.
// Sources: Leviathan et al. 2023, arXiv:2211.17192; Chen et al. 2023, arXiv:2302.01318; trees that grow where they are likeliest: Li et al.
// 2024, "EAGLE-2", arXiv:2406.16858.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/decode/concept.hpp"
#include "weft/decode/drafter.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/softmax.hpp"

namespace weft {

struct DraftModelOptions {
  /// The likeliest tokens that are drafted at each place, and the likeliest of all places of a depth that are gone on from, in one pass.
  /// More than one makes a tree.
  std::int64_t branches = 1;
};

/// A sequence of the drafting model that follows the text and writes ahead of it. Copies are forks.
template <DecodableSequence S>
class DraftModel {
 public:
  DraftModel(S sequence, const DraftModelOptions& options) : sequence_(std::move(sequence)), branches_(static_cast<std::size_t>(options.branches)) {}
  DraftModel(const DraftModel& other) : sequence_(other.sequence_.fork()), branches_(other.branches_) {}
  DraftModel(DraftModel&&) noexcept = default;

  /// Throws weft::Error(argument) where the vocabularies differ in size.
  void prepare(std::size_t vocab, std::size_t) {
    const auto own = static_cast<std::size_t>(sequence_.model().vocab_size());
    if (own != vocab)
      fail(ErrorKind::argument, "a draft model needs the vocabulary of the model it drafts for: it has ", own, " tokens, the other ", vocab);
  }

  void operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
    if (history.size() > sequence_.capacity()) return;  // its context is shorter than the text
    try {
      follow(history);
      if (branches_ == 1)
        write(most, draft);
      else if (most > 0)
        write_tree(most, draft);
    } catch (const Error& error) {  // no memory for a draft is no reason to end the text
      if (error.kind() != ErrorKind::resource) throw;
    }
  }

 private:
  static constexpr double worth_it = 0.15;  // a token that is reached less often than this is not worth a pass of this model

  void write(std::size_t most, Draft& draft) {
    double reached = 1;
    while (draft.size() < most) {
      const std::span<const float> logits = sequence_.logits();
      const auto sum = normaliser(logits);
      const float p = std::exp(sum.of(sum.max));
      reached *= static_cast<double>(p);
      if (reached < worth_it && draft.size() > 0) return;
      draft.add(detail::first_equal(logits, sum.max), trust_in(p));
      if (draft.size() == most || sequence_.size() == sequence_.capacity()) return;
      const Token token = draft.tokens.back();
      sequence_.append(std::span<const Token>(&token, 1));
    }
  }

  /// A place of the tree that is gone on from, and a token that may come there.
  struct Place {
    S sequence;
    std::int32_t node;
    double reached;
  };
  struct Child {
    double reached;
    float p;
    Token token;
    std::size_t place;
  };

  void write_tree(std::size_t most, Draft& draft) {
    std::vector<Place> places;
    places.push_back({sequence_.fork(), Draft::root, 1});
    while (true) {
      auto children = children_of(places, draft.size() == 0);
      if (children.size() > most - draft.size()) children.resize(most - draft.size());
      const auto first = static_cast<std::int32_t>(draft.size());
      for (const auto& c : children) draft.add_after(places[c.place].node, c.token, trust_in(c.p));
      if (draft.size() == most || children.empty() || places.front().sequence.size() == sequence_.capacity()) break;
      if (children.size() > branches_) children.resize(branches_);
      places = go_on(places, children, first);
    }
    sequence_ = std::move(places.front().sequence);  // the next text has the most in common with the likeliest
  }
  /// What may come at the places, likeliest first. any: at least one, however unlikely.
  std::vector<Child> children_of(const std::vector<Place>& places, bool any) {
    std::vector<Child> children;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::span<const float> logits = places[i].sequence.logits();
      const auto sum = normaliser(logits);
      for (const auto& r : greatest_.find(logits, branches_)) {
        const float p = std::exp(sum.of(r.value));
        const double reached = places[i].reached * static_cast<double>(p);
        if (reached >= worth_it || (any && children.empty())) children.push_back({reached, p, r.id, i});
      }
    }
    std::stable_sort(children.begin(), children.end(), [](const Child& a, const Child& b) { return a.reached > b.reached; });
    return children;
  }
  /// One pass over the places that the children make. first: the first child's number in the draft.
  std::vector<Place> go_on(const std::vector<Place>& places, const std::vector<Child>& children, std::int32_t first) {
    std::vector<Place> made;
    std::vector<S*> sequences;
    std::vector<Token> tokens;
    made.reserve(children.size());
    for (const auto& c : children) {
      made.push_back({places[c.place].sequence.fork(), first + static_cast<std::int32_t>(made.size()), c.reached});
      sequences.push_back(&made.back().sequence);
      tokens.push_back(c.token);
    }
    detail::append_to_each(std::span<S* const>(sequences), std::span<const Token>(tokens), {});
    return made;
  }
  static std::uint8_t trust_in(float p) { return static_cast<std::uint8_t>(std::clamp(p, 0.0f, 1.0f) * Draft::most_trust); }

  /// Makes the sequence the history: keeps what they have in common.
  void follow(std::span<const Token> history) {
    const std::span<const Token> own = sequence_.tokens();
    const std::size_t common = detail::common_prefix(own, history);
    if (common < own.size()) sequence_.rewind(common);
    if (common < history.size()) sequence_.append(history.subspan(common));
  }

  S sequence_;
  std::size_t branches_;
  detail::Greatest greatest_;
};

/// Drafts greedily by a sequence over another model: speculative(chain, draft_model(Sequence(small))). The sequence may be empty; what it
/// holds of the prompt need not be run again. It stops where it is unsure. Ids must mean the same in both models.
/// Throws weft::Error(argument) for branches outside [1, 16].
template <DecodableSequence S>
DraftModel<S> draft_model(S sequence, const DraftModelOptions& options = {}) {
  if (options.branches < 1 || options.branches > 16) fail(ErrorKind::argument, "a draft model of ", options.branches, " branches: expected 1 to 16");
  return DraftModel<S>(std::move(sequence), options);
}

}  // namespace weft
