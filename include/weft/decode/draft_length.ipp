// Definitions of decode/draft_length.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "weft/decode/draft_length.hpp"

namespace weft::detail {

WEFT_INLINE DraftLength::DraftLength(const SpeculativeOptions& options) : options_(options) {
  if (options.most < 0 || options.most > 127)  // with the token before them, one chunk of a pass
    fail(ErrorKind::argument, "speculative decoding with drafts of ", options.most, " tokens: expected 0 to 127");
  if (!(options.loss_share >= 0 && options.loss_share <= 1))
    fail(ErrorKind::argument, "speculative decoding with a loss_share of ", options.loss_share, ": expected 0 to 1");
  times_.resize(static_cast<std::size_t>(options.most) + 2);
}

/// The first pass warms up and costs a little more, until the next plain one is compared with; to wait for that one costs a short text more.
WEFT_INLINE bool DraftLength::known() const { return options_.pass_cost || times_[1].count > 0; }

WEFT_INLINE double DraftLength::cost(std::size_t tokens) const {
  if (options_.pass_cost) return options_.pass_cost(static_cast<std::int64_t>(tokens));
  // linear between the widths that were measured; the first guess is what a memory-bound pass of few rows adds for each
  constexpr double first_guess = 0.1;
  std::size_t below = tokens, above = tokens;
  while (below > 1 && times_[below].count == 0) --below;
  while (above < times_.size() && times_[above].count == 0) ++above;
  const double low = times_[below].median;
  if (below == tokens) return low;
  const auto beyond = static_cast<double>(tokens - below);
  if (above < times_.size()) return low + (times_[above].median - low) * beyond / static_cast<double>(above - below);
  const double one = times_[1].median;
  const double slope = below > 1 ? std::max(0.0, low - one) / static_cast<double>(below - 1) : first_guess * one;
  return low + slope * beyond;
}

/// Two made-up observations, from 15 % to 90 % by trust, are soon outvoted.
WEFT_INLINE double DraftLength::holds(std::uint8_t trust) const {
  const double guess = 0.15 + 0.75 * trust / Draft::most_trust;
  return (holding_[trust].held + 2 * guess) / (holding_[trust].all + 2);
}

/// Whether plain decoding would have cost as much, within the share, if nothing of this came to be of use. A short text is not to pay a
/// whole pass for finding out: a fifth is enough for a first row, which earns the next ones where it holds.
WEFT_INLINE bool DraftLength::affordable(double extra) const {
  const auto made = static_cast<double>(made_);
  return spent_ + extra / cost(1) <= made * (1 + options_.loss_share) + std::min(1.0, 0.2 + 0.005 * made);
}

template <class Reached, class Rows>
std::size_t DraftLength::best(std::size_t most, double price, Reached&& reached, Rows&& rows) const {
  // Time has the value of the tokens that it yields: a draft is made longer while that pays more than the next passes would. Texts quote in
  // stretches, so these will yield less than the last ones did: the mean of that and plain decoding. A gain below a fiftieth of a token is noise.
  const double plain = 1 / cost(1), rate = std::sqrt(std::max(rate_, plain) * plain);
  double tokens = 0, gain = 0.02;
  std::size_t length = 0;
  for (std::size_t n = 1; n <= most && rows(n - 1) < times_.size(); ++n) {
    tokens += reached(n - 1);
    const double all = cost(rows(n - 1)) + price * static_cast<double>(n);
    const double value = tokens - rate * (all - cost(1));
    if (value > gain && affordable(all)) gain = value, length = n;
  }
  return length;
}

WEFT_INLINE std::size_t DraftLength::ask(std::size_t left) {
  const std::size_t most = std::min(static_cast<std::size_t>(options_.most), left);
  constexpr std::uint64_t remeasured = 128;  // passes after which a plain one is run again, to know what it costs by now
  if (most == 0 || !known() || (!options_.pass_cost && passes_ - times_[1].last > remeasured)) return 0;
  const double price = options_.draft_cost ? options_.draft_cost(1) : draft_cost_;
  if (price < 0) return affordable(cost(2)) ? 1 : 0;  // to see what it costs
  if (price < 0.002 * cost(1)) return most;  // what is as good as free is asked always, and learned from though it is not run
  const double hold = overall_.held / overall_.all;
  double reached = 1;
  if (const auto n = best(most, price, [&](std::size_t) { return reached *= hold; }, [](std::size_t i) { return i + 2; }); n > 0) {
    gap_ = 8;
    return n;
  }
  if (made_ < next_probe_ || !affordable(price + cost(2))) return 0;
  next_probe_ = made_ + gap_;
  gap_ = std::min<std::uint64_t>(2 * gap_, 128);
  return 1;
}

WEFT_INLINE std::size_t DraftLength::choose(std::span<const double> reached, std::span<const std::size_t> rows) const {
  if (!known()) return 0;
  return best(reached.size(), 0, [&](std::size_t i) { return reached[i]; }, [&](std::size_t i) { return rows[i]; });
}

WEFT_INLINE void DraftLength::checked(std::uint8_t trust, bool held) {
  const auto note = [held](Holding& h, double memory) {
    if (h.all >= memory) h.held *= 1 - 1 / memory, h.all *= 1 - 1 / memory;
    h.held += held, h.all += 1;
  };
  note(holding_[trust], 48);
  note(overall_, 24);
  if (held) next_probe_ = made_;  // what fails is probed again later and later, what holds at once
}

WEFT_INLINE void DraftLength::drafted(std::size_t tokens, double seconds) {
  if (options_.draft_cost) seconds = options_.draft_cost(static_cast<std::int64_t>(tokens));
  if (known()) spent_ += seconds / cost(1);
  if (tokens == 0) return;
  const double each = seconds / static_cast<double>(tokens);
  draft_cost_ = draft_cost_ < 0 ? each : draft_cost_ + 0.25 * (each - draft_cost_);
}

WEFT_INLINE void DraftLength::ran(std::size_t tokens, double seconds) {
  if (options_.pass_cost) {
    seconds = options_.pass_cost(static_cast<std::int64_t>(tokens));
  } else {
    Times& times = times_[tokens];
    times.recent[times.count++ % times.recent.size()] = seconds;
    times.last = passes_;
    auto sorted = times.recent;
    const auto n = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(times.count, sorted.size()));
    const auto middle = sorted.begin() + (n - 1) / 2;
    std::nth_element(sorted.begin(), middle, sorted.begin() + n);
    times.median = *middle;
    seconds = times.median;  // an interruption is not the pass's cost
  }
  ++passes_;
  if (!known()) {
    spent_ = static_cast<double>(made_);
    return;
  }
  // what was gained long ago may not all be lost again
  spent_ = std::max(spent_, static_cast<double>(made_) - 8) + seconds / cost(1);
  const double tokens_made = static_cast<double>(made_ - seen_);
  seen_ = made_;
  recent_tokens_ = recent_tokens_ * 0.9 + tokens_made;
  recent_cost_ = recent_cost_ * 0.9 + seconds;
  rate_ = recent_tokens_ / recent_cost_;
}

}  // namespace weft::detail
