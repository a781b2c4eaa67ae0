// A plot of points in two measures of which more is better, with the front of those that no other point beats in both (Pareto).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "support/page.hpp"

namespace page {

struct Point {
  double x = 0, y = 0;
  std::string label, tip;
  std::size_t series = 0;  ///< points of one thing on several plots light up together
  int family = 0;          ///< colour, --c0 to --c3
};

/// Round numbers from low to high, about five.
inline std::vector<double> ticks(double low, double high) {
  const double raw = (high - low) / 5, power = std::pow(10, std::floor(std::log10(raw))), part = raw / power;
  const double step = power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
  std::vector<double> all;
  for (double t = std::ceil(low / step - 1e-9) * step; t <= high + 1e-9 * step; t += step)
    all.push_back(std::abs(t) < step * 1e-6 ? 0 : t);
  return all;
}

/// Which points no other point beats: as good in both, and better in one.
inline std::vector<bool> pareto_front(const std::vector<Point>& points) {
  std::vector<bool> front;
  for (const auto& p : points)
    front.push_back(std::none_of(points.begin(), points.end(),
                                 [&](const Point& q) { return q.x >= p.x && q.y >= p.y && (q.x > p.x || q.y > p.y); }));
  return front;
}

class Scatter {
 public:
  Scatter(std::vector<Point> points, std::string x_label, std::string y_label)
      : points_(std::move(points)), x_label_(std::move(x_label)), y_label_(std::move(y_label)) {
    for (const auto& p : points_) x_.add(p.x), y_.add(p.y);
    x_.widen(), y_.widen();
  }

  /// An SVG element for a page with page::style.
  [[nodiscard]] std::string svg() const {
    std::string out = fmt::format(
        "<svg class=scatter width={0} height={1} viewBox=\"0 0 {0} {1}\" role=img aria-label=\"{2} against {3}\">",
        width, height, escape(y_label_), escape(x_label_));
    for (const double t : ticks(x_.low, x_.high))
      out += fmt::format(
          "<path class=grid d=\"M{0:.1f} {1}V{2}\"/><text class=q x={0:.1f} y={3} text-anchor=middle>{4:g}</text>",
          px(t), top, height - bottom, height - bottom + 17, t);
    for (const double t : ticks(y_.low, y_.high))
      out += fmt::format(
          "<path class=grid d=\"M{1} {0:.1f}H{2}\"/><text class=q x={3} y={4:.1f} text-anchor=end>{5:g}</text>", py(t),
          left, width - right, left - 7, py(t) + 4, t);
    out += fmt::format(
        "<path class=axis fill=none d=\"M{} {}V{}H{}\"/><text class=q x={:.0f} y={} text-anchor=middle>{} "
        "\u2192</text>",
        left, top, height - bottom, width - right, (left + width - right) / 2.0, height - 8, escape(x_label_));
    out += fmt::format(
        "<text class=q x=14 y={0:.0f} transform=\"rotate(-90 14 {0:.0f})\" text-anchor=middle>{1} \u2192</text>",
        (top + height - bottom) / 2.0, escape(y_label_));
    return out + front() + marks() + "</svg>\n";
  }

 private:
  static constexpr int width = 560, height = 420, left = 62, right = 18, top = 14, bottom = 46;
  static constexpr double character = 6.3, line = 14;  // of a label

  struct Range {
    double low = HUGE_VAL, high = -HUGE_VAL;
    void add(double v) { low = std::min(low, v), high = std::max(high, v); }
    void widen() {
      if (!(low <= high)) low = 0, high = 1;
      const double size = std::max(std::abs(low), std::abs(high));  // what differs by rounding alone is one value
      const double more = high - low > 1e-6 * size ? 0.13 * (high - low) : std::max(0.5 * size, 0.5);
      low -= more, high += more;
    }
  };
  struct Box {
    double x, y, w, h;
    [[nodiscard]] double overlap(const Box& o) const {
      const double across = std::min(x + w, o.x + o.w) - std::max(x, o.x),
                   down = std::min(y + h, o.y + o.h) - std::max(y, o.y);
      return across > 0 && down > 0 ? across * down : 0;
    }
  };

  [[nodiscard]] double px(double v) const { return left + (v - x_.low) / (x_.high - x_.low) * (width - left - right); }
  [[nodiscard]] double py(double v) const {
    return height - bottom - (v - y_.low) / (y_.high - y_.low) * (height - top - bottom);
  }

  /// Steps along the points of the front.
  [[nodiscard]] std::string front() const {
    const auto on = pareto_front(points_);
    std::vector<const Point*> best;
    for (std::size_t i = 0; i < points_.size(); ++i)
      if (on[i]) best.push_back(&points_[i]);
    std::sort(best.begin(), best.end(), [](auto* a, auto* b) { return a->x < b->x; });
    std::string path;
    for (const auto* p : best)
      path += path.empty() ? fmt::format("M{:.1f} {:.1f}", px(p->x), py(p->y))
                           : fmt::format("H{:.1f}V{:.1f}", px(p->x), py(p->y));
    return path.empty() ? "" : fmt::format("<path class=front d=\"{}\"/>", path);
  }

  /// Points, full on the front and hollow behind it, each with its label where that is least in the way.
  [[nodiscard]] std::string marks() const {
    const auto on = pareto_front(points_);
    std::vector<Box> taken;
    for (const auto& p : points_) taken.push_back({px(p.x) - 6, py(p.y) - 6, 12, 12});
    std::string out;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const auto& p = points_[i];
      const double x = px(p.x), y = py(p.y), w = character * static_cast<double>(p.label.size());
      const std::array<Box, 10> places{{{x + 9, y - 7, w, line},
                                        {x - 9 - w, y - 7, w, line},
                                        {x - w / 2, y - 23, w, line},
                                        {x - w / 2, y + 9, w, line},
                                        {x + 7, y - 20, w, line},
                                        {x + 7, y + 6, w, line},
                                        {x - 7 - w, y - 20, w, line},
                                        {x - 7 - w, y + 6, w, line},
                                        {x - w / 2, y - 37, w, line},
                                        {x - w / 2, y + 23, w, line}}};
      const Box inside{left, top, width - left - right, height - top - bottom};
      double least = HUGE_VAL;
      Box best = places[0];
      for (const auto& place : places) {
        double cost = 4 * (place.w * place.h - place.overlap(inside));  // outside of the plot is worst
        for (std::size_t o = 0; o < taken.size(); ++o)
          cost += (o < points_.size() ? 8 : 1) * place.overlap(taken[o]);  // a point hidden is worse than a word
        if (cost < least - 1e-9) least = cost, best = place;
      }
      taken.push_back(best);
      out += fmt::format(
          "<g class=\"point{}\" data-s={} style=\"--c:var(--c{})\"><title>{}</title><circle cx={:.1f} cy={:.1f} r=5.5 "
          "/><text x={:.1f} y={:.1f}>{}</text></g>\n",
          on[i] ? " best" : "", p.series, p.family, escape(p.tip), x, y, best.x, best.y + 11, escape(p.label));
    }
    return out;
  }

  std::vector<Point> points_;
  std::string x_label_, y_label_;
  Range x_, y_;
};

}  // namespace page
