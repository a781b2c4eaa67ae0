#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "support.hpp"

namespace {

using namespace weft;
using namespace weft::test;

/// What 8 bits leave of n numbers: d times integers, d = max|x| / 127.
void round_to_8_bits(float* x, std::int64_t n) {
  float top = 0;
  for (std::int64_t i = 0; i < n; ++i) top = std::max(top, std::abs(x[i]));
  const float d = top / 127.0f, inverse = 1.0f / d;
  for (std::int64_t i = 0; i < n; ++i) x[i] = d * std::nearbyint(x[i] * inverse);
}

/// Random keys and values of one KV head, the same numbers in pages for `Backend`; unused lanes hold NaN.
template <class Backend>
struct Cache {
  KvSlot slot;
  std::vector<float> k, v;  ///< as stored: [positions, head_dim]
  std::vector<std::byte> memory;
  std::vector<const std::byte*> pages;

  Cache(KvType type, std::int32_t head_dim, std::int64_t positions, Random random) : slot{type, head_dim, 64, 0} {
    k = random.vector(positions * head_dim);
    v = random.vector(positions * head_dim);
    const std::size_t half = kv_block_bytes(type, head_dim);
    slot.v_offset = 64 + half;
    const std::size_t size = slot.v_offset + half, count = static_cast<std::size_t>(positions + 15) / 16;
    memory.assign(size * count, static_cast<std::byte>(0xff));  // NaN in float and in half
    for (std::size_t p = 0; p < count; ++p) pages.push_back(memory.data() + (count - 1 - p) * size);  // in no order
    for (std::int64_t i = 0; i < positions; ++i)
      Backend::store(k.data() + i * head_dim, v.data() + i * head_dim,
                     memory.data() + (pages[static_cast<std::size_t>(i / 16)] - memory.data()), slot, i % 16);
    for (auto* x : {&k, &v}) {
      if (type == KvType::f16)
        for (float& value : *x) value = f16_to_f32(f32_to_f16(value));
      if (type == KvType::q8)
        for (std::int64_t i = 0; i < positions; ++i) round_to_8_bits(x->data() + i * head_dim, head_dim);
    }
  }
};

std::vector<double> exact(const std::vector<float>& k, const std::vector<float>& v, const float* q, std::int64_t seen,
                          std::int64_t head_dim, double scale) {
  std::vector<double> weights(static_cast<std::size_t>(seen)), out(static_cast<std::size_t>(head_dim));
  double top = -1e300, total = 0.0;
  for (std::int64_t i = 0; i < seen; ++i) {
    double s = 0.0;
    for (std::int64_t d = 0; d < head_dim; ++d)
      s += static_cast<double>(q[d]) * k[static_cast<std::size_t>(i * head_dim + d)];
    weights[static_cast<std::size_t>(i)] = s * scale;
    top = std::max(top, s * scale);
  }
  for (double& w : weights) total += w = std::exp(w - top);
  for (std::int64_t i = 0; i < seen; ++i)
    for (std::int64_t d = 0; d < head_dim; ++d)
      out[static_cast<std::size_t>(d)] +=
          weights[static_cast<std::size_t>(i)] / total * v[static_cast<std::size_t>(i * head_dim + d)];
  return out;
}

template <class Backend>
std::vector<float> attend(const Cache<Backend>& cache, const std::vector<float>& q, std::int64_t first,
                          std::int32_t rows, std::int32_t group) {
  std::vector<float> out(q.size(), std::numeric_limits<float>::quiet_NaN());
  const std::int64_t stride = cache.slot.head_dim * group;
  Backend::attend({q.data(), out.data(), stride, stride, cache.pages.data(), cache.slot, first, rows, group, 0.125f});
  return out;
}

TEST_CASE("attending split by split and merging gives the bits of attending at once") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    for (const KvType type : {KvType::f32, KvType::f16, KvType::q8})
      for (const std::int32_t head_dim : {20, 64, 160})
        for (const std::int64_t positions : {100, 256, 257, 530, 1100}) {
          const Cache<Backend> cache(type, head_dim, positions, Random(23));
          const std::int32_t group = 3;
          const auto q = Random(24).vector(std::int64_t{group} * head_dim, 2.0f);
          const auto whole = attend(cache, q, positions - 1, 1, group);
          const std::int64_t stride = head_dim * group, splits = (positions + 255) / 256, width = partial_floats(head_dim);
          const AttentionJob job{q.data(), nullptr, stride, stride, cache.pages.data(), cache.slot, positions - 1, 1, group, 0.125f};
          std::vector<float> partials(static_cast<std::size_t>(splits * group * width));
          for (std::int64_t s = splits; s-- > 0;) Backend::attend_split(job, s, partials.data() + s * group * width);
          std::vector<float> merged(q.size());
          for (std::int64_t g = 0; g < group; ++g)
            Backend::merge_splits(partials.data() + g * width, splits, group * width, head_dim, merged.data() + g * head_dim);
          CHECK(std::memcmp(merged.data(), whole.data(), merged.size() * sizeof(float)) == 0);
        }
  });
}

