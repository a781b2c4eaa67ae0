// A sequence that runs drafts ahead of itself: a search that comes to where a draft was finds the logits there and needs no pass. They are
// the same bits in any pass, so what a search finds on it is what it finds without. Beams go several steps on one pass where each of them
// does what was drafted for it. Source of the idea for one text: Leviathan et al. 2023, arXiv:2211.17192.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "weft/core/clock.hpp"
#include "weft/core/error.hpp"
#include "weft/decode/draft_length.hpp"
#include "weft/decode/path_pass.hpp"
#include "weft/sample/step.hpp"

namespace weft::detail {

/// What a sequence and all its forks have in common: costs, how often drafts hold, counts and scratch.
template <VerifyingSequence S>
struct Foresight {
  using Logits = std::shared_ptr<std::vector<float>>;

  DraftLength length;
  std::size_t vocab, end;  ///< end: positions after which no logits are of use
  std::size_t passes = 0, drafted = 0, accepted = 0;
  PathPass<S> pass{};
  std::vector<Token> history{};
  std::vector<Logits> logits{};

  /// Room for logits, off the shelf once nobody reads them any more.
  [[nodiscard]] Logits room(std::size_t floats) {
    if (floats == 0) return nullptr;
    for (auto& l : logits)
      if (l.use_count() == 1) {
        if (l->size() < floats) l->resize(floats);
        return l;
      }
    return logits.emplace_back(std::make_shared<std::vector<float>>(floats));
  }
};

/// A text, a tree of what may follow it, and what a pass found there. Not changed while it is shared.
template <VerifyingSequence S>
struct Foreseen {
  std::size_t base = 0;          ///< tokens of the text
  DraftTree tree{};
  std::vector<S> sequences{};    ///< one for each path of the tree; the first runs the first path
  std::shared_ptr<std::vector<float>> logits{};
  std::vector<std::size_t> first_rows{};  ///< of each path
};

struct ForeseeingAppendOptions {
  std::stop_token cancel{};
};

template <VerifyingSequence S, Drafter D>
class Foreseeing {
 public:
  using Sight = Foresight<S>;

  /// end: positions after which no logits are of use.
  Foreseeing(S sequence, D drafter, const SpeculativeOptions& options, std::size_t end)
      : sight_(std::make_shared<Sight>(Sight{DraftLength(options), static_cast<std::size_t>(sequence.model().vocab_size()), end})),
        drafter_(std::make_shared<D>(std::move(drafter))) {
    weft::prepare(*drafter_, sight_->vocab, std::min(end, sequence.capacity()));
    stand(std::move(sequence));
  }
  Foreseeing(Foreseeing&&) noexcept = default;
  Foreseeing& operator=(Foreseeing&&) noexcept = default;

  [[nodiscard]] std::shared_ptr<const Sight> sight() const { return sight_; }
  [[nodiscard]] decltype(auto) model() const { return known_->sequences[0].model(); }
  [[nodiscard]] std::size_t capacity() const { return known_->sequences[0].capacity(); }
  [[nodiscard]] std::size_t size() const { return known_->base + at_; }
  [[nodiscard]] std::span<const Token> tokens() const { return std::span<const Token>(held().tokens()).first(size()); }
  [[nodiscard]] std::span<const float> logits() const {
    if (held().size() == size()) return held().logits();
    return std::span<const float>(*known_->logits).subspan((known_->first_rows[path_] + at_) * sight_->vocab, sight_->vocab);
  }
  [[nodiscard]] Foreseeing fork() const { return *this; }

  void append(std::span<const Token> tokens, const ForeseeingAppendOptions& options = {}) {
    if (tokens.empty()) return;
    if (tokens.size() == 1) {
      Foreseeing* const self = this;
      return append_each(std::span<Foreseeing* const>(&self, 1), tokens, options.cancel);
    }
    S sequence = text();
    sequence.append(tokens, {.cancel = options.cancel});
    stand(std::move(sequence));
    Draft none;
    own_drafter()(this->tokens(), 0, none);  // takes in the prompt: a fixed cost, none of a draft
  }
  void rewind(std::size_t length) {
    S sequence = text();
    sequence.rewind(length);
    stand(std::move(sequence));
  }
  void reserve(std::size_t positions) {
    S sequence = text();
    sequence.reserve(positions);
    stand(std::move(sequence));
  }

