// What parses statements and what parses expressions share: the tokens, messages, and making nodes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/syntax.hpp"

namespace weft::detail::jinja {

class ParserBase {
 public:
  ParserBase(Program& program, std::vector<Lexeme> tokens, std::size_t max_nesting)
      : program_(program), tokens_(std::move(tokens)), max_nesting_(max_nesting) {}

 protected:
  /// One level of nesting of the parser itself.
  class Level {
   public:
    explicit Level(ParserBase& parser) : parser_(parser) {
      if (++parser_.level_ > parser_.max_nesting_) parser_.too_deep(parser_.peek().offset);
    }
    ~Level() { --parser_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    ParserBase& parser_;
  };

  template <class... Parts>
  [[noreturn]] void error(std::size_t offset, const Parts&... parts) const {
    fail(ErrorKind::format, position(program_.source, offset), ": ", parts...);
  }
  [[noreturn]] void too_deep(std::size_t offset) const {
    fail(ErrorKind::resource, position(program_.source, offset), ": nested too deep; the limit is ", max_nesting_, " levels");
  }

  const Lexeme& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Lexeme& next() {
    const Lexeme& token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool at_name(std::string_view name) const { return peek().type == TokenType::name && peek().text == name; }
  bool skip_name(std::string_view name) {
    if (!at_name(name)) return false;
    next();
    return true;
  }
  const Lexeme& expect(TokenType type, std::string_view what) {
    if (peek().type != type) error(peek().offset, "expected ", what, ", but ", describe(peek()), " was found");
    return next();
  }

  std::string describe(const Lexeme& token) const {
    switch (token.type) {
      case TokenType::end: return "the end of the template";
      case TokenType::data: return "text";
      case TokenType::block_begin: return "'{%'";
      case TokenType::block_end: return "the end of the tag";
      case TokenType::variable_begin: return "'{{'";
      case TokenType::variable_end: return "'}}'";
      case TokenType::name: return quote(token.text, 60);
      case TokenType::string: return concat("the string ", quote(token.text, 40));
      case TokenType::integer: return concat("the number ", token.integer);
      case TokenType::real: return "a number";
      default: return quote(std::string_view(program_.source).substr(token.offset, 1));
    }
  }

  Node& make(NodeKind kind, std::uint32_t offset) {
    Node& node = program_.nodes.emplace_back(Node{.kind = kind});
    node.offset = offset;
    return node;
  }

  /// child becomes part of node. A chain such as a + b + c grows a tree without growing the parser's stack, so its depth is bounded here.
  Node* under(Node& node, Node* child) {
    if (child == nullptr) return child;
    const auto depth = static_cast<std::uint16_t>(child->depth + 1);
    node.depth = std::max(node.depth, depth);
    if (node.depth > 2 * max_nesting_) too_deep(node.offset);
    return child;
  }
  void add(Node& node, Node* child) { node.list.push_back(under(node, child)); }

  Value constant_text(std::string_view text) {
    Str& str = program_.strings.emplace_back();
    str.data = text.data();
    str.size = text.size();
    str.written = true;
    // Set now, for constants are shared between threads.
    str.ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    return make_string(&str);
  }

  /// Filters and tests that do not exist are an error of the template, but inside of a condition only when they are reached.
  void refuse_missing(std::size_t mark) {
    if (missing_.size() <= mark) return;
    const Node& node = *missing_[mark];
    error(node.offset, "there is no ", node.kind == NodeKind::filter ? "filter" : "test", " named ", quote(node.text, 60));
  }

  Program& program_;
  std::vector<Lexeme> tokens_;
  std::size_t at_ = 0, level_ = 0, max_nesting_;
  std::vector<const Node*> missing_;  ///< filters and tests without a function, seen since the last check
  std::vector<Node*> callables_;      ///< macros around the current place
  const Node* open_chain_ = nullptr;  ///< the comparison or concatenation that the next operand may join
};

}  // namespace weft::detail::jinja
