// Expressions. Recursion is bounded twice: by the parser (levels of the tree) and by Budget::Level (levels of macros in it).
#pragma once

#include <algorithm>
#include <string>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/interpreter.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/operators.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

WEFT_INLINE Scope& Interpreter::inner(Scope& parent) {
  Scope& scope = *arena.make<Scope>();
  scope.parent = &parent;
  return scope;
}

WEFT_INLINE void Interpreter::store(Scope& scope, std::uint32_t name, const Value& value) {
  for (std::uint32_t i = 0; i < scope.size; ++i) {
    if (scope.entries[i].name != name) continue;
    scope.entries[i].value = value;
    return;
  }
  if (scope.size == scope.capacity) {
    scope.capacity = scope.capacity == 0 ? 4 : 2 * scope.capacity;
    auto* grown = arena.array<Scope::Entry>(scope.capacity);
    std::copy_n(scope.entries, scope.size, grown);
    scope.entries = grown;
  }
  scope.entries[scope.size++] = {name, value};
}

WEFT_INLINE const Value* Interpreter::load(std::uint32_t name, const Scope& scope) const {
  for (const Scope* s = &scope; s != nullptr; s = s->parent)
    for (std::uint32_t i = 0; i < s->size; ++i)
      if (s->entries[i].name == name) return &s->entries[i].value;
  return nullptr;
}

WEFT_INLINE Value Interpreter::evaluate(const Node& node, Scope& scope) {
  const Level level(*this);
  charge(1);
  switch (node.kind) {
    case NodeKind::constant: return node.constant;
    case NodeKind::name: return name(node, scope);
    case NodeKind::list:
    case NodeKind::tuple: return sequence(node, scope);
    case NodeKind::dict: return dict(node, scope);
    case NodeKind::attribute: {
      const Value object = evaluate(*node.a, scope);
      at_ = node.offset;
      return attribute(object, node.text);
    }
    case NodeKind::item: return subscript(node, scope);
    case NodeKind::call: return call_node(node, scope);
    case NodeKind::filter: return filters(node, {}, scope);
    case NodeKind::test: return test(node, scope);
    case NodeKind::logical_not: return make_bool(!truth(evaluate(*node.a, scope)));
    case NodeKind::negative:
    case NodeKind::positive: {
      const Value value = evaluate(*node.a, scope);
      at_ = node.offset;
      return negate(value, node.kind == NodeKind::positive);
    }
    case NodeKind::logical_and: {
      const Value left = evaluate(*node.a, scope);
      return truth(left) ? evaluate(*node.b, scope) : left;
    }
    case NodeKind::logical_or: {
      const Value left = evaluate(*node.a, scope);
      return truth(left) ? left : evaluate(*node.b, scope);
    }
    case NodeKind::binary: return binary(node, scope);
    case NodeKind::concat: return concatenation(node, scope);
    case NodeKind::compare: return comparison(node, scope);
    case NodeKind::condition:
      if (truth(evaluate(*node.a, scope))) return evaluate(*node.b, scope);
      if (node.c != nullptr) return evaluate(*node.c, scope);
      return make_undefined(*this, {Undefined::Why::message, "the condition of an 'if' without 'else' is false"});
    default: break;
  }
  at_ = node.offset;
  fail(ErrorKind::format, "a slice stands where a value is needed");
}

WEFT_INLINE Value Interpreter::name(const Node& node, Scope& scope) {
  if (const Value* found = load(node.name, scope)) return *found;
  if (const Function* function = find_global(node.text)) {
    Value value;
    value.kind = Kind::function;
    value.function = function;
    return value;
  }
  return make_undefined(*this, {Undefined::Why::name, node.text});
}

WEFT_INLINE Value Interpreter::sequence(const Node& node, Scope& scope) {
  Value* items = arena.array<Value>(node.list.size());
  for (std::size_t i = 0; i < node.list.size(); ++i) items[i] = evaluate(*node.list[i], scope);
  Value value;
  value.kind = node.kind == NodeKind::list ? Kind::list : Kind::tuple;
  value.seq = arena.make<Seq>(Seq{items, node.list.size(), false});
  return value;
}

WEFT_INLINE Value Interpreter::dict(const Node& node, Scope& scope) {
  std::vector<Pair> pairs;
  pairs.reserve(node.list.size() / 2);
  for (std::size_t i = 0; i + 1 < node.list.size(); i += 2) {
    const Value key = evaluate(*node.list[i], scope);
    pairs.push_back({key, evaluate(*node.list[i + 1], scope)});
  }
  at_ = node.offset;
  return make_dict(*this, std::move(pairs));
}

WEFT_INLINE Value Interpreter::subscript(const Node& node, Scope& scope) {
  const Value object = evaluate(*node.a, scope);
  if (node.b->kind != NodeKind::slice) {
    const Value key = evaluate(*node.b, scope);
    at_ = node.offset;
    return item(object, key);
  }
  const auto bound = [&](const Node* part) { return part != nullptr ? evaluate(*part, scope) : Value{}; };
  const Value start = bound(node.b->a), stop = bound(node.b->b), step = bound(node.b->c);
  at_ = node.offset;
  require_defined(object);
  return slice(*this, object, start, stop, step);
}

