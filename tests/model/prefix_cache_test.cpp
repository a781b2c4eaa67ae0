// The prefix cache: hits give the bits of misses, the least recently used pages go first, and the budget holds.
#include "weft/model/prefix_cache.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <thread>

#include "support/backends.hpp"
#include "support/bits.hpp"
#include "support/errors.hpp"
#include "support/golden_model.hpp"
#include "weft/instances.hpp"

namespace {

using namespace weft;
using test::same_bits;

/// Texts that often begin like earlier ones.
class Texts {
 public:
  Texts(std::int64_t vocab, unsigned seed) : vocab_(static_cast<unsigned>(vocab)), random_(seed) {}
  std::vector<Token> next(std::size_t longest) {
    std::vector<Token> text;
    if (!earlier_.empty() && random_() % 4 != 0) {
      text = earlier_[random_() % earlier_.size()];
      text.resize(random_() % (text.size() + 1));
    }
    const auto more = 1 + random_() % longest;
    for (std::size_t i = 0; i < more; ++i) text.push_back(static_cast<Token>(random_() % vocab_));
    earlier_.push_back(text);
    return text;
  }
  unsigned number(unsigned below) { return static_cast<unsigned>(random_()) % below; }

 private:
  unsigned vocab_;
  std::mt19937 random_;
  std::vector<std::vector<Token>> earlier_;
};

/// The tree as a list of pages, each with the whole text up to its end: slow and plain.
class PlainTree {
 public:
  explicit PlainTree(std::size_t most) : most_(most) {}

  std::size_t match(const std::vector<Token>& tokens) {
    ++now_;
    std::size_t longest = 0;
    for (const auto& [text, used] : pages_) longest = std::max(longest, common(text, tokens));
    if (longest == 0) return 0;
    // of several that share as much, the first that does not come before the tokens in the order of a dictionary, else the last
    std::vector<Token> chosen;
    for (const auto& [text, used] : pages_) {
      if (common(text, tokens) != longest || (text.size() - 1) / 16 != (longest - 1) / 16) continue;
      const auto key = std::vector<Token>(
          tokens.begin(),
          tokens.begin() + static_cast<std::ptrdiff_t>(std::min(tokens.size(), ((longest - 1) / 16 + 1) * 16)));
      chosen = text;
      if (!(text < key)) break;
    }
    touch(chosen);
    return longest;
  }

  void insert(const std::vector<Token>& tokens) {
    ++now_;
    for (std::size_t begin = 0; begin < tokens.size(); begin += 16) {
      const std::vector<Token> text(tokens.begin(),
                                    tokens.begin() + static_cast<std::ptrdiff_t>(std::min(tokens.size(), begin + 16)));
      const auto same_page = [&](const std::vector<Token>& other) {
        return other.size() > begin && other.size() <= begin + 16;
      };
      bool there = false;
      for (auto& [other, used] : pages_)  // of several that go on from it, the first in the order of a dictionary
        if (same_page(other) && common(other, text) == text.size()) {
          used = now_;
          there = true;
          break;
        }
      if (there) continue;
      for (auto& [other, used] : pages_)
        if (same_page(other) && common(other, text) == other.size()) {
          pages_.erase(std::vector<Token>(other));
          pages_[text] = now_;
          there = true;
          break;
        }
      if (there) continue;
      while (pages_.size() + 1 > most_)
        if (!drop(false)) return;
      pages_[text] = now_;
    }
  }

  bool drop(bool also_now) {
    auto victim = pages_.end();
    for (auto at = pages_.begin(); at != pages_.end(); ++at)
      if (victim == pages_.end() || at->second < victim->second ||
          (at->second == victim->second && at->first.size() > victim->first.size()))
        victim = at;
    if (victim == pages_.end() || (!also_now && victim->second == now_)) return false;
    pages_.erase(victim);
    return true;
  }
  [[nodiscard]] std::size_t size() const { return pages_.size(); }

