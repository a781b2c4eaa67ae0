// Expressions of a template: precedence as in jinja2, which is nearly Python's.
#pragma once

#include <string_view>

#include "weft/core/config.hpp"
#include "weft/text/jinja/parser_base.hpp"

namespace weft::detail::jinja {

class ExpressionParser : protected ParserBase {
 protected:
  using ParserBase::ParserBase;

  // Operators, tuples and what stands left of '=': parser_expressions.ipp.
  Node* expression(bool with_condition = true);
  /// Expressions with commas between them are a tuple.
  Node* tuple(bool with_condition = true, bool parentheses = false);
  /// What can be assigned to: a name, a tuple of such, and with `attributes` ns.attribute.
  Node& target(bool attributes);
  Node& target_item(bool attributes);
  /// The operator at the current token, its binding strength (0: none) and its number of tokens.
  struct Infix {
    int strength = 0;
    NodeKind kind = NodeKind::binary;
    Operator op = Operator::add;
    int tokens = 1;
  };
  Infix infix() const;
  /// Operators that bind at least as strongly as `strength`; all are left-associative.
  Node* binary(int strength);
  /// a < b < c and a ~ b ~ c are one node: a, then list, with the operator of each comparison in a node of its own.
  void append(Node& node, const Infix& found, Node* right);
  Node* unary(bool with_filter);

  // What operators join, with what follows a value: parser_operands.ipp.
  Node* primary();
  void name(Node& node, std::string_view text);
  void strings(Node& node, std::string_view text);
  Node* postfix(Node* node);
  Node* attribute(Node* object);
  Node* subscript(Node* object);
  /// An index, or start:stop:step.
  Node* slice();
  Node* call(Node* callee);
  void arguments(Node& node);
  Node* filters_and_tests(Node* node);
  /// A name, maybe with dots.
  std::string_view dotted_name(std::string_view what);
  /// Filters after a value; a null value stands for what a block will give. started: the first '|' is not written.
  Node* filters(Node* value, bool started = false);
  Node* test(Node* value);
};

}  // namespace weft::detail::jinja

#ifndef WEFT_COMPILED
#include "weft/text/jinja/parser_expressions.ipp"
#include "weft/text/jinja/parser_operands.ipp"
#endif
