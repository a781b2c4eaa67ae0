// Best-first search: the most likely texts of all, with a proof, or with how much better a missed one may be.
// Source: Dijkstra 1959 over prefixes (A* with the bound 0 of Hart, Nilsson and Raphael 1968): log-probs only fall as a text grows, so
// a complete text that is better than every open prefix is the best of all.
#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <queue>

#include "weft/decode/branch.hpp"

namespace weft {

struct BestFirstOptions {
  std::int64_t returned = 1;    ///< the so many most likely texts
  std::int64_t max_nodes = 1000;  ///< prefixes run through the model at most; each keeps [vocab] floats while it is open
  std::int64_t batch = 1;       ///< prefixes run in one pass: more is faster a prefix, and may run some in vain
};

template <LogitsStep Steps = NoSteps>
struct BestFirst : Composable {
  BestFirstOptions options{};
  Steps steps{};

  template <LogitsStep Before>
  [[nodiscard]] auto after(Before before) const {
    auto joined = detail::put_before(std::move(before), steps);
    return BestFirst<decltype(joined)>{{}, options, std::move(joined)};
  }

  template <DecodableSequence S>
  [[nodiscard]] std::vector<Result> search(S sequence, std::vector<Token> prompt, const Options& decoding) const;
};

/// The `returned` most likely texts among all that end, or have max_tokens tokens: best first. Result::score is the log-probability (under
/// the distribution after the steps), and Result::gap says how sure that is: 0 where it is proved that no better text is missing;
/// else no missing text is better than score + gap. Where the nodes are spent before any text is complete, the best prefix is
/// continued greedily. Throws weft::Error(argument) for options below 1.
inline BestFirst<> best_first(const BestFirstOptions& options = {}) {
  if (options.returned < 1 || options.max_nodes < 1 || options.batch < 1)
    fail(ErrorKind::argument, "best-first search needs returned, max_nodes and batch of at least 1");
  BestFirst<> made;
  made.options = options;
  return made;
}

namespace detail {

template <DecodableSequence S, class Steps>
class BestFirstSearch {
 public:
  BestFirstSearch(const S& root, std::size_t to_append, const BestFirstOptions& how, const Options& options)
      : how_(how), branching_(root, to_append, options) {}

  std::vector<Result> run(S sequence, const std::vector<Token>& prompt, const Steps& steps) {
    auto [root, going] = branching_.root(std::move(sequence), prompt, steps);
    const auto limit = branching_.limits().new_tokens;
    if (!going || limit == 0) {
      auto text = root.text;
      const auto reason = going ? branching_.limits().reason_at_limit() : StopReason::cancelled;
      return branching_.finish({branching_.result(std::move(root), std::move(text), reason, 0)});
    }
    open(std::make_shared<Node>(std::move(root)));
    std::int64_t nodes = 1;
    while (going && !queue_.empty() && results_.size() < wanted()) {
      std::vector<Edge> edges;
      while (edges.size() < static_cast<std::size_t>(how_.batch) && !queue_.empty()) {
        if (ends(queue_.top())) {
          if (!edges.empty()) break;  // their children may be better
          results_.push_back(complete(pop(), 0));
          if (results_.size() == wanted()) break;
        } else if (nodes + static_cast<std::int64_t>(edges.size()) < how_.max_nodes) {
          edges.push_back(pop());
        } else {
          break;
        }
      }
      if (edges.empty()) break;
      going = expand(edges);
      nodes += static_cast<std::int64_t>(edges.size());
    }
    if (results_.size() < wanted()) fill_up(going);
    return branching_.finish(std::move(results_));
  }

 private:
  using Branching = detail::Branching<S, Steps>;
  using BranchType = typename Branching::BranchType;

  /// A prefix that was run, and its continuations in order of log-prob, as far as they were asked for.
  struct Node {
    BranchType branch;
    std::vector<float> values{};  // [vocab] log-probs after the steps; empty without steps
    LogSum sum{};
    std::vector<Ranked> best{};
    explicit Node(BranchType b) : branch(std::move(b)) {}
  };
  /// Continuation `rank` of a node: the best of it that is still in the queue.
  struct Edge {
    double sum = 0;
    std::shared_ptr<Node> node{};
    std::size_t rank = 0;
    std::uint64_t order = 0;  // of equals the older first
    friend bool operator<(const Edge& a, const Edge& b) noexcept { return a.sum != b.sum ? a.sum < b.sum : a.order > b.order; }
  };

  [[nodiscard]] std::size_t wanted() const noexcept { return static_cast<std::size_t>(how_.returned); }
  static Token token_of(const Edge& e) { return e.node->best[e.rank].id; }

