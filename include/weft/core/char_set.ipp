// Set operations, and the properties by name.
#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "weft/core/char_set.hpp"

namespace weft {
namespace detail {

struct PropertyName {
  std::string_view name;  ///< lower case, without blanks, '_' and '-'
  std::uint32_t mask;
};

constexpr std::uint32_t category_mask(Category first, Category last) {
  std::uint32_t mask = 0;
  for (auto c = static_cast<unsigned>(first); c <= static_cast<unsigned>(last); ++c) mask |= 1u << c;
  return mask;
}
constexpr std::uint32_t category_mask(Category one) { return category_mask(one, one); }

inline constexpr std::uint32_t any_category = category_mask(Category::lu, Category::cn);

inline constexpr std::array property_names{
    PropertyName{"l", category_mask(Category::lu, Category::lo)},
    PropertyName{"letter", category_mask(Category::lu, Category::lo)},
    PropertyName{"lc", category_mask(Category::lu, Category::lt)},
    PropertyName{"casedletter", category_mask(Category::lu, Category::lt)},
    PropertyName{"lu", category_mask(Category::lu)},
    PropertyName{"uppercaseletter", category_mask(Category::lu)},
    PropertyName{"ll", category_mask(Category::ll)},
    PropertyName{"lowercaseletter", category_mask(Category::ll)},
    PropertyName{"lt", category_mask(Category::lt)},
    PropertyName{"titlecaseletter", category_mask(Category::lt)},
    PropertyName{"lm", category_mask(Category::lm)},
    PropertyName{"modifierletter", category_mask(Category::lm)},
    PropertyName{"lo", category_mask(Category::lo)},
    PropertyName{"otherletter", category_mask(Category::lo)},
    PropertyName{"m", category_mask(Category::mn, Category::me)},
    PropertyName{"mark", category_mask(Category::mn, Category::me)},
    PropertyName{"mn", category_mask(Category::mn)},
    PropertyName{"nonspacingmark", category_mask(Category::mn)},
    PropertyName{"mc", category_mask(Category::mc)},
    PropertyName{"spacingmark", category_mask(Category::mc)},
    PropertyName{"me", category_mask(Category::me)},
    PropertyName{"enclosingmark", category_mask(Category::me)},
    PropertyName{"n", category_mask(Category::nd, Category::no)},
    PropertyName{"number", category_mask(Category::nd, Category::no)},
    PropertyName{"nd", category_mask(Category::nd)},
    PropertyName{"decimalnumber", category_mask(Category::nd)},
    PropertyName{"nl", category_mask(Category::nl)},
    PropertyName{"letternumber", category_mask(Category::nl)},
    PropertyName{"no", category_mask(Category::no)},
    PropertyName{"othernumber", category_mask(Category::no)},
    PropertyName{"p", category_mask(Category::pc, Category::po)},
    PropertyName{"punct", category_mask(Category::pc, Category::po)},
    PropertyName{"punctuation", category_mask(Category::pc, Category::po)},
    PropertyName{"pc", category_mask(Category::pc)},
    PropertyName{"connectorpunctuation", category_mask(Category::pc)},
    PropertyName{"pd", category_mask(Category::pd)},
    PropertyName{"dashpunctuation", category_mask(Category::pd)},
    PropertyName{"ps", category_mask(Category::ps)},
    PropertyName{"openpunctuation", category_mask(Category::ps)},
    PropertyName{"pe", category_mask(Category::pe)},
    PropertyName{"closepunctuation", category_mask(Category::pe)},
    PropertyName{"pi", category_mask(Category::pi)},
    PropertyName{"initialpunctuation", category_mask(Category::pi)},
    PropertyName{"pf", category_mask(Category::pf)},
    PropertyName{"finalpunctuation", category_mask(Category::pf)},
    PropertyName{"po", category_mask(Category::po)},
    PropertyName{"otherpunctuation", category_mask(Category::po)},
    PropertyName{"s", category_mask(Category::sm, Category::so)},
    PropertyName{"symbol", category_mask(Category::sm, Category::so)},
    PropertyName{"sm", category_mask(Category::sm)},
    PropertyName{"mathsymbol", category_mask(Category::sm)},
    PropertyName{"sc", category_mask(Category::sc)},
    PropertyName{"currencysymbol", category_mask(Category::sc)},
    PropertyName{"sk", category_mask(Category::sk)},
    PropertyName{"modifiersymbol", category_mask(Category::sk)},
    PropertyName{"so", category_mask(Category::so)},
    PropertyName{"othersymbol", category_mask(Category::so)},
    PropertyName{"z", category_mask(Category::zs, Category::zp)},
    PropertyName{"separator", category_mask(Category::zs, Category::zp)},
    PropertyName{"zs", category_mask(Category::zs)},
    PropertyName{"spaceseparator", category_mask(Category::zs)},
    PropertyName{"zl", category_mask(Category::zl)},
    PropertyName{"lineseparator", category_mask(Category::zl)},
    PropertyName{"zp", category_mask(Category::zp)},
    PropertyName{"paragraphseparator", category_mask(Category::zp)},
    PropertyName{"c", category_mask(Category::cc, Category::cn)},
    PropertyName{"other", category_mask(Category::cc, Category::cn)},
    PropertyName{"cc", category_mask(Category::cc)},
    PropertyName{"control", category_mask(Category::cc)},
    PropertyName{"cf", category_mask(Category::cf)},
    PropertyName{"format", category_mask(Category::cf)},
    PropertyName{"cs", category_mask(Category::cs)},
    PropertyName{"surrogate", category_mask(Category::cs)},
    PropertyName{"co", category_mask(Category::co)},
    PropertyName{"privateuse", category_mask(Category::co)},
    PropertyName{"cn", category_mask(Category::cn)},
    PropertyName{"unassigned", category_mask(Category::cn)},
    PropertyName{"any", any_category},
    PropertyName{"assigned", any_category & ~category_mask(Category::cn)},
};

}  // namespace detail

WEFT_INLINE bool CharSet::contains(char32_t code) const noexcept {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), static_cast<std::uint32_t>(code),
                                      [](std::uint32_t value, const detail::CodeRange& range) { return value < range.first; });
  return after != ranges_.begin() && code <= (after - 1)->last;
}

