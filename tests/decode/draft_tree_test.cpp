#include "weft/decode/draft_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "weft/core/philox.hpp"

using namespace weft;
using detail::DraftTree;
using Node = DraftTree::Node;

namespace {

struct Random {
  std::uint64_t seed, draws = 0;
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(uniform(seed, 1, draws++) * static_cast<double>(n)); }
};

void fill(DraftTree& tree, Random& random, std::size_t nodes) {
  tree.clear();
  for (std::size_t i = 0; i < nodes; ++i) {
    const auto token = static_cast<Token>(random.below(50));
    const auto trust = static_cast<std::uint8_t>(random.below(32));
    if (random.below(2) == 0) tree.draft().add(token, trust);
    else tree.draft().add_after(static_cast<Node>(random.below(i + 1)) - 1, token, trust);
  }
}

std::size_t depth_of(const Draft& draft, Node node) {
  std::size_t depth = 0;
  for (; node != DraftTree::root; node = draft.parent(static_cast<std::size_t>(node))) ++depth;
  return depth;
}

/// Checks that the paths lead from the root, that none is the beginning of another, and gives the nodes on them.
std::set<Node> nodes_of_paths(const DraftTree& tree) {
  std::set<Node> nodes;
  REQUIRE(tree.paths() >= 1);
  for (std::size_t p = 0; p < tree.paths(); ++p) {
    const auto path = tree.path(p);
    CHECK((tree.paths() == 1 || !path.empty()));
    Node before = DraftTree::root;
    for (const Node node : path) {
      CHECK(tree.draft().parent(static_cast<std::size_t>(node)) == before);
      before = node;
      nodes.insert(node);
    }
    for (std::size_t other = 0; other < tree.paths(); ++other) {
      const auto longer = tree.path(other);
      if (other != p) CHECK_FALSE((longer.size() >= path.size() && std::equal(path.begin(), path.end(), longer.begin())));
    }
  }
  return nodes;
}

}  // namespace

TEST_CASE("paths down to a depth hold every node that is no deeper, and their rows are counted") {
  DraftTree tree;
  Random random{1};
  for (int round = 0; round < 200; ++round) {
    const std::size_t nodes = random.below(20);
    fill(tree, random, nodes);
    tree.tidy(50, 100);
    for (std::size_t depth = 0; depth < 6; ++depth) {
      const std::size_t rows = tree.plan_to(depth);
      std::set<Node> expected;
      for (std::size_t i = 0; i < nodes; ++i)
        if (depth_of(tree.draft(), static_cast<Node>(i)) <= depth) expected.insert(static_cast<Node>(i));
      CHECK(nodes_of_paths(tree) == expected);
      CHECK(tree.run_count() == expected.size());
      std::size_t counted = 0;
      for (std::size_t p = 0; p < tree.paths(); ++p) counted += tree.path(p).size() + 1;
      CHECK(rows == counted);
    }
  }
}

TEST_CASE("what is run are the likeliest nodes, each with all that it follows") {
  Random random{2};
  for (const double price : {0.0, 0.02, 0.1, 0.5}) {
    detail::DraftLength length({.most = 16, .pass_cost = [&](std::int64_t n) { return 1 + price * static_cast<double>(n); }, .draft_cost = [](std::int64_t) { return 0.0; }});
    for (int i = 0; i < 400; ++i) length.token(), length.checked(static_cast<std::uint8_t>(i % 32), i % 7 < 5);
    DraftTree tree;
    std::size_t all = 0;
    for (int round = 0; round < 50; ++round) {
      fill(tree, random, random.below(16));
      tree.tidy(50, 100);
      tree.plan(length);
      const auto run = nodes_of_paths(tree);
      CHECK(run.size() == tree.run_count());
      all += run.size();
      const auto reached = [&](Node node) {
        double p = 1;
        for (; node != DraftTree::root; node = tree.draft().parent(static_cast<std::size_t>(node)))
          p *= length.holds(tree.draft().trust[static_cast<std::size_t>(node)]);
        return p;
      };
      for (std::size_t i = 0; i < tree.draft().size(); ++i)
        for (const Node chosen : run)
          if (!run.contains(static_cast<Node>(i))) CHECK(reached(static_cast<Node>(i)) <= reached(chosen) * (1 + 1e-12));
    }
    if (price < 0.1) CHECK(all > 0);
  }
}

TEST_CASE("a draft is cut before the first token that cannot be run") {
  DraftTree tree;
  auto& draft = tree.draft();
  const auto kept = [&](Token token, std::int32_t parent) {
    tree.clear();
    draft.add(1, 200);
    draft.add(2, 3);
    draft.add_after(parent, token, 3);
    draft.add(4, 3);
    tree.tidy(50, 100);
    return draft.size();
  };
  CHECK(kept(3, 0) == 4);
  CHECK(draft.trust[0] == Draft::most_trust);
  for (const Token token : {-1, 50, INT32_MIN, INT32_MAX}) CHECK(kept(token, 0) == 2);
  for (const std::int32_t parent : {-2, 2, 3, INT32_MIN, INT32_MAX}) CHECK(kept(3, parent) == 2);
  draft.trust.clear();
  tree.tidy(50, 100);
  CHECK(draft.size() == 0);
  for (int i = 0; i < 9; ++i) draft.add(i, 1);
  tree.tidy(50, 5);
  CHECK(draft.size() == 5);
}

TEST_CASE("a node is found on the path that is preferred, on another one, or on none") {
  DraftTree tree;  // 0-1-2, 0-3, 4
  auto& draft = tree.draft();
  draft.add(5, 1), draft.add(6, 1), draft.add(7, 1), draft.add_after(0, 8, 1), draft.add_after(DraftTree::root, 9, 1);
  tree.tidy(50, 100);
  tree.plan_to(3);
  REQUIRE(tree.paths() == 3);
  for (std::size_t preferred = 0; preferred < 3; ++preferred)
    for (Node node = 0; node < 5; ++node) {
      const auto depth = depth_of(draft, node) - 1;
      const auto found = tree.path_with(node, depth, preferred);
      REQUIRE(found < 3);
      CHECK(tree.path(found)[depth] == node);
      if (node == 0 && tree.path(preferred)[0] == 0) CHECK(found == preferred);
      CHECK(tree.path_with(node, depth + 1, preferred) == 3);
    }
  tree.plan_to(1);
  CHECK(tree.path_with(2, 2, 0) == tree.paths());
  std::vector<Node> children;
  tree.for_each_child(0, [&](Node child) { children.push_back(child); });
  CHECK(children == std::vector<Node>{1, 3});
}
