// PrefixCache<Backend>: texts that were run before, so that a new one that begins like one of them starts there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

#include "weft/core/error.hpp"
#include "weft/model/prefix_tree.hpp"
#include "weft/model/sequence.hpp"

namespace weft {

struct PrefixCacheOptions {
  std::size_t budget = std::size_t{1} << 30;  ///< bytes of pages that the cache keeps, at most
  SequenceOptions sequence{};  ///< of the sequences it gives; kv_bytes: of all their pages and the cache's together
};

/// What happened so far.
struct PrefixCacheStats {
  std::uint64_t lookups = 0;        ///< calls of sequence() and run()
  std::uint64_t tokens = 0;         ///< that these asked for
  std::uint64_t cached_tokens = 0;  ///< that were there
  std::uint64_t evicted_pages = 0;
  std::size_t bytes = 0;  ///< of pages in the cache now; each counts once, whoever else shares it
};

/// A hit is a fork: it shares pages, costs no pass and gives the bits of a fresh sequence (which the laws of sequences promise). The unit of
/// keeping and dropping is a page of 16 positions; the least recently used ones go first, those that end a text before those it begins
/// with. Dropping takes nothing from sequences that share a page.
///
/// Thread-safe: any number of threads may call any functions. The sequences it gives are independent of it and of each other; they, like
/// the cache, must not outlive the model.
template <class B = Cpu<>>
class PrefixCache {
 public:
  /// Throws Error(argument) as Sequence does.
  explicit PrefixCache(const Model<B>& model, const PrefixCacheOptions& options = {})
      : root_(model, options.sequence), tree_(root_.pages().page_bytes(), options.budget) {}

  [[nodiscard]] const Model<B>& model() const noexcept { return root_.model(); }

  /// A sequence that holds the longest prefix of the tokens that is in the cache, maybe nothing, maybe all: append the rest. Throws
  /// Error(argument) for an id outside the vocabulary.
  [[nodiscard]] Sequence<B> sequence(std::span<const Token> tokens) {
    auto fork = root_.fork();
    fork.check_ids(tokens);
    const std::lock_guard lock(mutex_);
    auto found = tree_.match(tokens.first(std::min(tokens.size(), root_.capacity())));
    ++stats_.lookups;
    stats_.tokens += tokens.size();
    stats_.cached_tokens += found.length;
    fork.adopt(tokens.first(found.length), std::move(found.pages));
    return fork;
  }

  /// sequence(), the rest appended, and what is new kept: a sequence that stands after the tokens, with logits. Throws as append().
  [[nodiscard]] Sequence<B> run(std::span<const Token> tokens, const AppendOptions& options = {}) {
    if (tokens.empty()) return root_.fork();
    // the logits are those after the last token, which therefore is run in any case
    auto made = sequence(tokens.first(tokens.size() - 1));
    made.append(tokens.subspan(made.size()), options);
    insert(made);
    return made;
  }

  /// Keeps what the sequence holds, up to `positions` of it: a share of its pages. A later append of the sequence copies its last page if
  /// that is shared and partly filled. Throws Error(argument) for a sequence of another model or KvType.
  void insert(const Sequence<B>& sequence, std::size_t positions = static_cast<std::size_t>(-1)) {
    if (&sequence.model() != &model() || sequence.kv_type() != root_.kv_type())
      fail(ErrorKind::argument, "a prefix cache keeps sequences of its own model and KvType");
    const auto length = std::min(positions, sequence.size());
    const std::lock_guard lock(mutex_);
    tree_.insert(sequence.tokens().first(length), sequence.held_pages(length));
  }

  /// Drops pages, least recently used first, until `bytes` came free, or all are gone. Pages that a sequence shares do not count. Returns
  /// the bytes that came free.
  std::size_t release(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    return tree_.release(bytes);
  }
  void clear() { release(static_cast<std::size_t>(-1)); }

  [[nodiscard]] PrefixCacheStats stats() const {
    const std::lock_guard lock(mutex_);
    auto now = stats_;
    now.bytes = tree_.bytes();
    now.evicted_pages = tree_.evicted();
    return now;
  }
  [[nodiscard]] std::size_t budget() const noexcept { return tree_.budget(); }
  /// The pages of the cache and of all sequences it gave; a page that several share counts once.
  [[nodiscard]] const PagePool& pages() const noexcept { return root_.pages(); }
  /// An empty sequence with the options and the pages of the cache's.
  [[nodiscard]] Sequence<B> empty_sequence() const { return root_.fork(); }

 private:
  Sequence<B> root_;  // always empty: its forks share the options and the pool
  mutable std::mutex mutex_;
  detail::PrefixTree tree_;
  PrefixCacheStats stats_;
};

}  // namespace weft
