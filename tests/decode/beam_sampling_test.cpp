// Beam sampling draws what its definition says: chi-squared of 10^5 searches against enumeration.
#include <doctest/doctest.h>

#include <map>

#include "decode/toy_start.hpp"
#include "sample/chi_squared.hpp"
#include "support/sanitizer.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/temperature.hpp"

using namespace weft;
using namespace weft::test;

namespace {

struct Branch {
  std::vector<Token> text{};
  double sum = 0;
};

std::vector<Branch> children(const ToyModel& model, const std::vector<Branch>& branches, double t) {
  std::vector<Branch> all;
  for (const auto& branch : branches) {
    std::vector<float> logits(model.vocabulary.size());
    model.logits_after(branch.text, logits);
    double weight = 0;
    for (const float x : logits) weight += std::exp(static_cast<double>(x));
    // steps work on log-probs, and the search takes them as they come out
    for (std::size_t i = 0; i < logits.size(); ++i) {
      all.push_back({branch.text, branch.sum + (static_cast<double>(logits[i]) - std::log(weight)) / t});
      all.back().text.push_back(static_cast<Token>(i));
    }
  }
  return all;
}

/// Calls f(set, p) for every order in which `n` of the children can be drawn without replacement, in proportion to e^sum.
template <class F>
void for_each_draw(const std::vector<Branch>& all, std::size_t n, std::vector<std::size_t>& drawn, double p, const F& f) {
  if (drawn.size() == n) return f(drawn, p);
  double left = 0;
  const auto gone = [&](std::size_t i) { return std::find(drawn.begin(), drawn.end(), i) != drawn.end(); };
  for (std::size_t i = 0; i < all.size(); ++i) left += gone(i) ? 0 : std::exp(all[i].sum);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (gone(i)) continue;
    drawn.push_back(i);
    for_each_draw(all, n, drawn, p * std::exp(all[i].sum) / left, f);
    drawn.pop_back();
  }
}

/// The probabilities of the best text after `length` steps: 2 * width are drawn, the `width` likeliest of these go on.
void enumerate(const ToyModel& model, const std::vector<Branch>& branches, std::size_t width, std::size_t length, double t, double p,
               std::map<std::vector<Token>, double>& best) {
  if (length == 0) {
    best[branches.front().text] += p;
    return;
  }
  const auto all = children(model, branches, t);
  std::map<std::vector<std::size_t>, double> kept;
  std::vector<std::size_t> drawn;
  for_each_draw(all, 2 * width, drawn, 1, [&](std::vector<std::size_t> order, double q) {
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return all[a].sum > all[b].sum; });
    order.resize(width);
    kept[order] += q;
  });
  for (const auto& [order, q] : kept) {
    std::vector<Branch> next;
    for (const std::size_t i : order) next.push_back(all[i]);
    enumerate(model, next, width, length - 1, t, p * q, best);
  }
}

}  // namespace

TEST_CASE("sampled beams find each text as often as enumeration says") {
  for (const auto& [width, length] : {std::pair<std::size_t, std::size_t>{1, 3}, {2, 2}})
    for (const float t : {1.0f, 1.6f}) {
      auto model = numbered_toy(width == 1 ? 6 : 5);
      model.ends.clear();
      model.spread = 1.5f;
      std::map<std::vector<Token>, double> best;
      enumerate(model, {{one_token, 0}}, width, length, static_cast<double>(t), 1, best);
      std::map<std::vector<Token>, std::size_t> found;
      constexpr std::size_t n = draws_of(50000);  // 10^5 for each shape of the search
      ToySequence root(model);
      root.append(one_token);
      const auto how = temperature(t) | beam({.width = static_cast<std::int64_t>(width), .sampled = true});
      for (std::uint64_t seed = 0; seed < n; ++seed) {
        auto text = generate(root, how, {.max_tokens = static_cast<std::int64_t>(length), .seed = seed}).front().tokens;
        text.insert(text.begin(), one_token.begin(), one_token.end());
        ++found[text];
      }
      std::vector<std::size_t> counts;
      std::vector<double> probabilities;
      for (const auto& [text, p] : best) {
        counts.push_back(found[text]);
        probabilities.push_back(p);
      }
      CHECK(found.size() <= best.size());
      const auto chi = chi_squared(counts, probabilities, double{n});
      CHECK(chi.degrees > 5);
      CHECK(chi.statistic < chi_squared_bound(chi.degrees));
    }
}
