// Many prompts continued side by side by one strategy, whichever it is: a search is written as if it were alone, and the passes that all
// rows wait for are run as one. (For chains alone, with rows that come and go: decode/server.hpp.)
#pragma once

#include <algorithm>
#include <concepts>
#include <exception>
#include <iterator>
#include <memory>
#include <semaphore>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/core/tensor.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/together.hpp"

namespace weft {

namespace detail {

/// Searches that take turns, as coroutines would: each has a thread of its own, of which one runs at a time, until it wants a pass. When all
/// that are left want one, the passes are run together. So no search, step or callback ever runs beside another.
template <DecodableSequence S>
class Turns {
 public:
  /// One token for each of some sequences, and the hidden states of these layers, if any: [layers, sequences, width].
  struct Wish {
    std::span<S* const> sequences{};
    std::span<const Token> tokens{};
    std::span<const std::int64_t> layers{};
    std::stop_token cancel{};
    Tensor<float, 3> hidden{};
    std::exception_ptr error{};
  };

  explicit Turns(std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) rows_.push_back(std::make_unique<Row>());
  }

  /// Runs work(i) for every row i to its end. What a row throws ends that row; the first such is thrown when all have ended.
  template <class Work>
  void run(const Work& work) {
    for (bool waiting = true; waiting;) {
      waiting = false;
      for (at_ = 0; at_ < rows_.size(); ++at_) {
        take_turn(*rows_[at_], work);
        waiting = waiting || rows_[at_]->wish;
      }
      if (waiting) grant();
    }
    for (auto& row : rows_)
      if (row->error) std::rethrow_exception(row->error);
  }

  /// To be called by the row whose turn it is: waits until the pass has been run.
  void pass(Wish& wish) {
    Row& row = *rows_[at_];
    row.wish = &wish;
    driver_.release();
    row.turn.acquire();
    row.wish = nullptr;
    if (wish.error) std::rethrow_exception(wish.error);
  }

 private:
  struct Row {
    std::binary_semaphore turn{0};
    Wish* wish = nullptr;
    std::exception_ptr error{};
    bool begun = false, done = false;
    std::jthread thread{};  // last, so that it is joined first
  };

  template <class Work>
  void take_turn(Row& row, const Work& work) {
    if (row.done) return;
    if (row.begun) {
      row.turn.release();
    } else {
      row.begun = true;
      try {
        row.thread = std::jthread([this, &row, &work, i = at_] {
          try {
            work(i);
          } catch (...) {
            row.error = std::current_exception();
          }
          row.done = true;
          driver_.release();
        });
      } catch (...) {  // no more threads
        row.error = std::current_exception();
        row.done = true;
        return;
      }
    }
    driver_.acquire();
  }

  /// Runs what is wanted: wishes for the same layers in one pass. An error is that of all whose pass it was.
  void grant() {
    std::vector<Wish*> left;
    for (auto& row : rows_) {
      if (!row->wish) continue;
      if (row->wish->cancel.stop_requested())
        row->wish->error = std::make_exception_ptr(Error(ErrorKind::cancelled, "cancelled before the pass"));
      else
        left.push_back(row->wish);
    }
    while (!left.empty()) {
      const auto layers = left.front()->layers;
      const auto others = std::stable_partition(left.begin(), left.end(), [&](const Wish* w) {
        return std::equal(w->layers.begin(), w->layers.end(), layers.begin(), layers.end());
      });
      const std::span<Wish* const> together(left.begin(), others);
      try {
        run_pass(together);
      } catch (...) {
        for (auto* wish : together) wish->error = std::current_exception();
      }
      left.erase(left.begin(), others);
    }
  }

  static void run_pass(std::span<Wish* const> wishes) {
    std::vector<S*> sequences;
    std::vector<Token> tokens;
    bool one_cancel = true;  // else what one row cancels would stop the others
    for (const auto* wish : wishes) {
      sequences.insert(sequences.end(), wish->sequences.begin(), wish->sequences.end());
      tokens.insert(tokens.end(), wish->tokens.begin(), wish->tokens.end());
      one_cancel = one_cancel && wish->cancel == wishes.front()->cancel;
    }
    const auto cancel = one_cancel ? wishes.front()->cancel : std::stop_token();
    if (wishes.front()->layers.empty()) return append_to_each(std::span<S* const>(sequences), std::span<const Token>(tokens), cancel);
    if constexpr (HiddenSequence<S>) {
      const auto layers = wishes.front()->layers;
      const auto hidden = append_each_hidden(std::span<S* const>(sequences), std::span<const Token>(tokens), layers, cancel);
      std::int64_t begin = 0;
      for (auto* wish : wishes) {
        const auto count = static_cast<std::int64_t>(wish->sequences.size()), width = hidden.shape()[2];
        wish->hidden = Tensor<float, 3>({hidden.shape()[0], count, width});
        for (std::int64_t l = 0; l < hidden.shape()[0]; ++l)
          std::copy_n(hidden[l][begin].data(), count * width, wish->hidden[l].data());
        begin += count;
      }
    }
  }

  std::vector<std::unique_ptr<Row>> rows_;
  std::binary_semaphore driver_{0};
  std::size_t at_ = 0;  // whose turn it is
};

/// A sequence of a row: one token is appended with the other rows' next ones, more (a prompt, a draft) at once.
template <DecodableSequence S>
class Lane {
  using Wish = typename Turns<S>::Wish;

 public:
  struct AppendOptions {
    std::stop_token cancel{};
  };

  Lane(S sequence, Turns<S>& turns) : sequence_(std::move(sequence)), turns_(&turns) {}