TEST_CASE("attention is the softmax in double within 1e-5, for many shapes and lengths across the borders of splits") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    double worst = 0.0;
    for (const KvType type : {KvType::f32, KvType::f16, KvType::q8})
      for (const std::int32_t head_dim : {8, 20, 64, 80, 96, 128, 160, 256})
        for (const std::int64_t positions : {1, 5, 16, 17, 255, 256, 257, 300, 530}) {
          const Cache<Backend> cache(type, head_dim, positions, Random(21));
          const std::int32_t group = 3, rows = positions > 6 ? 6 : 1;
          const auto q = Random(22).vector(std::int64_t{rows} * group * head_dim, 2.0f);
          const auto out = attend(cache, q, positions - rows, rows, group);
          for (std::int64_t i = 0; i < rows * group; ++i) {
            const auto e =
                exact(cache.k, cache.v, q.data() + i * head_dim, positions - rows + 1 + i / group, head_dim, 0.125);
            for (std::int64_t d = 0; d < head_dim; ++d) {
              const double error =
                  std::abs(out[static_cast<std::size_t>(i * head_dim + d)] - e[static_cast<std::size_t>(d)]);
              worst = error >= worst ? error : worst;
              REQUIRE(error < 1e-5);
            }
          }
        }
    MESSAGE("worst error: ", worst);
  });
}

TEST_CASE("a row of attention has the same bits alone and among many, in every instruction set") {
  for (const KvType type : {KvType::f32, KvType::f16, KvType::q8})
    for (const std::int32_t group : {1, 2, 3, 4, 7}) {
      const std::int32_t head_dim = 72, rows = 37;
      const std::int64_t positions = 283;
      const auto q = Random(32).vector(std::int64_t{rows} * group * head_dim, 2.0f);
      std::vector<float> expected;
      for_each_cpu([&](auto cpu) {
        using Backend = decltype(cpu);
        const Cache<Backend> cache(type, head_dim, positions, Random(31));
        const auto together = attend(cache, q, positions - rows, rows, group);
        if (expected.empty()) expected = together;
        CHECK(same_bits(together, expected));
        for (const std::int32_t width : {1, 2, 5})
          for (std::int32_t r = 0; r + width <= rows; r += width) {
            const std::int64_t row = std::int64_t{group} * head_dim;
            const std::vector<float> some(q.begin() + r * row, q.begin() + (r + width) * row);
            const auto part = attend(cache, some, positions - rows + r, width, group);
            CHECK(std::memcmp(part.data(), expected.data() + r * row, part.size() * 4) == 0);
          }
      });
    }
}

