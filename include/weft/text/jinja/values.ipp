#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

WEFT_INLINE std::string_view type_name(const Value& value) {
  switch (value.kind) {
    case Kind::undefined: return "Undefined";
    case Kind::none: return "NoneType";
    case Kind::boolean: return "bool";
    case Kind::integer: return "int";
    case Kind::real: return "float";
    case Kind::string: return value.string->markup ? "Markup" : "str";
    case Kind::list: return "list";
    case Kind::tuple: return "tuple";
    case Kind::dict: return "dict";
    case Kind::range: return "range";
    case Kind::iterator: return value.iterator->type;
    case Kind::dict_view:
      return value.view->part == DictView::Part::keys ? "dict_keys" : value.view->part == DictView::Part::values ? "dict_values" : "dict_items";
    case Kind::space: return "Namespace";
    case Kind::loop: return "LoopContext";
    case Kind::macro: return "Macro";
    case Kind::function: return "function";
    case Kind::method: return "builtin_function_or_method";
    case Kind::cycler: return "Cycler";
    case Kind::joiner: return "Joiner";
  }
  return "object";
}

WEFT_INLINE bool truth(const Value& value) {
  switch (value.kind) {
    case Kind::undefined:
    case Kind::none: return false;
    case Kind::boolean: return value.boolean;
    case Kind::integer: return value.integer != 0;
    case Kind::real: return value.real != 0;
    case Kind::string: return value.string->size > 0;
    case Kind::list:
    case Kind::tuple: return value.seq->size > 0;
    case Kind::dict: return value.dict->size > 0;
    case Kind::range: return value.range->size > 0;
    case Kind::dict_view: return value.view->dict->size > 0;
    default: return true;
  }
}

WEFT_INLINE Value make_undefined(Budget& budget, const Undefined& why) {
  Value value;
  value.kind = Kind::undefined;
  value.undefined = budget.arena.make<Undefined>(why);
  return value;
}

WEFT_INLINE void fail_undefined(const Value& value) {
  const Undefined& u = *value.undefined;
  const std::string name = quote(u.name);
  switch (u.why) {
    case Undefined::Why::name: fail(ErrorKind::format, name, " is undefined");
    case Undefined::Why::attribute: fail(ErrorKind::format, quote(u.owner), " has no attribute ", name, "; the value is undefined");
    case Undefined::Why::item: fail(ErrorKind::format, u.owner, " has no element ", printable(u.name, 128), "; the value is undefined");
    case Undefined::Why::message: fail(ErrorKind::format, printable(u.name, 400), "; the value is undefined");
    case Undefined::Why::unsafe:
      fail(ErrorKind::format, "the attribute ", name, " of a ", u.owner, " is not open to templates (it reaches into the interpreter or changes the value)");
  }
  fail(ErrorKind::format, name, " is undefined");
}

/// Exact, also where an integer does not fit a double.
inline int order_numbers(const Value& a, const Value& b) {
  const auto compare = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : x == y ? 0 : not_ordered; };
  if (a.is_integral() && b.is_integral()) return compare(a.as_integer(), b.as_integer());
  if (a.kind == Kind::real && b.kind == Kind::real) return compare(a.real, b.real);
  if (a.kind == Kind::real) {
    const int other = order_numbers(b, a);
    return other == not_ordered ? other : -other;
  }
  const double real = b.real;
  if (std::isnan(real)) return not_ordered;
  if (real >= 0x1p63) return -1;
  if (real < -0x1p63) return 1;
  const auto whole = static_cast<std::int64_t>(real);
  const int first = compare(a.as_integer(), whole);
  return first != 0 ? first : compare(0.0, real - static_cast<double>(whole));
}

inline bool equal_dicts(Budget& budget, const Dict& a, const Dict& b) {
  if (a.size != b.size) return false;
  for (std::size_t i = 0; i < a.size; ++i) {
    const Value* other = find(budget, b, a.items[i].key);
    if (other == nullptr || !equals(budget, a.items[i].value, *other)) return false;
  }
  return true;
}

