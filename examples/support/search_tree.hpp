// The tree of a beam search, as BeamOptions::on_step tells it, and its drawing.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "support/page.hpp"
#include "weft/decode/beam.hpp"

namespace example {

struct TreeNode {
  std::size_t parent = 0, step = 0, group = 0;
  weft::BeamCandidate candidate{};
  bool of_result = false, of_best = false;
  std::vector<std::size_t> children{};
  double y = 0;
};

/// The tree of a search: node 0 is the prompt.
class SearchTree {
 public:
  /// Takes a step in. pruned: how many of those that were not kept to remember.
  void add(const weft::BeamStep& step, std::int64_t pruned) {
    if (branches_.size() <= step.group) branches_.resize(step.group + 1, {0});
    auto& before = branches_[step.group];
    std::vector<std::size_t> next;
    for (const auto& c : step.candidates) {
      ++looked_at_;
      if (c.fate == weft::BeamCandidate::Fate::pruned && pruned-- <= 0) continue;
      nodes_.push_back({before.at(c.parent), step.length, step.group, c});
      nodes_[nodes_.back().parent].children.push_back(nodes_.size() - 1);
      if (c.fate != weft::BeamCandidate::Fate::kept) continue;
      next.resize(std::max(next.size(), c.child + 1));
      next[c.child] = nodes_.size() - 1;
    }
    before = std::move(next);
  }

  /// Marks the way to a result.
  void mark(std::span<const weft::Token> tokens, bool best) {
    for (std::size_t group = 0; group < branches_.size(); ++group) {
      std::vector<std::size_t> way{0};
      for (const weft::Token t : tokens) {
        const auto& children = nodes_[way.back()].children;
        const auto found = std::find_if(children.begin(), children.end(), [&](std::size_t c) {
          return nodes_[c].group == group && nodes_[c].candidate.token == t &&
                 nodes_[c].candidate.fate != weft::BeamCandidate::Fate::pruned;
        });
        if (found == children.end()) break;
        way.push_back(*found);
      }
      if (way.size() != tokens.size() + 1) continue;
      for (const auto i : way) nodes_[i].of_result = true, nodes_[i].of_best = nodes_[i].of_best || best;
      return;
    }
  }

  /// Gives each node its height: leaves one below the other, parents in the middle of their first and last child. Parents stand before
  /// their children in the list, so that no recursion is needed.
  double lay_out(double row) {
    double y = 0;
    std::vector<std::pair<std::size_t, std::size_t>> open{{0, 0}};  // node, next child
    while (!open.empty()) {
      auto& [node, child] = open.back();
      if (child < nodes_[node].children.size()) {
        open.push_back({nodes_[node].children[child++], 0});
        continue;
      }
      if (nodes_[node].children.empty()) nodes_[node].y = y, y += row;
      open.pop_back();
    }
    for (auto n = nodes_.rbegin(); n != nodes_.rend(); ++n)
      if (!n->children.empty()) n->y = (nodes_[n->children.front()].y + nodes_[n->children.back()].y) / 2;
    return y;
  }

  [[nodiscard]] const std::vector<TreeNode>& nodes() const { return nodes_; }
  [[nodiscard]] std::size_t looked_at() const { return looked_at_; }