TEST_CASE("rows of several sequences that share some pages have the bits that each has alone") {
  // Positions of each row, and how many pages it takes from the first cache; the others are from a cache of its own, or from another row's.
  struct Branch {
    std::int64_t position, shared;
    std::size_t own;
  };
  const Branch branches[] = {{288, 18, 1}, {288, 18, 2}, {289, 5, 1}, {303, 18, 2}, {304, 0, 2}, {560, 17, 1}, {560, 17, 1}};
  for_each_cpu([&](auto cpu) {
    using Backend = decltype(cpu);
    for (const KvType type : {KvType::f32, KvType::f16, KvType::q8})
      for (const std::int32_t head_dim : {20, 64, 160, 300})
        for (const std::int32_t group : {1, 3, 4, 7}) {
          const Cache<Backend> caches[] = {{type, head_dim, 576, Random(71)}, {type, head_dim, 576, Random(72)}, {type, head_dim, 576, Random(73)}};
          std::vector<std::vector<const std::byte*>> pages;
          for (const auto& b : branches) {
            pages.emplace_back(caches[0].pages.begin(), caches[0].pages.begin() + b.shared);
            for (std::int64_t p = b.shared; p <= b.position / page_positions; ++p) pages.back().push_back(caches[b.own].pages[static_cast<std::size_t>(p)]);
          }
          std::vector<AttentionRow> rows;
          for (std::size_t i = 0; i < std::size(branches); ++i) rows.push_back({pages[i].data(), branches[i].position});
          const std::int64_t stride = std::int64_t{group} * head_dim;
          const auto q = Random(74).vector(std::int64_t{7} * stride, 2.0f);
          std::vector<float> together(q.size()), alone(q.size());
          AttentionJob job{q.data(), together.data(), stride, stride, nullptr, caches[0].slot, 0, 7, group, 0.125f, rows.data()};
          Backend::attend(job);
          for (std::int64_t r = 0; r < 7; ++r) {
            const auto i = static_cast<std::size_t>(r);
            Backend::attend({q.data() + r * stride, alone.data() + r * stride, stride, stride, pages[i].data(), caches[0].slot, branches[i].position, 1, group, 0.125f});
          }
          CHECK(same_bits(together, alone));
        }
  });
}

TEST_CASE("the group of one job may be split into single heads without changing a bit") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    const Cache<Backend> cache(KvType::f16, 64, 100, Random(41));
    const auto q = Random(42).vector(4 * 64);
    const auto together = attend(cache, q, 99, 1, 4);
    for (int g = 0; g < 4; ++g) {
      const auto alone = attend(cache, std::vector<float>(q.begin() + g * 64, q.begin() + (g + 1) * 64), 99, 1, 1);
      CHECK(std::memcmp(alone.data(), together.data() + g * 64, 256) == 0);
    }
  });
}

TEST_CASE("a query or a key that is not finite gives results that are not finite, for its own row alone") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    const Cache<Backend> cache(KvType::f16, 64, 40, Random(51));
    auto q = Random(52).vector(3 * 64);
    q[64 + 3] = std::numeric_limits<float>::quiet_NaN();
    const auto out = attend(cache, q, 37, 3, 1);
    for (std::size_t d = 0; d < 64; ++d) {
      CHECK(std::isfinite(out[d]));
      CHECK(std::isnan(out[64 + d]));
      CHECK(std::isfinite(out[128 + d]));
    }
  });
}

TEST_CASE("scores far apart neither overflow nor vanish") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    Cache<Backend> cache(KvType::f32, 16, 300, Random(61));
    std::vector<float> q(16, 0.0f), k(16, 0.0f);
    q[0] = 8000.0f;
    for (std::int64_t i = 0; i < 300; ++i) {  // scores run from -1000 to 990
      k[0] = static_cast<float>(i - 150) / 150.0f;
      auto* page = cache.memory.data() + (cache.pages[static_cast<std::size_t>(i / 16)] - cache.memory.data());
      Backend::store(k.data(), cache.v.data() + i * 16, page, cache.slot, i % 16);
    }
    const auto out = attend(cache, q, 299, 1, 1);
    const double before = std::exp(-8000.0 / 150.0 * 0.125);  // the weight of the last but one
    for (std::size_t d = 0; d < 16; ++d)
      CHECK(out[d] ==
            doctest::Approx((cache.v[299 * 16 + d] + before * cache.v[298 * 16 + d]) / (1.0 + before)).epsilon(1e-4));
  });
}