WEFT_INLINE bool equals(Budget& budget, const Value& a, const Value& b) {
  budget.charge(1);
  if (a.is_number() && b.is_number()) return order_numbers(a, b) == 0;
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::undefined:
    case Kind::none: return true;
    case Kind::string: {
      if (a.string->size != b.string->size) return false;
      budget.charge(a.string->size / 64);
      return view_of(budget, a) == view_of(budget, b);
    }
    case Kind::list:
    case Kind::tuple: {
      if (a.seq == b.seq) return true;
      if (a.seq->size != b.seq->size) return false;
      const Budget::Level level(budget);
      for (std::size_t i = 0; i < a.seq->size; ++i)
        if (!equals(budget, a.seq->items[i], b.seq->items[i])) return false;
      return true;
    }
    case Kind::dict: {
      if (a.dict == b.dict) return true;
      const Budget::Level level(budget);
      return equal_dicts(budget, *a.dict, *b.dict);
    }
    case Kind::range: {
      const Range &x = *a.range, &y = *b.range;
      return x.size == y.size && (x.size == 0 || (x.start == y.start && (x.size == 1 || x.step == y.step)));
    }
    case Kind::dict_view: {
      if (a.view->part != b.view->part || a.view->part == DictView::Part::values) return a.identity == b.identity;
      if (a.view->part == DictView::Part::items) return equal_dicts(budget, *a.view->dict, *b.view->dict);
      const Dict &x = *a.view->dict, &y = *b.view->dict;
      return x.size == y.size && std::all_of(x.items, x.items + x.size, [&](const Pair& pair) { return find(budget, y, pair.key) != nullptr; });
    }
    case Kind::method: return a.method->function == b.method->function && a.method->self.identity == b.method->self.identity;
    default: return a.identity == b.identity;
  }
}

WEFT_INLINE int order(Budget& budget, const Value& a, const Value& b, std::string_view symbol) {
  budget.charge(1);
  if (a.is_number() && b.is_number()) return order_numbers(a, b);
  require_defined(a);
  require_defined(b);
  if (a.kind == Kind::string && b.kind == Kind::string) {
    // The order of UTF-8's bytes is that of code points.
    budget.charge(std::min(a.string->size, b.string->size) / 64);
    const int result = view_of(budget, a).compare(view_of(budget, b));
    return result < 0 ? -1 : result > 0 ? 1 : 0;
  }
  if (a.kind == b.kind && (a.kind == Kind::list || a.kind == Kind::tuple)) {
    const Budget::Level level(budget);
    const std::size_t common = std::min(a.seq->size, b.seq->size);
    for (std::size_t i = 0; i < common; ++i)
      if (!equals(budget, a.seq->items[i], b.seq->items[i])) return order(budget, a.seq->items[i], b.seq->items[i], symbol);
    return a.seq->size < b.seq->size ? -1 : a.seq->size > b.seq->size ? 1 : 0;
  }
  fail(ErrorKind::format, "'", symbol, "' is not supported between a ", type_name(a), " and a ", type_name(b));
}

WEFT_INLINE bool contains(Budget& budget, const Value& container, const Value& item) {
  switch (container.kind) {
    case Kind::string:
      if (item.kind != Kind::string) fail(ErrorKind::format, "'in' a str needs a str on its left, not a ", type_name(item));
      budget.charge(1 + container.string->size / 64);
      return find_text(view_of(budget, container), view_of(budget, item)) != std::string_view::npos;
    case Kind::dict:
      if (!hashable(budget, item)) fail(ErrorKind::format, "a ", type_name(item), " cannot be a key (unhashable type)");
      return find(budget, *container.dict, item) != nullptr;
    case Kind::range:
      if (item.is_integral()) {
        const Range& r = *container.range;
        // Without signs, so that nothing overflows: how far the item lies in the direction of the steps.
        const bool down = r.step < 0;
        const auto at = static_cast<std::uint64_t>(item.as_integer()), start = static_cast<std::uint64_t>(r.start), step = static_cast<std::uint64_t>(r.step);
        if (down ? item.as_integer() > r.start : item.as_integer() < r.start) return false;
        const std::uint64_t offset = down ? start - at : at - start, width = down ? 0 - step : step;
        return offset % width == 0 && offset / width < r.size;
      }
      [[fallthrough]];
    default: {
      const Items items = items_of(budget, container);
      for (std::size_t i = 0; i < items.size(); ++i) {
        const Value each = items.at(budget, i);
        if ((each.kind == item.kind && each.identity == item.identity && each.kind != Kind::real) || equals(budget, each, item)) return true;
      }
      return false;
    }
  }
}

