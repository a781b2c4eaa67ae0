// Statements of a template.
#pragma once

#include <algorithm>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/interpreter.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

/// What is printed while it lives becomes a text of its own.
class Interpreter::Capture {
 public:
  explicit Capture(Interpreter& interpreter) : interpreter_(interpreter), builder_(interpreter), outer_(std::exchange(interpreter.out_, &builder_)) {}
  ~Capture() { interpreter_.out_ = outer_; }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  Value text() { return builder_.finish(); }

 private:
  Interpreter& interpreter_;
  TextBuilder builder_;
  TextBuilder* outer_;
};

WEFT_INLINE void Interpreter::run(std::span<const Variable> variables) {
  const auto number = [&](std::string_view name) -> std::optional<std::uint32_t> {
    const auto found = program_.name_numbers.find(name);
    return found == program_.name_numbers.end() ? std::nullopt : std::optional(found->second);
  };
  loop_name_ = number("loop"), caller_name_ = number("caller"), varargs_name_ = number("varargs"), kwargs_name_ = number("kwargs");
  try {
    Scope& context = *arena.make<Scope>();
    for (const Variable& variable : variables)
      if (const auto name = number(variable.name)) store(context, *name, variable.value);
    top_ = &inner(context);
    execute(program_.body, *top_);
  } catch (const Error& error) {
    throw Error(error.kind(), position(program_.source, at_) + ": " + error.what());
  }
}

WEFT_INLINE Interpreter::Flow Interpreter::execute(const std::vector<Node*>& body, Scope& scope) {
  const Level level(*this);
  for (const Node* node : body)
    if (const Flow flow = statement(*node, scope); flow != Flow::on) return flow;
  return Flow::on;
}

WEFT_INLINE Interpreter::Flow Interpreter::statement(const Node& node, Scope& scope) {
  charge(1);
  at_ = node.offset;
  switch (node.kind) {
    case NodeKind::text: out_->append(*node.constant.string); return Flow::on;
    case NodeKind::output:
      for (const Node* part : node.list) {
        const Value value = evaluate(*part, scope);
        print(*this, *out_, value);
      }
      return Flow::on;
    case NodeKind::branch: return branch(node, scope);
    case NodeKind::loop: return loop(node, scope);
    case NodeKind::set: assign(*node.a, evaluate(*node.b, scope), scope); return Flow::on;
    case NodeKind::set_block: return set_block(node, scope);
    case NodeKind::macro: {
      ++macros_made_;
      Value value;
      value.kind = Kind::macro;
      value.macro = arena.make<Macro>(Macro{&node, &scope});
      store(scope, node.name, value);
      return Flow::on;
    }
    case NodeKind::call_block: call_block(node, scope); return Flow::on;
    case NodeKind::filter_block: return filter_block(node, scope);
    case NodeKind::with: return with(node, scope);
    case NodeKind::block: return execute(node.list, inner(node.flag ? scope : *top_));
    case NodeKind::generation: generation_block(node, scope); return Flow::on;
    case NodeKind::stop_loop: return Flow::stop_loop;
    case NodeKind::next_loop: return Flow::next_loop;
    default: return Flow::on;
  }
}

WEFT_INLINE Interpreter::Flow Interpreter::branch(const Node& node, Scope& scope) {
  for (std::size_t i = 0; i + 1 < node.list.size(); i += 2)
    if (truth(evaluate(*node.list[i], scope))) return execute(node.list[i + 1]->list, scope);
  return execute(node.other, scope);
}

WEFT_INLINE Interpreter::Flow Interpreter::loop(const Node& node, Scope& scope) {
  const Value iterable = evaluate(*node.b, scope);
  return iterate(node, iterable, scope, 0);
}

/// The items for which the condition of {% for ... if condition %} holds.
WEFT_INLINE Value Interpreter::filtered_items(const Node& node, const Value& iterable, Scope& scope) {
  std::vector<Value> kept;
  Scope& body = inner(scope);
  const Items items = items_of(*this, iterable);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Value value = items.at(*this, i);
    body.size = 0;
    assign(*node.a, value, body);
    if (truth(evaluate(*node.c, body))) kept.push_back(value);
  }
  return make_sequence(*this, Kind::list, kept);
}

