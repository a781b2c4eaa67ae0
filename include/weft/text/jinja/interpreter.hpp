// Renders a parsed template.
#pragma once

#include <ctime>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/jinja/budget.hpp"
#include "weft/text/jinja/syntax.hpp"
#include "weft/text/jinja/text.hpp"
#include "weft/text/jinja/value.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

/// Variables of a body. A scope that a macro was made in lives on with it; all live as long as the rendering.
struct Scope {
  struct Entry {
    std::uint32_t name = 0;
    Value value{};
  };
  Scope* parent = nullptr;
  Entry* entries = nullptr;
  std::uint32_t size = 0, capacity = 0;
};

class Interpreter : public Budget {
 public:
  /// time: for strftime_now; none: the local time of the call.
  Interpreter(const Program& program, const RenderLimits& limits, std::size_t input_bytes, std::optional<std::tm> time)
      : Budget(limits, input_bytes), output(*this), now(time), program_(program) {}

  /// Renders into `output`. Errors have the place in the template.
  void run(std::span<const Variable> variables);

  /// object.name and object[key] as jinja2 looks them up; undefined if there is nothing.
  Value attribute(const Value& object, std::string_view name);
  Value item(const Value& object, const Value& key);
  Value call(const Value& callee, const Call& call);
  /// loop(items) inside of a recursive loop.
  Value recurse(const Loop& loop, const Value& items);

  TextBuilder output;
  std::vector<std::pair<std::size_t, std::size_t>> generation;  ///< bytes of generation blocks
  std::optional<std::tm> now;

 private:
  enum class Flow : std::uint8_t { on, stop_loop, next_loop };
  class Capture;
  struct ArgumentList {
    std::vector<Value> args;
    std::vector<Keyword> keywords;
    [[nodiscard]] Call call() const { return {args.data(), args.size(), keywords.data(), keywords.size()}; }
  };

  // statements.ipp
  Flow execute(const std::vector<Node*>& body, Scope& scope);
  Flow statement(const Node& node, Scope& scope);
  Flow branch(const Node& node, Scope& scope);
  Flow loop(const Node& node, Scope& scope);
  Flow iterate(const Node& node, const Value& iterable, Scope& scope, std::int64_t depth);
  Value filtered_items(const Node& node, const Value& iterable, Scope& scope);
  void assign(const Node& target, const Value& value, Scope& scope);
  void unpack(const Node& target, const Value& value, Scope& scope);
  Flow set_block(const Node& node, Scope& scope);
  Flow filter_block(const Node& node, Scope& scope);
  Flow with(const Node& node, Scope& scope);
  void call_block(const Node& node, Scope& scope);
  void generation_block(const Node& node, Scope& scope);
  Value call_macro(const Macro& macro, const Call& call);
  void bind_parameters(const Macro& macro, const Call& call, Scope& scope);

  // interpreter.ipp
  Value evaluate(const Node& node, Scope& scope);
  Value name(const Node& node, Scope& scope);
  Value sequence(const Node& node, Scope& scope);
  Value dict(const Node& node, Scope& scope);
  Value subscript(const Node& node, Scope& scope);
  Value call_node(const Node& node, Scope& scope);
  Value filter(const Node& node, const Value& value, Scope& scope);
  Value filters(const Node& node, const Value& first, Scope& scope);
  Value test(const Node& node, Scope& scope);
  Value binary(const Node& node, Scope& scope);
  Value concatenation(const Node& node, Scope& scope);
  Value comparison(const Node& node, Scope& scope);
  Value loop_attribute(const Loop& loop, std::string_view name);
  ArgumentList arguments(const Node& node, Scope& scope);
  void spread(const Node& node, Scope& scope, ArgumentList& out);

  Scope& inner(Scope& parent);
  void store(Scope& scope, std::uint32_t name, const Value& value);
  const Value* load(std::uint32_t name, const Scope& scope) const;

  const Program& program_;
  TextBuilder* out_ = &output;
  Scope* top_ = nullptr;
  std::size_t at_ = 0;  ///< offset of what is being done, for messages
  std::optional<std::uint32_t> loop_name_, caller_name_, varargs_name_, kwargs_name_;
  std::size_t macros_made_ = 0;  ///< their scopes are kept
};

}  // namespace weft::detail::jinja