TEST_CASE("store writes one position's lane of a page and nothing else") {
  for_each_cpu([](auto cpu) {
    for (const KvType type : {KvType::f32, KvType::f16}) {
      const std::size_t size = bytes_per_value(type), half = 24 * 16 * size;
      const KvSlot slot{type, 24, 0, half};
      std::vector<std::byte> page(2 * half, static_cast<std::byte>(0xa5)), before = page;
      const auto k = Random(71).vector(24), v = Random(72).vector(24);
      cpu.store(k.data(), v.data(), page.data(), slot, 9);
      for (std::size_t i = 0; i < 24 * 16; ++i) {
        const bool key = i % 16 == 9, value = i / 24 == 9;
        CHECK((std::memcmp(&page[i * size], &before[i * size], size) != 0) == key);
        CHECK((std::memcmp(&page[half + i * size], &before[half + i * size], size) != 0) == value);
        if (key && type == KvType::f16) {
          const std::uint16_t expected = f32_to_f16(k[i / 16]);
          CHECK(std::memcmp(&page[i * size], &expected, 2) == 0);
        }
      }
    }
  });
}

TEST_CASE("8-bit keys and values that are not finite, or all too small to count, give NaN scales and zeros") {
  for_each_cpu([](auto cpu) {
    const KvSlot slot{KvType::q8, 24, 0, kv_block_bytes(KvType::q8, 24)};
    const auto scale_of = [&](float x) {
      std::vector<std::byte> page(2 * slot.v_offset);
      std::vector<float> k(24, 0.5f);
      k[3] = x;
      cpu.store(k.data(), k.data(), page.data(), slot, 2);
      float scale;
      std::memcpy(&scale, &page[24 * 16 + 2 * 4], 4);
      return scale;
    };
    CHECK(std::isnan(scale_of(std::numeric_limits<float>::infinity())));
    CHECK(std::isnan(scale_of(std::numeric_limits<float>::quiet_NaN())));
    CHECK(scale_of(127.0f) == 1.0f);
    std::vector<std::byte> page(2 * slot.v_offset, std::byte{0xff});
    const std::vector<float> tiny(24, 1e-40f);
    cpu.store(tiny.data(), tiny.data(), page.data(), slot, 0);
    CHECK(page[0] == std::byte{0});
    CHECK(page[24 * 16] == std::byte{0});
  });
}

TEST_CASE("storing halves rounds to nearest even, from subnormals to overflow, in every instruction set") {
  std::vector<float> values;
  for (std::uint32_t h = 0; h < 0x7c00u; ++h) {  // every half, the midpoint above it, and that midpoint's neighbours
    const float low = f16_to_f32(static_cast<std::uint16_t>(h)),
                high = h + 1 < 0x7c00u ? f16_to_f32(static_cast<std::uint16_t>(h + 1)) : 65536.0f;
    const float middle = (low + high) / 2;
    for (const float x : {low, middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f)})
      values.insert(values.end(), {x, -x});
  }
  values.insert(values.end(), {1e30f, std::numeric_limits<float>::infinity(), 1e-40f, 0.0f});
  for_each_cpu([&](auto cpu) {
    const auto n = static_cast<std::int32_t>(values.size());
    const KvSlot slot{KvType::f16, n, 0, static_cast<std::size_t>(n) * 32};
    std::vector<std::byte> page(static_cast<std::size_t>(n) * 64);
    cpu.store(values.data(), values.data(), page.data(), slot, 0);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint16_t expected = f32_to_f16(values[i]);
      wrong +=
          std::memcmp(&page[i * 32], &expected, 2) != 0 || std::memcmp(&page[slot.v_offset + i * 2], &expected, 2) != 0;
    }
    CHECK(wrong == 0);
  });
}

}  // namespace
