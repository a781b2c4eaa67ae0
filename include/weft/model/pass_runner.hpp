// Cuts the tokens of several sequences into passes of bounded size and runs them on the model's pool.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/model/pass_item.hpp"
#include "weft/model/workspace.hpp"
#include "weft/nn/forward.hpp"

namespace weft::detail {

/// Where the logits after token i of an item go; null where nobody wants them.
inline float* logits_after(const PassItem& item, std::int64_t i, std::int64_t vocab) {
  if (i + 1 == static_cast<std::int64_t>(item.tokens.size())) return item.last_logits;
  return item.earlier_logits ? item.earlier_logits + i * vocab : nullptr;
}

/// One pass over as many rows as fit, starting at token `offset` of item `index`; moves both on.
template <class B>
void run_chunk(const nn::Program<B>& program, ThreadPool& pool, Workspace& work, std::span<const PassItem> items,
               std::size_t& index, std::int64_t& offset, std::stop_token stop) {
  work.tokens.clear(), work.positions.clear(), work.segments.clear(), work.places.clear(), work.logit_rows.clear(), work.taps.clear();
  const auto first_index = index;
  const auto first_offset = offset;
  std::int64_t rows = 0, longest = 0, room = 0;
  for (; index < items.size() && rows < max_pass_rows; offset = 0, ++index) {
    const auto& item = items[index];
    const auto size = static_cast<std::int64_t>(item.tokens.size());
    const auto count = std::min(size - offset, max_pass_rows - rows);
    work.segments.push_back({rows, count, item.first + offset, item.pages, item.kv_type});
    longest = std::max(longest, item.first + offset + count);
    room = std::max(room, item.room);
    for (std::int64_t i = offset; i < offset + count; ++i) {
      work.tokens.push_back(item.tokens[static_cast<std::size_t>(i)]);
      work.positions.push_back(item.first + i);
      work.places.push_back({item.pages, item.first + i});
      if (item.every_logits)
        work.logit_rows.push_back({rows + i - offset, nullptr});
      else if (float* const out = logits_after(item, i, program.vocab))
        work.logit_rows.push_back({rows + i - offset, out});
    }
    for (const auto& tap : item.taps)
      if (tap.row >= offset && tap.row < offset + count) work.taps.push_back({tap.layer, rows + tap.row - offset, tap.out});
    rows += count;
    if (offset + count < size) {
      offset += count;
      break;
    }
  }
  nn::Pass pass;
  pass.rows = rows;
  pass.planes = program.planes;
  pass.redundant = rows <= redundant_rows;
  if (pass.redundant) pass.splits = nn::detail::splits_of(longest);
  const auto kept = std::count_if(work.logit_rows.begin(), work.logit_rows.end(), [](const nn::LogitRow& row) { return !row.out; });
  pass.scratch = work.scratch(pass.redundant, kept, pass.redundant ? nn::detail::splits_of(room) : 1);
  float* next = pass.scratch.logits;
  for (auto& row : work.logit_rows)
    if (!row.out) row.out = std::exchange(next, next + program.vocab);
  pass.tokens = work.tokens;
  pass.positions = work.positions;
  pass.segments = work.segments;
  pass.places = work.places;
  pass.logit_rows = work.logit_rows;
  pass.taps = work.taps;
  pass.stop = stop;
  pool.run([&](Team& team) { nn::forward<B>(team, program, pass); });
  if (pass.cancelled.load()) fail(ErrorKind::cancelled, "the forward pass was cancelled");
  std::size_t j = 0;
  for (std::size_t k = 0; k < work.segments.size(); ++k) {
    const auto& item = items[first_index + k];
    const auto from = k == 0 ? first_offset : 0;
    for (auto i = from; i < from + work.segments[k].rows; ++i) {
      if (item.every_logits)
        item.every_logits(i, {work.logit_rows[j++].out, static_cast<std::size_t>(program.vocab)});
      else if (logits_after(item, i, program.vocab))
        ++j;
    }
  }
}

/// A workspace off the shelf, put back at the end.
class BorrowedWorkspace {
 public:
  explicit BorrowedWorkspace(WorkspaceShelf& shelf) : shelf_(shelf), work_(shelf.take()) {}
  ~BorrowedWorkspace() { shelf_.put_back(std::move(work_)); }
  BorrowedWorkspace(const BorrowedWorkspace&) = delete;
  BorrowedWorkspace& operator=(const BorrowedWorkspace&) = delete;
  Workspace& operator*() const noexcept { return *work_; }

 private:
  WorkspaceShelf& shelf_;
  std::unique_ptr<Workspace> work_;
};

/// Runs every item. Throws Error(cancelled), after which the pages of the items hold undefined values at their new positions.
template <class B>
void run_items(const nn::Program<B>& program, ThreadPool& pool, WorkspaceShelf& shelf, std::span<const PassItem> items,
               std::stop_token stop) {
  const BorrowedWorkspace work(shelf);
  std::size_t index = 0;
  std::int64_t offset = 0;
  while (index < items.size()) run_chunk<B>(program, pool, *work, items, index, offset, stop);
}

/// The head alone: hidden [rows, width] to logits [rows, vocab].
template <class B>
void run_head(const nn::Program<B>& program, ThreadPool& pool, WorkspaceShelf& shelf, const float* hidden, std::int64_t rows, float* logits) {
  const BorrowedWorkspace borrowed(shelf);
  Workspace& work = *borrowed;
  for (std::int64_t from = 0; from < rows; from += max_pass_rows) {
    nn::Pass pass;
    pass.rows = std::min(rows - from, max_pass_rows);
    pass.planes = program.planes;
    pass.redundant = pass.rows <= redundant_rows;
    work.logit_rows.clear();
    for (std::int64_t r = 0; r < pass.rows; ++r) work.logit_rows.push_back({r, logits + (from + r) * program.vocab});
    pass.scratch = work.scratch(pass.redundant, 0, 1);
    pass.logit_rows = work.logit_rows;
    pool.run([&](Team& team) { nn::head_of<B>(team, program, pass, hidden + from * program.width); });
  }
}

}  // namespace weft::detail