WEFT_INLINE void CharSet::add(char32_t first, char32_t last) {
  detail::CodeRange added{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)};
  // The ranges [from, to) overlap or touch the new one and are swallowed by it.
  const auto from = std::lower_bound(ranges_.begin(), ranges_.end(), added.first,
                                     [](const detail::CodeRange& range, std::uint32_t value) { return range.last + 1 < value; });
  auto to = from;
  for (; to != ranges_.end() && to->first <= added.last + 1; ++to) {
    added.first = std::min(added.first, to->first);
    added.last = std::max(added.last, to->last);
  }
  if (from == to) {
    ranges_.insert(from, added);
  } else {
    *from = added;
    ranges_.erase(from + 1, to);
  }
}

WEFT_INLINE void CharSet::add(const CharSet& other) {
  if (other.ranges_.size() <= 4) {
    for (const auto& range : other.ranges_) add(static_cast<char32_t>(range.first), static_cast<char32_t>(range.last));
    return;
  }
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  normalize();
}

WEFT_INLINE void CharSet::normalize() {
  std::sort(ranges_.begin(), ranges_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::size_t kept = 0;
  for (const auto& range : ranges_) {
    if (kept > 0 && range.first <= ranges_[kept - 1].last + 1)
      ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
    else
      ranges_[kept++] = range;
  }
  ranges_.resize(kept);
}

WEFT_INLINE CharSet CharSet::negated() const {
  CharSet result;
  std::uint32_t next = 0;
  for (const auto& range : ranges_) {
    if (range.first > next) result.ranges_.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next < detail::code_limit) result.ranges_.push_back({next, detail::code_limit - 1});
  return result;
}

WEFT_INLINE CharSet CharSet::intersected(const CharSet& other) const {
  CharSet outside = negated();
  outside.add(other.negated());
  return outside.negated();
}

WEFT_INLINE CharSet CharSet::with_all_cases() const {
  // Two code points are one but for case when they fold to the same: collect what the members fold to, then all that fold there.
  const auto each_member = [](const CharSet& set, std::uint32_t first, std::uint32_t last, std::uint32_t step, auto&& use) {
    auto range = std::lower_bound(set.ranges_.begin(), set.ranges_.end(), first, [](const detail::CodeRange& r, std::uint32_t code) { return r.last < code; });
    for (; range != set.ranges_.end() && range->first <= last; ++range) {
      const std::uint32_t before = range->first > first ? range->first - first : 0;
      for (std::uint32_t code = first + (before + step - 1) / step * step; code <= std::min(range->last, last); code += step) use(code);
    }
  };
  CharSet targets = *this;
  for (const auto& run : detail::unicode_folds())
    each_member(*this, run.first, run.last, run.step, [&](std::uint32_t code) {
      const std::uint32_t target = run.folded + (code - run.first);
      targets.ranges_.push_back({target, target});
    });
  targets.normalize();
  CharSet result = targets;
  for (const auto& run : detail::unicode_folds())
    each_member(targets, run.folded, run.folded + (run.last - run.first), run.step, [&](std::uint32_t target) {
      const std::uint32_t code = run.first + (target - run.folded);
      result.ranges_.push_back({code, code});
    });
  result.normalize();
  return result;
}

WEFT_INLINE CharSet CharSet::white_space() {
  CharSet result;
  result.ranges_.assign(detail::unicode_white_space().begin(), detail::unicode_white_space().end());
  return result;
}

WEFT_INLINE CharSet CharSet::with_ranges(std::uint32_t mask, std::span<const detail::CodeRange> more) {
  CharSet result = of_categories(mask);
  result.ranges_.insert(result.ranges_.end(), more.begin(), more.end());
  result.normalize();
  return result;
}

WEFT_INLINE CharSet CharSet::word() {
  using detail::category_mask;
  CharSet result = with_ranges(category_mask(Category::lu, Category::me) | category_mask(Category::nd, Category::nl) | category_mask(Category::pc),
                               detail::unicode_other_alphabetic());
  result.add(0x200C, 0x200D);
  return result;
}

WEFT_INLINE CharSet CharSet::alphabetic() {
  using detail::category_mask;
  const CharSet whole = with_ranges(category_mask(Category::lu, Category::me) | category_mask(Category::nl), detail::unicode_other_alphabetic());
  return whole.intersected(with_ranges(0, detail::unicode_other_marks()).negated());
}

WEFT_INLINE CharSet CharSet::upper_case() { return with_ranges(detail::category_mask(Category::lu), detail::unicode_other_upper()); }
WEFT_INLINE CharSet CharSet::lower_case() { return with_ranges(detail::category_mask(Category::ll), detail::unicode_other_lower()); }

namespace detail {

// Ranges of the runs whose value is wanted.
template <class Wanted>
std::vector<CodeRange> ranges_of_runs(std::span<const std::uint32_t> runs, const Wanted& wanted) {
  std::vector<CodeRange> ranges;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!wanted(runs[i] & 0xFFu)) continue;
    const std::uint32_t first = runs[i] >> 8;
    const std::uint32_t last = (i + 1 < runs.size() ? runs[i + 1] >> 8 : code_limit) - 1;
    if (!ranges.empty() && ranges.back().last + 1 == first)
      ranges.back().last = last;
    else
      ranges.push_back({first, last});
  }
  return ranges;
}

}  // namespace detail

