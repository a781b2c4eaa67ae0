// Hostile chat templates: a clear error or a text, in time, with little memory and stack.

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/damage.hpp"
#include "support/errors.hpp"
#include "support/hostile.hpp"
#include "support/small_stack.hpp"
#include "weft/core/error.hpp"
#include "weft/core/philox.hpp"
#include "weft/text/chat_template.hpp"
#include "weft/text/jinja/text.hpp"

using namespace weft;

namespace {

/// The message of the error, or "" with the text in `out`.
std::string outcome(const std::string& source, std::string& out) {
  std::string message;
  test::on_small_stack([&] {
    message = test::message_of([&] {
      out = ChatTemplate(source, {"<s>", "</s>"}).render(Conversation{{.role = "user", .content = "Hi"}}, {.add_generation_prompt = true}).text;
    });
  });
  return message;
}

std::string nested(const std::string& open, const std::string& inside, const std::string& close, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += open;
  text += inside;
  for (int i = 0; i < times; ++i) text += close;
  return text;
}

}  // namespace

TEST_CASE("every hostile chat template ends as the index states") {
  const auto ours = [](const test::HostileCase& c) { return c.family == "chat_template"; };
  for (const auto& one : test::hostile_cases("hostile chat templates", ours)) {
    INFO(one.file, ": ", one.description);
    std::string text;
    const std::string message = outcome(test::content(one.path), text);
    INFO("error: ", message);
    INFO("text: ", text.substr(0, 200));
    one.check(message);
    if (one.expect == "either") CHECK((message != "" || text == ""));
  }
}

TEST_CASE("deep nesting of every kind is refused, not a crash") {
  std::string out;
  const int deep = 50'000;
  for (const std::string& source :
       {"{{ " + nested("(", "1", ")", deep) + " }}", "{{ " + nested("[", "1", "]", deep) + " }}", "{{ " + nested("{1: ", "1", "}", deep) + " }}",
        "{{ " + nested("not ", "1", "", deep) + " }}", "{{ " + nested("-", "1", "", deep) + " }}", "{{ 1" + nested(" + 1", "", "", deep) + " }}",
        "{{ 1" + nested(" if 1 else 2", "", "", deep) + " }}", "{{ x" + nested("|upper", "", "", deep) + " }}", "{{ x" + nested(".a", "", "", deep) + " }}",
        "{{ x" + nested("(", "1", ")", deep) + " }}", "{{ x" + nested("[", "1", "]", deep) + " }}", "{{ 1" + nested(" and 1", "", "", deep) + " }}",
        nested("{% if 1 %}", "x", "{% endif %}", deep), nested("{% for a in [1] %}", "x", "{% endfor %}", deep),
        nested("{% set x %}", "x", "{% endset %}", deep), nested("{% macro m() %}", "x", "{% endmacro %}", deep),
        nested("{% filter upper %}", "x", "{% endfilter %}", deep), nested("{% for (", "", "", deep)}) {
    INFO(source.substr(0, 40));
    const std::string message = outcome(source, out);
    CHECK((test::contains(message, "too deep") || test::contains(message, "closed")));
  }
}

