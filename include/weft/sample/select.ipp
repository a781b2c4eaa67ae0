// Definitions of sample/select.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "weft/core/config.hpp"
#include "weft/sample/select.hpp"

namespace weft::detail {

WEFT_INLINE float bound_of_k(std::span<const float> values, std::size_t k, const Live* live) noexcept {
  std::size_t from = 0, blocks = 0;  // of the longest run
  for_each_run(live, values.size() / softmax_block, [&](std::size_t begin, std::size_t end) {
    if (end - begin > blocks) from = begin, blocks = end - begin;
  });
  const std::size_t scanned = blocks * scans;
  constexpr std::size_t most = 4096;
  const std::size_t groups = std::max<std::size_t>(32, k / 8);  // each has 16 maxima: twice as many as k
  const std::size_t group = scanned / groups;
  if (group < 2 || 2 * 16 * groups > most) return excluded;
  float maxima[most + scan_block];
  const std::size_t count = lane_maxima(values.data() + from * softmax_block, scanned, group, maxima);
  const std::size_t padded = whole_scans(count);
  std::fill(maxima + count, maxima + padded, excluded);
  return just_below(kth_greatest_of(maxima, padded, k));
}

WEFT_INLINE void greatest_n(std::span<const float> logits, std::size_t n, std::vector<Ranked>& best, const Live* live) {
  best.clear();
  if (n == 0) return;
  constexpr std::size_t few = 1024;
  const std::size_t capacity = 2 * n + 64;
  best.reserve(capacity);
  float bound = bound_of_k(logits, n, live);
  // a later equal has a higher id, so it loses: strictly above is right
  const auto shrink = [&] {
    if (best.size() <= n) return;
    if (best.size() > few) {
      std::nth_element(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(n - 1), best.end());
      best.resize(n);
      bound = best[n - 1].value;
      return;
    }
    float values[few];
    const std::size_t padded = whole_scans(best.size());
    for (std::size_t i = 0; i < padded; ++i) values[i] = i < best.size() ? best[i].value : excluded;
    bound = kth_greatest_of(values, padded, n);
    auto equals = n - static_cast<std::size_t>(std::count_if(best.begin(), best.end(), [&](const Ranked& r) { return r.value > bound; }));
    std::erase_if(best, [&](const Ranked& r) { return !(r.value > bound) && !(r.value == bound && equals > 0 && equals-- > 0); });
  };
  for_each_above(logits, bound, [&](std::size_t id) {
    best.push_back({logits[id], static_cast<Token>(id)});
    if (best.size() == capacity) shrink();
  }, live);
  shrink();
  std::sort(best.begin(), best.end());
}

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
  grow(n + 18 * scan_block);
}

WEFT_INLINE void Candidates::grow(std::size_t n) {
  if (ids_.size() >= n) return;
  values_.resize(n);
  weights_.resize(n);
  ids_.resize(n);
}

WEFT_INLINE void Candidates::collect(const Survey& survey, float bound, bool with_ids) {
  constexpr std::size_t part = 64;  // sixteens, for which there is room each time
  std::size_t n = 0;
  grow(17 * part);
  survey.for_each_run([&](const float* x, std::size_t blocks, const float* peaks, std::size_t first) {
    if (list_.size() < 17 * blocks) list_.resize(17 * blocks);
    const std::size_t listed = list_above(x, blocks, peaks, bound, list_.data());
    for (std::size_t i = 0; i < listed; i += part) {
      if (ids_.size() < n + 16 * part + scan_block) grow(2 * n + 16 * part + scan_block);
      n += take_above(x, list_.data() + i, std::min(part, listed - i), bound, static_cast<Token>(first), values_.data() + n,
                      with_ids ? ids_.data() + n : nullptr);
    }
  });
  cut(n);
}

WEFT_INLINE void Candidates::take(const Survey& survey, float bound) {
  collect(survey, bound, true);
  weigh(values_.data(), padded(), survey.base, weights_.data());
}

WEFT_INLINE void Candidates::rank_by_distance(float centre) noexcept {
  for (std::size_t i = 0; i < size_; ++i) values_[i] = -std::fabs(values_[i] - centre);
}

WEFT_INLINE float Candidates::kth(const Survey& survey, std::size_t k) {
  collect(survey, survey.bound_of(k), false);
  return kth_greatest_of(values_.data(), padded(), k);
}

WEFT_INLINE void Candidates::rank(const Survey& survey, std::size_t n, std::vector<Ranked>& best) {
  collect(survey, survey.bound_of(n), true);
  best.clear();
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

WEFT_INLINE Border Candidates::border(double mass, float low, float high) {
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

}  // namespace weft::detail
