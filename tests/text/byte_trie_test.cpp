#include "weft/text/byte_trie.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

#include "support/errors.hpp"

using namespace weft;
using detail::ByteTrie;

namespace {

TEST_CASE("a text so long that walking along it from everywhere would take too long is refused") {
  detail::ByteTrie trie;
  trie.reserve(4096);
  trie.add(std::string(1024, 'a'), 1);
  CHECK(trie.longest(std::string(2000, 'a')).length == 1024);
  CHECK(test::contains(test::message_of([&] { trie.add(std::string(1025, 'a'), 2); }), "at most 1024"));
}

TEST_CASE("of equal texts the last counts, and empty ones are ignored") {
  ByteTrie trie;
  trie.add("", 1);
  trie.add("a", 2);
  trie.add("a", 3);
  CHECK(trie.longest("").id == -1);
  CHECK(trie.longest("ab").id == 3);
  CHECK(trie.longest("ab").length == 1);
}

TEST_CASE("bytes of every value are edges, and a text that is only the beginning of others is none") {
  ByteTrie trie;
  const std::string high("\xFF\x00\x80", 3);
  trie.add(high, 7);
  CHECK(trie.longest(high + "x").length == 3);
  CHECK(trie.longest(high.substr(0, 2)).id == -1);
  CHECK(trie.descend(ByteTrie::root, "\x80") == ByteTrie::none);
}

TEST_CASE("the longest match is the one that a search over all texts finds, from every node and for every choice of ids") {
  std::map<std::string, Token> texts;
  ByteTrie trie;
  std::mt19937 random(7);
  const auto word = [&](std::size_t most) {
    std::string w;
    for (std::size_t n = random() % most + 1; n > 0; --n) w += static_cast<char>('a' + random() % 3);
    return w;
  };
  for (Token id = 0; id < 200; ++id) {
    const auto w = word(6);
    texts[w] = id;
    trie.add(w, id);
  }
  for (int i = 0; i < 2000; ++i) {
    const std::string front = random() % 2 ? word(2) : "", text = word(9);
    const Token parity = static_cast<Token>(random() % 3);
    const auto allowed = [&](Token id) { return parity == 2 || id % 2 == parity; };
    ByteTrie::Match expected;
    for (const auto& [w, id] : texts)
      if (w.size() > front.size() && w.starts_with(front) && text.starts_with(w.substr(front.size())) && allowed(id) &&
          w.size() - front.size() > expected.length)
        expected = {id, w.size() - front.size()};
    const auto found = trie.longest(text, trie.descend(ByteTrie::root, front), allowed);
    CHECK(found.id == expected.id);
    CHECK(found.length == expected.length);
  }
}

}  // namespace
