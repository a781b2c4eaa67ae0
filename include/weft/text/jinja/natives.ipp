// Global functions, and the methods of what is no text.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "weft/text/jinja/interpreter.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/operators.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

/// As in jinja2's sandbox.
inline constexpr std::uint64_t max_range = 100'000;

inline Value call_range(Interpreter& budget, const Value&, const Call& call) {
  const Arguments args(call, "range()", {"/start", "/stop", "/step"}, 1);
  for (std::size_t i = 0; i < call.size; ++i) {
    require_defined(args[i]);
    if (!args[i].is_integral()) fail(ErrorKind::format, "range() takes integers, not a ", type_name(args[i]));
  }
  Range range;
  if (call.size > 1) range.start = args[0].as_integer();
  range.stop = call.size > 1 ? args[1].as_integer() : args[0].as_integer();
  if (call.size > 2) range.step = args[2].as_integer();
  if (range.step == 0) fail(ErrorKind::format, "the step of range() cannot be 0");
  const auto distance = [](std::int64_t from, std::int64_t to) { return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from); };
  std::uint64_t size = 0;
  if (range.step > 0 && range.start < range.stop) size = (distance(range.start, range.stop) - 1) / static_cast<std::uint64_t>(range.step) + 1;
  if (range.step < 0 && range.start > range.stop) size = (distance(range.stop, range.start) - 1) / (0 - static_cast<std::uint64_t>(range.step)) + 1;
  if (size > max_range) fail(ErrorKind::resource, "a range() of ", size, " numbers; the limit is ", max_range);
  range.size = static_cast<std::size_t>(size);
  Value value;
  value.kind = Kind::range;
  value.range = budget.arena.make<Range>(range);
  return value;
}

/// The pairs that dict() and namespace() are made of: a dict or pairs, then keywords.
inline std::vector<Pair> pairs_of(Interpreter& budget, const Call& call, std::string_view function) {
  std::vector<Pair> pairs;
  if (call.size > 1) fail(ErrorKind::format, function, " takes at most one argument by position, but got ", call.size);
  if (call.size == 1 && call.args[0].kind == Kind::dict) {
    const Dict& dict = *call.args[0].dict;
    pairs.assign(dict.items, dict.items + dict.size);
    budget.charge(dict.size);
  } else if (call.size == 1) {
    require_defined(call.args[0]);
    for (const Value& pair : items_of(budget, call.args[0]).all(budget)) {
      const Items both = items_of(budget, pair);
      if (both.size() != 2) fail(ErrorKind::format, function, " takes pairs, but found ", both.size(), " values");
      pairs.push_back({both.at(budget, 0), both.at(budget, 1)});
    }
  }
  for (std::size_t i = 0; i < call.keyword_count; ++i) pairs.push_back({text_view(budget, call.keywords[i].name, true), call.keywords[i].value});
  return pairs;
}

inline Value call_dict(Interpreter& budget, const Value&, const Call& call) { return make_dict(budget, pairs_of(budget, call, "dict()")); }

inline Value call_namespace(Interpreter& budget, const Value&, const Call& call) {
  const Value dict = make_dict(budget, pairs_of(budget, call, "namespace()"));
  Space& space = *budget.arena.make<Space>();
  space.capacity = dict.dict->size;
  space.items = budget.arena.array<Variable>(space.capacity);
  for (std::size_t i = 0; i < dict.dict->size; ++i) {
    const Pair& pair = dict.dict->items[i];
    if (pair.key.kind == Kind::string) space.items[space.size++] = {view_of(budget, pair.key), pair.value};
  }
  Value value;
  value.kind = Kind::space;
  value.space = &space;
  return value;
}

inline Value call_cycler(Interpreter& budget, const Value&, const Call& call) {
  if (call.size == 0 || call.keyword_count > 0) fail(ErrorKind::format, "cycler() takes at least one value");
  Value value;
  value.kind = Kind::cycler;
  value.cycler = budget.arena.make<Cycler>(Cycler{budget.arena.copy(call.args, call.size), call.size, 0});
  return value;
}

