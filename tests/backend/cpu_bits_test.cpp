// One recorded hash: compilers, their options and instruction sets may change the speed of the kernels, never a bit.
#include <doctest/doctest.h>

#include <cstring>

#include "support.hpp"

namespace {

using namespace weft;
using namespace weft::test;

/// FNV-1a over the bits of all results. NaN never occurs here.
class Hash {
 public:
  void add(const std::vector<float>& values) {
    for (const float value : values) {
      std::uint32_t bits;
      std::memcpy(&bits, &value, 4);
      for (int shift = 0; shift < 32; shift += 8) hash_ = (hash_ ^ (bits >> shift & 255u)) * 1099511628211u;
    }
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 14695981039346656037u;
};

constexpr DType some_types[] = {DType::q4_0, DType::q4_1, DType::q8_0, DType::q5_1, DType::q4_k,
                                DType::q6_k, DType::q2_k, DType::f16,  DType::bf16, DType::f32};
constexpr DType other_types[] = {DType::q5_0, DType::iq4_nl, DType::mxfp4, DType::q3_k, DType::q5_k, DType::iq4_xs};

template <class Backend, class Types>
void hash_products(const Types& types, Hash& hash) {
  for (const DType type : types) {
    Random random(81);
    const RandomMatrix matrix(type, 35, 512, random);
    const auto w = Backend::pack(matrix.raw);
    Activations<Backend> x(random.vector(7 * 512), 512);
    std::vector<float> out(7 * 35);
    Backend::matmul(w, 0, w.panel_count(), x.operand(), 7, out.data(), 35);
    hash.add(out);
  }
}

template <class Backend>
void hash_elementwise(Hash& hash) {
  Random random(82);
  const std::int64_t n = 300;
  const auto x = random.vector(n, 4.0f), w = random.vector(n), b = random.vector(n);
  std::vector<float> y(x.size());
  for (const Activation act : {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::relu}) {
    Backend::gate(act, x.data(), w.data(), n, y.data());
    hash.add(y);
  }
  Backend::rms_norm(x.data(), w.data(), 1e-5f, n, y.data());
  hash.add(y);
  Backend::layer_norm(x.data(), w.data(), b.data(), 1e-5f, n, y.data());
  hash.add(y);
  Backend::rope(y.data(), w.data(), 64, RopeStyle::half);
  Backend::rope(y.data(), b.data(), 64, RopeStyle::interleaved);
  hash.add(y);
}

template <class Backend>
void hash_attention(Hash& hash, std::initializer_list<KvType> kinds) {
  for (const KvType type : kinds) {
    const KvSlot slot{type, 72, 0, kv_block_bytes(type, 72)};
    std::vector<std::byte> memory(38 * 2 * slot.v_offset);
    std::vector<const std::byte*> pages;
    for (std::size_t p = 0; p < 38; ++p) pages.push_back(memory.data() + p * 2 * slot.v_offset);
    Random random(83);
    for (std::size_t i = 0; i < 600; ++i) {
      const auto k = random.vector(72), v = random.vector(72);
      Backend::store(k.data(), v.data(), memory.data() + i / 16 * 2 * slot.v_offset, slot,
                     static_cast<std::int64_t>(i % 16));
    }
    const auto q = random.vector(5 * 3 * 72, 2.0f);
    std::vector<float> out(q.size());
    Backend::attend({q.data(), out.data(), 3 * 72, 3 * 72, pages.data(), slot, 595, 5, 3, 0.125f});
    hash.add(out);
  }
}

TEST_CASE("every kernel gives the recorded bits, whatever the compiler, its options and the instruction set") {
  MESSAGE("the best instruction set of this machine: ", std::string(Cpu<>::name()));
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    Hash products, other_products, elementwise, attention, attention8;
    hash_products<Backend>(some_types, products);
    hash_products<Backend>(other_types, other_products);
    hash_elementwise<Backend>(elementwise);
    hash_attention<Backend>(attention, {KvType::f32, KvType::f16});
    hash_attention<Backend>(attention8, {KvType::q8});
    CHECK(products.value() == 178161049591813230u);
    CHECK(other_products.value() == 8818300260269820481u);
    CHECK(elementwise.value() == 5438897844384568862u);
    CHECK(attention.value() == 11817035973013373820u);
    CHECK(attention8.value() == 125017464041094586u);
  });
}

}  // namespace
