#include "weft/text/word_cache.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "weft/core/philox.hpp"

using namespace weft;

TEST_CASE("words have the tokens that they have without the memory, whatever they have in common, and repeated ones are encoded once") {
  std::uint64_t draws = 0;
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(uniform(14, 15, draws++) * static_cast<double>(n)); };
  for (const std::size_t alphabet : {1u, 2u, 26u})
    for (const std::size_t longest : {3u, 9u, 40u, 200u}) {
      CAPTURE(alphabet);
      CAPTURE(longest);
      std::string text;
      std::vector<std::pair<std::size_t, std::size_t>> words;  // place, length
      while (text.size() < 20000) {
        const std::size_t length = 1 + below(longest);
        words.emplace_back(text.size(), length);
        for (std::size_t i = 0; i < length; ++i) text += static_cast<char>('a' + below(alphabet));
      }
      const auto encode = [](std::string_view word, std::vector<Token>& out) {  // as many tokens as the word has a's, and one that tells it apart
        std::uint64_t hash = word.size();
        for (const char c : word) {
          hash = hash * 31 + static_cast<unsigned char>(c);
          if (c == 'a') out.push_back(7);
        }
        out.push_back(static_cast<Token>(hash % 1'000'003));
      };
      std::vector<Token> plain, cached;
      std::size_t encoded = 0;
      detail::WordCache cache(text.size());
      for (const auto& [place, length] : words) {
        const auto word = std::string_view(text).substr(place, length);
        encode(word, plain);
        cache.append(text.data(), word, cached, [&] { ++encoded, encode(word, cached); });
        REQUIRE(cached.size() == plain.size());
      }
      CHECK(cached == plain);
      if (alphabet <= 2 && longest == 3) CHECK(encoded < words.size() / 10);
    }
}
