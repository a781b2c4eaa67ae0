// How a step learns what was chosen after its last call: from the history of the next one. So it need not pick itself, what
// stands behind it in the chain may be anything, and forks and drafts need no call of their own.
#pragma once

#include <algorithm>
#include <vector>

#include "weft/sample/select.hpp"
#include "weft/sample/step.hpp"

namespace weft::detail {

/// A state for every position at which the step was called, and what was offered at the last of them: a rewind takes up
/// the state that was valid there. State: a small value.
template <class State>
class ChosenBefore {
 public:
  void prepare(std::size_t vocab, std::size_t positions) {
    offered_.reserve(vocab);
    points_.reserve(positions + 1);
  }

  /// The state for the position of the context. Where the last call was one token ago, or more, learn(state, offer) is
  /// called with what that call offered under the token that followed, if it offered that. `initial` for a new text.
  template <class Learn>
  State& at(const StepContext& context, const State& initial, Learn&& learn) {
    const std::size_t here = context.position();
    while (!points_.empty() && (points_.back().position > here || points_.back().position > context.unchanged))
      points_.pop_back();
    if (points_.empty()) {
      points_.push_back({here, initial});
    } else if (points_.back().position < here) {
      Point next = points_.back();
      if (next.position == offered_at_) learn_from(context.history[offered_at_], next.state, learn);
      next.position = here;
      points_.push_back(next);
    }
    offered_at_ = here;
    offered_.clear();
    return points_.back().state;
  }

  /// To be called in order of id, for what may be chosen now and the value to learn from.
  void offer(float value, std::size_t id) { offered_.push_back({value, static_cast<Token>(id)}); }

  void save(StateWriter& out) const {
    out.put(std::uint64_t{offered_at_});
    out.put(std::uint64_t{points_.size()});
    for (const auto& point : points_) {
      out.put(std::uint64_t{point.position});
      out.put(point.state);
    }
    out.put_all(std::span<const Ranked>(offered_));
  }
  void load(StateReader& in) {
    offered_at_ = static_cast<std::size_t>(in.get<std::uint64_t>());
    points_.clear();
    for (auto count = in.get<std::uint64_t>(); count > 0; --count) {
      const auto position = static_cast<std::size_t>(in.get<std::uint64_t>());
      points_.push_back({position, in.get<State>()});
    }
    const auto offered = in.get_all<Ranked>();
    offered_.assign(offered.begin(), offered.end());
  }

 private:
  struct Point {
    std::size_t position;
    State state;
  };

  template <class Learn>
  void learn_from(Token chosen, State& state, Learn&& learn) const {
    const auto found =
        std::lower_bound(offered_.begin(), offered_.end(), chosen, [](const Ranked& r, Token id) { return r.id < id; });
    if (found != offered_.end() && found->id == chosen) learn(state, *found);
  }

  std::vector<Point> points_{};
  std::vector<Ranked> offered_{};  // by id
  std::size_t offered_at_ = 0;
};

}  // namespace weft::detail
