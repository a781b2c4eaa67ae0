// How many drafted tokens a pass should check: from what passes cost by their width and how often drafts hold, both learned on the way.
// Sources: Leviathan et al. 2023, arXiv:2211.17192, section 3 (tokens a pass); Liu et al. 2024, arXiv:2406.14066 (goodput).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/decode/drafter.hpp"

namespace weft {

struct SpeculativeOptions {
  std::int64_t most = 16;  ///< drafted tokens a pass at most; of a tree, counted once for each branch that runs them
  /// What drafts that fail may cost in all: this share of plain decoding, and a fifth of a pass, over 160 tokens a whole one.
  double loss_share = 0.01;
  /// Seconds, or any unit, of a pass over so many tokens of one sequence. Measured where empty.
  std::function<double(std::int64_t tokens)> pass_cost{};
  /// The same of making a draft of so many tokens.
  std::function<double(std::int64_t tokens)> draft_cost{};
};

namespace detail {

/// The loop tells it what happened, in this order a token: token(); checked() where a draft said what it would be; and where the
/// token needs a pass, ask(), drafted(), choose() and ran().
class DraftLength {
 public:
  explicit DraftLength(const SpeculativeOptions& options);

  /// How many tokens to ask the drafter for, of which at most `left` can be of use.
  [[nodiscard]] std::size_t ask(std::size_t left);
  /// How many drafted tokens to run, of those that are reached with these probabilities, likeliest first: the number with which the
  /// expected gain is greatest. rows: how many rows a pass over the first, the first two, ... of them has.
  [[nodiscard]] std::size_t choose(std::span<const double> reached, std::span<const std::size_t> rows) const;
  /// The probability that a token of this trust holds, given that those before it do.
  [[nodiscard]] double holds(std::uint8_t trust) const;

  void token() { ++made_; }
  /// A drafted token of this trust is, or is not, what was chosen after all before it had been. It need not have been run.
  void checked(std::uint8_t trust, bool held);
  void drafted(std::size_t tokens, double seconds);
  void ran(std::size_t tokens, double seconds);

 private:
  struct Times {
    std::array<double, 7> recent{};
    std::uint64_t count = 0, last = 0;  // passes of this width, and the number of all passes at the last of them
    double median = 0;
  };
  struct Holding {
    double held = 0, all = 0;
  };

  [[nodiscard]] bool known() const;
  /// What a pass over so many tokens costs.
  [[nodiscard]] double cost(std::size_t tokens) const;
  [[nodiscard]] bool affordable(double cost) const;
  /// The best n <= most of n drafted tokens, the i-th of which is reached with probability reached(i), in a pass of rows(i) rows; each
  /// costs `price` beside its row.
  template <class Reached, class Rows>
  [[nodiscard]] std::size_t best(std::size_t most, double price, Reached&& reached, Rows&& rows) const;

  SpeculativeOptions options_;
  std::vector<Times> times_;  // [tokens of a pass]
  std::array<Holding, Draft::most_trust + 1> holding_{};
  Holding overall_{2, 3};      // whatever the trust
  double draft_cost_ = -1;     // of a drafted token; below 0: not known
  double rate_ = 0;            // tokens a unit of cost, lately
  double recent_tokens_ = 0, recent_cost_ = 0;
  double spent_ = 0;           // in passes over one token
  std::uint64_t made_ = 0, seen_ = 0, passes_ = 0;
  std::uint64_t next_probe_ = 0, gap_ = 8;  // of a drafter that costs: when it is tried again though it did not pay
};

}  // namespace detail
}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/draft_length.ipp"
#endif
