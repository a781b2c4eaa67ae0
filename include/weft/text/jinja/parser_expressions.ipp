// Expressions of a template: precedence as in jinja2, which is nearly Python's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/parser_base.hpp"

namespace weft::detail::jinja {

class ExpressionParser : protected ParserBase {
 protected:
  using ParserBase::ParserBase;

  Node* expression(bool with_condition = true) {
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

  /// Expressions with commas between them are a tuple.
  Node* tuple(bool with_condition = true, bool parentheses = false) {
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

  /// What can be assigned to: a name, a tuple of such, and with `attributes` ns.attribute.
  Node& target(bool attributes) {
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

  Node& target_item(bool attributes) {
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

  /// The operator at the current token, its binding strength (0: none) and its number of tokens.
  struct Infix {
    int strength = 0;
    NodeKind kind = NodeKind::binary;
    Operator op = Operator::add;
    int tokens = 1;
  };
  Infix infix() const {
    using enum Operator;
    switch (peek().type) {
      case TokenType::name:
        if (peek().text == "or") return {1, NodeKind::logical_or};
        if (peek().text == "and") return {2, NodeKind::logical_and};
        if (peek().text == "in") return {4, NodeKind::compare, in};
        if (peek().text == "not" && peek(1).type == TokenType::name && peek(1).text == "in") return {4, NodeKind::compare, not_in, 2};
        return {};
      case TokenType::eq: return {4, NodeKind::compare, eq};
      case TokenType::ne: return {4, NodeKind::compare, ne};
      case TokenType::lt: return {4, NodeKind::compare, lt};
      case TokenType::le: return {4, NodeKind::compare, le};
      case TokenType::gt: return {4, NodeKind::compare, gt};
      case TokenType::ge: return {4, NodeKind::compare, ge};
      case TokenType::add: return {5, NodeKind::binary, Operator::add};
      case TokenType::sub: return {5, NodeKind::binary, sub};
      case TokenType::tilde: return {6, NodeKind::concat};
      case TokenType::mul: return {7, NodeKind::binary, mul};
      case TokenType::div: return {7, NodeKind::binary, div};
      case TokenType::floordiv: return {7, NodeKind::binary, floordiv};
      case TokenType::mod: return {7, NodeKind::binary, mod};
      case TokenType::pow: return {8, NodeKind::binary, pow};
      default: return {};
    }
  }

  /// Operators that bind at least as strongly as `strength`; all are left-associative.
  Node* binary(int strength) {
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
      const bool joins = chained && left->kind == found.kind && left == open_chain_;  // before the right side opens chains of its own
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

  /// a < b < c and a ~ b ~ c are one node: a, then list, with the operator of each comparison in a node of its own.
  void append(Node& node, const Infix& found, Node* right) {
    if (found.kind == NodeKind::compare) {
      Node& operand = make(NodeKind::compare, node.offset);
      operand.op = found.op;
      operand.a = under(operand, right);
      right = &operand;
    }
    add(node, right);
    open_chain_ = &node;  // parentheses end a chain: (a < b) < c compares a truth value
  }

  Node* unary(bool with_filter) {
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

  Node* primary() {
    const Lexeme& token = next();
    Node& node = make(NodeKind::constant, token.offset);
    switch (token.type) {
      case TokenType::name: name(node, token.text); return &node;
      case TokenType::string: strings(node, token.text); return &node;
      case TokenType::integer: node.constant = make_integer(token.integer); return &node;
      case TokenType::real: node.constant = make_real(token.real); return &node;
      case TokenType::lparen: {
        Node* inner = tuple(true, true);
        expect(TokenType::rparen, "')'");
        if (inner == open_chain_) open_chain_ = nullptr;
        return inner;
      }
      case TokenType::lbracket:
        node.kind = NodeKind::list;
        while (peek().type != TokenType::rbracket) {
          add(node, expression());
          if (peek().type != TokenType::rbracket) expect(TokenType::comma, "',' or ']'");
        }
        next();
        return &node;
      case TokenType::lbrace:
        node.kind = NodeKind::dict;
        while (peek().type != TokenType::rbrace) {
          add(node, expression());
          expect(TokenType::colon, "':'");
          add(node, expression());
          if (peek().type != TokenType::rbrace) expect(TokenType::comma, "',' or '}'");
        }
        next();
        return &node;
      default: error(token.offset, "expected an expression, but ", describe(token), " was found");
    }
  }

  void name(Node& node, std::string_view text) {
    if (text == "true" || text == "True" || text == "false" || text == "False") {
      node.constant = make_bool(text[0] == 't' || text[0] == 'T');
    } else if (text != "none" && text != "None") {
      node.kind = NodeKind::name;
      node.text = text;
      node.name = program_.number_of(text);
      for (Node* callable : callables_) {
        callable->flag |= text == "caller";
        callable->uses_kwargs |= text == "kwargs";
        callable->uses_varargs |= text == "varargs";
      }
    }
  }

  void strings(Node& node, std::string_view text) {
    if (peek().type == TokenType::string) {
      std::string joined(text);
      while (peek().type == TokenType::string) joined += next().text;
      text = program_.texts.emplace_back(std::move(joined));
    }
    node.constant = constant_text(text);
  }

  Node* postfix(Node* node) {
    for (;;) {
      const Lexeme& token = peek();
      if (token.type == TokenType::dot) {
        node = attribute(node);
      } else if (token.type == TokenType::lbracket) {
        node = subscript(node);
      } else if (token.type == TokenType::lparen) {
        node = call(node);
      } else {
        return node;
      }
    }
  }

  Node* attribute(Node* object) {
    next();
    const Lexeme& token = next();
    Node& node = make(NodeKind::attribute, token.offset);
    node.a = under(node, object);
    if (token.type == TokenType::name) {
      node.text = token.text;
      node.constant = constant_text(token.text);
    } else if (token.type == TokenType::integer) {
      node.kind = NodeKind::item;
      node.b = &make(NodeKind::constant, token.offset);
      node.b->constant = make_integer(token.integer);
    } else {
      error(token.offset, "expected a name or a number after '.', but ", describe(token), " was found");
    }
    return &node;
  }

  Node* subscript(Node* object) {
    Node& node = make(NodeKind::item, next().offset);
    node.a = under(node, object);
    std::vector<Node*> items;
    while (peek().type != TokenType::rbracket) {
      if (!items.empty()) expect(TokenType::comma, "']'");
      items.push_back(slice());
    }
    next();
    if (items.size() == 1) {
      node.b = under(node, items.front());
    } else {
      Node& key = make(NodeKind::tuple, node.offset);
      for (Node* item : items) add(key, item);
      node.b = under(node, &key);
    }
    return &node;
  }

  /// An index, or start:stop:step.
  Node* slice() {
    const std::uint32_t offset = peek().offset;
    Node* first = peek().type == TokenType::colon ? nullptr : expression();
    if (peek().type != TokenType::colon) return first;
    next();
    Node& node = make(NodeKind::slice, offset);
    node.a = under(node, first);
    const auto part = [&]() -> Node* {
      const TokenType type = peek().type;
      if (type == TokenType::colon || type == TokenType::rbracket || type == TokenType::comma) return nullptr;
      return under(node, expression());
    };
    node.b = part();
    if (peek().type == TokenType::colon) {
      next();
      node.c = part();
    }
    return &node;
  }

  Node* call(Node* callee) {
    Node& node = make(NodeKind::call, peek().offset);
    node.a = under(node, callee);
    arguments(node);
    return &node;
  }

  void arguments(Node& node) {
    const std::uint32_t offset = expect(TokenType::lparen, "'('").offset;
    bool first = true;
    while (peek().type != TokenType::rparen) {
      if (!first) {
        expect(TokenType::comma, "',' or ')'");
        if (peek().type == TokenType::rparen) break;
      }
      first = false;
      const bool keyword = peek().type == TokenType::name && peek(1).type == TokenType::assign;
      const TokenType type = peek().type;
      const bool after_star = node.star != nullptr, after_stars = node.stars != nullptr;
      if ((type == TokenType::mul && (after_star || after_stars)) || (type == TokenType::pow && after_stars) ||
          (keyword && after_stars) ||
          (!keyword && type != TokenType::mul && type != TokenType::pow && (after_star || after_stars || !node.keywords.empty())))
        error(offset, "the arguments of this call are in the wrong order: positional ones come first, then name=value");
      if (type == TokenType::mul) {
        next();
        node.star = under(node, expression());
      } else if (type == TokenType::pow) {
        next();
        node.stars = under(node, expression());
      } else if (keyword) {
        const std::string_view key = next().text;
        next();
        node.keywords.emplace_back(key, under(node, expression()));
      } else {
        add(node, expression());
      }
    }
    next();
  }

  Node* filters_and_tests(Node* node) {
    for (;;) {
      if (peek().type == TokenType::pipe) {
        node = filters(node);
      } else if (at_name("is")) {
        node = test(node);
      } else if (peek().type == TokenType::lparen) {
        node = call(node);
      } else {
        return node;
      }
    }
  }

  /// A name, maybe with dots.
  std::string_view dotted_name(std::string_view what) {
    const Lexeme& first = expect(TokenType::name, what);
    if (peek().type != TokenType::dot) return first.text;
    std::string name(first.text);
    while (peek().type == TokenType::dot) {
      next();
      name += '.';
      name += expect(TokenType::name, what).text;
    }
    return program_.texts.emplace_back(std::move(name));
  }

  /// Filters after a value; a null value stands for what a block will give. started: the first '|' is not written.
  Node* filters(Node* value, bool started = false) {
    while (started || peek().type == TokenType::pipe) {
      if (!started) next();
      started = false;
      Node& node = make(NodeKind::filter, peek().offset);
      node.a = under(node, value);
      node.text = dotted_name("the name of a filter");
      node.function = find_filter(node.text);
      if (node.function == nullptr) missing_.push_back(&node);
      if (peek().type == TokenType::lparen) arguments(node);
      value = &node;
    }
    return value;
  }

  Node* test(Node* value) {
    const std::uint32_t offset = next().offset;
    const bool negated = skip_name("not");
    Node& node = make(NodeKind::test, offset);
    node.a = under(node, value);
    node.text = dotted_name("the name of a test");
    node.function = find_test(node.text);
    if (node.function == nullptr) missing_.push_back(&node);
    switch (peek().type) {
      case TokenType::lparen: arguments(node); break;
      case TokenType::name:
        if (at_name("else") || at_name("or") || at_name("and")) break;
        if (at_name("is")) error(peek().offset, "tests cannot be chained; write (x is a) and (x is b)");
        [[fallthrough]];
      case TokenType::string:
      case TokenType::integer:
      case TokenType::real:
      case TokenType::lbracket:
      case TokenType::lbrace: add(node, postfix(primary())); break;
      default: break;
    }
    if (!negated) return &node;
    Node& opposite = make(NodeKind::logical_not, offset);
    opposite.a = under(opposite, &node);
    return &opposite;
  }
};

}  // namespace weft::detail::jinja