WEFT_INLINE Interpreter::Flow Interpreter::iterate(const Node& node, const Value& iterable, Scope& scope, std::int64_t depth) {
  at_ = node.b->offset;
  const Items& items = *arena.make<Items>(items_of(*this, node.c != nullptr ? filtered_items(node, iterable, scope) : iterable));
  Loop& state = *arena.make<Loop>();
  state.items = &items;
  state.depth = depth;
  state.node = &node;
  state.scope = &scope;
  Value value;
  value.kind = Kind::loop;
  value.loop = &state;
  Scope* body = &inner(scope);
  std::size_t macros = macros_made_;
  bool finished_one = false;  // jinja2's else is for loops none of whose rounds came to their end
  for (std::size_t i = 0; i < items.size(); ++i) {
    state.index = i;
    if (macros != macros_made_) body = &inner(scope);  // a macro may still look into the last one
    macros = macros_made_;
    body->size = 0;
    if (loop_name_) store(*body, *loop_name_, value);
    assign(*node.a, items.at(*this, i), *body);
    const Flow flow = execute(node.list, *body);
    if (flow == Flow::stop_loop) break;
    if (flow == Flow::on) finished_one = true;
  }
  return finished_one ? Flow::on : execute(node.other, inner(scope));
}

WEFT_INLINE Value Interpreter::recurse(const Loop& loop, const Value& items) {
  if (!loop.node->flag) fail(ErrorKind::format, "only a loop that is marked 'recursive' can be called");
  Capture capture(*this);
  iterate(*loop.node, items, *loop.scope, loop.depth + 1);
  return capture.text();
}

WEFT_INLINE void Interpreter::assign(const Node& target, const Value& value, Scope& scope) {
  if (target.kind == NodeKind::name) return store(scope, target.name, value);
  at_ = target.offset;
  if (target.kind == NodeKind::tuple) return unpack(target, value, scope);
  const Value* object = load(target.name, scope);
  if (object == nullptr || object->kind != Kind::space)
    fail(ErrorKind::format, "only attributes of a namespace can be set; ", quote(program_.names[target.name], 60), " is ",
         object == nullptr ? std::string_view("undefined") : type_name(*object));
  Space& space = *object->space;
  charge(1 + space.size / 8);
  for (std::size_t i = 0; i < space.size; ++i)
    if (space.items[i].name == target.text) return static_cast<void>(space.items[i].value = value);
  if (space.size == space.capacity) {
    space.capacity = space.capacity == 0 ? 4 : 2 * space.capacity;
    auto* grown = arena.array<Variable>(space.capacity);
    std::copy_n(space.items, space.size, grown);
    space.items = grown;
  }
  space.items[space.size++] = {target.text, value};
}

WEFT_INLINE void Interpreter::unpack(const Node& target, const Value& value, Scope& scope) {
  const Items items = items_of(*this, value);
  if (items.size() != target.list.size())
    fail(ErrorKind::format, "cannot unpack ", items.size(), " values into ", target.list.size(), " names");
  for (std::size_t i = 0; i < items.size(); ++i) assign(*target.list[i], items.at(*this, i), scope);
}

WEFT_INLINE Interpreter::Flow Interpreter::set_block(const Node& node, Scope& scope) {
  Value value;
  {
    Capture capture(*this);
    if (const Flow flow = execute(node.list, inner(scope)); flow != Flow::on) return flow;
    value = capture.text();
  }
  if (node.c != nullptr) value = filters(*node.c, value, scope);
  assign(*node.a, value, scope);
  return Flow::on;
}

