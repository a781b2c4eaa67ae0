// Definitions of sample/select.hpp.
#pragma once

#include <algorithm>

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

WEFT_INLINE float kth_greatest(std::span<const float> values, std::size_t k, std::vector<float>& buffer, const Live* live) {
  const std::size_t capacity = whole_scans(std::max(2 * k, k + scan_block));
  float bound = bound_of_k(values, k, live);
  buffer.clear();
  buffer.reserve(capacity);
  const auto shrink = [&] {
    buffer.resize(whole_scans(buffer.size()), excluded);
    bound = kth_greatest_of(buffer.data(), buffer.size(), k);
    std::erase_if(buffer, [bound](float x) { return !(x > bound); });
    buffer.resize(k, bound);
  };
  for_each_above(values, bound, [&](std::size_t i) {
    buffer.push_back(values[i]);
    if (buffer.size() == capacity) shrink();
  }, live);
  if (buffer.size() < k) return excluded;  // fewer than k are above -inf
  shrink();
  return bound;
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

WEFT_INLINE void Candidates::take(const Survey& survey, float bound) {
  std::size_t n = 0;
  survey.for_each_above(bound, [&](const float* block, std::size_t first) {
    if (ids.size() < n + softmax_block + 16) {
      values.resize(2 * n + softmax_block + 16);
      ids.resize(2 * n + softmax_block + 16);
    }
    n += take_above(block, bound, static_cast<Token>(first), values.data() + n, ids.data() + n);
  });
  cut(n);
  weigh(values.data(), values.size(), survey.base, weights.data());
}

WEFT_INLINE float Candidates::kth(const Survey& survey, std::size_t k) {
  take(survey, survey.bound_of(k));
  return size() < k ? excluded : kth_greatest_of(values.data(), values.size(), k);
}

WEFT_INLINE void Candidates::rank(const Survey& survey, std::size_t n, std::vector<Ranked>& best) {
  take(survey, survey.bound_of(n));
  best.clear();
  const float least = size() > n ? kth_greatest_of(values.data(), values.size(), n) : excluded;
  std::size_t equals = n - std::min(n, count_from(values.data(), values.size(), std::nextafter(least, -excluded)));
  for (std::size_t i = 0; i < size(); ++i)
    if (values[i] > least || (values[i] == least && equals > 0 && equals-- > 0)) best.push_back({values[i], ids[i]});
  std::sort(best.begin(), best.end());
}

WEFT_INLINE double Candidates::narrow(double mass, float& low, float& high) {
  const auto weight = [this](float from) { return weight_from(values.data(), weights.data(), values.size(), from); };
  for (int i = 0; i < 5; ++i) {
    const float middle = low + (high - low) / 2;
    (weight(middle) >= mass ? low : high) = middle;
  }
  mass -= weight(high);
  const float below = just_below(low);
  const std::size_t scanned = values.size() / scan_block;
  std::size_t n = 0;
  std::uint64_t found = 0;
  for (std::size_t s = 0; (s = next_scan_above(values.data(), s, scanned, below, found)) < scanned; ++s)
    for (; found != 0; found &= found - 1) {
      const std::size_t i = s * scan_block + static_cast<std::size_t>(std::countr_zero(found));
      if (values[i] >= high) continue;
      values[n] = values[i], weights[n] = weights[i], ids[n] = ids[i];
      ++n;
    }
  cut(n);
  return mass;
}

WEFT_INLINE Ranked Candidates::border(double mass, float low, float high) {
  high = std::nextafter(high, -excluded);
  if (size() > 512 && weight_from(values.data(), weights.data(), values.size(), low) >= mass)
    for (std::size_t before = 0; size() > 512 && size() != before;) {
      before = size();
      mass = narrow(mass, low, high);
    }
  const float value = mass_bound(values.data(), weights.data(), values.size(), mass);
  // of those that are ranked alike the first in order of id
  mass -= weight_from(values.data(), weights.data(), values.size(), std::nextafter(value, -excluded));
  Ranked last{value, ids.front()};
  for (std::size_t i = 0; i < size(); ++i) {
    if (values[i] != value) continue;
    last.id = ids[i];
    mass -= static_cast<double>(weights[i]);
    if (mass <= 0) break;
  }
  return last;
}

}  // namespace weft::detail