  /// Appends a token to each: without a pass where all were foreseen, else in one pass in which all look ahead again.
  friend void append_each(std::span<Foreseeing* const> all, std::span<const Token> tokens, const std::stop_token& cancel) {
    if (all.empty()) return;
    if (cancel.stop_requested()) fail(ErrorKind::cancelled, "the search was cancelled");
    Sight& sight = *all[0]->sight_;
    sight.length.token();
    std::vector<Next> next;
    std::uint8_t trust = Draft::most_trust;
    bool drafted = true, held = true, foreseen = true;
    for (std::size_t i = 0; i < all.size(); ++i) {
      next.push_back(all[i]->look(tokens[i]));
      drafted = drafted && next[i].drafted;
      held = held && next[i].held;
      foreseen = foreseen && next[i].foreseen;
      trust = std::min(trust, next[i].trust);
    }
    if (drafted) sight.length.checked(trust, held);
    std::vector<Plan> plans;
    for (std::size_t i = 0; i < all.size(); ++i) plans.push_back({all[i], tokens[i], {}});
    if (!foreseen && draft(sight, plans))
      for (auto& n : next) n.foreseen = false;  // all look ahead again, and stay in step
    std::vector<Plan> missing;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (!next[i].foreseen) missing.push_back(std::move(plans[i]));
    if (!missing.empty()) run(sight, missing, cancel);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (next[i].foreseen) all[i]->step(next[i]);
  }

 private:
  using Node = DraftTree::Node;
  /// What was known of a token before it came.
  struct Next {
    bool drafted = false;    // anything was, for this place
    bool held = false;       // this token was
    bool foreseen = false;   // and it was run:
    Node node = DraftTree::root;
    std::size_t path = 0;
    std::uint8_t trust = 0;  // the greatest in what was drafted
  };
  struct Plan {
    Foreseeing* who;
    Token token;
    DraftTree tree;
  };

  Foreseeing(const Foreseeing&) = default;

  [[nodiscard]] const S& held() const { return known_->sequences[path_]; }
  /// A sequence that holds the text and nothing else.
  [[nodiscard]] S text() const { return cut(held().fork()); }
  /// The same, the sequence itself where nobody shares it: until it stands on something else this is not to be used.
  [[nodiscard]] S take() { return cut(known_.use_count() == 1 ? std::move(known_->sequences[path_]) : held().fork()); }
  [[nodiscard]] S cut(S sequence) const {
    if (sequence.size() > size()) sequence.rewind(size());
    return sequence;
  }
  /// Knows this text, and nothing of what follows.
  void stand(S sequence) {
    auto known = std::make_shared<Foreseen<S>>();
    known->base = sequence.size();
    known->sequences.push_back(std::move(sequence));
    known->first_rows.push_back(0);
    known_ = std::move(known);
    node_ = DraftTree::root;
    path_ = at_ = 0;
  }
  D& own_drafter() {
    if (drafter_.use_count() > 1) drafter_ = std::make_shared<D>(std::as_const(*drafter_));
    return *drafter_;
  }

  [[nodiscard]] Next look(Token token) const {
    const DraftTree& tree = known_->tree;
    Next next;
    tree.for_each_child(node_, [&](Node child) {
      const auto i = static_cast<std::size_t>(child);
      next.drafted = true;
      next.trust = std::max(next.trust, tree.draft().trust[i]);
      if (next.foreseen || tree.draft().tokens[i] != token) return;
      next.held = true;
      next.node = child;
      next.path = tree.path_with(child, at_, path_);
      next.foreseen = next.path < tree.paths();
    });
    return next;
  }
  void step(const Next& next) {
    node_ = next.node;
    path_ = next.path;
    ++at_;
    ++sight_->accepted;
  }

