// Definitions of sample/select.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "weft/core/config.hpp"
#include "weft/sample/select.hpp"

namespace weft::detail {

WEFT_INLINE Token first_equal(std::span<const float> logits, float value, const Live* live) noexcept {
  const std::size_t blocks = logits.size() / softmax_block;
  const float below = just_below(value);
  std::size_t first = logits.size();
  for_each_run(live, blocks, [&](std::size_t begin, std::size_t end) {
    std::uint64_t found = 0;
    if (first == logits.size() && (begin = next_scan_above(logits.data(), begin * scans, end * scans, below, found)) < end * scans)
      first = begin * scan_block + static_cast<std::size_t>(std::countr_zero(found));
  });
  for (std::size_t i = blocks * softmax_block; first == logits.size() && i < logits.size(); ++i)
    if (logits[i] == value) first = i;
  return static_cast<Token>(first);
}

WEFT_INLINE void Candidates::reserve(std::size_t vocab, std::size_t n) {
  list_.resize(17 * (vocab / softmax_block + 1));
  n += 18 * scan_block;  // not filled: most often few of them are used
  values_.reserve(n);
  weights_.reserve(n);
  ids_.reserve(n);
}

WEFT_INLINE void Candidates::grow(std::size_t n) {
  if (ids_.size() >= n) return;
  n = std::max(n, std::min(2 * n, ids_.capacity()));
  values_.resize(n);
  weights_.resize(n);
  ids_.resize(n);
}

WEFT_INLINE void Candidates::collect(const Survey& survey, float bound, float high, bool with_ids) {
  constexpr std::size_t part = 64;  // sixteens, for which there is room each time
  std::size_t n = 0;
  grow(17 * part);
  survey.for_each_run([&](const float* x, std::size_t blocks, const float* peaks, std::size_t first) {
    if (list_.size() < 17 * blocks) list_.resize(17 * blocks);
    const std::size_t listed = list_above(x, blocks, peaks, bound, list_.data());
    for (std::size_t i = 0; i < listed; i += part) {
      if (ids_.size() < n + 16 * part + scan_block) grow(n + 16 * part + scan_block);
      n += take_above(x, list_.data() + i, std::min(part, listed - i), bound, high, static_cast<Token>(first), values_.data() + n,
                      with_ids ? ids_.data() + n : nullptr);
    }
  });
  cut(n);
}

WEFT_INLINE void Candidates::take(const Survey& survey, float bound, float high) {
  collect(survey, bound, high, true);
  weigh(values_.data(), padded(), survey.base, weights_.data());
}

WEFT_INLINE void Candidates::rank_by_distance(float centre) noexcept {
  for (std::size_t i = 0; i < size_; ++i) values_[i] = -std::fabs(values_[i] - centre);
}

WEFT_INLINE float Candidates::kth(const Survey& survey, std::size_t k) {
  collect(survey, survey.bound_of(k), -excluded, false);
  return kth_greatest_of(values_.data(), padded(), k);
}

WEFT_INLINE void Candidates::rank(const Survey& survey, std::size_t n, std::vector<Ranked>& best) {
  best.clear();
  if (n == 0) return;
  collect(survey, survey.bound_of(n), -excluded, true);
  const float least = size_ > n ? kth_greatest_of(values_.data(), padded(), n) : excluded;
  std::size_t equals = n - std::min(n, count_from(values_.data(), padded(), std::nextafter(least, -excluded)));
  for (std::size_t i = 0; i < size_; ++i)
    if (values_[i] > least || (values_[i] == least && equals > 0 && equals-- > 0)) best.push_back({values_[i], ids_[i]});
  std::sort(best.begin(), best.end());
}

WEFT_INLINE Border Candidates::behind(const Ranked& last) const noexcept {
  Border border{last};
  for (std::size_t i = 0; i < size_; ++i) border.tied = border.tied || (values_[i] == last.value && ids_[i] > last.id);
  return border;
}

WEFT_INLINE float Candidates::guess(const Survey& survey, float high, double share) {
  constexpr std::size_t wanted = 8;  // blocks
  std::size_t all = 0, n = 0;
  survey.for_each_run([&](const float*, std::size_t blocks, const float*, std::size_t) { all += blocks; });
  const std::size_t each = std::max<std::size_t>(1, all / wanted);
  grow((all / each + 1) * softmax_block);
  std::size_t number = 0;
  survey.for_each_run([&](const float* x, std::size_t blocks, const float*, std::size_t) {
    for (std::size_t b = 0; b < blocks; ++b, ++number) {
      if (number % each != 0) continue;
      for (std::size_t i = 0; i < softmax_block; ++i) {
        const float v = x[b * softmax_block + i];
        values_[n++] = v > high ? excluded : v;
      }
    }
  });
  weigh(values_.data(), n, survey.base, weights_.data());
  return mass_bound(values_.data(), weights_.data(), n, share * weight_from(values_.data(), weights_.data(), n, excluded));
}

WEFT_INLINE Border Candidates::nucleus(const Survey& survey, double mass) {
  float high = survey.max, low = high - 7;
  double above = 0;  // what those above `high` weigh, less than the mass
  std::size_t peaks = 0;
  survey.for_each_run([&](const float*, std::size_t blocks, const float*, std::size_t) { peaks += 16 * blocks; });
  if (survey.peaks_above(low) <= peaks / 5 * 4) {  // most nuclei lie within a few nats of the best token
    take(survey, low);
    above = weight();
    if (above >= mass) return border(mass, low, high);
    high = low;
  }
  // others may be a large part of the vocabulary: of these, those above a strip around the border are weighed only
  constexpr float margin = 0.15f;
  const float middle = std::min(high, guess(survey, high, (mass - above) / (survey.weight - above)));
  low = middle - margin;
  for (float more = margin; middle + more < high; more *= 3) {
    const double heavier = survey.weight_above(middle + more);
    if (heavier < mass) {
      above = heavier, high = middle + more;
      break;
    }
    low = middle + more;
  }
  for (float more = 2 * margin;; low -= more, more *= 2) {
    const bool all = survey.max - low > 90;
    take(survey, all ? excluded : low, high);
    if (all || above + weight() >= mass) break;
  }
  return border(mass - above, low, high);
}

WEFT_INLINE double Candidates::narrow(double mass, float& low, float& high) {
  for (int i = 0; i < 5; ++i) {
    const float middle = low + (high - low) / 2;
    (weight(middle) >= mass ? low : high) = middle;
  }
  mass -= weight(high);
  const float below = just_below(low);
  const std::size_t scanned = padded() / scan_block;
  std::size_t n = 0;
  std::uint64_t found = 0;
  for (std::size_t s = 0; (s = next_scan_above(values_.data(), s, scanned, below, found)) < scanned; ++s)
    for (; found != 0; found &= found - 1) {
      const std::size_t i = s * scan_block + static_cast<std::size_t>(std::countr_zero(found));
      if (values_[i] >= high) continue;
      values_[n] = values_[i], weights_[n] = weights_[i], ids_[n] = ids_[i];
      ++n;
    }
  cut(n);
  return mass;
}

WEFT_INLINE Border Candidates::border_of_few(double mass) const noexcept {
  struct Entry {
    Ranked ranked;
    float weight;
  };
  Entry heap[few]{};
  for (std::size_t i = 0; i < size_; ++i) heap[i] = {{values_[i], ids_[i]}, weights_[i]};
  const auto later = [](const Entry& a, const Entry& b) { return b.ranked < a.ranked; };
  Entry* end = heap + size_;
  std::make_heap(heap, end, later);
  while ((mass -= static_cast<double>(heap->weight)) > 0 && end - heap > 1) std::pop_heap(heap, end--, later);
  Border border{heap->ranked};
  std::pop_heap(heap, end--, later);
  border.tied = end != heap && heap->ranked.value == border.last.value;
  return border;
}

WEFT_INLINE Border Candidates::border(double mass, float low, float high) {
  if (size_ <= few) return border_of_few(mass);
  high = std::nextafter(high, -excluded);
  if (size_ > 512 && weight(low) >= mass)
    for (std::size_t before = 0; size_ > 512 && size_ != before;) {
      before = size_;
      mass = narrow(mass, low, high);
    }
  const float value = mass_bound(values_.data(), weights_.data(), padded(), mass);
  // of those that are ranked alike the first in order of id
  mass -= weight(std::nextafter(value, -excluded));
  Border border{{value, ids_.front()}};
  bool within = true;
  for (std::size_t i = 0; i < size_; ++i) {
    if (values_[i] != value) continue;
    border.tied = !within;
    if (!within) break;
    border.last.id = ids_[i];
    mass -= static_cast<double>(weights_[i]);
    within = mass > 0;
  }
  return border;
}

WEFT_INLINE void Greatest::reserve(std::size_t vocab, std::size_t n) {
  peaks_.reserve(vocab);
  candidates_.reserve(vocab, std::min(vocab, 2 * n));
  best_.reserve(std::min(vocab, n));
}

WEFT_INLINE std::span<const Ranked> Greatest::find(std::span<const float> logits, std::size_t n) {
  candidates_.rank(Survey(logits, &peaks_, Look::peaks), n, best_);
  return best_;
}

}  // namespace weft::detail