 private:
  std::vector<TreeNode> nodes_{TreeNode{}};
  std::vector<std::vector<std::size_t>> branches_;  // of each group: the nodes of its open branches
  std::size_t looked_at_ = 0;
};

inline constexpr std::string_view tree_style = R"css(
.tree text{font:12px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.tree .p{font-size:10px;fill:var(--muted)}
.tree .e{fill:none;stroke:var(--muted);stroke-opacity:.55;stroke-linecap:round}
.tree .e.pruned{stroke-opacity:.4;stroke-dasharray:2 4}
.tree circle{fill:var(--muted)}.tree .pruned text{fill:var(--muted)}
.tree .e.result{stroke:var(--c0);stroke-opacity:.75}.tree .result circle{fill:var(--c0)}
.tree .e.best{stroke:var(--c1);stroke-opacity:1}.tree .best circle{fill:var(--c1)}.tree .best text{font-weight:700}
.tree .finished circle{stroke:var(--good);stroke-width:3;fill:var(--card)}
.tree .e.on{stroke:var(--accent);stroke-opacity:1;stroke-dasharray:none}.tree .on circle{fill:var(--accent)}.tree .on text{fill:var(--accent)}
.tree .n{cursor:default}
)css";

namespace detail {

using Fate = weft::BeamCandidate::Fate;
inline constexpr double left = 14, top = 40;  // of the tree, in pixels

struct Label {
  std::string text;
  double width = 0;
};
inline Label label_of(const weft::Tokenizer& tokenizer, weft::Token token) {
  const auto [text, characters] = page::shortened(page::visible(tokenizer, token), 14);
  return {text, 7.3 * static_cast<double>(characters)};
}

/// One node: its edge, from the end of the parent's label, and its label.
inline void draw_node(const SearchTree& tree, std::size_t i, const std::vector<Label>& labels, double column,
                      std::string& edges, std::string& nodes) {
  const auto& n = tree.nodes()[i];
  const auto& c = n.candidate;
  const double p = std::exp(static_cast<double>(c.logprob)), x = left + column * static_cast<double>(n.step),
               y = top + n.y, from_y = top + tree.nodes()[n.parent].y;
  const double from_x =
      left + column * static_cast<double>(n.step - 1) + (n.parent == 0 ? 6 : labels[n.parent].width + 40);
  const char* const fate = c.fate == Fate::pruned ? "pruned" : c.fate == Fate::finished ? "finished" : "kept";
  const auto data = fmt::format("{}{}{}\" data-n=\"{}\" data-p=\"{}\" data-step=\"{}\"", fate,
                                n.of_result ? " result" : "", n.of_best ? " best" : "", i, n.parent, n.step);
  edges += fmt::format(
      "<path class=\"e {} stroke-width=\"{:.1f}\" d=\"M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}\"/>\n",
      data, c.fate == Fate::pruned ? 1.2 : 1.2 + 3.5 * p, from_x, from_y, (from_x + x) / 2, from_y, (from_x + x) / 2, y,
      x, y);
  nodes += fmt::format(
      "<g class=\"n {}><title>{}: {:.1f} %, log-prob {:.3f}, sum {:.3f}, {}</title><circle cx=\"{:.1f}\" cy=\"{:.1f}\" "
      "r=\"{}\"/>"
      "<text x=\"{:.1f}\" y=\"{:.1f}\">{}<tspan class=\"p\" dx=\"4\">{:.0f}%</tspan></text></g>\n",
      data, page::escape(labels[i].text), 100 * p, c.logprob, c.sum, fate, x, y, c.fate == Fate::pruned ? 2.2 : 3.8,
      x + 8, y + 4, page::escape(labels[i].text), 100 * p);
}

}  // namespace detail

/// The tree as an SVG element; `alone` is a file of its own.
inline std::string draw(SearchTree& tree, const weft::Tokenizer& tokenizer, std::string_view prompt, bool alone) {
  using namespace detail;
  const double height = top + tree.lay_out(17) + 14;
  std::vector<Label> labels;
  std::size_t steps = 1;
  double widest = 0;
  for (const auto& n : tree.nodes()) {
    labels.push_back(n.step == 0 ? Label{} : label_of(tokenizer, n.candidate.token));
    steps = std::max(steps, n.step), widest = std::max(widest, labels.back().width);
  }
  const double column = widest + 78, width = left + column * static_cast<double>(steps + 1) - 20;
  std::string svg = fmt::format(
      "<svg class=\"tree\" {0}width=\"{1:.0f}\" height=\"{2:.0f}\" viewBox=\"0 0 {1:.0f} {2:.0f}\" role=\"img\" "
      "aria-label=\"tree of a beam search\">",
      alone ? "xmlns=\"http://www.w3.org/2000/svg\" " : "", width, height);
  if (alone) svg += fmt::format("<style>{}{}svg{{background:var(--card)}}</style>", page::style, tree_style);
  svg += fmt::format("<text class=\"q\" x=\"0\" y=\"18\">new token</text>");
  for (std::size_t i = 1; i <= steps; ++i)
    svg += fmt::format(
        "<text class=\"q\" x=\"{0:.0f}\" y=\"18\">{1}</text><path class=\"grid\" d=\"M{0:.0f} 26V{2:.0f}\"/>",
        left + column * static_cast<double>(i), i, height - 4);
  std::string edges, nodes;
  for (const bool kept : {false, true})  // what was kept is drawn over what was not
    for (std::size_t i = 1; i < tree.nodes().size(); ++i)
      if ((tree.nodes()[i].candidate.fate != Fate::pruned) == kept) draw_node(tree, i, labels, column, edges, nodes);
  svg += edges + fmt::format("<circle cx=\"{}\" cy=\"{:.1f}\" r=\"5\"><title>{}</title></circle>\n", left,
                             top + tree.nodes()[0].y, page::escape(prompt));
  return svg + nodes + "</svg>\n";
}

}  // namespace example
