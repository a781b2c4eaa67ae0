// Strategies by name: "beam width=8 length_penalty=0.6", "sample temperature=1.5 min_p=0.1".
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "support/drafter.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/best_first.hpp"
#include "weft/decode/best_of.hpp"
#include "weft/decode/contrastive_search.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/minimum_bayes_risk.hpp"
#include "weft/decode/speculative.hpp"
#include "weft/decode/stochastic_beam.hpp"
#include "weft/sample/parameters.hpp"

namespace example {

/// A name, a kind, and what is set for it.
struct Strategy {
  std::string name, spec, kind;
  weft::SamplingParameters sampling{};
  weft::BeamOptions beam{};
  weft::ContrastiveOptions contrastive{};
  weft::BestFirstOptions best_first{};
  std::int64_t n = 8, branches = 1;
  weft::BestBy by = weft::BestBy::mean_log_prob;
  std::string draft = "suffix";

  /// Whether another seed gives another text.
  [[nodiscard]] bool draws() const {
    if (kind == "beam") return beam.sampled;
    return kind == "stochastic_beam" ||
           ((kind == "sample" || kind == "speculative" || kind == "best_of" || kind == "mbr") &&
            sampling.temperature > 0);
  }
  /// Whether one run has several texts to give.
  [[nodiscard]] bool returns_several() const { return kind == "beam" || kind == "stochastic_beam"; }
  /// 0: the likeliest token each time; 1: drawn; 2: searches; 3: several draws, of which one is kept.
  [[nodiscard]] int family() const {
    if (kind == "best_of" || kind == "mbr") return 3;
    return kind == "greedy" || (kind == "speculative" && sampling.temperature == 0) ? 0
           : kind == "sample" || kind == "speculative"                              ? 1
                                                                                    : 2;
  }
};

inline const std::vector<std::string> family_names{"likeliest token", "drawn", "search", "best of several draws"};

/// What is compared when nothing is asked for: "name: kind setting=value ...".
inline const std::vector<std::string> default_strategies{
    "greedy: greedy",
    "speculative: speculative draft=suffix",
    "temperature 0.8: sample temperature=0.8",
    "top-k 40: sample top_k=40",
    "top-p 0.9: sample top_p=0.9",
    "min-p 0.1: sample temperature=1.5 min_p=0.1",
    "typical 0.9: sample typical_p=0.9",
    "top-h 0.4: sample top_h=0.4",
    "mirostat: sample mirostat=2 mirostat_tau=3",
    "beam 4: beam width=4",
    "diverse beams: beam width=4 groups=4 diversity=1",
    "stochastic beams: stochastic_beam width=4 temperature=0.7",
    "contrastive: contrastive k=4 alpha=0.6",
    "best of 8: best_of n=8 temperature=0.8",
};

namespace detail {

struct Setting {
  using Set = std::function<void(Strategy&, const std::string& key, const std::string& value)>;
  std::string kinds;  ///< that have it; empty: all
  Set set;
};

template <class T>
T number(const std::string& key, const std::string& value) {
  char* end = nullptr;
  const double parsed = std::strtod(value.c_str(), &end);
  if (value.empty() || *end ||
      static_cast<double>(static_cast<T>(parsed)) !=
          (std::is_integral_v<T> ? parsed : static_cast<double>(static_cast<T>(parsed))))
    weft::fail(weft::ErrorKind::argument, key, "=", value, ": expected a ",
               std::is_integral_v<T> ? "whole number" : "number");
  return static_cast<T>(parsed);
}

/// A setting that is a member of a member of Strategy.
template <class Part, class T>
Setting member(std::string kinds, Part Strategy::*part, T Part::*field) {
  return {std::move(kinds), [=](Strategy& s, const std::string& key, const std::string& value) {
            s.*part.*field = number<T>(key, value);
          }};
}

inline const std::map<std::string, Setting>& settings() {
  using P = weft::SamplingParameters;
  const auto of = [](auto field) { return member("", &Strategy::sampling, field); };
  static const std::map<std::string, Setting> all{
      {"temperature", of(&P::temperature)},
      {"top_k", of(&P::top_k)},
      {"top_p", of(&P::top_p)},
      {"min_p", of(&P::min_p)},
      {"typical_p", of(&P::typical_p)},
      {"top_h", of(&P::top_h)},
      {"top_n_sigma", of(&P::top_n_sigma)},
      {"epsilon_cutoff", of(&P::epsilon_cutoff)},
      {"eta_cutoff", of(&P::eta_cutoff)},
      {"mirostat", of(&P::mirostat)},
      {"mirostat_tau", of(&P::mirostat_tau)},
      {"mirostat_eta", of(&P::mirostat_eta)},
      {"xtc_probability", of(&P::xtc_probability)},
      {"xtc_threshold", of(&P::xtc_threshold)},
      {"adaptive_p", of(&P::adaptive_p)},
      {"dynamic_temperature_range", of(&P::dynamic_temperature_range)},
      {"repetition_penalty", of(&P::repetition_penalty)},
      {"frequency_penalty", of(&P::frequency_penalty)},
      {"presence_penalty", of(&P::presence_penalty)},
      {"no_repeat_ngram", of(&P::no_repeat_ngram)},
      {"dry",
       {"", [](Strategy& s, const std::string& key,
               const std::string& value) { s.sampling.dry.multiplier = number<float>(key, value); }}},
      {"width", member("beam stochastic_beam", &Strategy::beam, &weft::BeamOptions::width)},
      {"length_penalty", member("beam", &Strategy::beam, &weft::BeamOptions::length_penalty)},
      {"groups", member("beam", &Strategy::beam, &weft::BeamOptions::groups)},
      {"diversity", member("beam", &Strategy::beam, &weft::BeamOptions::diversity)},
      {"sampled",
       {"beam", [](Strategy& s, const std::string& key,
                   const std::string& value) { s.beam.sampled = number<int>(key, value) != 0; }}},
      {"k", member("contrastive", &Strategy::contrastive, &weft::ContrastiveOptions::k)},
      {"alpha", member("contrastive", &Strategy::contrastive, &weft::ContrastiveOptions::alpha)},
      {"nodes", member("best_first", &Strategy::best_first, &weft::BestFirstOptions::max_nodes)},
      {"n",
       {"best_of mbr",
        [](Strategy& s, const std::string& key, const std::string& value) { s.n = number<std::int64_t>(key, value); }}},
      {"by",
       {"best_of",
        [](Strategy& s, const std::string& key, const std::string& value) {
          const std::map<std::string, weft::BestBy> criteria{{"log_prob", weft::BestBy::log_prob},
                                                             {"mean_log_prob", weft::BestBy::mean_log_prob},
                                                             {"self_certainty", weft::BestBy::self_certainty},
                                                             {"majority", weft::BestBy::majority}};
          const auto found = criteria.find(value);
          if (found == criteria.end())
            weft::fail(weft::ErrorKind::argument, key, "=", value,
                       ": expected log_prob, mean_log_prob, self_certainty or majority");
          s.by = found->second;
        }}},
      {"branches",
       {"speculative", [](Strategy& s, const std::string& key,
                          const std::string& value) { s.branches = number<std::int64_t>(key, value); }}},
      {"draft", {"speculative", [](Strategy& s, const std::string&, const std::string& value) { s.draft = value; }}},
  };
  return all;
}

}  // namespace detail

/// "name: kind setting=value ...", or without a name, or the name alone of one of default_strategies.
/// Throws weft::Error(argument) for what is not known, and says what is.
inline Strategy parse_strategy(const std::string& text) {
  static const std::vector<std::string> kinds{"greedy",      "sample",  "beam", "stochastic_beam", "best_first",
                                              "contrastive", "best_of", "mbr",  "speculative"};
  const auto colon = text.find(": ");
  Strategy s;
  s.name = text.substr(0, colon);
  s.spec = colon == std::string::npos ? text : text.substr(colon + 2);
  if (colon == std::string::npos)
    for (const auto& known : default_strategies)
      if (known.substr(0, known.find(": ")) == text) s.spec = known.substr(known.find(": ") + 2);
  std::istringstream words(s.spec);
  words >> s.kind;
  if (std::find(kinds.begin(), kinds.end(), s.kind) == kinds.end())
    weft::fail(weft::ErrorKind::argument, "strategy '", text,
               "': expected 'name: kind setting=value ...' with one of the kinds ",
               fmt::format("{}", fmt::join(kinds, ", ")));
  if (s.kind == "greedy" || s.kind == "speculative") s.sampling.temperature = 0;
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    const auto key = word.substr(0, equals);
    const auto found = detail::settings().find(key);
    const auto has = [&](const detail::Setting& setting) {
      return setting.kinds.empty() || (" " + setting.kinds + " ").find(" " + s.kind + " ") != std::string::npos;
    };
    if (equals == std::string::npos || found == detail::settings().end() || !has(found->second)) {
      std::vector<std::string> known;
      for (const auto& [name, setting] : detail::settings())
        if (has(setting)) known.push_back(name);
      weft::fail(weft::ErrorKind::argument, "strategy '", text, "': '", word, "' is no setting of ", s.kind,
                 ", which has ", fmt::format("{}", fmt::join(known, ", ")));
    }
    found->second.set(s, key, word.substr(equals + 1));
  }
  if (s.kind == "greedy") s.sampling.temperature = 0;
  return s;
}

