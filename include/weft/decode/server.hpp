// Server<Backend>: many prompts, each with a chain and options of its own, in one continuous batch. Rows join and leave between passes, and
// each has the result that it would have alone. Source: Yu et al. 2022, "Orca" (iteration-level scheduling), OSDI; prefill in chunks beside
// decoding rows: Agrawal et al. 2023, "Sarathi", arXiv:2308.16369.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "weft/decode/stream.hpp"
#include "weft/decode/ticket.hpp"
#include "weft/model/batch.hpp"
#include "weft/model/pass_item.hpp"
#include "weft/model/prefix_cache.hpp"

namespace weft {

template <class B = Cpu<>>
struct ServerOptions {
  std::size_t max_rows = 16;  ///< rows that run at a time; the others wait, first come, first served
  /// Tokens of one pass, at most: one of each row that decodes, and as much of the prompts as that leaves, at least one. So no row that
  /// decodes waits for a long prompt.
  std::size_t pass_tokens = static_cast<std::size_t>(max_pass_rows);
  SequenceOptions
      sequence{};  ///< of each row; kv_bytes: of all together. With a prefix cache, the cache's count instead
  PrefixCache<B>* prefix_cache = nullptr;  ///< to begin prompts from and to keep them in; must outlive the server
};

/// A row runs once the keys and values of its prompt and of all tokens it may generate have a place, so that no row fails for want of memory
/// on its way; until then it waits, and the rows behind it too. Of a prefix cache, pages are dropped that stand in the way, and a row waits
/// for a prompt that is being run if it begins like it, to share what that leaves.
///
/// One thread drives: it calls step(), run() or serve(), and the callbacks of all rows are called there. Any thread may submit, cancel and
/// wait, callbacks included. The model must outlive the server.
template <class B = Cpu<>>
class Server {
 public:
  /// Throws Error(argument) for no rows, an empty chunk or another model's cache, and as Sequence does.
  explicit Server(const Model<B>& model, const ServerOptions<B>& options = {})
      : options_(options),
        root_(options.prefix_cache ? options.prefix_cache->empty_sequence() : Sequence<B>(model, options.sequence)),
        batch_(model) {
    if (options.max_rows == 0 || options.pass_tokens == 0)
      fail(ErrorKind::argument, "a server of ", options.max_rows, " rows and ", options.pass_tokens,
           " tokens a pass: expected at least 1 each");
    if (&root_.model() != &model) fail(ErrorKind::argument, "a server takes a prefix cache of its own model");
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Rows that have not ended fail with Error(cancelled).
  ~Server() {
    take_submitted();
    for (auto* rows : {&waiting_, &running_})
      for (auto& row : *rows)
        row->outcome->set_error(
            std::make_exception_ptr(Error(ErrorKind::cancelled, "the server was destroyed before this row had ended")));
  }

  /// Queues a prompt (text or tokens, as for generate()) to be continued by a chain. The result is that of generate(): the same tokens, text,
  /// log-probs and reason of the end, bit for bit, whatever else runs. Stats differ: time_to_first_token counts from here, prefill_seconds
  /// and decode_seconds are those that passed meanwhile. on_prefill also counts what came from the cache. Throws as generate(), and
  /// Error(resource) for a row whose keys and values can never fit.
  template <detail::Prompt P, PicksTokens Chain>
  Ticket submit(const P& prompt, const Chain& chain, Options options = {}) {
    auto row = std::make_unique<Row>();
    row->submitted = seconds_now();
    row->prompt = detail::prompt_tokens(root_.model(), detail::prompt_view(prompt));
    root_.check_ids(row->prompt);
    const Recording checked(root_, row->prompt.size(), options);
    row->positions = checked.limits().prompt + checked.limits().new_tokens;
    check_fits(row->positions);
    row->sampler = detail::any_sampler(chain);
    row->forward_cancel.emplace(options.cancel, [outcome = row->outcome] { outcome->stop.request_stop(); });
    options.cancel = row->outcome->stop.get_token();
    row->options = std::move(options);
    Ticket ticket(row->outcome);
    const std::lock_guard lock(mutex_);
    submitted_.push_back(std::move(row));
    arrived_.notify_all();
    return ticket;
  }

  /// Lets rows join, runs one pass over all that run, and lets those leave that have ended. False when no row is left. What a pass throws
  /// (out of memory) passes through, and all rows are as they were. Throws Error(argument) when called from a callback of a row.
  bool step() {
    if (stepping_)
      fail(ErrorKind::argument,
           "Server::step() was called from a callback of a row: submit and return, the row joins the next pass");
    stepping_ = true;
    const Reset reset{stepping_};
    take_submitted();
    leave_cancelled(waiting_);
    leave_cancelled(running_);
    join();
    pass();
    for (auto& row : running_) go_on(*row);
    std::erase_if(running_, [](const auto& row) { return row->outcome->done(); });
    const std::lock_guard lock(mutex_);
    return !running_.empty() || !waiting_.empty() || !submitted_.empty();
  }
  /// Steps until no row is left.
  void run() {
    while (step()) {
    }
  }
  /// Runs rows as they come, and waits for more, until asked to stop; rows that have not ended then stay and may be run later.
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (step()) continue;
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, stop, [&] { return !submitted_.empty(); });
    }
  }

  /// The pages of all rows (and of the prefix cache): bytes in use, peak, budget.
  [[nodiscard]] const PagePool& pages() const noexcept { return root_.pages(); }

 private:
  using Recording = detail::Recording<detail::TokenizerOf<Sequence<B>>>;
  using Generation = detail::Generation<Sequence<B>>;

  struct Row {
    std::vector<Token> prompt;
    Options options;
    std::unique_ptr<detail::AnySampler> sampler;
    std::shared_ptr<detail::Outcome> outcome = std::make_shared<detail::Outcome>();
    std::optional<std::stop_callback<std::function<void()>>> forward_cancel;
    std::size_t positions = 0;             // of prompt and new tokens at most
    std::size_t cached = 0, reported = 0;  // tokens of the prompt: from the cache; told to on_prefill
    std::optional<Sequence<B>> sequence;   // until the prompt has been run
    std::optional<Generation> generation;  // from then on
    double submitted = 0, joined = 0, prefilled = 0, first_token = 0;
    [[nodiscard]] bool cancelled() const { return outcome->stop.stop_requested(); }
  };
  using Rows = std::vector<std::unique_ptr<Row>>;
  struct Reset {
    bool& flag;
    ~Reset() { flag = false; }
  };

  void check_fits(std::size_t positions) const {
    const auto per_page = static_cast<std::size_t>(page_positions);
    const auto bytes = Checked((positions + per_page - 1) / per_page) * root_.pages().page_bytes();
    if (!bytes.at_most(root_.pages().budget()))
      fail(ErrorKind::resource, "a row of ", positions,
           " positions (prompt and max_tokens) needs more keys and values than the ", root_.pages().budget(),
           " bytes that there are for all rows; shorten it, lower max_tokens, or raise SequenceOptions::kv_bytes");
  }

  void take_submitted() {
    const std::lock_guard lock(mutex_);
    for (auto& row : submitted_) waiting_.push_back(std::move(row));
    submitted_.clear();
  }

  /// Ends rows that were cancelled before their first token; those after it end by themselves.
  void leave_cancelled(Rows& rows) {
    for (auto& row : rows) {
      if (row->generation || !row->cancelled()) continue;
      Recording recording(root_, row->prompt.size(), row->options);
      recording.end_cancelled();
      if (row->sequence) recording.stats().prefilled_tokens = row->sequence->size() - row->cached;
      row->outcome->set(recording.result());
    }
    std::erase_if(rows, [](const auto& row) { return row->outcome->done(); });
  }

  void join() {
    while (!waiting_.empty() && running_.size() < options_.max_rows) {
      auto& row = waiting_.front();
      if (about_to_share(*row)) return;
      if (const bool fits = guarded(*row, [&] { return find_room(*row); }); !fits && !row->outcome->done()) {
        if (!running_.empty()) return;
        row->outcome->set_error(std::make_exception_ptr(Error(
            ErrorKind::resource,
            detail::concat("a row of ", row->positions,
                           " positions does not fit beside the sequences that share its budget of ",
                           root_.pages().budget(), " bytes, and no row runs that could leave: drop some of them"))));
      }
      row->joined = seconds_now();
      if (!row->outcome->done()) running_.push_back(std::move(row));
      waiting_.erase(waiting_.begin());
    }
  }
  /// Whether a row is just computing pages that this one will find in the cache if it waits for them.
  [[nodiscard]] bool about_to_share(const Row& row) const {
    if (!options_.prefix_cache || row.sequence) return false;
    return std::any_of(running_.begin(), running_.end(), [&](const auto& other) {
      if (!other->sequence) return false;
      const auto common = detail::common_prefix(std::span<const Token>(row.prompt).first(row.prompt.size() - 1), other->prompt);
      return whole_pages(common) > other->sequence->size();
    });
  }
  static constexpr std::size_t whole_pages(std::size_t positions) {
    return positions / static_cast<std::size_t>(page_positions) * static_cast<std::size_t>(page_positions);
  }
  /// Places for all positions of the row; false when there are none now.
  bool find_room(Row& row) {
    auto* const cache = options_.prefix_cache;
    if (!row.sequence) {
      // the logits are those after the last token, which therefore is run in any case
      row.sequence.emplace(cache ? cache->sequence(std::span<const Token>(row.prompt).first(row.prompt.size() - 1))
                                 : root_.fork());
      row.cached = row.sequence->size();
    }
    for (;;) {
      try {
        row.sequence->reserve(row.positions);
        return true;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::resource) throw;
        if (!cache || cache->release(root_.pages().page_bytes()) == 0) return false;
      }
    }
  }

  /// One token of each row that decodes, and as much of the prompts of the others as a pass may have.
  void pass() {
    std::size_t decoding = 0;
    batch_.clear();
    for (auto& row : running_)
      if (row->generation && !row->cancelled() && row->generation->waiting()) {
        batch_.add(row->generation->sequence(), std::span(row->generation->waiting(), 1));
        ++decoding;
      }
    std::size_t room = decoding < options_.pass_tokens ? options_.pass_tokens - decoding : 1;
    for (auto& row : running_)
      if (!row->generation && !row->cancelled()) {
        const auto part = next_part(*row, room);
        batch_.add(*row->sequence, part);
        room -= part.size();
      }
    batch_.run();
    for (auto& row : running_)
      if (row->generation && !row->cancelled()) row->generation->settled();
  }
  [[nodiscard]] static std::span<const Token> next_part(const Row& row, std::size_t room) {
    const auto done = row.sequence->size();
    return std::span<const Token>(row.prompt).subspan(done, std::min(room, row.prompt.size() - done));
  }

  /// After a pass: reports, chooses the next token, ends.
  void go_on(Row& row) {
    guarded(row, [&] {
      if (!row.generation) {
        const auto done = row.sequence->size();
        // whole pages only: a shared last page would have to be copied, which needs another
        if (options_.prefix_cache) options_.prefix_cache->insert(*row.sequence, whole_pages(done));
        if (row.options.on_prefill && done > row.reported) row.options.on_prefill(done, row.prompt.size());
        row.reported = done;
        if (done < row.prompt.size()) return true;
        begin(row);
      }
      const bool more = row.generation->advance(room_);
      if (row.first_token == 0) row.first_token = seconds_now();
      if (more && row.options.on_piece) row.options.on_piece(row.generation->piece());
      if (!more || row.generation->over()) end(row);
      return true;
    });
  }
  void begin(Row& row) {
    row.prefilled = seconds_now();
    row.generation.emplace(std::move(*row.sequence), std::vector<Token>(), std::move(row.sampler), row.options);
    row.sequence.reset();
  }
  void end(Row& row) {
    Result result = row.generation->result();
    auto& stats = result.stats;
    stats.prefilled_tokens = row.prompt.size() - row.cached;
    stats.prefill_seconds = row.prefilled - row.joined;
    stats.prefill_tps = static_cast<double>(stats.prefilled_tokens) / stats.prefill_seconds;
    stats.time_to_first_token = row.first_token - row.submitted;
    stats.decode_seconds = seconds_now() - row.first_token;
    if (stats.generated_tokens > 1)
      stats.decode_tps = static_cast<double>(stats.generated_tokens - 1) / stats.decode_seconds;
    if (options_.prefix_cache) options_.prefix_cache->insert(row.generation->sequence());
    row.outcome->set(std::move(result));
  }

  /// f(), or false and the row failed by what f threw.
  template <class F>
  static bool guarded(Row& row, F&& f) {
    try {
      return f();
    } catch (...) {
      row.outcome->set_error(std::current_exception());
      return false;
    }
  }

  ServerOptions<B> options_;
  const Sequence<B> root_;  // always empty: rows are its forks, and share its pages
  Batch<B> batch_;
  Rows waiting_, running_;
  std::vector<float> room_;  // for logits that steps change
  bool stepping_ = false;
  std::mutex mutex_;  // of submitted_
  std::condition_variable_any arrived_;
  Rows submitted_;
};

}  // namespace weft