  /// Readies a node that was just run, and queues its best continuation.
  void open(std::shared_ptr<Node> node) {
    const auto next = branching_.next(node->branch);
    node->sum = next.sum;
    if constexpr (!std::same_as<Steps, NoSteps>) {
      node->values.assign(next.values.begin(), next.values.end());
      node->sum = normaliser(node->values);  // probabilities of what the steps leave, or log-probs would not only fall
    }
    queue(std::move(node), 0);
  }
  void queue(std::shared_ptr<Node> node, std::size_t rank) {
    if (rank >= node->best.size()) {
      const std::size_t more = std::max<std::size_t>(16, 4 * node->best.size());
      const std::span<const float> values = node->values.empty() ? std::span<const float>(node->branch.sequence.logits()) : node->values;
      const auto best = greatest_.find(values, more);
      node->best.assign(best.begin(), best.end());
      if (rank >= node->best.size()) return;
    }
    const double sum = node->branch.sum + static_cast<double>(node->sum.of(node->best[rank].value));
    queue_.push({sum, std::move(node), rank, ++made_});
  }
  /// The best open continuation; the node's next one takes its place.
  Edge pop() {
    Edge edge = queue_.top();
    queue_.pop();
    queue(edge.node, edge.rank + 1);
    return edge;
  }

  [[nodiscard]] bool ends(const Edge& e) const {
    auto text = e.node->branch.text;
    return e.node->branch.tokens.size() + 1 == branching_.limits().new_tokens || branching_.push(text, token_of(e)) != StopReason::running;
  }
  static Candidate candidate(const Edge& e) {
    const auto& r = e.node->best[e.rank];
    return Branching::candidate(e.node->branch, 0, r.id, e.node->sum.of(r.value));
  }
  Result complete(const Edge& e, double gap) const {
    const auto c = candidate(e);
    auto text = e.node->branch.text;
    auto reason = branching_.push(text, c.token);
    if (reason == StopReason::running) reason = branching_.limits().reason_at_limit();
    auto result = branching_.result(Branching::record_of(e.node->branch, c), std::move(text), reason, c.sum);
    result.gap = gap;
    return result;
  }

  /// Runs the prefixes that the edges lead to. False when cancelled.
  bool expand(const std::vector<Edge>& edges) {
    std::vector<std::shared_ptr<Node>> nodes;
    for (const auto& e : edges) {
      auto text = e.node->branch.text;
      (void)branching_.push(text, token_of(e));
      nodes.push_back(std::make_shared<Node>(Branching::child(e.node->branch, candidate(e), std::move(text), false)));
      branching_.add_to_pass(nodes.back()->branch);
      longest_ = std::max(longest_, nodes.back()->branch.tokens.size());
    }
    if (!branching_.run_pass()) {
      for (const auto& e : edges) queue_.push(e);  // they are open still; their siblings are queued beside them
      return false;
    }
    branching_.generated(longest_);
    for (auto& node : nodes) open(std::move(node));
    return true;
  }

  /// Complete texts of the queue, with what better ones may be missing; failing these, the best prefix continued greedily.
  void fill_up(bool going) {
    constexpr std::size_t most = 100000;  // edges looked at
    double bound = -HUGE_VAL;             // of the best prefix that was not run
    std::vector<Edge> complete_ones;
    std::optional<Edge> best_open;
    for (std::size_t i = 0; i < most && !queue_.empty() && results_.size() + complete_ones.size() < wanted(); ++i) {
      Edge edge = pop();
      if (ends(edge)) {
        complete_ones.push_back(std::move(edge));
      } else if (!best_open) {
        bound = edge.sum;
        best_open = std::move(edge);
      }
    }
    for (const auto& e : complete_ones) results_.push_back(complete(e, std::max(0.0, bound - e.sum)));
    if (results_.empty() && best_open) results_.push_back(greedily(*best_open, going));
  }

  Result greedily(Edge edge, bool going) {
    const double bound = edge.sum;
    while (going && !ends(edge)) {
      queue_ = {};
      going = expand({edge});
      if (going && queue_.empty()) fail_all_excluded();
      if (going) edge = queue_.top();
    }
    if (going) return complete(edge, std::max(0.0, bound - edge.sum));
    auto& branch = edge.node->branch;
    auto text = branch.text;
    const double sum = branch.sum;
    return branching_.result(std::move(branch), std::move(text), StopReason::cancelled, sum);
  }

  BestFirstOptions how_;
  Branching branching_;
  Greatest greatest_;
  std::priority_queue<Edge> queue_;
  std::vector<Result> results_;
  std::size_t longest_ = 1;
  std::uint64_t made_ = 0;
};

}  // namespace detail

template <LogitsStep Steps>
template <DecodableSequence S>
std::vector<Result> BestFirst<Steps>::search(S sequence, std::vector<Token> prompt, const Options& decoding) const {
  detail::BestFirstSearch<S, Steps> search(sequence, prompt.size(), options, decoding);
  return search.run(std::move(sequence), prompt, steps);
}

}  // namespace weft
