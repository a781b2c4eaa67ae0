// Tuples, targets of assignments, conditions and operators.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weft/text/jinja/parser_expressions.hpp"

namespace weft::detail::jinja {

WEFT_INLINE Node* ExpressionParser::expression(bool with_condition) {
  const Level level(*this);
  const std::uint32_t offset = peek().offset;
  const std::size_t mark = missing_.size();
  Node* value = binary(1);
  while (with_condition && skip_name("if")) {  // a: condition, b: value, c: otherwise
    Node& node = make(NodeKind::condition, offset);
    node.b = under(node, value);
    node.a = under(node, binary(1));
    if (skip_name("else")) node.c = under(node, expression());
    missing_.resize(mark);
    value = &node;
  }
  return value;
}

WEFT_INLINE Node* ExpressionParser::tuple(bool with_condition, bool parentheses) {
  const std::uint32_t offset = peek().offset;
  std::vector<Node*> items;
  bool comma = false;
  for (;;) {
    const TokenType type = peek().type;
    if (type == TokenType::variable_end || type == TokenType::block_end || type == TokenType::rparen) break;
    items.push_back(expression(with_condition));
    if (peek().type != TokenType::comma) break;
    next();
    comma = true;
  }
  if (!comma && !items.empty()) return items.front();
  if (!comma && !parentheses) error(offset, "expected an expression, but ", describe(peek()), " was found");
  Node& node = make(NodeKind::tuple, offset);
  for (Node* item : items) add(node, item);
  return &node;
}

WEFT_INLINE Node& ExpressionParser::target(bool attributes) {
  const Level level(*this);
  const std::uint32_t offset = peek().offset;
  Node& first = target_item(attributes);
  if (peek().type != TokenType::comma) return first;
  Node& node = make(NodeKind::tuple, offset);
  node.list.push_back(&first);
  while (peek().type == TokenType::comma) {
    next();
    if (peek().type == TokenType::rparen || peek().type == TokenType::block_end) break;
    node.list.push_back(&target_item(attributes));
  }
  return node;
}

WEFT_INLINE Node& ExpressionParser::target_item(bool attributes) {
  if (peek().type == TokenType::lparen) {
    next();
    Node& inner = target(attributes);
    expect(TokenType::rparen, "')'");
    return inner;
  }
  const Lexeme& token = expect(TokenType::name, "a name to assign to");
  for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"})
    if (token.text == constant) error(token.offset, "cannot assign to ", constant);
  Node& node = make(NodeKind::name, token.offset);
  node.text = token.text;
  node.name = program_.number_of(token.text);
  if (attributes && peek().type == TokenType::dot) {
    next();
    node.kind = NodeKind::space_attribute;
    node.text = expect(TokenType::name, "the name of an attribute").text;
  }
  return node;
}

WEFT_INLINE ExpressionParser::Infix ExpressionParser::infix() const {
  using enum Operator;
  switch (peek().type) {
    case TokenType::name:
      if (peek().text == "or") return {1, NodeKind::logical_or};
      if (peek().text == "and") return {2, NodeKind::logical_and};
      if (peek().text == "in") return {4, NodeKind::compare, in};
      if (peek().text == "not" && peek(1).type == TokenType::name && peek(1).text == "in")
        return {4, NodeKind::compare, not_in, 2};
      return {};
    case TokenType::eq:
      return {4, NodeKind::compare, eq};
    case TokenType::ne:
      return {4, NodeKind::compare, ne};
    case TokenType::lt:
      return {4, NodeKind::compare, lt};
    case TokenType::le:
      return {4, NodeKind::compare, le};
    case TokenType::gt:
      return {4, NodeKind::compare, gt};
    case TokenType::ge:
      return {4, NodeKind::compare, ge};
    case TokenType::add:
      return {5, NodeKind::binary, Operator::add};
    case TokenType::sub:
      return {5, NodeKind::binary, sub};
    case TokenType::tilde:
      return {6, NodeKind::concat};
    case TokenType::mul:
      return {7, NodeKind::binary, mul};
    case TokenType::div:
      return {7, NodeKind::binary, div};
    case TokenType::floordiv:
      return {7, NodeKind::binary, floordiv};
    case TokenType::mod:
      return {7, NodeKind::binary, mod};
    case TokenType::pow:
      return {8, NodeKind::binary, pow};
    default:
      return {};
  }
}

WEFT_INLINE Node* ExpressionParser::binary(int strength) {
  Node* left = nullptr;
  if (strength <= 3 && at_name("not")) {
    const Level level(*this);
    Node& node = make(NodeKind::logical_not, next().offset);
    node.a = under(node, binary(3));
    left = &node;
  } else {
    left = unary(true);
  }
  for (;;) {
    const Infix found = infix();
    if (found.strength == 0 || found.strength < strength) return left;
    const std::uint32_t offset = peek().offset;
    const bool chained = found.kind == NodeKind::compare || found.kind == NodeKind::concat;
    const bool joins =
        chained && left->kind == found.kind && left == open_chain_;  // before the right side opens chains of its own
    for (int i = 0; i < found.tokens; ++i) next();
    Node* right = binary(found.strength + 1);
    if (joins) {
      append(*left, found, right);
      continue;
    }
    Node& node = make(found.kind, offset);
    node.op = found.op;
    node.a = under(node, left);
    if (chained) {
      append(node, found, right);
    } else {
      node.b = under(node, right);
    }
    left = &node;
  }
}

WEFT_INLINE void ExpressionParser::append(Node& node, const Infix& found, Node* right) {
  if (found.kind == NodeKind::compare) {
    Node& operand = make(NodeKind::compare, node.offset);
    operand.op = found.op;
    operand.a = under(operand, right);
    right = &operand;
  }
  add(node, right);
  open_chain_ = &node;  // parentheses end a chain: (a < b) < c compares a truth value
}

WEFT_INLINE Node* ExpressionParser::unary(bool with_filter) {
  Node* node = nullptr;
  if (peek().type == TokenType::sub || peek().type == TokenType::add) {
    const Level level(*this);
    Node& sign = make(peek().type == TokenType::sub ? NodeKind::negative : NodeKind::positive, peek().offset);
    next();
    sign.a = under(sign, unary(false));
    node = &sign;
  } else {
    node = primary();
  }
  node = postfix(node);
  return with_filter ? filters_and_tests(node) : node;
}

}  // namespace weft::detail::jinja