WEFT_INLINE void Interpreter::spread(const Node& node, Scope& scope, ArgumentList& out) {
  if (node.star != nullptr) {
    const Value value = evaluate(*node.star, scope);
    at_ = node.offset;
    for (const Value& each : items_of(*this, value).all(*this)) out.args.push_back(each);
  }
  if (node.stars == nullptr) return;
  const Value value = evaluate(*node.stars, scope);
  at_ = node.offset;
  if (value.kind != Kind::dict) fail(ErrorKind::format, "'**' needs a dict, not a ", type_name(value));
  for (std::size_t i = 0; i < value.dict->size; ++i) {
    const Pair& pair = value.dict->items[i];
    if (pair.key.kind != Kind::string) fail(ErrorKind::format, "the keys of '**' must be texts");
    out.keywords.push_back({view_of(*this, pair.key), pair.value});
  }
}

WEFT_INLINE Interpreter::ArgumentList Interpreter::arguments(const Node& node, Scope& scope) {
  ArgumentList out;
  out.args.reserve(node.list.size());
  for (const Node* argument : node.list) out.args.push_back(evaluate(*argument, scope));
  for (const auto& [key, argument] : node.keywords) {
    for (const Keyword& other : out.keywords) {
      if (other.name == key) at_ = node.offset, fail(ErrorKind::format, "the argument ", quote(key, 60), " is given twice");
    }
    out.keywords.push_back({key, evaluate(*argument, scope)});
  }
  if (node.star != nullptr || node.stars != nullptr) spread(node, scope, out);
  return out;
}

WEFT_INLINE Value Interpreter::call_node(const Node& node, Scope& scope) {
  const Value callee = evaluate(*node.a, scope);
  const ArgumentList list = arguments(node, scope);
  at_ = node.offset;
  return call(callee, list.call());
}

WEFT_INLINE Value Interpreter::call(const Value& callee, const Call& call) {
  switch (callee.kind) {
    case Kind::function: return callee.function->call(*this, {}, call);
    case Kind::method: return callee.method->function->call(*this, callee.method->self, call);
    case Kind::macro: return call_macro(*callee.macro, call);
    case Kind::joiner: {
      const bool first = !callee.joiner->used;
      callee.joiner->used = true;
      return first ? text_view(*this, {}, true) : callee.joiner->separator;
    }
    case Kind::loop: {
      const Arguments args(call, "loop()", {"iterable"}, 1);
      return recurse(*callee.loop, args[0]);
    }
    case Kind::undefined: fail_undefined(callee);
    default: fail(ErrorKind::format, "a ", type_name(callee), " cannot be called");
  }
}

WEFT_INLINE Value Interpreter::filter(const Node& node, const Value& value, Scope& scope) {
  const ArgumentList list = arguments(node, scope);
  at_ = node.offset;
  if (node.function == nullptr) fail(ErrorKind::format, "there is no filter named ", quote(node.text, 60));
  return node.function->call(*this, value, list.call());
}

/// A chain of filters; `first` stands where the chain has no value of its own (filter blocks).
WEFT_INLINE Value Interpreter::filters(const Node& node, const Value& first, Scope& scope) {
  if (node.a == nullptr) return filter(node, first, scope);
  return filter(node, node.a->kind == NodeKind::filter ? filters(*node.a, first, scope) : evaluate(*node.a, scope), scope);
}

WEFT_INLINE Value Interpreter::test(const Node& node, Scope& scope) {
  const Value value = evaluate(*node.a, scope);
  const ArgumentList list = arguments(node, scope);
  at_ = node.offset;
  if (node.function == nullptr) fail(ErrorKind::format, "there is no test named ", quote(node.text, 60));
  return node.function->call(*this, value, list.call());
}

/// a + b + c ... is a tree as deep as it is long: its left side is walked in a loop.
WEFT_INLINE Value Interpreter::binary(const Node& node, Scope& scope) {
  const Node* spine[64];
  std::size_t count = 0;
  const Node* left = &node;
  while (left->kind == NodeKind::binary && count < std::size(spine)) {
    spine[count++] = left;
    left = left->a;
  }
  Value value = evaluate(*left, scope);
  while (count > 0) {
    const Node& operation = *spine[--count];
    const Value right = evaluate(*operation.b, scope);
    at_ = operation.offset;
    value = arithmetic(*this, operation.op, value, right);
  }
  return value;
}

WEFT_INLINE Value Interpreter::concatenation(const Node& node, Scope& scope) {
  Value value = to_text(*this, evaluate(*node.a, scope));
  for (const Node* part : node.list) {
    const Value right = evaluate(*part, scope);
    at_ = node.offset;
    value = concatenate(*this, *value.string, *to_text(*this, right).string, false);
  }
  return value;
}