inline Value call_joiner(Interpreter& budget, const Value&, const Call& call) {
  const Arguments args(call, "joiner()", {"sep"});
  Value value;
  value.kind = Kind::joiner;
  value.joiner = budget.arena.make<Joiner>(Joiner{args.has(0) ? args[0] : text_view(budget, ", ", true), false});
  return value;
}

inline Value call_raise_exception(Interpreter& budget, const Value&, const Call& call) {
  const Arguments args(call, "raise_exception()", {"message"}, 1);
  fail(ErrorKind::argument, view_of(budget, to_text(budget, args[0])));
}

/// strftime_now(format), as Hugging Face adds it: the date of the rendering.
inline Value call_strftime_now(Interpreter& budget, const Value&, const Call& call) {
  const Arguments args(call, "strftime_now()", {"format"}, 1);
  if (args[0].kind != Kind::string) fail(ErrorKind::format, "strftime_now() takes a format, not a ", type_name(args[0]));
  if (!budget.now) {
    const std::time_t seconds = std::time(nullptr);
    budget.now.emplace();
#ifdef _WIN32
    localtime_s(&*budget.now, &seconds);
#else
    localtime_r(&seconds, &*budget.now);
#endif
  }
  std::string format(view_of(budget, args[0]));
  constexpr std::size_t longest = 1024;
  if (format.size() > longest) fail(ErrorKind::resource, "strftime_now(): a format of ", format.size(), " bytes is too large; the limit is ", longest);
  if (format.find('\0') != std::string::npos) fail(ErrorKind::format, "strftime_now(): the format holds a zero byte");
  for (std::size_t at = 0; (at = format.find('%', at)) != std::string::npos; at += 2)
    if (at + 1 < format.size() && format[at + 1] == 'f') format.replace(at, 2, "000000");  // Python's microseconds
  format += ' ';  // an empty result is told from a full buffer
  std::string text(64 + 32 * format.size(), '\0');
  text.resize(std::strftime(text.data(), text.size(), format.c_str(), &*budget.now));
  if (!text.empty()) text.pop_back();
  return text_copy(budget, text, args[0].string->runs == nullptr && args[0].string->written);
}

WEFT_INLINE const Function* find_global(std::string_view name) {
  static constexpr std::array<Function, 7> globals{{{"range", call_range}, {"dict", call_dict}, {"namespace", call_namespace}, {"cycler", call_cycler},
                                                    {"joiner", call_joiner}, {"raise_exception", call_raise_exception}, {"strftime_now", call_strftime_now}}};
  const auto found = std::find_if(globals.begin(), globals.end(), [&](const Function& f) { return f.name == name; });
  return found == globals.end() ? nullptr : &*found;
}

inline Value make_view(Interpreter& budget, const Value& self, DictView::Part part) {
  Value value;
  value.kind = Kind::dict_view;
  value.view = budget.arena.make<DictView>(DictView{part, self.dict});
  return value;
}

inline Value dict_get(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "dict.get()", {"/key", "/default"}, 1);
  if (!hashable(budget, args[0])) fail(ErrorKind::format, "a ", type_name(args[0]), " cannot be a key (unhashable type)");
  const Value* found = find(budget, *self.dict, args[0]);
  return found != nullptr ? *found : args[1];
}
inline Value dict_items(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "dict.items()", {});
  return make_view(budget, self, DictView::Part::items);
}
inline Value dict_keys(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "dict.keys()", {});
  return make_view(budget, self, DictView::Part::keys);
}
inline Value dict_values(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "dict.values()", {});
  return make_view(budget, self, DictView::Part::values);
}
inline Value copy_of(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "copy()", {});
  return self;  // nothing can change it
}

