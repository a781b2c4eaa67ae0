// Definitions of decode/saved_generation.hpp.
#pragma once

#include <algorithm>
#include <cstdint>

#include "weft/decode/saved_generation.hpp"

namespace weft::detail {

inline constexpr std::uint64_t generation_magic = 0x316E656774666577;  // "weftgen1"

WEFT_INLINE void save_options(const Options& o, StateWriter& out) {
  out.put(o.max_tokens);
  out.put(std::uint64_t{o.stop.size()});
  for (const auto& text : o.stop) out.put_text(text);
  out.put_all(std::span<const Token>(o.stop_tokens));
  out.put_flag(o.ignore_end_tokens);
  out.put(o.seed);
  out.put(o.branch);
  out.put(o.logprobs);
}

WEFT_INLINE Options load_options(StateReader& in) {
  Options o;
  o.max_tokens = in.get<std::int64_t>();
  for (auto count = in.get<std::uint64_t>(); count > 0; --count) o.stop.push_back(in.get_text());
  o.stop_tokens = in.get_all<Token>();
  o.ignore_end_tokens = in.get_flag();
  o.seed = in.get<std::uint64_t>();
  o.branch = in.get<std::uint64_t>();
  o.logprobs = in.get<std::int64_t>();
  if (o.max_tokens < 0 || o.logprobs < 0) in.broken("max_tokens is ", o.max_tokens, ", logprobs ", o.logprobs);
  return o;
}

/// Calls f with each number of the statistics.
template <class Stats, class F>
void for_each_number(Stats& s, F&& f) {
  for (auto* count : {&s.prompt_tokens, &s.prefilled_tokens, &s.generated_tokens, &s.passes, &s.drafted_tokens, &s.accepted_tokens}) f(*count);
  for (auto* value : {&s.prefill_seconds, &s.decode_seconds, &s.time_to_first_token, &s.prefill_tps, &s.decode_tps})
    f(*value);
}

WEFT_INLINE void save_generation(const SavedGeneration& g, StateWriter& out) {
  out.put(generation_magic);
  save_options(g.options, out);
  out.put(std::uint64_t{g.prompt_length});
  out.put_all(std::span<const Token>(g.prompt));
  out.put_all(std::span<const Token>(g.result.tokens));
  out.put_all(std::span<const float>(g.result.logprobs));
  out.put_all(std::span<const float>(g.result.raw_logprobs));
  out.put_all(std::span<const Alternative>(g.result.top));
  out.put_all(std::span<const Alternative>(g.result.top_raw));
  out.put(static_cast<std::uint32_t>(g.result.stop));
  for_each_number(g.result.stats, [&](const auto& x) { out.put(x); });
  out.put_flag(g.begun);
  out.put_flag(g.pending);
  out.put(std::uint64_t{g.unchanged});
  out.put_all(std::span<const std::byte>(g.sampler));
}

WEFT_INLINE SavedGeneration load_generation(std::span<const std::byte> bytes, const std::string& source,
                                            std::span<const Token> tokens, std::size_t context, std::int64_t vocab) {
  StateReader in(bytes, source);
  SavedGeneration g;
  g.source = source;
  if (bytes.size() < sizeof(std::uint64_t) || in.get<std::uint64_t>() != generation_magic)
    fail(ErrorKind::format, source, ": holds a sequence and no stream; restore it with Model::restore()");
  g.options = load_options(in);
  g.prompt_length = static_cast<std::size_t>(in.get<std::uint64_t>());
  g.prompt = in.get_all<Token>();
  g.result.tokens = in.get_all<Token>();
  g.result.logprobs = in.get_all<float>();
  g.result.raw_logprobs = in.get_all<float>();
  g.result.top = in.get_all<Alternative>();
  g.result.top_raw = in.get_all<Alternative>();
  const auto stop = in.get<std::uint32_t>();
  if (stop > static_cast<std::uint32_t>(StopReason::cancelled)) in.broken("the reason of its end is ", stop);
  g.result.stop = static_cast<StopReason>(stop);
  for_each_number(g.result.stats, [&](auto& x) { x = in.get<std::remove_reference_t<decltype(x)>>(); });
  g.begun = in.get_flag();
  g.pending = in.get_flag();
  g.unchanged = static_cast<std::size_t>(in.get<std::uint64_t>());
  g.sampler = in.get_all<std::byte>();
  in.expect_end();

  const auto& generated = g.result.tokens;
  for (const auto* list : {&g.prompt, &g.result.tokens})
    for (const auto token : *list)
      if (token < 0 || token >= vocab) in.broken("token ", token, " is outside the vocabulary of ", vocab);
  if (g.unchanged > tokens.size()) in.broken("its chain has seen ", g.unchanged, " tokens of ", tokens.size());
  if (g.prompt_length > context) in.broken("its prompt has ", g.prompt_length, " tokens in a context of ", context);
  if (g.prompt_length == 0 || (!g.begun && !generated.empty()) || (g.pending && generated.empty()))
    in.broken("its parts contradict each other");
  if (g.result.stop == StopReason::cancelled) return g;  // the sequence may stand inside the prompt
  if (!g.begun) {
    if (tokens.size() + g.prompt.size() != g.prompt_length) in.broken("its prompt is not as long as it says");
    return g;
  }
  const std::size_t run = generated.size() - (g.pending ? 1 : 0);
  if (!g.prompt.empty() || tokens.size() < run || tokens.size() - run != g.prompt_length ||
      !std::equal(generated.begin(), generated.begin() + static_cast<std::ptrdiff_t>(run),
                  tokens.end() - static_cast<std::ptrdiff_t>(run)))
    in.broken("its sequence is not that of its stream");
  return g;
}

}  // namespace weft::detail
