// Names and literals, and what follows a value: attributes, subscripts, calls, filters and tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/quote.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/parser_expressions.hpp"

namespace weft::detail::jinja {

WEFT_INLINE Node* ExpressionParser::primary() {
  const Lexeme& token = next();
  Node& node = make(NodeKind::constant, token.offset);
  switch (token.type) {
    case TokenType::name:
      name(node, token.text);
      return &node;
    case TokenType::string:
      strings(node, token.text);
      return &node;
    case TokenType::integer:
      node.constant = make_integer(token.integer);
      return &node;
    case TokenType::real:
      node.constant = make_real(token.real);
      return &node;
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
    default:
      error(token.offset, "expected an expression, but ", describe(token), " was found");
  }
}

WEFT_INLINE void ExpressionParser::name(Node& node, std::string_view text) {
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

WEFT_INLINE void ExpressionParser::strings(Node& node, std::string_view text) {
  if (peek().type == TokenType::string) {
    std::string joined(text);
    while (peek().type == TokenType::string) joined += next().text;
    text = program_.texts.emplace_back(std::move(joined));
  }
  node.constant = constant_text(text);
}

WEFT_INLINE Node* ExpressionParser::postfix(Node* node) {
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

WEFT_INLINE Node* ExpressionParser::attribute(Node* object) {
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

WEFT_INLINE Node* ExpressionParser::subscript(Node* object) {
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

WEFT_INLINE Node* ExpressionParser::slice() {
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

WEFT_INLINE Node* ExpressionParser::call(Node* callee) {
  Node& node = make(NodeKind::call, peek().offset);
  node.a = under(node, callee);
  arguments(node);
  return &node;
}

WEFT_INLINE void ExpressionParser::arguments(Node& node) {
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
        (!keyword && type != TokenType::mul && type != TokenType::pow &&
         (after_star || after_stars || !node.keywords.empty())))
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

WEFT_INLINE Node* ExpressionParser::filters_and_tests(Node* node) {
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

WEFT_INLINE std::string_view ExpressionParser::dotted_name(std::string_view what) {
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

WEFT_INLINE Node* ExpressionParser::filters(Node* value, bool started) {
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

WEFT_INLINE Node* ExpressionParser::test(Node* value) {
  const std::uint32_t offset = next().offset;
  const bool negated = skip_name("not");
  Node& node = make(NodeKind::test, offset);
  node.a = under(node, value);
  node.text = dotted_name("the name of a test");
  node.function = find_test(node.text);
  if (node.function == nullptr) missing_.push_back(&node);
  switch (peek().type) {
    case TokenType::lparen:
      arguments(node);
      break;
    case TokenType::name:
      if (at_name("else") || at_name("or") || at_name("and")) break;
      if (at_name("is")) error(peek().offset, "tests cannot be chained; write (x is a) and (x is b)");
      [[fallthrough]];
    case TokenType::string:
    case TokenType::integer:
    case TokenType::real:
    case TokenType::lbracket:
    case TokenType::lbrace:
      add(node, postfix(primary()));
      break;
    default:
      break;
  }
  if (!negated) return &node;
  Node& opposite = make(NodeKind::logical_not, offset);
  opposite.a = under(opposite, &node);
  return &opposite;
}

}  // namespace weft::detail::jinja