WEFT_INLINE bool iterable(const Value& value) {
  switch (value.kind) {
    case Kind::undefined:
    case Kind::string:
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
    case Kind::range:
    case Kind::iterator:
    case Kind::loop:
    case Kind::dict_view: return true;
    default: return false;
  }
}

WEFT_INLINE Items items_of(Budget& budget, const Value& value) {
  Items items;
  items.source_ = value;
  switch (value.kind) {
    case Kind::undefined: break;
    case Kind::string: {
      Str& text = flat(budget, *value.string);
      items.size_ = text.size;
      if (is_ascii(text)) break;
      const CharacterIndex index(text);
      items.size_ = index.size();
      budget.charge(index.size() / 8);
      std::size_t* starts = budget.arena.array<std::size_t>(index.size() + 1);
      for (std::size_t i = 0; i <= index.size(); ++i) starts[i] = index[i];
      items.starts_ = starts;
      break;
    }
    case Kind::list:
    case Kind::tuple: items.values_ = value.seq->items, items.size_ = value.seq->size; break;
    case Kind::dict: items.size_ = value.dict->size; break;
    case Kind::dict_view: items.size_ = value.view->dict->size; break;
    case Kind::range: items.size_ = value.range->size; break;
    case Kind::iterator: {
      Iterator& it = *value.iterator;
      items.values_ = it.items + it.next;
      items.size_ = it.size - it.next;
      it.next = it.size;
      break;
    }
    default: fail(ErrorKind::format, "a ", type_name(value), " cannot be iterated over");
  }
  return items;
}

WEFT_INLINE Value Items::at(Budget& budget, std::size_t i) const {
  budget.charge(1);
  if (values_ != nullptr) return values_[i];
  switch (source_.kind) {
    case Kind::string: return starts_ != nullptr ? cut(budget, *source_.string, starts_[i], starts_[i + 1]) : cut(budget, *source_.string, i, i + 1);
    case Kind::dict: return source_.dict->items[i].key;
    case Kind::range: return source_.range->at(i);
    default: break;
  }
  const Pair& pair = source_.view->dict->items[i];
  if (source_.view->part == DictView::Part::keys) return pair.key;
  if (source_.view->part == DictView::Part::values) return pair.value;
  const Value both[] = {pair.key, pair.value};
  return make_sequence(budget, Kind::tuple, both);
}

WEFT_INLINE std::vector<Value> Items::all(Budget& budget) const {
  budget.arena.charge(size_ * sizeof(Value));
  std::vector<Value> values;
  values.reserve(size_);
  for (std::size_t i = 0; i < size_; ++i) values.push_back(at(budget, i));
  return values;
}

WEFT_INLINE bool has_length(const Value& value) { return iterable(value) && value.kind != Kind::iterator; }

WEFT_INLINE std::size_t length(Budget& budget, const Value& value) {
  switch (value.kind) {
    case Kind::undefined: return 0;
    case Kind::string: {
      Str& text = flat(budget, *value.string);
      if (text.ascii != 1) budget.charge(text.size / 16);
      return length_of(text);
    }
    case Kind::list:
    case Kind::tuple: return value.seq->size;
    case Kind::dict: return value.dict->size;
    case Kind::dict_view: return value.view->dict->size;
    case Kind::range: return value.range->size;
    default: fail(ErrorKind::format, "a ", type_name(value), " has no length");
  }
}

WEFT_INLINE Value make_sequence(Budget& budget, Kind kind, std::span<const Value> items) {
  Value value;
  value.kind = kind;
  value.seq = budget.arena.make<Seq>(Seq{budget.arena.copy(items.data(), items.size()), items.size(), false});
  return value;
}

WEFT_INLINE Value make_iterator(Budget& budget, std::span<const Value> items, std::string_view type) {
  Value value;
  value.kind = Kind::iterator;
  value.iterator = budget.arena.make<Iterator>(Iterator{budget.arena.copy(items.data(), items.size()), items.size(), 0, type});
  return value;
}

WEFT_INLINE bool hashable(Budget& budget, const Value& value, std::size_t depth) {
  if (value.kind != Kind::tuple) return value.kind != Kind::list && value.kind != Kind::dict && value.kind != Kind::dict_view;
  if (depth > 100) fail(ErrorKind::resource, "a key is a tuple nested too deep; the limit is 100 levels");
  budget.charge(1 + value.seq->size);  // what is shared inside is looked at each time it occurs
  return std::all_of(value.seq->items, value.seq->items + value.seq->size, [&](const Value& item) { return hashable(budget, item, depth + 1); });
}

