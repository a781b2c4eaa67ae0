#include "weft/core/regex_flavor.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "weft/core/regex.hpp"

using namespace weft;

namespace {

/// The text with '_' in place of each match, as the `tokenizers` library's Replace gives it.
std::string replaced(std::string_view pattern, std::string_view text, RegexFlavor flavor = RegexFlavor::oniguruma) {
  const Regex regex(pattern, flavor);
  RegexScanner scanner(regex, text);
  std::string out;
  std::size_t done = 0;
  for (RegexMatch match; scanner.next(match); done = match.end) out.append(text.substr(done, match.begin - done)).append("_");
  return out.append(text.substr(done));
}

}  // namespace

TEST_CASE("Oniguruma's ^ and $ are the ends of lines, \\A and \\z those of the text") {
  CHECK(replaced("^a", "a\na") == "_\n_");
  CHECK(replaced("^", "a\n\nb\n") == "_a\n_\n_b\n");
  CHECK(replaced("$", "a\n\nb\n") == "a_\n_\nb_\n_");
  CHECK(replaced(R"(\s+$)", "a \n b  ") == "a_\n b_");
  CHECK(replaced(R"(a\Z)", "a\na\n") == "a\n_\n");
  CHECK(replaced(R"(a\z)", "a\na\n") == "a\na\n");
  CHECK(replaced(R"(\Aa)", "a\na") == "_\na");
  CHECK(replaced("(?=^b|x)", "a\nb") == "a\n_b");
  CHECK(replaced("^a", "a\na", RegexFlavor::common) == "_\na");
  CHECK(replaced(R"(\s+$)", "a \n b  ", RegexFlavor::common) == "a \n b_");
}

TEST_CASE("in Oniguruma's syntax for Ruby, + and ? after an interval are quantifiers") {
  CHECK(replaced("[0-9]{1,3}+", "12345 1") == "_ _");
  CHECK(replaced("a{2}?b", "aabb") == "__");
  CHECK(replaced("a{1,3}?", "aaaa") == "____");
  CHECK(replaced("a++a", "aaaa") == "aaaa");
  CHECK(replaced("[0-9]{1,3}+", "12345 1", RegexFlavor::common) == "__ _");
}

TEST_CASE("Oniguruma's \\w has no joiners, and beside sets what Latin-1 raises") {
  CHECK(replaced(R"(\w)", "a\u00BD\u00B2\u200D") == "___\u200D");
  CHECK(replaced(R"([\w])", "a\u00BD\u00B2\u200D") == "_\u00BD\u00B2\u200D");
  CHECK(replaced(R"(\W)", "a\u00BD-") == "a\u00BD_");
  CHECK(replaced(R"(\b)", "\u00BD a") == "_\u00BD_ _a_");
  CHECK(replaced(R"(\w)", "a\u00BD\u200D", RegexFlavor::common) == "_\u00BD_");
}

TEST_CASE("(?m) lets Oniguruma's '.' be a line end, and \\h is a hexadecimal digit") {
  CHECK(replaced("(?m).", "a\nb") == "___");
  CHECK(replaced(".", "a\nb") == "_\n_");
  CHECK(replaced(R"(\h+)", "xaF9") == "x_");
  CHECK(replaced(R"([\H])", "xa-") == "_a_");
}
