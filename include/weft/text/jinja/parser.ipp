// Tokens to a tree: jinja2's grammar. Statements are here, expressions in parser_expressions.hpp.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/parser_expressions.hpp"
#include "weft/text/jinja/syntax.hpp"

namespace weft::detail::jinja {

class StatementParser : private ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  void run() {
    program_.body = body({}, "");
    refuse_missing(0);
  }

 private:
  using Body = std::vector<Node*>;

  bool at_tag(std::initializer_list<std::string_view> ends) const {
    return peek().type == TokenType::name && std::find(ends.begin(), ends.end(), peek().text) != ends.end();
  }

  /// Statements up to one of the tags `ends`, whose name is then the current token. opener: the tag that they close.
  Body body(std::initializer_list<std::string_view> ends, std::string_view opener, std::uint32_t opened = 0) {
    const Level level(*this);
    Body out;
    for (;;) {
      const Lexeme& token = peek();
      if (token.type == TokenType::data) {
        next();
        Node& node = make(NodeKind::text, token.offset);
        node.constant = constant_text(token.text);
        out.push_back(&node);
      } else if (token.type == TokenType::variable_begin) {
        next();
        Node& node = make(NodeKind::output, token.offset);
        add(node, tuple());
        expect(TokenType::variable_end, "'}}'");
        out.push_back(&node);
      } else if (token.type == TokenType::block_begin) {
        next();
        if (at_tag(ends)) return out;
        out.push_back(&statement(ends));
        expect(TokenType::block_end, "'%}'");
      } else {
        if (ends.size() == 0) return out;
        error(opened, "the block '", opener, "' is never closed: the end of the template was found where ", listed(ends), " was expected");
      }
    }
  }

  static std::string listed(std::initializer_list<std::string_view> ends) {
    std::string text;
    for (const auto end : ends) text += (text.empty() ? "'" : " or '") + std::string(end) + '\'';
    return text;
  }

  /// The body of a tag, from the end of its opening tag; the current token is then the name of the closing one.
  Body block(std::initializer_list<std::string_view> ends, const Node& opener, std::string_view name) {
    if (peek().type == TokenType::colon) next();
    expect(TokenType::block_end, "'%}'");
    return body(ends, name, opener.offset);
  }
  /// The same up to `end`, which is taken.
  Body closed(std::string_view end, const Node& opener, std::string_view name) {
    Body statements = block({end}, opener, name);
    next();
    return statements;
  }

  Node& statement(std::initializer_list<std::string_view> ends) {
    const Lexeme& token = peek();
    if (token.type != TokenType::name) error(token.offset, "a tag begins with a name, but ", describe(token), " was found");
    struct Tag {
      std::string_view name;
      Node& (StatementParser::*parse)(std::uint32_t offset);
    };
    using P = StatementParser;
    static constexpr Tag tags[] = {{"if", &P::parse_if}, {"for", &P::parse_for}, {"set", &P::parse_set}, {"macro", &P::parse_macro},
                                   {"call", &P::parse_call_block}, {"filter", &P::parse_filter_block}, {"with", &P::parse_with},
                                   {"block", &P::parse_block}, {"generation", &P::parse_generation}, {"print", &P::parse_print},
                                   {"autoescape", &P::parse_autoescape}, {"break", &P::parse_break}, {"continue", &P::parse_continue}};
    for (const auto& tag : tags) {
      if (tag.name != token.text) continue;
      next();
      return (this->*tag.parse)(token.offset);
    }
    for (const std::string_view other : {"include", "import", "from", "extends"})
      if (token.text == other)
        fail(ErrorKind::unsupported, position(program_.source, token.offset), ": the tag '", other,
             "' is not supported: a chat template stands alone and reads no other templates");
    error(token.offset, "unknown tag ", quote(token.text),
          ends.size() != 0 ? concat("; expected ", listed(ends), " or a statement") : std::string("; nothing is open that it could close"));
  }

  Node& parse_if(std::uint32_t offset) {
    Node& node = make(NodeKind::branch, offset);
    const std::size_t mark = missing_.size();
    for (;;) {  // list: condition and scope of each branch in turn; other: the body of else
      add(node, tuple(false));
      Node& branch = make(NodeKind::scope, offset);
      branch.list = block({"elif", "else", "endif"}, node, "if");
      node.list.push_back(&branch);
      const Lexeme& tag = next();
      if (tag.text == "elif") continue;
      if (tag.text == "else") node.other = closed("endif", node, "else");
      break;
    }
    missing_.resize(mark);  // a filter that does not exist matters only where it is reached
    return node;
  }

  Node& parse_for(std::uint32_t offset) {
    Node& node = make(NodeKind::loop, offset);
    const std::size_t mark = missing_.size();
    node.a = &target(false);
    if (!skip_name("in")) error(peek().offset, "expected 'in', but ", describe(peek()), " was found");
    node.b = tuple(false);
    refuse_missing(mark);
    if (skip_name("if")) node.c = expression();
    node.flag = skip_name("recursive");
    ++loops_;
    node.list = block({"endfor", "else"}, node, "for");
    --loops_;
    if (next().text == "else") node.other = closed("endfor", node, "else");
    refuse_missing(mark);
    return node;
  }

  Node& parse_set(std::uint32_t offset) {
    Node& node = make(NodeKind::set, offset);
    node.a = &target(true);
    if (peek().type == TokenType::assign) {
      next();
      node.b = tuple();
      return node;
    }
    node.kind = NodeKind::set_block;
    const std::size_t mark = missing_.size();
    node.c = filters(nullptr);
    node.list = closed("endset", node, "set");
    refuse_missing(mark);
    return node;
  }

