// Definitions of sample/dry.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/sample/dry.hpp"

namespace weft {

WEFT_INLINE Dry dry(const DryOptions& options) {
  if (!(options.multiplier >= 0) || std::isinf(options.multiplier) || !(options.base >= 1) || std::isinf(options.base))
    fail(ErrorKind::argument, "dry: multiplier ", options.multiplier, " and base ", options.base,
         "; expected finite numbers, at least 0 and at least 1");
  if (options.allowed_length < 0 || options.range < -1)
    fail(ErrorKind::argument, "dry: allowed_length ", options.allowed_length, " and range ", options.range,
         "; expected at least 0 and at least -1 (all)");
  for (const auto& run : options.breakers) detail::check_sequence(run, "dry's breakers");
  return Dry(options);
}

WEFT_INLINE Dry::Dry(const DryOptions& options)
    : options_(options), runs_(static_cast<std::size_t>(options.allowed_length)) {
  std::vector<BiasedSequence> sequences;
  for (const auto& run : options_.breakers) {
    if (run.size() == 1) {
      single_breakers_.push_back(run[0]);
      continue;
    }
    BiasedSequence sequence;
    sequence.tokens = run;
    sequences.push_back(std::move(sequence));
  }
  std::sort(single_breakers_.begin(), single_breakers_.end());
  breakers_ = detail::SequenceEnds(std::move(sequences));
}

/// Takes in the new tokens, one after the other: the matches that go on are those one place before.
WEFT_INLINE void Dry::follow(const StepContext& context) {
  const auto history = context.history;
  if (runs_.places() > context.unchanged + 1) {
    runs_.clear();
    broken_ = false;
  }
  if (runs_.places() == 0) {
    lengths_.clear();
    live_.clear();
  }
  while (runs_.places() <= history.size()) {
    const std::size_t end = runs_.places();
    const auto text = history.first(end);
    runs_.extend(text);
    lengths_.push_back(0);
    if (end > 0) note_breakers(text);
    std::swap(live_, live_before_);
    live_.clear();
    if (end < runs_.length()) continue;
    auto before = live_before_.begin();
    runs_.for_each_before(text, end, [&](std::size_t p) {
      while (before != live_before_.end() && *before + 1 > p) ++before;
      const bool goes_on = before != live_before_.end() && *before + 1 == p && text[p - 1] == text[end - 1];
      live_.push_back(p);
      // lengths of the last place are overwritten from the latest place down: place p - 1 still has its old one
      lengths_[p] = goes_on ? lengths_[p - 1] + 1 : static_cast<std::uint32_t>(runs_.length());
    });
  }
}

/// Of the breakers that are complete, the one that begins last counts, and of several there the longest.
WEFT_INLINE void Dry::note_breakers(std::span<const Token> text) {
  const auto note = [&](std::size_t length) {
    const std::size_t head = text.size() - length;
    if (broken_ && head < break_head_) return;
    broken_ = true;
    break_head_ = head;
    break_end_ = text.size();
  };
  if (is_single_breaker(text.back())) note(1);
  breakers_.for_each_open(text.first(text.size() - 1), [&](const BiasedSequence& run) {
    if (run.tokens.back() == text.back()) note(run.tokens.size());
  });
}

/// The longest repeat that each token would go on with.
WEFT_INLINE void Dry::collect(std::span<const Token> history) {
  const std::size_t n = history.size();
  const std::size_t window = options_.range < 0 ? n : std::min(n, static_cast<std::size_t>(options_.range));
  const std::size_t begin = n - window;
  worst_.clear();
  if (window <= runs_.length()) return;
  const std::size_t limit = broken_ && break_head_ >= begin ? n - break_end_ : window;
  if (limit < runs_.length()) return;
  for (const std::size_t p : live_) {
    if (p <= begin) continue;
    const std::size_t length = std::min({static_cast<std::size_t>(lengths_[p]), limit, p - begin});
    if (length >= runs_.length()) worst_.push_back({history[p], length});
  }
  std::sort(worst_.begin(), worst_.end(), [](const Repeat& a, const Repeat& b) {
    return a.token != b.token ? a.token < b.token : a.length > b.length;
  });
}

WEFT_INLINE void Dry::operator()(std::span<float> logits, const StepContext& context) {
  if (options_.multiplier == 0 || options_.range == 0) return;
  follow(context);
  collect(context.history);
  Token last = -1;
  for (const auto& repeat : worst_) {
    if (repeat.token == last) continue;  // its longest repeat came first
    last = repeat.token;
    if (last < 0 || static_cast<std::size_t>(last) >= logits.size()) continue;
    if (is_single_breaker(last)) continue;
    const double penalty =
        static_cast<double>(options_.multiplier) *
        std::pow(static_cast<double>(options_.base), static_cast<double>(repeat.length - runs_.length()));
    logits[static_cast<std::size_t>(last)] -= static_cast<float>(std::min(penalty, 1e38));
  }
}

}  // namespace weft