constexpr std::size_t linear_dict = 8;  // up to here a search from the left is the fastest

WEFT_INLINE int order_keys(Budget& budget, const Value& a, const Value& b) {
  const auto rank = [](const Value& v) { return v.is_number() ? 0 : static_cast<int>(v.kind) + 1; };
  if (rank(a) != rank(b)) return rank(a) < rank(b) ? -1 : 1;
  if (a.is_number()) {
    const int result = order_numbers(a, b);
    return result == not_ordered ? (std::isnan(a.as_real()) ? 1 : 0) - (std::isnan(b.as_real()) ? 1 : 0) : result;
  }
  if (a.kind == Kind::string) return order(budget, a, b, "<");
  if (a.kind == Kind::none || a.kind == Kind::undefined) return 0;
  if (a.kind != Kind::tuple) return a.identity < b.identity ? -1 : a.identity > b.identity ? 1 : 0;
  const Budget::Level level(budget);
  budget.charge(1 + std::min(a.seq->size, b.seq->size));
  for (std::size_t i = 0; i < std::min(a.seq->size, b.seq->size); ++i)
    if (const int result = order_keys(budget, a.seq->items[i], b.seq->items[i]); result != 0) return result;
  return a.seq->size < b.seq->size ? -1 : a.seq->size > b.seq->size ? 1 : 0;
}

WEFT_INLINE Value make_dict(Budget& budget, std::vector<Pair> pairs) {
  for (const Pair& pair : pairs)
    if (!hashable(budget, pair.key)) fail(ErrorKind::format, "a ", type_name(pair.key), " cannot be a key (unhashable type)");
  std::vector<std::uint32_t> sorted(pairs.size());
  std::iota(sorted.begin(), sorted.end(), 0u);
  std::stable_sort(sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) { return order_keys(budget, pairs[a].key, pairs[b].key) < 0; });
  std::vector<bool> dropped(pairs.size());
  for (std::size_t i = 1, first = 0; i < sorted.size(); ++i) {
    if (order_keys(budget, pairs[sorted[first]].key, pairs[sorted[i]].key) == 0) {
      pairs[sorted[first]].value = pairs[sorted[i]].value;
      dropped[sorted[i]] = true;
    } else {
      first = i;
    }
  }
  std::vector<std::uint32_t> place(pairs.size());
  std::uint32_t kept = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    place[i] = kept;
    if (!dropped[i]) pairs[kept++] = pairs[i];
  }
  Dict& dict = *budget.arena.make<Dict>();
  dict.items = budget.arena.copy(pairs.data(), kept);
  dict.size = kept;
  if (kept > linear_dict) {
    std::uint32_t* out = budget.arena.array<std::uint32_t>(kept);
    dict.order = out;
    for (const std::uint32_t i : sorted)
      if (!dropped[i]) *out++ = place[i];
  }
  Value value;
  value.kind = Kind::dict;
  value.dict = &dict;
  return value;
}

WEFT_INLINE const Value* find(Budget& budget, const Dict& dict, const Value& key) {
  if (dict.order == nullptr) {
    for (std::size_t i = 0; i < dict.size; ++i)
      if (order_keys(budget, dict.items[i].key, key) == 0) return &dict.items[i].value;
    return nullptr;
  }
  const auto* end = dict.order + dict.size;
  const auto* found =
      std::lower_bound(dict.order, end, key, [&](std::uint32_t i, const Value& k) { return order_keys(budget, dict.items[i].key, k) < 0; });
  return found != end && order_keys(budget, dict.items[*found].key, key) == 0 ? &dict.items[*found].value : nullptr;
}

WEFT_INLINE const Value* find(Budget& budget, const Dict& dict, std::string_view key) {
  if (dict.order == nullptr) {
    for (std::size_t i = 0; i < dict.size; ++i)
      if (dict.items[i].key.kind == Kind::string && view_of(budget, dict.items[i].key) == key) return &dict.items[i].value;
    return nullptr;
  }
  Str text;
  text.data = key.data();
  text.size = key.size();
  return find(budget, dict, make_string(&text));
}

}  // namespace weft::detail::jinja