  /// Fills the trees and plans how deep they are run; false where nothing of them is.
  static bool draft(Sight& sight, std::vector<Plan>& plans) {
    std::size_t left = sight.end;
    for (const auto& plan : plans) {
      const std::size_t size = plan.who->size() + 1, end = std::min(sight.end, plan.who->capacity());
      left = std::min(left, end > size ? end - size : 0);
    }
    const std::size_t most = sight.length.ask(left);
    if (most == 0) return false;
    const double begin = seconds_now();
    std::size_t longest = 0;
    for (auto& plan : plans) {
      const auto tokens = plan.who->tokens();
      sight.history.assign(tokens.begin(), tokens.end());
      sight.history.push_back(plan.token);
      plan.who->own_drafter()(std::span<const Token>(sight.history), most, plan.tree.draft());
      plan.tree.tidy(sight.vocab, most);
      longest = std::max(longest, plan.tree.draft().size());
    }
    sight.length.drafted(longest, seconds_now() - begin);
    return choose_depth(sight, plans);
  }
  /// A step needs no pass where all do what was drafted; so each depth is as sure as the least sure of them.
  static bool choose_depth(Sight& sight, std::vector<Plan>& plans) {
    std::vector<double> reached;
    std::vector<std::size_t> rows;
    double all_held = 1;
    for (std::size_t depth = 1;; ++depth) {
      std::uint8_t trust = Draft::most_trust;
      bool everywhere = true;
      std::size_t sum = 0;
      for (auto& plan : plans) {
        const int best = plan.tree.surest_at(depth);
        everywhere = everywhere && best >= 0;
        trust = std::min(trust, static_cast<std::uint8_t>(std::max(best, 0)));
        sum += plan.tree.plan_to(depth);
      }
      if (!everywhere) break;
      reached.push_back(all_held *= sight.length.holds(trust));
      rows.push_back((sum + plans.size() - 1) / plans.size());  // of each text, as passes are measured
    }
    const std::size_t depth = sight.length.choose(reached, rows);
    for (auto& plan : plans) plan.tree.plan_to(depth);
    return depth > 0;
  }

  /// One pass: each text's token, and its tree.
  static void run(Sight& sight, std::vector<Plan>& plans, const std::stop_token& cancel) {
    const double begin = seconds_now();
    std::vector<std::shared_ptr<Foreseen<S>>> made;
    try {
      made = pass(sight, plans, cancel);
    } catch (const Error& error) {
      const bool drafts = std::any_of(plans.begin(), plans.end(), [](const Plan& plan) { return plan.tree.run_count() > 0; });
      if (!drafts || error.kind() != ErrorKind::resource) throw;
      for (auto& plan : plans) plan.tree.run_none();  // there may be no memory for them
      made = pass(sight, plans, cancel);
    }
    sight.length.ran((sight.pass.rows() + plans.size() - 1) / plans.size(), seconds_now() - begin);
    ++sight.passes;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      sight.drafted += plans[i].tree.run_count();
      made[i]->tree = std::move(plans[i].tree);
      auto& who = *plans[i].who;
      who.known_ = std::move(made[i]);
      who.node_ = DraftTree::root;
      who.path_ = who.at_ = 0;
    }
  }
  static std::vector<std::shared_ptr<Foreseen<S>>> pass(Sight& sight, std::vector<Plan>& plans, const std::stop_token& cancel) {
    std::vector<std::shared_ptr<Foreseen<S>>> made;
    std::vector<std::vector<S>> forks(plans.size());
    std::vector<S> texts;
    texts.reserve(plans.size());
    sight.pass.clear();
    for (std::size_t i = 0; i < plans.size(); ++i) {
      auto known = std::make_shared<Foreseen<S>>();
      known->base = plans[i].who->size() + 1;
      texts.push_back(plans[i].who->take());
      sight.pass.add(texts[i], plans[i].token, plans[i].tree, forks[i], known->first_rows);
      made.push_back(std::move(known));
    }
    const std::size_t floats = sight.pass.logit_rows() * sight.vocab;
    const auto logits = sight.room(floats);
    try {
      sight.pass.run(logits ? std::span(*logits).first(floats) : std::span<float>(), cancel);
    } catch (...) {
      for (std::size_t i = 0; i < plans.size(); ++i) plans[i].who->stand(plans[i].who->cut(std::move(texts[i])));
      throw;
    }
    for (std::size_t i = 0; i < plans.size(); ++i) {
      made[i]->logits = logits;
      made[i]->sequences.push_back(std::move(texts[i]));
      for (auto& fork : forks[i]) made[i]->sequences.push_back(std::move(fork));
    }
    return made;
  }

  std::shared_ptr<Sight> sight_;
  std::shared_ptr<D> drafter_;  // shared by forks until one of them drafts
  std::shared_ptr<Foreseen<S>> known_;
  Node node_ = DraftTree::root;  // where in the tree the text stands,
  std::size_t path_ = 0, at_ = 0;  // on which path, and after how many of its tokens
};

}  // namespace weft::detail