/// Continues what the sequence holds, on forks of it: the texts of the strategy, best (or first drawn) first, `wanted` of them at most.
/// B: the backend of the model, for drafts by another one.
template <class B, class S>
std::vector<weft::Result> run_strategy(const Strategy& s, const S& prompt, const weft::Options& options,
                                       std::int64_t wanted = 1) {
  const auto steps = weft::steps_from(s.sampling);
  const auto chain = weft::chain_from(s.sampling);
  if (s.kind == "beam") {
    auto how = s.beam;
    how.returned = std::min(wanted, how.width);
    return weft::generate(prompt, steps | weft::beam(how), options);
  }
  if (s.kind == "stochastic_beam") {
    auto all = weft::generate(prompt, steps | weft::stochastic_beam(s.beam.width), options);
    if (std::ssize(all) > wanted) all.resize(static_cast<std::size_t>(wanted));
    return all;
  }
  if (s.kind == "best_first") return weft::generate(prompt, steps | weft::best_first(s.best_first), options);
  if (s.kind == "contrastive") return weft::generate(prompt, steps | weft::contrastive_search(s.contrastive), options);
  if (s.kind == "best_of") return weft::generate(prompt, weft::best_of({.n = s.n, .by = s.by}, chain), options);
  if (s.kind == "mbr") return weft::generate(prompt, weft::minimum_bayes_risk({.n = s.n}, chain), options);
  if (s.kind == "speculative")
    return weft::generate(prompt, weft::speculative(chain, load_drafter<B>(s.draft, prompt.model(), s.branches, 0)),
                          options);
  return weft::generate(prompt, chain, options);
}

}  // namespace example