WEFT_INLINE CharSet CharSet::of_categories(std::uint32_t mask) {
  CharSet result;
  result.ranges_ = detail::ranges_of_runs(detail::unicode_category_runs(), [mask](std::uint32_t value) { return (mask >> value & 1u) != 0; });
  return result;
}

namespace detail {

WEFT_INLINE std::string plain_property_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != '_' && c != '-' && c != ' ') plain.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
  return plain;
}

}  // namespace detail

WEFT_INLINE std::optional<CharSet> CharSet::property(std::string_view name) {
  const std::string plain = detail::plain_property_name(name);
  if (plain == "whitespace" || plain == "space") return white_space();
  if (plain == "alphabetic" || plain == "alpha") return alphabetic();
  if (plain == "uppercase" || plain == "upper") return upper_case();
  if (plain == "lowercase" || plain == "lower") return lower_case();
  for (const auto& entry : detail::property_names)
    if (entry.name == plain) return of_categories(entry.mask);
  const auto scripts = detail::unicode_script_names();
  for (std::size_t i = 0; i < scripts.size(); ++i)
    if (detail::plain_property_name(scripts[i]) == plain) {
      CharSet result;
      result.ranges_ = detail::ranges_of_runs(detail::unicode_script_runs(), [i](std::uint32_t value) { return value == i; });
      return result;
    }
  return std::nullopt;
}

}  // namespace weft
