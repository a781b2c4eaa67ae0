// Hostile chat templates: a clear error or a text, in time, with little memory and stack.

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/json.hpp"
#include "support/small_stack.hpp"
#include "weft/core/error.hpp"
#include "weft/text/chat_template.hpp"

using namespace weft;

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

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
  if (!test::present(test::hostile() / "index.json", "hostile chat templates")) return;
  const auto index = test::read_json(test::hostile() / "index.json");
  int cases = 0;
  for (const auto& entry : index.at("cases")) {
    if (entry.at("family") != "chat_template") continue;
    ++cases;
    const std::string file = entry.at("file"), expect = entry.at("expect");
    INFO(file, ": ", entry.at("description").get<std::string>());
    std::string text;
    const std::string message = outcome(read(test::hostile() / file), text);
    INFO("error: ", message);
    INFO("text: ", text.substr(0, 200));
    if (expect == "accept") CHECK(message == "");
    if (expect == "reject") {
      CHECK(message != "");
      const auto& names = entry.at("error_names");
      const bool named = names.empty() || std::any_of(names.begin(), names.end(), [&](const auto& name) {
        return test::contains(lower(message), lower(name.template get<std::string>()));
      });
      CHECK(named);
    }
    if (expect == "either") CHECK((message != "" || text == ""));
  }
  if (cases == 0) test::skip("hostile chat templates", "the index has none");
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
           std::string("{% for i in range(100000) %}{{ range(100000) | sum }}{% endfor %}"),
           std::string("{% for i in range(100000) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' * 1000 }}{% endfor %}")}) {
    INFO(source);
    const std::string message = outcome(source, out);
    INFO(message);
    CHECK((test::contains(message, "limit") || test::contains(message, "too large")));
    CHECK(test::contains(message, "line 1"));
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
