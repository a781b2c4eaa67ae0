// Golden chat templates: what jinja2 renders, byte for byte, and an error where it has one.

#include "weft/text/chat_template.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/data.hpp"
#include "support/small_stack.hpp"
#include "support/template_cases.hpp"
#include "weft/core/error.hpp"

using namespace weft;

namespace {

void check_case(const test::TemplateCase& one) {
  std::string text, error;
  try {
    RenderOptions options;
    options.now = test::golden_time();
    text = ChatTemplate(one.source).render_variables(one.arguments.dump(), options).text;
  } catch (const Error& e) {
    error = e.what();
  }
  INFO(one.name, ": ", one.source);
  if (one.expected) {
    CHECK(error == "");
    CHECK(text == *one.expected);
    return;
  }
  INFO("jinja2 says: ", one.error);
  CHECK(error != "");
  CHECK(error.find("line ") != std::string::npos);
  // What a template itself says is passed on.
  const auto colon = one.error.find(": ");
  if (one.error.starts_with("TemplateError") && colon != std::string::npos) CHECK(error.find(one.error.substr(colon + 2)) != std::string::npos);
}

void check_file(const std::filesystem::path& path) {
  if (!test::present(path, "chat templates")) return;
  const auto cases = test::read_template_cases(path);
  CHECK(!cases.empty());
  test::on_small_stack([&] {
    for (const auto& one : cases) check_case(one);
  });
}

}  // namespace

TEST_CASE("the golden chat templates render as in jinja2, or are refused where it refuses") {
  check_file(test::golden_text() / "templates.jsonl");
}
TEST_CASE("expressions, white space, scopes and errors are those of jinja2") { check_file(test::data("templates") / "expressions.jsonl"); }
TEST_CASE("templates of well-known families render as in jinja2") { check_file(test::data("templates") / "families.jsonl"); }