 private:
  static std::size_t common(const std::vector<Token>& a, const std::vector<Token>& b) {
    std::size_t n = 0;
    while (n < a.size() && n < b.size() && a[n] == b[n]) ++n;
    return n;
  }
  void touch(const std::vector<Token>& text) {
    for (auto& [other, used] : pages_)
      if (common(other, text) == other.size()) used = now_;
  }

  std::size_t most_, now_ = 0;
  std::map<std::vector<Token>, std::size_t> pages_;
};

std::vector<Ref<Page>> pages_of(PagePool& pool, std::size_t tokens) {
  std::vector<Ref<Page>> pages;
  for (std::size_t i = 0; i < (tokens + 15) / 16; ++i) pages.push_back(pool.allocate());
  return pages;
}

}  // namespace

TEST_CASE_TEMPLATE("what comes out of the cache has the bits of a fresh sequence, and so has all that follows", B,
                   WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  for (const auto& folder : test::golden_folders()) {
    const Model<B> model(folder.string());
    for (const auto type : {KvType::f16, KvType::q8}) {
      PrefixCache<B> cache(model, {.budget = 40 * 16 * model.kv_bytes_per_position(type),
                                   .sequence = {.kv_type = type, .context = 256}});
      Texts texts(model.vocab_size(), 4);
      for (int round = 0; round < 12; ++round) {
        auto text = texts.next(40);
        text.resize(std::min<std::size_t>(text.size(), 120));
        auto hit = cache.run(text);
        Sequence<B> fresh(model, {.kv_type = type, .context = 256});
        fresh.append(text);
        REQUIRE(std::ranges::equal(hit.tokens(), fresh.tokens()));
        CHECK(same_bits(hit.logits(), fresh.logits()));
        const auto more = texts.next(20);
        hit.append(std::span(more).first(std::min<std::size_t>(more.size(), 100)));
        fresh.append(std::span(more).first(std::min<std::size_t>(more.size(), 100)));
        CHECK(same_bits(hit.logits(), fresh.logits()));
        if (round % 3 == 0) cache.insert(hit);
        CHECK(cache.stats().bytes <= cache.budget());
      }
      CHECK(cache.stats().cached_tokens > 0);
    }
  }
}

TEST_CASE(
    "a text that is in the cache as a whole is a fork with no pass, and its logits are there when they are asked for") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  PrefixCache cache(model);
  const std::vector<Token> text{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
      other{1, 2, 3, 9};
  const auto first = cache.run(text);
  const auto again = cache.sequence(text);
  CHECK(again.size() == text.size());
  CHECK(cache.sequence(other).size() == 3);  // the longest prefix ends inside a page
  CHECK(cache.pages().used() == 2 * cache.pages().page_bytes());
  CHECK(same_bits(again.logits(), first.logits()));
  CHECK(cache.sequence(std::span<const Token>()).empty());
  CHECK(cache.stats().lookups == 4);
  CHECK(cache.stats().cached_tokens == 20 + 3);
}

TEST_CASE("pages that sequences share with the cache count once, and dropping them takes nothing from the sequences") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  PrefixCache cache(model);
  std::vector<Token> text(48, 7);
  std::vector<Sequence<Cpu<>>> sequences;
  sequences.push_back(cache.run(text));
  for (int i = 0; i < 5; ++i) sequences.push_back(cache.sequence(text));
  const auto page = cache.pages().page_bytes();
  CHECK(cache.pages().used() == 3 * page);
  CHECK(cache.stats().bytes == 3 * page);
  const std::vector<float> before(sequences[0].logits().begin(), sequences[0].logits().end());
  CHECK(cache.release(page) == 0);  // all are shared: nothing comes free
  CHECK(cache.stats().bytes == 0);
  CHECK(cache.pages().used() == 3 * page);
  CHECK(same_bits(sequences[3].logits(), before));
  sequences.clear();
  CHECK(cache.pages().used() == 0);
  static_cast<void>(cache.run(text));
  CHECK(cache.release(1) == page);
  CHECK(cache.sequence(text).size() == 32);  // the end of a text goes before its begin
}

