// What tree an expression is. What trees match: regex_test.cpp.
#include "weft/core/regex_syntax.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/errors.hpp"

using namespace weft;
using detail::RegexGreed;
using detail::RegexKind;
using detail::RegexNode;

namespace {

/// The tree as a text: [abc] a set, (x y) a sequence, {x|y} a choice, x<min,max> a repeat with ? or + as written, =x and !x look-aheads.
std::string shown(const RegexNode& node) {
  const auto kids = [&](const char* between) {
    std::string text;
    for (const RegexNode& kid : node.kids) text += (text.empty() ? "" : between) + shown(kid);
    return text;
  };
  switch (node.kind) {
    case RegexKind::nothing: return "-";
    case RegexKind::chars: {
      std::string text = "[";
      for (const auto& range : node.set.ranges()) {
        if (range.last > 0x7F) return "[...]";
        for (auto c = range.first; c <= range.last; ++c) text += static_cast<char>(c);
      }
      return text + "]";
    }
    case RegexKind::sequence: return "(" + kids(" ") + ")";
    case RegexKind::choice: return "{" + kids("|") + "}";
    case RegexKind::repeat: {
      const std::string most = node.max == detail::regex_unbounded ? "" : std::to_string(node.max);
      const char* const mark = node.greed == RegexGreed::lazy ? "?" : node.greed == RegexGreed::possessive ? "+" : "";
      return kids("") + "<" + std::to_string(node.min) + "," + most + ">" + mark;
    }
    case RegexKind::look_ahead: return (node.negative ? "!" : "=") + kids("");
    case RegexKind::look_behind: return node.negative ? "<!" : "<=";
    case RegexKind::text_begin: return "begin";
    case RegexKind::text_end: return "end";
    case RegexKind::line_begin: return "line";
    case RegexKind::word_boundary: return node.negative ? "\\B" : "\\b";
  }
  return "?";
}

std::string tree(std::string_view pattern, RegexFlavor flavor = RegexFlavor::common) { return shown(detail::parse_regex(pattern, flavor)); }

}  // namespace

TEST_CASE("a choice binds loosest, a quantifier tightest, and groups bind by their brackets alone") {
  CHECK(tree("ab|c*d") == "{([a] [b])|([c]<0,> [d])}");
  CHECK(tree("a(b|cd)*e") == "([a] {[b]|([c] [d])}<0,> [e])");
  CHECK(tree("(?:ab)c") == "([a] [b] [c])");
  CHECK(tree("(?:ab){2}c") == "(([a] [b])<2,2> [c])");
  CHECK(tree("(?P<name>a)|(?<other>b)c") == "{[a]|([b] [c])}");
  CHECK(tree("^a$|\\bb\\B") == "{(begin [a] end)|(\\b [b] \\B)}");
  CHECK(tree("a(?=bc)(?!d)") == "([a] =([b] [c]) ![d])");
}

TEST_CASE("what is empty is nothing, and alternatives of single characters are one set") {
  CHECK(tree("") == "-");
  CHECK(tree("()") == "-");
  CHECK(tree("a||b") == "{[a]|-|[b]}");
  CHECK(tree("a|[cd]|b") == "[abcd]");
  CHECK(tree("a|bc|d") == "{[a]|([b] [c])|[d]}");
  CHECK(tree("[a-f&&[^b-d]&&[a-e]]") == "[ae]");
}

TEST_CASE("counts are read as written, and braces that are none are themselves") {
  CHECK(tree("a*?b+c??") == "([a]<0,>? [b]<1,> [c]<0,1>?)");
  CHECK(tree("a{2,5}?b{3,}c{,4}d{6}") == "([a]<2,5>? [b]<3,> [c]<0,4> [d]<6,6>)");
  CHECK(tree("a*+") == "[a]<0,>+");
  CHECK(tree("(?>a*)b") == "([a]<0,>+ [b])");
  CHECK(tree("a{,}") == "([a] [{] [,] [}])");
  CHECK(tree("a{b") == "([a] [{] [b])");
  CHECK(tree("a{2}+", RegexFlavor::oniguruma) == "[a]<2,2><1,>");
  CHECK(tree("a{2}?", RegexFlavor::oniguruma) == "[a]<2,2><0,1>");
  CHECK(tree("a{2,3}?", RegexFlavor::oniguruma) == "[a]<2,3>?");
}

TEST_CASE("flags last to the end of their group") {
  CHECK(tree("(?:(?i)a)b") == "([Aa] [b])");
  CHECK(tree("(?i:a)b") == "([Aa] [b])");
  CHECK(tree("(?i)a(?-i)b|c") == "{([Aa] [b])|[c]}");
  CHECK(tree("(?i)a(?-i:b)c") == "([Aa] [b] [Cc])");
  CHECK(tree("(?s).") == tree("(?m).", RegexFlavor::oniguruma));
  CHECK(tree("^", RegexFlavor::oniguruma) == "line");
}

TEST_CASE("brackets nest a hundred deep and no deeper, and leave nothing behind") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '(') + "a" + std::string(depth, ')'); };
  CHECK(tree(nested(99)) == "[a]");
  CHECK(test::contains(test::message_of([&] { (void)tree(nested(100)); }), "byte 100: groups nested too deeply"));
  const auto sets = [](std::size_t depth) { return std::string(depth, '[') + "a" + std::string(depth, ']'); };
  CHECK(tree(sets(99)) == "[a]");
  CHECK(test::contains(test::message_of([&] { (void)tree(sets(100)); }), "sets nested too deeply"));
}
