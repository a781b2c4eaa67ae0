#include "weft/decode/token_healing.hpp"

#include <doctest/doctest.h>

#include <map>

#include "sample/chi_squared.hpp"
#include "support/sanitizer.hpp"
#include "support/tiny_text_model.hpp"
#include "weft/backend/cpu/cpu.hpp"
#include "weft/decode/generate.hpp"
#include "weft/instances.hpp"
#include "weft/model/model.hpp"
#include "weft/model/sequence.hpp"
#include "weft/sample/pick.hpp"

using namespace weft;

namespace {

/// Byte pairs over three letters, merged in this order; token 0 begins a text.
struct ToyBpe {
  std::vector<std::string> tokens{"", "a", "b", "c", "ab", "bc", "abc", "ca", "aab"};
  std::vector<std::pair<std::string, std::string>> merges{{"a", "b"}, {"b", "c"}, {"ab", "c"}, {"c", "a"}, {"a", "ab"}};

  [[nodiscard]] std::vector<Token> encode(std::string_view text) const {
    std::vector<std::string> parts;
    for (const char c : text) parts.emplace_back(1, c);
    for (const auto& [left, right] : merges)
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        if (parts[i] != left || parts[i + 1] != right) continue;
        parts[i] += right;
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    std::vector<Token> ids;
    for (const auto& part : parts) ids.push_back(static_cast<Token>(std::find(tokens.begin() + 1, tokens.end(), part) - tokens.begin()));
    return ids;
  }
  [[nodiscard]] std::vector<Token> encode_prompt(std::string_view text) const {
    auto ids = encode(text);
    ids.insert(ids.begin(), 0);
    return ids;
  }
  [[nodiscard]] std::string_view bytes(Token id) const { return tokens[static_cast<std::size_t>(id)]; }
  [[nodiscard]] bool is_control(Token id) const { return id == 0; }
};

/// A model of texts: it writes no sequence of tokens but that which the tokenizer makes of its text.
struct BpeModel {
  ToyBpe bpe{};
  std::uint64_t seed = 1;
  [[nodiscard]] std::int64_t vocab_size() const { return static_cast<std::int64_t>(bpe.tokens.size()); }
  [[nodiscard]] std::span<const Token> end_tokens() const { return {}; }
  [[nodiscard]] bool has_tokenizer() const { return true; }
  [[nodiscard]] const ToyBpe& tokenizer() const { return bpe; }
};

struct BpeAppendOptions {
  std::stop_token cancel{};
};

class BpeSequence {
 public:
  explicit BpeSequence(const BpeModel& model) : model_(&model) {}
  void append(std::span<const Token> tokens, const BpeAppendOptions& = {}) {
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    renew();
  }
  [[nodiscard]] std::span<const float> logits() const { return logits_; }
  [[nodiscard]] std::span<const Token> tokens() const { return tokens_; }
  [[nodiscard]] std::size_t size() const { return tokens_.size(); }
  [[nodiscard]] std::size_t capacity() const { return 1000; }
  [[nodiscard]] BpeSequence fork() const { return *this; }
  void rewind(std::size_t n) {
    tokens_.resize(n);
    renew();
  }
  void reserve(std::size_t) {}
  [[nodiscard]] const BpeModel& model() const { return *model_; }

 private:
  void renew() {
    logits_.assign(model_->bpe.tokens.size(), -HUGE_VALF);
    std::string text;
    for (const Token t : tokens_) text += model_->bpe.bytes(t);
    std::uint64_t hash = model_->seed;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x9E3779B97F4A7C15u;
    for (std::size_t i = 1; i < logits_.size(); ++i) {
      auto whole = tokens_;
      whole.push_back(static_cast<Token>(i));
      if (model_->bpe.encode_prompt(text + model_->bpe.tokens[i]) == whole) logits_[i] = static_cast<float>(3 * uniform(hash, 5, i));
    }
  }
  const BpeModel* model_;
  std::vector<Token> tokens_;
  std::vector<float> logits_;
};

/// The probability that what is written after `s` begins with `text`: over all sequences of tokens.
double probability(const BpeSequence& s, std::string_view text) {
  if (text.empty()) return 1;
  std::vector<float> p(s.logits().begin(), s.logits().end());
  log_softmax(p);
  double sum = 0;
  for (std::size_t i = 1; i < p.size(); ++i) {
    const auto token = static_cast<Token>(i);
    const auto bytes = s.model().bpe.bytes(token);
    if (p[i] == -HUGE_VALF) continue;
    if (bytes.starts_with(text)) {
      sum += std::exp(static_cast<double>(p[i]));
    } else if (text.starts_with(bytes)) {
      auto next = s.fork();
      next.append(std::span<const Token>(&token, 1));
      sum += std::exp(static_cast<double>(p[i])) * probability(next, text.substr(bytes.size()));
    }
  }
  return sum;
}

BpeSequence begun(const BpeModel& model) {
  BpeSequence s(model);
  const Token bos = 0;
  s.append(std::span<const Token>(&bos, 1));
  return s;
}

std::map<char, double> next_bytes(const Covers<BpeSequence>& ways) {
  std::map<char, double> found;
  for (const auto& c : ways.covers) {
    const double p = std::exp(c.log_prob);
    if (!c.beyond.empty()) {
      found[c.beyond[0]] += p;
      continue;
    }
    auto s = ways.cuts[c.cut].fork();
    s.append(std::span<const Token>(&c.last, 1));
    for (const char b : {'a', 'b', 'c'}) found[b] += p * probability(s, std::string(1, b));
  }
  return found;
}

}  // namespace