TEST_CASE("what runs away is stopped by a limit that the message names") {
  std::string out;
  for (const std::string& source : {
           std::string("{% macro f(n) %}{% if n %}{{ f(n) }}{% endif %}{% endmacro %}{{ f(1) }}"),
           std::string("{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}"),
           std::string("{% for n in [[1]] recursive %}{{ loop([n]) }}{% endfor %}"),
           std::string("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"),
           std::string("{{ 'x' * 1000000000000 }}"), std::string("{{ [1] * 1000000000000 }}"), std::string("{{ range(10 ** 12) }}"),
           std::string("{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}"),
           std::string("{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}{{ ns.l | length }}"),
           std::string("{% set ns = namespace(l=[1]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}"),
           std::string("{% set ns = namespace(l=[1]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l | tojson }}"),
           std::string("{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% set ns.m = [ns.m] %}{% endfor %}{{ ns.l == ns.m }}"),
           std::string("{% set ns = namespace(l=(1,)) %}{% for i in range(9999) %}{% set ns.l = (ns.l,) %}{% endfor %}{{ {ns.l: 1} }}"),
           std::string("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}"), std::string("{{ '%1000000000d' % 1 }}"),
           std::string("{{ '{:1000000000}'.format(1) }}"), std::string("{{ 'x'.center(1000000000000) }}"), std::string("{{ '%.1000000000f' % 1 }}"),
           std::string("{{ 'x' | indent(1000000000000, true) }}"), std::string("{{ [1] | batch(1000000000000, 0) | list }}"),
           std::string("{{ [1] | slice(1000000000000) | list }}"), std::string("{{ {} | tojson(indent=1000000000000) }}"),
           std::string("{% set ns = namespace(l=(1,)) %}{% for i in range(60) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {ns.l: 1} | length }}"),
           std::string("{% set ns = namespace(l=(1,), m=(1,)) %}{% for i in range(60) %}{% set ns.l = (ns.l, ns.l) %}{% set ns.m = (ns.m, ns.m) %}{% endfor %}{{ [ns.l, ns.m] | unique | list | length }}"),
           std::string("{% set ns = namespace(l=(1,)) %}{% for i in range(60) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {1: 2}[ns.l] }}"),
           std::string("{{ strftime_now('%f' * 1000000) }}"), std::string("{{ strftime_now('%c' * 100000) }}"),
           std::string("{% for i in range(100000) %}{{ range(100000) | sum }}{% endfor %}"),
           std::string("{% for i in range(100000) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' * 1000 }}{% endfor %}")}) {
    INFO(source);
    const std::string message = outcome(source, out);
    INFO(message);
    CHECK((test::contains(message, "limit") || test::contains(message, "too large")));
    CHECK(test::contains(message, "line 1"));
  }
}

TEST_CASE("long texts are found where the standard library finds them, and in linear time") {
  std::uint64_t draws = 0;
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(uniform(19, 20, draws++) * static_cast<double>(n)); };
  for (int round = 0; round < 2000; ++round) {
    std::string text, what;
    for (std::size_t n = 30 + below(200); n > 0; --n) text += "aab"[below(round % 2 == 0 ? 2 : 3)];
    if (round % 3 == 0) what = text.substr(below(text.size()), 20 + below(60));
    else what.assign(20 + below(60), 'a');
    const std::size_t from = below(text.size() + 3);
    CHECK(detail::jinja::find_text(text, what, from) == text.find(what, from));
    CHECK(detail::jinja::find_last_text(text, what, from) == text.rfind(what, from));
    CHECK(detail::jinja::find_last_text(text, what) == text.rfind(what));
  }
  std::string out;
  for (const std::string call : {"s.find(w)", "s.rfind(v)", "s.count(w)", "s.replace(w, 'x') | length", "s.split(w) | length", "s.rsplit(v) | length", "s.partition(w) | length", "s.rpartition(v) | length", "w in s",
                                  "s.strip('b' * 400000) | length"}) {
    INFO(call);  // the product of the lengths would take minutes
    const auto message = outcome("{% set s = 'a' * 800000 %}{% set w = 'a' * 400000 ~ 'b' %}{% set v = 'b' ~ 'a' * 400000 %}{{ " + call + " }}", out);
    CHECK((message == "" || test::contains(message, "limit")));
  }
}