  void parse_signature(Node& node) {
    expect(TokenType::lparen, "'('");
    while (peek().type != TokenType::rparen) {
      if (!node.list.empty()) expect(TokenType::comma, "','");
      const Lexeme& name = expect(TokenType::name, "the name of a parameter");
      Node& parameter = make(NodeKind::name, name.offset);
      parameter.text = name.text;
      parameter.name = program_.number_of(name.text);
      node.list.push_back(&parameter);
      if (peek().type == TokenType::assign) {
        next();
        node.other.push_back(expression());
      } else if (!node.other.empty()) {
        error(name.offset, "the parameter ", quote(name.text), " without a default follows one with a default");
      }
    }
    next();
  }

  /// A body that is called later: a scope of its own, into which no loop reaches. Kept in node.a.
  void parse_callable_body(Node& node, std::string_view end, std::string_view name) {
    const std::size_t mark = missing_.size();
    const int loops = std::exchange(loops_, 0);
    callables_.push_back(&node);
    Node& scope = make(NodeKind::scope, node.offset);
    scope.list = closed(end, node, name);
    node.a = &scope;
    callables_.pop_back();
    loops_ = loops;
    refuse_missing(mark);
  }

  Node& parse_macro(std::uint32_t offset) {
    Node& node = make(NodeKind::macro, offset);
    const Lexeme& name = expect(TokenType::name, "the macro's name");
    node.text = name.text;
    node.name = program_.number_of(name.text);
    callables_.push_back(&node);
    parse_signature(node);
    callables_.pop_back();
    parse_callable_body(node, "endmacro", "macro");
    return node;
  }

  Node& parse_call_block(std::uint32_t offset) {
    Node& node = make(NodeKind::call_block, offset);
    Node& caller = make(NodeKind::macro, offset);
    caller.text = "caller";
    if (peek().type == TokenType::lparen) parse_signature(caller);
    Node* call = expression();
    if (call->kind != NodeKind::call) error(offset, "the tag 'call' needs a call: {% call macro() %}");
    node.b = &caller;
    node.c = call;
    parse_callable_body(caller, "endcall", "call");
    return node;
  }

  Node& parse_generation(std::uint32_t offset) {
    Node& node = make(NodeKind::generation, offset);
    parse_callable_body(node, "endgeneration", "generation");
    return node;
  }

  Node& parse_filter_block(std::uint32_t offset) {
    Node& node = make(NodeKind::filter_block, offset);
    const std::size_t mark = missing_.size();
    node.c = filters(nullptr, true);
    node.list = closed("endfilter", node, "filter");
    refuse_missing(mark);
    return node;
  }

  Node& parse_with(std::uint32_t offset) {
    Node& node = make(NodeKind::with, offset);
    while (peek().type != TokenType::block_end && peek().type != TokenType::colon) {  // other: target and value in turn
      if (!node.other.empty()) expect(TokenType::comma, "','");
      node.other.push_back(&target(false));
      expect(TokenType::assign, "'='");
      node.other.push_back(expression());
    }
    const std::size_t mark = missing_.size();
    node.list = closed("endwith", node, "with");
    refuse_missing(mark);
    return node;
  }

  Node& parse_block(std::uint32_t offset) {
    Node& node = make(NodeKind::block, offset);
    node.text = expect(TokenType::name, "the block's name").text;
    if (std::find(blocks_.begin(), blocks_.end(), node.text) != blocks_.end())
      error(offset, "the block ", quote(node.text), " is defined twice");
    blocks_.push_back(node.text);
    node.flag = skip_name("scoped");
    skip_name("required");
    const std::size_t mark = missing_.size();
    const int loops = std::exchange(loops_, 0);
    node.list = closed("endblock", node, "block");
    loops_ = loops;
    refuse_missing(mark);
    skip_name(node.text);
    return node;
  }

  Node& parse_print(std::uint32_t offset) {
    Node& node = make(NodeKind::output, offset);
    while (peek().type != TokenType::block_end) {
      if (!node.list.empty()) expect(TokenType::comma, "','");
      add(node, expression());
    }
    return node;
  }

  Node& parse_autoescape(std::uint32_t offset) {
    const Node* option = expression();
    if (option->kind != NodeKind::constant || option->constant.kind != Kind::boolean || option->constant.boolean)
      fail(ErrorKind::unsupported, position(program_.source, offset), ": automatic escaping is not supported; use the filter 'escape'");
    Node& node = make(NodeKind::with, offset);
    node.list = closed("endautoescape", node, "autoescape");
    return node;
  }

  Node& parse_break(std::uint32_t offset) { return leave(NodeKind::stop_loop, "break", offset); }
  Node& parse_continue(std::uint32_t offset) { return leave(NodeKind::next_loop, "continue", offset); }
  Node& leave(NodeKind kind, std::string_view name, std::uint32_t offset) {
    if (loops_ == 0) error(offset, "the tag '", name, "' stands outside of a loop");
    return make(kind, offset);
  }

  int loops_ = 0;  ///< around the current place, up to the next body that is called
  std::vector<std::string_view> blocks_;
};

WEFT_INLINE void parse(Program& program, std::size_t max_nesting) {
  auto tokens = tokenize(program);
  StatementParser(program, std::move(tokens), max_nesting).run();
}

}  // namespace weft::detail::jinja