TEST_CASE("a cache keeps the begin of a text that is larger than its budget, and nothing without one") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  const auto page = 16 * model.kv_bytes_per_position(KvType::f16);
  PrefixCache small(model, {.budget = 2 * page + page / 2}), none(model, {.budget = page - 1});
  const std::vector<Token> text(100, 3);
  static_cast<void>(small.run(text));
  static_cast<void>(none.run(text));
  CHECK(small.sequence(text).size() == 32);
  CHECK(none.sequence(text).empty());
  CHECK(none.pages().used() == 0);
}

TEST_CASE("sequences of another model or KvType are refused, and ids outside the vocabulary") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf"), other(test::data("models") / "floats.gguf");
  PrefixCache cache(model);
  CHECK_THROWS_AS(cache.insert(Sequence<Cpu<>>(other)), Error);
  CHECK_THROWS_AS(cache.insert(Sequence<Cpu<>>(model, {.kv_type = KvType::q8})), Error);
  const std::vector<Token> bad{1, static_cast<Token>(model.vocab_size())};
  CHECK_THROWS_AS(static_cast<void>(cache.sequence(bad)), Error);
}

TEST_CASE(
    "the least recently used pages go first: the tree agrees with a plain list of pages, and its budget is never "
    "exceeded") {
  for (unsigned seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    const std::size_t most = 3 + seed;
    const auto pool = std::make_shared<PagePool>(std::make_shared<PageHeap>(64));
    detail::PrefixTree tree(64, most * 64 + seed % 64);
    PlainTree plain(most);
    Texts texts(seed % 3 == 0 ? 2 : 5, seed);
    for (int round = 0; round < 400; ++round) {
      CAPTURE(round);
      const auto text = texts.next(1 + seed * 2);
      switch (texts.number(5)) {
        case 0:
        case 1:
          tree.insert(text, pages_of(*pool, text.size()));
          plain.insert(text);
          break;
        case 2:
          if (texts.number(10) == 0) {
            const std::size_t pages = 1 + texts.number(3);
            const auto freed = tree.release(pages * 64);
            std::size_t dropped = 0;
            while (dropped < pages && plain.drop(true)) ++dropped;
            CHECK(freed == dropped * 64);
          }
          break;
        default: {
          const auto found = tree.match(text);
          REQUIRE(found.length == plain.match(text));
          REQUIRE(found.pages.size() == (found.length + 15) / 16);
        }
      }
      REQUIRE(tree.bytes() == plain.size() * 64);
      REQUIRE(tree.bytes() <= tree.budget());
      REQUIRE(pool->used() == tree.bytes());
    }
  }
}

TEST_CASE("a text of a million tokens goes in and out without deep recursion") {
  const auto pool = std::make_shared<PagePool>(std::make_shared<PageHeap>(64));
  detail::PrefixTree tree(64, std::size_t{1} << 40);
  const std::vector<Token> text(1 << 20, 1);
  tree.insert(text, pages_of(*pool, text.size()));
  CHECK(tree.match(text).length == text.size());
  tree.clear();
  CHECK(pool->used() == 0);
  tree.insert(text, pages_of(*pool, text.size()));  // left to the destructor
}

TEST_CASE("eight threads use one cache, and each gets the bits of a fresh sequence") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf", {.threads = 1});
  PrefixCache cache(model, {.budget = 12 * 16 * model.kv_bytes_per_position(KvType::f16)});
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        Texts texts(3, t % 2);
        for (int round = 0; round < 20; ++round) {
          auto text = texts.next(30);
          text.resize(std::min<std::size_t>(text.size(), 200));
          auto hit = cache.run(text);
          Sequence<Cpu<>> fresh(model);
          fresh.append(text);
          if (!same_bits(hit.logits(), fresh.logits())) ++wrong;
          if (cache.stats().bytes > cache.budget()) ++wrong;
        }
      });
  }
  CHECK(wrong == 0);
}

TEST_CASE("after reserve() a fork appends without taking a page") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  Sequence<Cpu<>> sequence(model);
  sequence.append({1, 2, 3});
  auto fork = sequence.fork();
  fork.reserve(40);
  const auto before = fork.pages().used();
  const std::vector<Token> more(37, 5);
  fork.append(more);
  CHECK(fork.pages().used() == before);
}
