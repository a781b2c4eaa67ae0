#include "weft/text/aligned_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weft;
using detail::AlignedText, detail::TextEdit;

namespace {

/// The places of all bytes, written "begin-end ".
std::string places(const AlignedText& text) {
  std::string out;
  for (const auto& span : text.spans) out += std::to_string(span.begin) + "-" + std::to_string(span.end) + " ";
  return out;
}

}  // namespace

TEST_CASE("each byte knows the character of the original that it stands for") {
  const auto text = AlignedText::of("a\u00e9b", 10, true);
  CHECK(text.text == "a\u00e9b");
  CHECK(places(text) == "10-11 11-13 11-13 13-14 ");
  const auto range = text.original(1, 4);
  CHECK((range.begin == 11 && range.end == 14));
  CHECK(AlignedText::of("ab", 10, false).spans.empty());
}

TEST_CASE("a unit in place of others stands where the first did, one in place of nothing where the one before does") {
  const auto source = AlignedText::of("abc", 10, true);
  AlignedText out = source.like();
  TextEdit edit(source, 0, 3, out);
  edit.put(U'x', 2);
  edit.put(U'y', 0);
  edit.insert("z");
  edit.copy_rest();
  CHECK(out.text == "xyzc");
  CHECK(places(out) == "10-11 11-12 11-12 12-13 ");
}

TEST_CASE("what is inserted before all stands at the front of the original, though its first characters have gone") {
  const auto whole = AlignedText::of("\tab", 10, true);
  AlignedText rest = whole.like();
  TextEdit drop(whole, 0, 3, rest);
  drop.skip_until(1);
  drop.copy_rest();
  CHECK(places(rest) == "11-12 12-13 ");
  AlignedText out = rest.like();
  TextEdit edit(rest, 0, 2, out);
  edit.insert("^");
  edit.copy_rest();
  CHECK(out.text == "^ab");
  CHECK(places(out) == "10-10 11-12 12-13 ");

  AlignedText parts;  // of parts side by side the front of each is where its first character stands
  parts.tracked = true;
  parts.append(rest, 0, 2);
  AlignedText second = parts.like();
  TextEdit later(parts, 0, 2, second);
  later.insert("^");
  CHECK(places(second) == "11-11 ");
}

TEST_CASE("a text that grows past what it may have is an error, whichever way it grows") {
  AlignedText text = AlignedText::of("a", 0, false);
  text.most = 4;
  AlignedText out = text.like();
  TextEdit edit(text, 0, 1, out);
  edit.insert("1234");
  CHECK_THROWS_AS(edit.insert("5"), Error);
  CHECK_THROWS_AS(out.append(text, 0, 1), Error);
  CHECK(detail::most_made_of(1) == 1088);
  CHECK(detail::most_made_of(std::uint64_t{1} << 40) < (std::uint64_t{1} << 32));
}
