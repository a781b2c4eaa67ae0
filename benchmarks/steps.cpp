// What a step costs at the vocabulary of SmolLM2 (49,152), one thread: medians in microseconds beside the cost of copying
// the logits and of a bare draw. The logits are bell-shaped with a few tokens far above, as a model's are.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "weft/core/clock.hpp"
#include "weft/core/philox.hpp"
#include "weft/sample/parameters.hpp"

namespace {

using namespace weft;
constexpr std::size_t vocab = 49152, positions = 2048;

std::vector<float> bell(std::uint64_t seed) {
  std::vector<float> logits(vocab);
  for (std::size_t i = 0; i < vocab; ++i) {
    double sum = 0;
    for (std::uint64_t j = 0; j < 6; ++j) sum += uniform(seed, j, i);
    logits[i] = static_cast<float>((sum - 3) * 3 + (i % 1021 == seed % 1021 ? 10 + 8 * uniform(seed, 9, i) : 0));
  }
  return logits;
}

/// Median over calls on changing logits; copies are taken off.
template <class S>
double microseconds(S step) {
  static const std::vector<std::vector<float>> inputs{bell(1), bell(2), bell(3), bell(4)};
  std::vector<Token> history(positions);
  for (std::size_t i = 0; i < positions; ++i)
    history[i] = static_cast<Token>(uniform(5, 1, i) * uniform(5, 2, i) * 4000);
  prepare(step, vocab, positions);
  std::vector<float> logits(vocab);
  std::vector<double> times;
  StepContext context;
  context.prompt_length = 64;
  for (std::size_t n = positions / 2; n < positions / 2 + 300; ++n) {
    logits = inputs[n % inputs.size()];
    context.history = std::span(history).first(n);
    const double begin = seconds_now();
    apply(step, std::span<float>(logits), context);
    times.push_back(seconds_now() - begin);
    context.unchanged = n;
  }
  std::nth_element(times.begin(), times.begin() + 150, times.end());
  return times[150] * 1e6;
}

template <class S>
void report(const char* name, const S& step) {
  std::printf("%-34s %8.1f\n", name, microseconds(step));
}

}  // namespace

int main() {
  std::printf("%-34s %8s\n", "step, 49,152 logits", "us");
  report("argmax()", [](std::span<float> l, const StepContext& c) { (void)argmax()(l, c); });
  report("draw()", [pick = Draw{}](std::span<float> l, const StepContext& c) mutable { (void)pick(l, c); });
  report("temperature(0.8)", temperature(0.8f));
  report("dynamic_temperature(1, 0.5)", dynamic_temperature(1, 0.5f));
  report("top_k(40)", top_k(40));
  report("top_p(0.95)", top_p(0.95f));
  report("min_p(0.05)", min_p(0.05f));
  report("typical_p(0.95)", typical_p(0.95f));
  report("epsilon_cutoff(3e-4)", epsilon_cutoff(3e-4f));
  report("eta_cutoff(3e-4)", eta_cutoff(3e-4f));
  report("top_h(0.5)", top_h(0.5f));
  report("top_n_sigma(1)", top_n_sigma(1));
  report("xtc(1, 0.1)", xtc(1, 0.1f));
  report("mirostat(5)", mirostat(5));
  report("mirostat_v2(5)", mirostat_v2(5));
  report("min_p(0.05) | adaptive_p(0.5)", min_p(0.05f) | adaptive_p(0.5f));
  report("repetition_penalty(1.1)", repetition_penalty(1.1f));
  report("frequency_penalty(0.5)", frequency_penalty(0.5f));
  report("presence_penalty(0.5)", presence_penalty(0.5f));
  report("no_repeat_ngram(3)", no_repeat_ngram(3));
  report("dry()", dry());
  report("bias of 100 tokens", bias(std::vector<TokenBias>(100, TokenBias{7, 1.0f})));
  report("bad_words, 1,000 of 3 tokens", [] {
    std::vector<std::vector<Token>> words;
    for (Token i = 0; i < 1000; ++i) words.push_back({i, i * 7 % 4000, i * 13 % 4000});
    return bad_words(std::move(words));
  }());
  report("forced_bos_token(1), later", forced_bos_token(1));
  report("min_new_tokens(20)", min_new_tokens(20));
  report("watermark_kgw(), left hash", watermark_kgw());
  KgwOptions self;
  self.seeding_scheme = KgwOptions::Seeding::self_hash;
  self.context_width = 4;
  report("watermark_kgw(), self hash", watermark_kgw(self));
  SynthIdOptions synthid;
  for (std::int64_t key = 1; key <= 30; ++key) synthid.keys.push_back(key * 977);
  report("watermark_synthid(), 30 layers", watermark_synthid(synthid));
  report("top_k(100) | watermark_synthid()", top_k(100) | watermark_synthid(synthid));
}