  [[nodiscard]] decltype(auto) model() const { return sequence_.model(); }
  [[nodiscard]] std::span<const Token> tokens() const { return sequence_.tokens(); }
  [[nodiscard]] std::span<const float> logits() const { return sequence_.logits(); }
  [[nodiscard]] std::size_t size() const { return sequence_.size(); }
  [[nodiscard]] std::size_t capacity() const { return sequence_.capacity(); }
  [[nodiscard]] Lane fork() const { return {sequence_.fork(), *turns_}; }
  void rewind(std::size_t n) { sequence_.rewind(n); }
  void reserve(std::size_t n) { sequence_.reserve(n); }

  void append(std::span<const Token> tokens, const AppendOptions& options = {}) {
    if (tokens.size() != 1) return sequence_.append(tokens, {.cancel = options.cancel});
    Lane* const self = this;
    append_each(std::span<Lane* const>(&self, 1), tokens, options.cancel);
  }
  void append_with_logits(std::span<const Token> tokens, std::span<float> earlier, const AppendOptions& options = {})
    requires VerifyingSequence<S>
  {
    sequence_.append_with_logits(tokens, earlier, {.cancel = options.cancel});
  }
  auto append_hidden(std::span<const Token> tokens, std::span<const std::int64_t> layers, std::span<const std::int64_t> positions,
                     const AppendOptions& options = {})
    requires HiddenSequence<S>
  {
    return sequence_.append_hidden(tokens, layers, positions, {.cancel = options.cancel});
  }

  friend void append_each(std::span<Lane* const> lanes, std::span<const Token> tokens, const std::stop_token& cancel) {
    (void)pass(lanes, tokens, {}, cancel);
  }
  friend Tensor<float, 3> append_each_hidden(std::span<Lane* const> lanes, std::span<const Token> tokens, std::span<const std::int64_t> layers,
                                             const std::stop_token& cancel)
    requires HiddenSequence<S>
  {
    return pass(lanes, tokens, layers, cancel);
  }

 private:
  static Tensor<float, 3> pass(std::span<Lane* const> lanes, std::span<const Token> tokens, std::span<const std::int64_t> layers, const std::stop_token& cancel) {
    if (lanes.empty()) return {};
    std::vector<S*> sequences;
    for (auto* lane : lanes) sequences.push_back(&lane->sequence_);
    Wish wish;
    wish.sequences = sequences;
    wish.tokens = tokens;
    wish.layers = layers;
    wish.cancel = cancel;
    lanes.front()->turns_->pass(wish);
    return std::move(wish.hidden);
  }

  S sequence_;
  Turns<S>* turns_;
};

/// What runs rows of sequences of type S: a chain, or a strategy for lanes.
template <class How, class S>
concept RunsSideBySide = PicksTokens<How> || StrategyFor<How, Lane<S>>;

/// Any number of texts, or of tokens: a vector, an array, a list ...
template <class P>
concept PromptList = requires(const P& prompts) {
  { std::begin(prompts) != std::end(prompts) } -> std::convertible_to<bool>;
  requires Prompt<std::remove_cvref_t<decltype(*std::begin(prompts))>>;
};

/// Strategies that sequences of a model can run side by side.
template <class How, class Model>
concept RunsEach = RunsSideBySide<How, decltype(make_sequence(std::declval<const Model&>()))>;

}  // namespace detail

/// Continues each of the prompts (texts, or tokens) by the strategy, as generate(model, prompt, strategy, options) does it: the same results, bit for
/// bit, in the order of the prompts, but one pass a step over all of them. All run at once, and a row of a search has a thread, which
/// mostly waits: steps and callbacks are never called at the same time. options: one for all prompts, or one for each.
/// Throws what generate() throws for a prompt that fails, and Error(argument) for another number of options.
template <DecodableModel Model, detail::PromptList Prompts, detail::RunsEach<Model> How>
std::vector<std::vector<Result>> generate_each(const Model& model, const Prompts& prompts, const How& strategy, std::span<const Options> options) {
  using S = decltype(make_sequence(model));
  std::vector<std::vector<Token>> tokens;
  for (const auto& prompt : prompts) tokens.push_back(detail::prompt_tokens(model, detail::prompt_view(prompt)));
  if (options.size() != 1 && options.size() != tokens.size())
    fail(ErrorKind::argument, options.size(), " options for ", tokens.size(), " prompts: expected one for all or one for each");
  const auto options_of = [&](std::size_t i) -> const Options& { return options.size() == 1 ? options.front() : options[i]; };
  std::vector<std::vector<Result>> results(tokens.size());
  if constexpr (PicksTokens<How>) {
    std::vector<detail::Generation<S>> lanes;
    lanes.reserve(tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i)
      lanes.emplace_back(make_sequence(model), std::move(tokens[i]), detail::any_sampler(strategy), options_of(i));
    const bool one_cancel = std::all_of(options.begin(), options.end(), [&](const Options& o) { return o.cancel == options.front().cancel; });
    auto each = detail::run_together(lanes, one_cancel && !options.empty() ? options.front().cancel : std::stop_token());
    for (std::size_t i = 0; i < each.size(); ++i) results[i].push_back(std::move(each[i]));
  } else {
    detail::Turns<S> turns(tokens.size());
    turns.run([&](std::size_t i) {
      results[i] = detail::generate_with(detail::Lane<S>(make_sequence(model), turns), std::move(tokens[i]), strategy, options_of(i));
    });
  }
  return results;
}
template <DecodableModel Model, detail::PromptList Prompts, detail::RunsEach<Model> How>
std::vector<std::vector<Result>> generate_each(const Model& model, const Prompts& prompts, const How& strategy, const Options& options = {}) {
  return generate_each(model, prompts, strategy, std::span<const Options>(&options, 1));
}

}  // namespace weft
