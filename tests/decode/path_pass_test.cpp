#include "weft/decode/path_pass.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/toy_sequence.hpp"

using namespace weft;
using namespace weft::test;

namespace {

std::vector<float> after(const ToyModel& model, std::vector<Token> tokens) {
  std::vector<float> logits(model.vocabulary.size());
  model.logits_after(tokens, logits);
  return logits;
}

/// The tokens of a path, the text and `token` before them.
std::vector<Token> text_of_path(std::vector<Token> text, Token token, const detail::DraftTree& tree, std::size_t path) {
  text.push_back(token);
  for (const auto node : tree.path(path)) text.push_back(tree.draft().tokens[static_cast<std::size_t>(node)]);
  return text;
}

}  // namespace

TEST_CASE("a pass over the paths of trees gives the logits after every token of every path, and leaves a sequence at the end of each") {
  const auto model = numbered_toy(16);
  const std::vector<std::vector<Token>> texts{{1, 2}, {3, 4, 5}};
  std::vector<ToySequence> sequences;
  for (const auto& text : texts) sequences.emplace_back(model).append(text);
  detail::DraftTree trees[2];
  for (auto& tree : trees) tree.reserve(16), tree.clear();
  trees[0].draft().add(7, 31);  // 7 then 8, or 7 then 9, or 10
  trees[0].draft().add(8, 31);
  trees[0].draft().add_after(0, 9, 31);
  trees[0].draft().add_after(detail::DraftTree::root, 10, 31);
  trees[0].tidy(16, 16);
  trees[0].plan_to(2);
  trees[1].run_none();
  REQUIRE(trees[0].paths() == 3);
  REQUIRE(trees[1].paths() == 1);

  detail::PathPass<ToySequence> pass;
  pass.reserve(16);
  std::vector<ToySequence> forks[2];
  std::vector<std::size_t> first_rows[2];
  for (std::size_t i = 0; i < 2; ++i) pass.add(sequences[i], 6, trees[i], forks[i], first_rows[i]);
  std::size_t rows = 0;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t p = 0; p < trees[i].paths(); ++p) rows += 1 + trees[i].path(p).size();
  CHECK(pass.rows() == rows);
  CHECK(pass.logit_rows() == rows - 4);  // none after the last token of each of four paths
  std::vector<float> logits(pass.logit_rows() * 16);
  pass.run(logits, {});
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t p = 0; p < trees[i].paths(); ++p) {
      const auto text = text_of_path(texts[i], 6, trees[i], p);
      const ToySequence& end = p == 0 ? sequences[i] : forks[i][p - 1];
      CHECK(std::equal(end.tokens().begin(), end.tokens().end(), text.begin(), text.end()));
      const auto last = after(model, text);
      CHECK(std::equal(last.begin(), last.end(), end.logits().begin()));
      for (std::size_t j = 0; j < trees[i].path(p).size(); ++j) {
        const auto expected = after(model, std::vector<Token>(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(texts[i].size() + 1 + j)));
        CHECK(std::equal(expected.begin(), expected.end(), logits.begin() + static_cast<std::ptrdiff_t>((first_rows[i][p] + j) * 16)));
      }
    }
}

TEST_CASE("a cancelled pass over a single path leaves its sequence as it was") {
  const auto model = numbered_toy(16);
  ToySequence sequence(model);
  sequence.append(std::vector<Token>{1});
  detail::DraftTree tree;
  tree.reserve(4);
  tree.clear();
  tree.run_none();
  detail::PathPass<ToySequence> pass;
  std::vector<ToySequence> forks;
  std::vector<std::size_t> first_rows;
  pass.add(sequence, 2, tree, forks, first_rows);
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(pass.run({}, stop.get_token()), Error);
  CHECK(sequence.size() == 1);
  pass.clear();
  CHECK(pass.rows() == 0);
}
