// Every architecture against Hugging Face: logits at every position and greedy continuations of tiny random models.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "support/backends.hpp"
#include "support/golden_model.hpp"
#include "weft/instances.hpp"
#include "weft/model/sequence.hpp"

namespace {

using namespace weft;

/// The folder's model, or null when this build does not know the architecture: named and counted, never passed.
template <class B>
std::unique_ptr<Model<B>> load(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / "config.json")) {
    test::skip("golden " + folder.filename().string(), "not a model of its own (an adapter)");
    return nullptr;
  }
  try {
    return std::make_unique<Model<B>>(folder);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::unsupported) throw;
    test::skip("golden " + folder.filename().string(), e.what());
    return nullptr;
  }
}

template <class B>
void check_logits(const Model<B>& model, const test::GoldenModel& golden) {
  const auto vocab = static_cast<std::size_t>(model.vocab_size());
  for (std::size_t p = 0; p < golden.prompts.size(); ++p) {
    Sequence<B> sequence(model, {.kv_type = KvType::f32});
    const auto& expected = golden.logits[p];
    double worst = 0;
    for (std::size_t i = 0; i < golden.prompts[p].size(); ++i) {
      sequence.append({golden.prompts[p][i]});
      const auto logits = sequence.logits();
      for (std::size_t v = 0; v < vocab; ++v)
        worst = std::max(worst, std::fabs(static_cast<double>(logits[v]) - static_cast<double>(expected[i * vocab + v])));
    }
    CAPTURE(p);
    CHECK(worst <= test::logit_tolerance(expected));
  }
}

template <class B>
void check_greedy(const Model<B>& model, const test::GoldenModel& golden) {
  for (std::size_t p = 0; p < golden.prompts.size(); ++p) {
    Sequence<B> sequence(model, {.kv_type = KvType::f32});
    sequence.append(golden.prompts[p]);
    for (std::size_t step = 0; step < golden.greedy_ids[p].size() && golden.greedy_margins[p][step] >= 1e-3; ++step) {
      const auto logits = sequence.logits();
      const auto best = static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin());
      CAPTURE(p);
      CAPTURE(step);
      REQUIRE(best == golden.greedy_ids[p][step]);
      if (sequence.size() == sequence.capacity()) break;
      sequence.append({best});
    }
  }
}

}  // namespace

TEST_SUITE("golden") {
  TEST_CASE_TEMPLATE("logits and greedy tokens equal those of Hugging Face", B, WEFT_TEST_BACKENDS) {
    if (!test::usable<B>()) return;
    int checked = 0;
    for (const auto& folder : test::golden_folders()) {
      CAPTURE(folder.filename().string());
      const auto model = load<B>(folder);
      if (!model) continue;
      const auto golden = test::read_golden(folder);
      check_logits(*model, golden);
      check_greedy(*model, golden);
      ++checked;
    }
    CHECK(checked > 0);
  }
}