TEST_CASE("numbers at the borders of 64 bits overflow nothing") {
  const std::string low = "(-9223372036854775807 - 1)", high = "9223372036854775807";
  const std::string wide = "range(" + low + ", " + high + ", 4611686018427387904)";
  std::string out;
  for (const auto& one : {std::pair<std::string, std::string>{wide + "[3]", "4611686018427387904"}, {wide + "[3:][0]", "4611686018427387904"}, {wide + "[::-1][0]", "4611686018427387904"},
                                         {wide + " | last", "4611686018427387904"}, {wide + " | length", "4"}, {low + " in range(0, " + high + ", " + high + ")", "False"},
                                         {low + " in range(" + low + ", 0, " + high + ")", "True"}, {"3 in range(9, 0, -3)", "True"}, {"0 in range(9, 0, -3)", "False"}, {"10 in range(9, 0, -3)", "False"}, {"4 in range(9, 0, -3)", "False"}}) {
    INFO(one.first);
    CHECK(outcome("{{ " + one.first + " }}", out) == "");
    CHECK(out == one.second);
  }
}

TEST_CASE("values that are nested deep but never looked into are no problem") {
  std::string out;
  CHECK(outcome("{% set ns = namespace(l=[1]) %}{% for i in range(50000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l | length }}", out) == "");
  CHECK(out == "1");
}

TEST_CASE("a long chat that a template puts together piece by piece costs memory for its length only") {
  Conversation chat;
  for (int i = 0; i < 2000; ++i) chat.push_back({.role = i % 2 == 0 ? "user" : "assistant", .content = std::string(2000, 'x')});
  const ChatTemplate t("{% set ns = namespace(s='') %}{% for m in messages %}{% set ns.s = ns.s ~ m.role ~ ': ' ~ (m.content | trim) ~ '\\n' %}{% endfor %}{{ ns.s }}");
  CHECK(t.render(chat).text.size() > 4'000'000);
}

TEST_CASE("the sandbox opens no name of the interpreter, and nothing can be changed") {
  std::string out;
  for (const std::string expression : {"''.__class__", "''['__class__']", "''|attr('__class__')", "[].__class__", "{}.__class__", "{}['__class__']", "range.__globals__",
                                        "namespace.__init__", "(1).__class__", "none.__class__", "messages.__class__", "dict.__mro__", "'{0.__class__}'.format('')",
                                        "''.format.__self__", "raise_exception.__globals__", "messages[0].__class__"}) {
    INFO(expression);
    const std::string message = outcome("{{ " + expression + " }}", out);
    CHECK((message != "" || out == ""));
    if (!expression.starts_with("'{")) CHECK(outcome("{{ " + expression + ".x }}", out) != "");
  }
  for (const std::string call : {"messages.append(1)", "messages.pop()", "messages.clear()", "messages.sort()", "messages.extend([1])", "messages[0].update({})",
                                  "messages[0].pop('role')", "messages[0].setdefault('a', 1)", "messages[0].clear()", "messages[0].popitem()"}) {
    INFO(call);
    CHECK(test::contains(outcome("{{ " + call + " }}", out), "not open to templates"));
  }
}

TEST_CASE("templates with random damage are refused, fail or render, and nothing else happens") {
  std::vector<std::string> templates;
  for (const auto& line : test::read_json_lines(test::data("templates") / "families.jsonl"))  // the first of each family has it
    if (line.contains("template")) templates.push_back(line.at("template"));
  test::Damage damage({"{{", "}}", "{%", "%}", "{#", "-", "|", "(", ")", "[", "]", "{", "}", " if ", " else ", " in ", " not ", " is ", "endfor", "endif", "macro", "set ", "loop", "9223372036854775807", "'", "~", "**", "//", "[::-1]", ".items()", "\xFF"});
  test::Damaged outcome;
  const RenderLimits small{.steps = 100'000, .memory = 1 << 20, .output = 1 << 18, .depth = 100};
  for (int round = 0; round < 4000; ++round) {
    const std::string damaged = damage(templates[static_cast<std::size_t>(round) % templates.size()]);
    outcome.attempt([&] {
      (void)ChatTemplate(damaged, {"<s>", "</s>"}).render(Conversation{{.role = "system", .content = "S"}, {.role = "user", .content = "Hi %s {0}"}, {.role = "assistant", .content = "A"}}, {.limits = small});
    });
  }
  CHECK(outcome.read > 100);
  CHECK(outcome.refused > 100);
}
