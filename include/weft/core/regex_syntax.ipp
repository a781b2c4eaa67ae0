// A recursive-descent parser for the syntax that Perl, Python, Rust and Oniguruma share.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/regex_classes.hpp"
#include "weft/core/regex_reader.hpp"
#include "weft/core/regex_syntax.hpp"

namespace weft::detail {

class RegexParser : RegexReader {
 public:
  RegexParser(std::string_view pattern, RegexFlavor flavor) : RegexReader(pattern), flavor_(flavor) {
    if (pattern.size() > max_length)
      weft::fail(ErrorKind::unsupported, "regular expression of ", pattern.size(), " bytes: at most ", max_length, " are supported");
  }

  RegexNode parse() {
    RegexNode root = choice();
    if (at_ < pattern_.size()) fail_here("unmatched ')'");
    return root;
  }

 private:
  static constexpr std::size_t max_length = 1 << 16;
  static constexpr int max_depth = 100;
  static constexpr int max_repeats = 3;
  static constexpr std::size_t max_ranges = std::size_t{1} << 19;  // 4 MB; \W alone has 770

  [[nodiscard]] bool ruby() const noexcept { return flavor_ == RegexFlavor::oniguruma; }

  struct Flags {
    bool ignore_case = false;
    bool dot_all = false;
  };

  RegexNode choice() {
    if (++depth_ > max_depth) fail_at(ErrorKind::unsupported, at_, "groups nested too deeply (at most 100)");
    const Flags outer = flags_;
    RegexNode node;
    node.kind = RegexKind::choice;
    do node.kids.push_back(sequence());
    while (take("|"));
    flags_ = outer;  // (?i) lasts to the end of its group
    --depth_;
    if (node.kids.size() == 1) return std::move(node.kids.front());
    return merge_sets(std::move(node));
  }

  // a|b|[cd] is one set: fewer states, and possessive repetition of it is possible.
  static RegexNode merge_sets(RegexNode node) {
    for (const auto& kid : node.kids)
      if (kid.kind != RegexKind::chars) return node;
    RegexNode merged = std::move(node.kids.front());
    for (std::size_t i = 1; i < node.kids.size(); ++i) merged.set.add(node.kids[i].set);
    return merged;
  }

  RegexNode sequence() {
    RegexNode node;
    node.kind = RegexKind::sequence;
    while (!done() && !next_is("|") && !next_is(")")) {
      std::optional<RegexNode> item = atom();
      if (!item) continue;
      RegexNode repeated = quantified(std::move(*item));
      // A sequence in a sequence (a group) is spliced in, so that depth stays with what nests.
      if (repeated.kind == RegexKind::sequence) {
        for (auto& kid : repeated.kids) node.kids.push_back(std::move(kid));
      } else if (repeated.kind != RegexKind::nothing) {
        node.kids.push_back(std::move(repeated));
      }
    }
    if (node.kids.empty()) return {};
    if (node.kids.size() == 1) return std::move(node.kids.front());
    return node;
  }

  // Empty for what only sets flags.
  std::optional<RegexNode> atom() {
    const std::size_t start = at_;
    if (take("(")) return group(start);
    if (take("[")) return char_node(set());
    if (take(".")) return char_node(flags_.dot_all ? CharSet::all() : CharSet('\n', '\n').negated());
    if (take("^")) return simple(ruby() ? RegexKind::line_begin : RegexKind::text_begin);
    if (take("$")) return ruby() ? look_ahead(char_node(CharSet('\n', '\n').negated()), true) : simple(RegexKind::text_end);
    if (take("\\b")) return word_boundary(false);
    if (take("\\B")) return word_boundary(true);
    if (take("\\A")) return simple(RegexKind::text_begin);
    if (ruby() && take("\\Z")) return end_or_last_line();
    if (take("\\z") || take("\\Z")) return simple(RegexKind::text_end);
    if (next_is("*") || next_is("+") || next_is("?")) fail_here("nothing to repeat");
    if (take("\\")) return char_node(with_case(escape(start, false)));
    const char32_t code = take_code();
    return char_node(with_case(CharSet(code, code)));
  }

  [[nodiscard]] CharSet with_case(CharSet set) const { return flags_.ignore_case ? set.with_all_cases() : std::move(set); }

  const CharSet& counted(const CharSet& set) {
    ranges_ += set.ranges().size();
    if (ranges_ > max_ranges) fail_at(ErrorKind::unsupported, at_, "character classes of more than 2^19 ranges in all");
    return set;
  }

  RegexNode char_node(CharSet set) {
    counted(set);
    RegexNode node;
    node.kind = RegexKind::chars;
    node.set = std::move(set);
    return node;
  }

  static RegexNode simple(RegexKind kind, bool negative = false) {
    RegexNode node;
    node.kind = kind;
    node.negative = negative;
    return node;
  }