inline Value sequence_index(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "index()", {"/value", "/start", "/stop"}, 1);
  const Items items = items_of(budget, self);
  const auto bound = [&](std::size_t i, std::int64_t otherwise) {
    if (!args.has(i)) return otherwise;
    if (!args[i].is_integral()) fail(ErrorKind::format, "index() takes integers as bounds, not a ", type_name(args[i]));
    const auto size = static_cast<std::int64_t>(items.size());
    const std::int64_t at = args[i].as_integer();
    return std::clamp<std::int64_t>(at < -size ? 0 : at < 0 ? at + size : at, 0, size);
  };
  const std::int64_t stop = bound(2, static_cast<std::int64_t>(items.size()));
  for (std::int64_t i = bound(1, 0); i < stop; ++i)
    if (equals(budget, items.at(budget, static_cast<std::size_t>(i)), args[0])) return make_integer(i);
  fail(ErrorKind::format, "index(): the value is not in the ", type_name(self));
}
inline Value sequence_count(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "count()", {"/value"}, 1);
  const Items items = items_of(budget, self);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < items.size(); ++i) count += equals(budget, items.at(budget, i), args[0]) ? 1 : 0;
  return make_integer(count);
}

inline Value loop_cycle(Interpreter&, const Value& self, const Call& call) {
  if (call.size == 0 || call.keyword_count > 0) fail(ErrorKind::format, "loop.cycle() takes at least one value");
  return call.args[self.loop->index % call.size];
}
inline Value loop_changed(Interpreter& budget, const Value& self, const Call& call) {
  const Value now = make_sequence(budget, Kind::tuple, std::span(call.args, call.size));
  Loop& loop = *self.loop;
  if (loop.has_changed && equals(budget, loop.changed, now)) return make_bool(false);
  loop.changed = now;
  loop.has_changed = true;
  return make_bool(true);
}

inline Value cycler_next(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "next()", {});
  Cycler& cycler = *self.cycler;
  const Value value = cycler.items[cycler.at];
  cycler.at = (cycler.at + 1) % cycler.size;
  return value;
}
inline Value cycler_reset(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "reset()", {});
  self.cycler->at = 0;
  return {};
}

inline Value real_is_integer(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "is_integer()", {});
  return make_bool(self.real == static_cast<double>(static_cast<long long>(self.real)));
}

WEFT_INLINE const Function* find_method(Kind kind, std::string_view name) {
  static constexpr std::array<Function, 5> dict{{{"get", dict_get}, {"items", dict_items}, {"keys", dict_keys}, {"values", dict_values}, {"copy", copy_of}}};
  static constexpr std::array<Function, 3> list{{{"index", sequence_index}, {"count", sequence_count}, {"copy", copy_of}}};
  static constexpr std::array<Function, 2> loop{{{"cycle", loop_cycle}, {"changed", loop_changed}}};
  static constexpr std::array<Function, 2> cycler{{{"next", cycler_next}, {"reset", cycler_reset}}};
  static constexpr std::array<Function, 1> real{{{"is_integer", real_is_integer}}};
  const auto look = [&](std::span<const Function> methods) -> const Function* {
    for (const Function& method : methods)
      if (method.name == name) return &method;
    return nullptr;
  };
  switch (kind) {
    case Kind::string: return find_string_method(name);
    case Kind::dict: return look(dict);
    case Kind::list: return look(list);
    case Kind::tuple:
    case Kind::range: return look(std::span(list).first(2));
    case Kind::loop: return look(loop);
    case Kind::cycler: return look(cycler);
    case Kind::real: return look(real);
    default: return nullptr;
  }
}

WEFT_INLINE bool is_refused_method(Kind kind, std::string_view name) {
  static constexpr std::array<std::string_view, 6> dict{"clear", "pop", "popitem", "setdefault", "update", "fromkeys"};
  static constexpr std::array<std::string_view, 8> list{"append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"};
  if (kind == Kind::dict) return std::find(dict.begin(), dict.end(), name) != dict.end();
  if (kind == Kind::list) return std::find(list.begin(), list.end(), name) != list.end();
  return false;
}

}  // namespace weft::detail::jinja