TEST_CASE("after healing the next byte has the distribution of all texts that begin like the prompt") {
  BpeModel model;
  std::size_t differs = 0;
  for (model.seed = 1; model.seed <= 40; ++model.seed) {
    const auto after_bos = begun(model);
    for (const std::string prompt : {"a", "ab", "abc", "ca", "cab", "aa", "bca", "cabcaab", "abab", "bbca"}) {
      const double whole = probability(after_bos, prompt);
      REQUIRE(whole > 0);
      for (const bool bos_from_text : {false, true}) {
        auto found = next_bytes(bos_from_text ? covers(BpeSequence(model), prompt) : covers(after_bos, prompt));
        for (const char b : {'a', 'b', 'c'}) REQUIRE(found[b] == doctest::Approx(probability(after_bos, prompt + b) / whole).epsilon(1e-4));
      }
      auto plain = after_bos.fork();
      plain.append(model.bpe.encode(prompt));
      for (const char b : {'a', 'b', 'c'}) differs += std::abs(probability(plain, std::string(1, b)) - probability(after_bos, prompt + b) / whole) > 0.05;
    }
  }
  CHECK(differs > 100);  // without healing it is another one
}

TEST_CASE("10^5 drawn healings have that distribution, and the greedy one is the likeliest") {
  const BpeModel model;
  const auto after_bos = begun(model);
  const std::string prompt = "cab";
  std::vector<std::size_t> counts(3);
  std::vector<double> expected;
  for (const char b : {'a', 'b', 'c'}) expected.push_back(probability(after_bos, prompt + b) / probability(after_bos, prompt));
  constexpr std::size_t n = test::draws_of(100000);
  const auto ways = covers(after_bos, prompt);
  for (std::uint64_t seed = 0; seed < n; ++seed) {
    auto healed = heal(after_bos, prompt, {.greedy = false, .seed = seed});
    if (healed.beyond.empty()) healed.beyond = model.bpe.bytes(draw(seed)(healed.sequence.logits(), {.history = healed.sequence.tokens()}).token);
    ++counts[static_cast<std::size_t>(healed.beyond[0] - 'a')];
  }
  CHECK(test::chi_squared(counts, expected, double{n}).statistic < test::chi_squared_bound(2));
  const auto best = heal(after_bos, prompt);
  for (const auto& c : ways.covers) CHECK(c.log_prob <= best.log_prob);
  CHECK(best.log_prob < 0);
}

TEST_CASE("prompt, what is beyond it, and what follows are one text, on a model with a tokenizer") {
  const auto& model = test::tiny_text_model<Model<Cpu<>>>();
  for (const std::string prompt : {"the quick bro", "naïve caf\u00e9", "x = [1, 2"}) {
    const auto healed = heal(Sequence<Cpu<>>(model), prompt);
    const auto all = model.tokenizer().decode(healed.sequence.tokens(), InvalidUtf8::replace);
    CHECK(all.starts_with(prompt));
    CHECK(healed.log_prob <= 0);
    const auto rest = generate(healed.sequence, greedy(), {.max_tokens = 4}).front();
    CHECK(rest.tokens.size() > 0);
  }
  CHECK_THROWS_AS(heal(Sequence<Cpu<>>(model), ""), Error);
  CHECK_THROWS_WITH_AS(heal(Sequence<Cpu<>>(model), "a"), doctest::Contains("begin with BOS"), Error);  // this model's prompts have none
}