  static RegexNode look_ahead(RegexNode kid, bool negative) {
    RegexNode node = simple(RegexKind::look_ahead, negative);
    node.kids.push_back(std::move(kid));
    return node;
  }

  // Behind one code point an automaton need only know which sets the last one was in.
  RegexNode look_behind(std::size_t start, RegexNode kid, bool negative) {
    if (kid.kind != RegexKind::chars) fail_at(ErrorKind::unsupported, start, "look-behind over more than one character class");
    kid.kind = RegexKind::look_behind;
    kid.negative = negative;
    return kid;
  }

  [[nodiscard]] RegexNode word_boundary(bool negative) const {
    RegexNode node = simple(RegexKind::word_boundary, negative);
    node.set = regex_word(flavor_, false);
    return node;
  }

  // (?=\n?\z)
  RegexNode end_or_last_line() {
    RegexNode line_end = simple(RegexKind::repeat), both = simple(RegexKind::sequence);
    line_end.max = 1;
    line_end.kids.push_back(char_node({'\n', '\n'}));
    both.kids.push_back(std::move(line_end));
    both.kids.push_back(simple(RegexKind::text_end));
    return look_ahead(std::move(both), false);
  }

  // After '('.
  std::optional<RegexNode> group(std::size_t start) {
    if (!take("?")) return group_end(start, choice());
    if (take(":")) return group_end(start, choice());
    if (next_is("=") || next_is("!")) {
      const bool negative = take_code() == '!';
      return look_ahead(group_end(start, choice()), negative);
    }
    if (take(">")) return atomic(start, group_end(start, choice()));
    if (next_is("<=") || next_is("<!")) {
      take("<");
      const bool negative = take_code() == '!';
      return look_behind(start, group_end(start, choice()), negative);
    }
    if (take("P<") || take("<")) {  // a name means nothing here: no groups are captured
      while (!take(">")) take_code();
      return group_end(start, choice());
    }
    const Flags outer = flags_;
    read_flags();
    if (take(")")) return std::nullopt;
    if (!take(":")) fail_here("unknown kind of group");
    RegexNode node = choice();
    flags_ = outer;
    return group_end(start, std::move(node));
  }

  void read_flags() {
    bool value = true;
    for (;; ++at_) {
      if (next_is("-")) value = false;
      else if (next_is("i")) flags_.ignore_case = value;
      else if (next_is(ruby() ? "m" : "s")) flags_.dot_all = value;
      else if (!next_is("u")) return;
    }
  }

  RegexNode group_end(std::size_t start, RegexNode node) {
    if (!take(")")) fail_at(ErrorKind::format, start, "unmatched '('");
    return node;
  }

  // (?>x*) over one set is x*+; other atomic groups would need to know which of several matches came first.
  RegexNode atomic(std::size_t start, RegexNode node) {
    if (node.kind == RegexKind::chars || node.kind == RegexKind::nothing) return node;
    if (node.kind != RegexKind::repeat || node.greed == RegexGreed::lazy || node.kids.front().kind != RegexKind::chars)
      fail_at(ErrorKind::unsupported, start, "atomic group over more than one repeated character class");
    node.greed = RegexGreed::possessive;
    return node;
  }

  RegexNode quantified(RegexNode node) {
    for (int repeats = 0;;) {
      const std::size_t start = at_;
      std::uint32_t min = 0, max = regex_unbounded;
      bool interval = false;
      if (take("*")) {
      } else if (take("+")) {
        min = 1;
      } else if (take("?")) {
        max = 1;
      } else if (interval = counts(min, max); !interval) {
        return node;
      }
      if (++repeats > max_repeats) fail_at(ErrorKind::unsupported, start, "more than three quantifiers in a row");
      RegexNode outer;
      outer.kind = RegexKind::repeat;
      outer.min = min;
      outer.max = max;
      if (interval && ruby() && (next_is("+") || (min == max && next_is("?")))) {  // another quantifier, not a mark of this one
        outer.kids.push_back(std::move(node));
        node = std::move(outer);
        continue;
      }
      outer.greed = take("?") ? RegexGreed::lazy : take("+") ? RegexGreed::possessive : RegexGreed::greedy;
      if (outer.greed == RegexGreed::possessive && node.kind != RegexKind::chars)
        fail_at(ErrorKind::unsupported, start, "possessive quantifier over more than one character class");
      outer.kids.push_back(std::move(node));
      node = std::move(outer);
    }
  }

