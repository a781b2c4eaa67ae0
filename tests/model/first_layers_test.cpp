// Models of the first layers of another, over the same weights.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "support/backends.hpp"
#include "support/errors.hpp"
#include "support/golden_model.hpp"
#include "weft/instances.hpp"

using namespace weft;

TEST_CASE_TEMPLATE("a model of the first layers gives the logits that the head gives for the whole model's hidden states there, and all layers those of the whole", B,
                   WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  for (const char* name : {"floats.gguf", "blocks32.gguf"}) {
    CAPTURE(name);
    std::optional<Model<B>> whole(std::in_place, test::data("models") / name);
    const auto layers = static_cast<std::int64_t>(whole->spec().layers.size());
    const auto all = whole->first_layers(layers);
    CHECK(all.fingerprint() == whole->fingerprint());
    CHECK(all.weight_bytes() == whole->weight_bytes());
    Sequence<B> a(*whole), b(all);
    a.append({1, 2, 3, 4, 5});
    b.append({1, 2, 3, 4, 5});
    CHECK(std::memcmp(a.logits().data(), b.logits().data(), a.logits().size_bytes()) == 0);
    for (std::int64_t n = 1; n < layers; ++n) {
      CAPTURE(n);
      const auto part = whole->first_layers(n);
      CHECK(part.fingerprint() != whole->fingerprint());
      CHECK(part.weight_bytes() < whole->weight_bytes());
      CHECK(part.kv_bytes_per_position(KvType::f16) < whole->kv_bytes_per_position(KvType::f16));
      Sequence<B> s(part), t(*whole);
      const std::vector<Token> tokens{1, 2, 3, 4, 5};
      const std::vector<std::int64_t> inner{n - 1, n}, positions{3, 4};
      const auto ours = s.append_hidden(std::span<const Token>(tokens), std::span(inner), std::span(positions));
      const auto theirs = t.append_hidden(std::span<const Token>(tokens), std::span(inner), std::span(positions));
      CHECK(std::memcmp(ours[0].data(), theirs[0].data(), static_cast<std::size_t>(ours[0].size()) * sizeof(float)) == 0);
      // its last states have been through the final norm: those of the whole model there, scaled by a factor of the position and one of the channel
      std::vector<double> factors;
      for (std::int64_t i = 0; i < part.spec().width; ++i) {
        const auto scale = [&](std::int64_t row) { return double{ours[1][row].data()[i]} / double{theirs[1][row].data()[i]}; };
        if (std::abs(theirs[1][0].data()[i]) > 1e-3f && std::abs(theirs[1][1].data()[i]) > 1e-3f) factors.push_back(scale(0) / scale(1));
      }
      REQUIRE(factors.size() > 5);
      for (const double f : factors) CHECK(f == doctest::Approx(factors[0]).epsilon(1e-3));
      Tensor<float, 2> last({1, part.spec().width});
      std::copy_n(ours[1][1].data(), part.spec().width, last.data());
      const auto logits = part.logits_of(TensorView<const float, 2>(last.data(), {1, part.spec().width}));
      CHECK(std::memcmp(logits.data(), s.logits().data(), s.logits().size_bytes()) == 0);
    }
    CHECK(test::contains(test::message_of([&] { (void)whole->first_layers(0); }), "a model of the first 0 layers: expected 1 to"));
    CHECK(test::contains(test::message_of([&] { (void)whole->first_layers(layers + 1); }), "expected 1 to " + std::to_string(layers)));
    whole.reset();  // the part keeps the weights
    b.append({6});
    CHECK(b.size() == 6);
  }
}
