// A draft model with another tokenizer: what it writes in bytes is drafted in the tokens of the model that is drafted for.
#include "weft/decode/draft_by_text.hpp"

#include <doctest/doctest.h>

#include "decode/oracle_drafter.hpp"
#include "support/piece_vocabulary.hpp"
#include "support/same_result.hpp"
#include "text/tiny.hpp"
#include "weft/core/philox.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/speculative.hpp"
#include "weft/sample/steps.hpp"
#include "weft/text/tokenizer.hpp"

using namespace weft;
using test::eager;

namespace {

/// A language of bytes: the next one depends on the last two. Models of it with different tokenizers agree on every byte.
struct Language {
  std::uint64_t seed = 1;
  [[nodiscard]] char next(std::string_view text) const {
    constexpr std::string_view letters = "the ab";
    const auto byte = [&](std::size_t back) { return text.size() < back ? 0u : static_cast<unsigned char>(text[text.size() - back]); };
    return letters[static_cast<std::size_t>(uniform(seed, byte(1), byte(2)) * static_cast<double>(letters.size()))];
  }
};

struct TextModel {
  Tokenizer tokens;
  Language language{};
  std::size_t context = 1000;
  std::vector<Token> ends{};

  [[nodiscard]] std::int64_t vocab_size() const { return static_cast<std::int64_t>(tokens.size()); }
  [[nodiscard]] std::span<const Token> end_tokens() const { return ends; }
  [[nodiscard]] bool has_tokenizer() const { return true; }
  [[nodiscard]] const Tokenizer& tokenizer() const { return tokens; }
  void logits_after(std::span<const Token> history, std::span<float> logits) const {
    std::string text = tokens.decode(history, InvalidUtf8::keep), future = text;
    for (int i = 0; i < 8; ++i) future += language.next(future);
    const auto after = std::string_view(future).substr(text.size());
    for (std::size_t id = 0; id < logits.size(); ++id) {
      const auto bytes = tokens.is_control(static_cast<Token>(id)) ? std::string_view() : tokens.bytes(static_cast<Token>(id));
      logits[id] = !bytes.empty() && after.substr(0, bytes.size()) == bytes ? 4 * static_cast<float>(bytes.size()) : -8;
    }
    if (!ends.empty() && text.size() > 60) logits[static_cast<std::size_t>(ends[0])] = 50;
  }
};

struct TextAppendOptions {
  std::stop_token cancel{};
};

class TextSequence {
 public:
  explicit TextSequence(const TextModel& model) : model_(&model), logits_(model.tokens.size()) {}
  void append(std::span<const Token> tokens, const TextAppendOptions& = {}) {
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    REQUIRE(tokens_.size() <= model_->context);
    if (!tokens_.empty()) model_->logits_after(tokens_, logits_);
  }
  void append_with_logits(std::span<const Token> tokens, std::span<float> earlier, const TextAppendOptions& = {}) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      append(tokens.subspan(i, 1));
      if (i + 1 < tokens.size()) std::copy(logits_.begin(), logits_.end(), earlier.begin() + static_cast<std::ptrdiff_t>(i * logits_.size()));
    }
  }
  std::span<const float> logits() const { return logits_; }
  std::span<const Token> tokens() const { return tokens_; }
  std::size_t size() const { return tokens_.size(); }
  std::size_t capacity() const { return model_->context; }
  TextSequence fork() const { return *this; }
  void rewind(std::size_t n) {
    tokens_.resize(n);
    if (n > 0) model_->logits_after(tokens_, logits_);
  }
  void reserve(std::size_t) {}
  const TextModel& model() const { return *model_; }

 private:
  const TextModel* model_;
  std::vector<Token> tokens_;
  std::vector<float> logits_;
};

TextSequence make_sequence(const TextModel& model) { return TextSequence(model); }

/// SentencePiece's vocabulary over bytes and a few pieces.
Vocabulary pieces() {
  Vocabulary v = test::piece_vocabulary({"ab", "ba", "\u2581a", "\u2581ab", "ha", "t\u2581", "\u2581", "a", "b", "t", "h", "e", "aa", "bb"});
  v.add_bos = true, v.end_tokens = {2};
  return v;
}

}  // namespace

