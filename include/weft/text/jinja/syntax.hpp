// A parsed template: tokens and the tree that the parser makes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/jinja/value.hpp"

namespace weft::detail::jinja {

enum class TokenType : std::uint8_t {
  data, block_begin, block_end, variable_begin, variable_end, name, string, integer, real,
  add, sub, mul, div, floordiv, mod, pow, tilde, lbracket, rbracket, lparen, rparen, lbrace, rbrace,
  eq, ne, gt, ge, lt, le, assign, dot, colon, pipe, comma, semicolon, end
};

struct Lexeme {
  TokenType type = TokenType::end;
  std::uint32_t offset = 0;  ///< into the source, for messages
  std::string_view text{};   ///< of data (after white space control), a name, a string (unescaped)
  std::int64_t integer = 0;
  double real = 0;
};

enum class NodeKind : std::uint8_t {
  // expressions
  constant, name, list, tuple, dict, attribute, item, slice, call, filter, test, logical_not, negative, positive, logical_and, logical_or,
  binary, concat, compare, condition,
  // statements
  text, output, branch, loop, set, set_block, macro, call_block, filter_block, with, block, generation, stop_loop, next_loop, scope,
  // a target of assignment: an attribute of a namespace
  space_attribute
};

enum class Operator : std::uint8_t { add, sub, mul, div, floordiv, mod, pow, eq, ne, lt, le, gt, ge, in, not_in };

/// One node. What the fields hold depends on the kind; see parser.ipp, which fills them, and interpreter.ipp, which reads them.
struct Node {
  NodeKind kind;
  Operator op = Operator::add;
  bool flag = false;           ///< loop: recursive; slice: never; macro: uses `caller`
  bool uses_kwargs = false, uses_varargs = false;  ///< of a macro
  std::uint32_t offset = 0;
  std::uint32_t name = 0;      ///< a name's number
  std::uint16_t depth = 0;     ///< levels of nodes below
  const Function* function = nullptr;  ///< of a filter or test; null if there is none of that name
  std::string_view text{};     ///< name of an attribute, filter, test
  Value constant{};
  Node* a = nullptr;
  Node* b = nullptr;
  Node* c = nullptr;
  std::vector<Node*> list{};   ///< items, arguments, the body
  std::vector<Node*> other{};  ///< defaults of a macro's parameters, the body of else
  std::vector<std::pair<std::string_view, Node*>> keywords{};
  Node* star = nullptr;        ///< *args
  Node* stars = nullptr;       ///< **kwargs
};

/// A template, ready to be rendered any number of times, from several threads.
struct Program {
  std::string source;  ///< line ends are \n
  std::deque<Node> nodes;
  std::deque<std::string> texts;  ///< unescaped strings
  std::deque<Str> strings;        ///< constants
  std::vector<Node*> body;
  std::vector<std::string_view> names;
  std::unordered_map<std::string_view, std::uint32_t> name_numbers;

  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::uint32_t number_of(std::string_view name) {
    const auto [found, fresh] = name_numbers.try_emplace(name, static_cast<std::uint32_t>(names.size()));
    if (fresh) names.push_back(name);
    return found->second;
  }
};

/// "line 3, column 14" (both from 1, columns in characters).
std::string position(std::string_view source, std::size_t offset);

/// Cuts program.source (which it first brings to \n line ends) into tokens, the last of which is `end`. Throws Error(format).
std::vector<Lexeme> tokenize(Program& program);

/// Fills program from program.source. Throws Error(format) for what is no template, Error(unsupported) for include, import and extends,
/// Error(resource) for nesting above max_nesting.
void parse(Program& program, std::size_t max_nesting);

}  // namespace weft::detail::jinja