WEFT_INLINE Value Interpreter::comparison(const Node& node, Scope& scope) {
  Value left = evaluate(*node.a, scope);
  for (const Node* operand : node.list) {
    const Value right = evaluate(*operand->a, scope);
    at_ = node.offset;
    if (!compare(*this, operand->op, left, right)) return make_bool(false);
    left = right;
  }
  return make_bool(true);
}

WEFT_INLINE Value Interpreter::loop_attribute(const Loop& loop, std::string_view name) {
  const std::size_t size = loop.items->size(), i = loop.index;
  const auto number = [](std::size_t n) { return make_integer(static_cast<std::int64_t>(n)); };
  if (name == "index") return number(i + 1);
  if (name == "index0") return number(i);
  if (name == "first") return make_bool(i == 0);
  if (name == "last") return make_bool(i + 1 == size);
  if (name == "length") return number(size);
  if (name == "revindex") return number(size - i);
  if (name == "revindex0") return number(size - i - 1);
  if (name == "depth") return make_integer(loop.depth + 1);
  if (name == "depth0") return make_integer(loop.depth);
  if (name == "previtem")
    return i > 0 ? loop.items->at(*this, i - 1) : make_undefined(*this, {Undefined::Why::message, "there is no previous item"});
  if (name == "nextitem")
    return i + 1 < size ? loop.items->at(*this, i + 1) : make_undefined(*this, {Undefined::Why::message, "there is no next item"});
  return make_undefined(*this, {Undefined::Why::attribute, name, "loop"});
}

/// How error messages name the owner of an attribute.
inline std::string_view owner_name(const Value& object) {
  return object.kind == Kind::none ? "None" : type_name(object);
}

WEFT_INLINE Value Interpreter::attribute(const Value& object, std::string_view name) {
  if (object.kind == Kind::undefined) fail_undefined(object);
  const auto undefined = [&](Undefined::Why why) { return make_undefined(*this, {why, name, owner_name(object)}); };
  if (name.starts_with("__")) return undefined(Undefined::Why::unsafe);
  const auto method = [&](const Function* function) {
    Value value;
    value.kind = Kind::method;
    value.method = arena.make<Method>(Method{object, function});
    return value;
  };
  switch (object.kind) {
    case Kind::space:
      for (std::size_t i = 0; i < object.space->size; ++i)
        if (object.space->items[i].name == name) return object.space->items[i].value;
      return undefined(Undefined::Why::attribute);
    case Kind::macro:
      if (name == "name") return text_view(*this, object.macro->node->text, true);
      break;
    case Kind::tuple:
      if (object.seq->group && name == "grouper") return object.seq->items[0];
      if (object.seq->group && name == "list") return object.seq->items[1];
      break;
    case Kind::cycler:
      if (name == "current") return object.cycler->items[object.cycler->at];
      break;
    default: break;
  }
  if (const Function* function = find_method(object.kind, name)) return method(function);
  if (is_refused_method(object.kind, name)) return undefined(Undefined::Why::unsafe);
  if (object.kind == Kind::loop) return loop_attribute(*object.loop, name);
  if (object.kind == Kind::dict)
    if (const Value* found = find(*this, *object.dict, name)) return *found;
  return undefined(Undefined::Why::attribute);
}

WEFT_INLINE Value Interpreter::item(const Value& object, const Value& key) {
  if (object.kind == Kind::undefined) fail_undefined(object);
  const auto indexed = [&](std::size_t size) { return resolve_index(key.as_integer(), size); };
  switch (object.kind) {
    case Kind::dict:
      if (hashable(*this, key))
        if (const Value* found = find(*this, *object.dict, key)) return *found;
      break;
    case Kind::list:
    case Kind::tuple:
      if (key.is_integral())
        if (const std::size_t i = indexed(object.seq->size); i < object.seq->size) return object.seq->items[i];
      break;
    case Kind::range:
      if (key.is_integral())
        if (const std::size_t i = indexed(object.range->size); i < object.range->size) return object.range->at(i);
      break;
    case Kind::string:
      if (key.is_integral()) {
        Str& text = flat(*this, *object.string);
        if (text.ascii != 1) charge(text.size / 16);
        if (is_ascii(text)) {
          if (const std::size_t i = indexed(text.size); i < text.size) return cut(*this, text, i, i + 1);
        } else {
          const CharacterIndex index(text);
          if (const std::size_t i = indexed(index.size()); i < index.size()) return cut(*this, text, index[i], index[i + 1]);
        }
      }
      break;
    default: break;
  }
  if (key.kind == Kind::string) {
    const std::string_view name = view_of(*this, key);
    // What was looked for as an item of a dict above is not looked for again, but its methods are.
    if (object.kind != Kind::dict || find_method(Kind::dict, name) != nullptr || is_refused_method(Kind::dict, name) || name.starts_with("__"))
      return attribute(object, name);
    return make_undefined(*this, {Undefined::Why::attribute, name, owner_name(object)});
  }
  TextBuilder shown(*this);
  print_repr(*this, shown, key);
  return make_undefined(*this, {Undefined::Why::item, arena.copy(std::string_view(shown.text)), owner_name(object)});
}

}  // namespace weft::detail::jinja