TEST_CASE("bytes are spelt in the tokenizer's own way where that gives the bytes, and otherwise by the longest tokens that fit") {
  const Tokenizer bpe(test::tiny_vocabulary()), sentence(pieces());
  const detail::Speller<Tokenizer> by_bpe(bpe), by_pieces(sentence);
  const auto spell = [](const auto& spelling, std::string_view text) {
    std::vector<Token> tokens;
    REQUIRE(spelling.spell(text, tokens));
    std::string bytes;
    for (const Token t : tokens) bytes += spelling.bytes(t);
    CHECK(bytes == text);
    return tokens;
  };
  CHECK(spell(by_bpe, "the the") == bpe.encode("the the"));
  CHECK(spell(by_pieces, " ab ab") == sentence.encode("ab ab"));
  CHECK(spell(by_pieces, "ab ab") == std::vector<Token>{259, 262});  // no space before the first
  for (const std::string_view text : {"t", "\xFF\xE2\x82", "ab\nba", "  the", "<|im_end|>", "a \xC3\xA4"}) {
    spell(by_bpe, text);
    spell(by_pieces, text);
  }
  CHECK(by_bpe.bytes(261).empty());
  CHECK(by_bpe.bytes(-1).empty());
  CHECK(by_bpe.bytes(5000).empty());
  Vocabulary few;
  few.model = "llama";
  few.tokens = {"<unk>", "a"}, few.types = {TokenType::unknown, TokenType::normal}, few.scores = {0, 0};
  few.unknown = 0, few.add_space_prefix = false;
  std::vector<Token> none;
  CHECK_FALSE(detail::Speller<Tokenizer>(Tokenizer(few)).spell("ab", none));
}

TEST_CASE("two models that agree on the bytes and not on the tokens: drafts hold, whichever drafts for which, and the text is the chain's") {
  int helped = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    TextModel bpe{Tokenizer(test::tiny_vocabulary()), {seed}}, sentence{Tokenizer(pieces()), {seed}};
    for (const auto& models : {std::pair{&bpe, &sentence}, {&sentence, &bpe}, {&bpe, &bpe}}) {
      const TextModel *target = models.first, *small = models.second;
      const Options options{.max_tokens = 40, .ignore_end_tokens = true, .seed = seed, .logprobs = 2};
      const auto how = [&](const auto& chain) { return speculative(chain, draft_by_text(TextSequence(*small), target->tokenizer()), eager()); };
      const auto plain = generate(*target, "the ab", greedy(), options).front();
      const auto drafted = generate(*target, "the ab", how(greedy()), options).front();
      test::check_same(plain, drafted);
      helped += drafted.stats.accepted_tokens > 15 && drafted.stats.passes < 25;
      const auto hot = temperature(6.0f) | draw();
      test::check_same(generate(*target, "b", hot, options).front(), generate(*target, "b", how(hot), options).front());
    }
  }
  CHECK(helped >= 55);  // of 60: a toy does not always write the tokens that its tokenizer would
}

TEST_CASE("a model that drafts by text ends where it says so, stays within its context, and reads texts that it cannot spell as none") {
  TextModel bpe{Tokenizer(test::tiny_vocabulary())}, sentence{Tokenizer(pieces())};
  sentence.ends = {2};
  const auto draft = [&](std::string_view text, std::size_t most) {
    auto drafter = draft_by_text(TextSequence(sentence), bpe.tokenizer());
    const auto history = bpe.tokenizer().encode(text);
    Draft made;
    drafter(std::span<const Token>(history), most, made);
    CHECK(made.tokens.size() == made.trust.size());
    return made.tokens;
  };
  const std::string text(64, 'a');
  CHECK(draft(text, 4) == std::vector<Token>{262});  // the end of the one is the end of the other
  CHECK(draft("a", 3).size() <= 3);
  CHECK(draft("a", 0).empty());
  sentence.context = 3;
  CHECK(draft("abbaabbaabba", 4).empty());
  CHECK(draft("ab", 8).size() <= 4);
}