  // After '['. Sets nest and intersect ("[a-z&&[^x]]"), as in Oniguruma and Rust.
  CharSet set() {
    const std::size_t start = at_ - 1;
    if (++depth_ > max_depth) fail_at(ErrorKind::unsupported, start, "sets nested too deeply (at most 100)");
    const bool negative = take("^");
    std::optional<CharSet> left;
    CharSet current;
    const auto finish = [&](CharSet part) { return left ? left->intersected(part) : std::move(part); };
    for (bool first = true;; first = false) {
      if (done()) fail_at(ErrorKind::format, start, "unmatched '['");
      if (!first && take("]")) break;
      if (take("&&")) {
        left = finish(std::exchange(current, {}));
      } else if (const std::size_t at = at_; take("[:")) {
        current.add(named_class(at));
      } else if (take("[")) {
        current.add(set());
      } else {
        set_item(current);
      }
    }
    --depth_;
    CharSet result = with_case(finish(std::move(current)));
    counted(result);
    return negative ? result.negated() : result;
  }

  // After "[:", which [:name:] or [:^name:] begins with.
  CharSet named_class(std::size_t start) {
    std::string_view name = take_until(":]", start, "unmatched '[:'");
    const bool negative = name.starts_with('^');
    if (negative) name.remove_prefix(1);
    const auto found = posix_class(name, flavor_);
    if (!found) fail_at(ErrorKind::unsupported, start, concat("unknown POSIX class '", name.substr(0, 60), "'"));
    return negative ? found->negated() : *found;
  }

  void set_item(CharSet& current) {
    const std::size_t start = at_;
    CharSet low = set_atom();
    const bool single = low.ranges().size() == 1 && low.ranges()[0].first == low.ranges()[0].last;
    if (!next_is("-") || next_is("-]") || next_is("-&&") || next_is("-[")) return current.add(low);
    if (!single) return current.add(low);  // "[\w-x]": the '-' is itself
    take("-");
    const CharSet high = set_atom();
    if (high.ranges().size() != 1 || high.ranges()[0].first != high.ranges()[0].last)
      fail_at(ErrorKind::format, start, "range that ends in a class");
    if (high.ranges()[0].first < low.ranges()[0].first) fail_at(ErrorKind::format, start, "range out of order");
    current.add(static_cast<char32_t>(low.ranges()[0].first), static_cast<char32_t>(high.ranges()[0].first));
  }

  CharSet set_atom() {
    const std::size_t start = at_;
    if (take("\\")) {
      if (take("b")) return {8, 8};
      return escape(start, true);
    }
    const char32_t code = take_code();
    return {code, code};
  }

  // After '\\', outside or inside a set.
  CharSet escape(std::size_t start, bool in_set) {
    const char32_t code = take_code();
    if (ruby() && (code == 'h' || code == 'H')) return code == 'h' ? hexadecimal_digits() : hexadecimal_digits().negated();
    switch (code) {
      case 's': return CharSet::white_space();
      case 'S': return CharSet::white_space().negated();
      case 'd': return *CharSet::property("Nd");
      case 'D': return CharSet::property("Nd")->negated();
      case 'w': return regex_word(flavor_, in_set);
      case 'W': return regex_word(flavor_, in_set).negated();
      case 'p': return property(start, false, in_set);
      case 'P': return property(start, true, in_set);
      case 'n': return {'\n', '\n'};
      case 'r': return {'\r', '\r'};
      case 't': return {'\t', '\t'};
      case 'f': return {'\f', '\f'};
      case 'v': return {'\v', '\v'};
      case 'a': return {'\a', '\a'};
      case 'e': return {0x1B, 0x1B};
      case '0': return {0, 0};
      case 'x': return code_point(start, 2);
      case 'u': return code_point(start, 4);
      case 'U': return code_point(start, 8);
      default: break;
    }
    if (code >= '1' && code <= '9') fail_at(ErrorKind::unsupported, start, "back reference");
    if ((code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z')) fail_at(ErrorKind::unsupported, start, "unknown escape");
    return {code, code};
  }

  CharSet code_point(std::size_t start, int digits) {
    const char32_t code = hexadecimal(start, digits);
    return {code, code};
  }

  CharSet property(std::size_t start, bool negative, bool in_set) {
    std::string_view name = pattern_.substr(at_, 1);
    if (take("{"))
      name = take_until("}", start, "unmatched '{'");
    else if (done())
      fail_at(ErrorKind::format, start, "property without a name");
    else
      ++at_;
    if (name.starts_with('^')) {
      negative = !negative;
      name.remove_prefix(1);
    }
    auto found = CharSet::property(name);
    if (!found) found = posix_class(plain_property_name(name), flavor_, in_set);
    if (!found) fail_at(ErrorKind::unsupported, start, concat("unknown property '", name.substr(0, 60), "'"));
    return negative ? found->negated() : *found;
  }

  RegexFlavor flavor_;
  std::size_t ranges_ = 0;
  int depth_ = 0;
  Flags flags_;
};

WEFT_INLINE RegexNode parse_regex(std::string_view pattern, RegexFlavor flavor) { return RegexParser(pattern, flavor).parse(); }

}  // namespace weft::detail