WEFT_INLINE Interpreter::Flow Interpreter::filter_block(const Node& node, Scope& scope) {
  Value value;
  {
    Capture capture(*this);
    if (const Flow flow = execute(node.list, inner(scope)); flow != Flow::on) return flow;
    value = capture.text();
  }
  value = filters(*node.c, value, scope);
  print(*this, *out_, value);
  return Flow::on;
}

WEFT_INLINE Interpreter::Flow Interpreter::with(const Node& node, Scope& scope) {
  Scope& body = inner(scope);
  for (std::size_t i = 0; i + 1 < node.other.size(); i += 2) assign(*node.other[i], evaluate(*node.other[i + 1], scope), body);
  return execute(node.list, body);
}

WEFT_INLINE void Interpreter::call_block(const Node& node, Scope& scope) {
  ++macros_made_;
  Value caller;
  caller.kind = Kind::macro;
  caller.macro = arena.make<Macro>(Macro{node.b, &scope});
  const Value callee = evaluate(*node.c->a, scope);
  ArgumentList list = arguments(*node.c, scope);
  list.keywords.push_back({"caller", caller});
  at_ = node.c->offset;
  const Value value = call(callee, list.call());
  print(*this, *out_, value);
}

WEFT_INLINE void Interpreter::generation_block(const Node& node, Scope& scope) {
  const std::size_t begin = output.text.size();
  execute(node.a->list, inner(scope));
  if (out_ == &output) generation.emplace_back(begin, output.text.size());
}

WEFT_INLINE Value Interpreter::call_macro(const Macro& macro, const Call& call) {
  Scope& scope = inner(*macro.scope);
  bind_parameters(macro, call, scope);
  Capture capture(*this);
  execute(macro.node->a->list, scope);
  return capture.text();
}

WEFT_INLINE void Interpreter::bind_parameters(const Macro& macro, const Call& call, Scope& scope) {
  const Node& node = *macro.node;
  const auto& parameters = node.list;
  std::vector<Keyword> keywords(call.keywords, call.keywords + call.keyword_count);
  const auto take = [&](std::string_view name) -> std::optional<Value> {
    const auto found = std::find_if(keywords.begin(), keywords.end(), [&](const Keyword& k) { return k.name == name; });
    if (found == keywords.end()) return std::nullopt;
    const Value value = found->value;
    keywords.erase(found);
    return value;
  };
  bool has_caller = false;
  const std::size_t required = parameters.size() - node.other.size();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    std::optional<Value> value;
    if (i < call.size) value = call.args[i];
    else value = take(parameters[i]->text);
    if (!value) value = i >= required ? evaluate(*node.other[i - required], scope)
                                      : make_undefined(*this, {Undefined::Why::message, arena.copy(std::string_view(concat("the parameter ", quote(parameters[i]->text, 60), " was not given")))});
    store(scope, parameters[i]->name, *value);
    has_caller |= parameters[i]->text == "caller";
  }
  if (node.flag && !has_caller && caller_name_) {
    const auto value = take("caller");
    store(scope, *caller_name_, value ? *value : make_undefined(*this, {Undefined::Why::message, "the macro was not called by a 'call' block"}));
  }
  const std::string_view name = node.text;
  if (node.uses_kwargs && kwargs_name_) {
    std::vector<Pair> pairs;
    for (const Keyword& keyword : keywords) pairs.push_back({text_view(*this, keyword.name, true), keyword.value});
    store(scope, *kwargs_name_, make_dict(*this, std::move(pairs)));
  } else if (!keywords.empty()) {
    fail(ErrorKind::format, "the macro ", quote(name, 60), " has no parameter ", quote(keywords.front().name, 60));
  }
  if (node.uses_varargs && varargs_name_) {
    const std::size_t used = std::min(call.size, parameters.size());
    store(scope, *varargs_name_, make_sequence(*this, Kind::tuple, std::span(call.args + used, call.size - used)));
  } else if (call.size > parameters.size()) {
    fail(ErrorKind::format, "the macro ", quote(name, 60), " takes ", parameters.size(), " arguments, but got ", call.size);
  }
}

}  // namespace weft::detail::jinja
