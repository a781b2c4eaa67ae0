// The searches as options of a command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "weft/decode/beam.hpp"
#include "weft/decode/best_first.hpp"
#include "weft/decode/best_of.hpp"
#include "weft/decode/contrastive_search.hpp"
#include "weft/decode/generate.hpp"
#include "weft/model/batch.hpp"
#include "weft/sample/parameters.hpp"

namespace example {

struct SearchOptions {
  weft::BeamOptions beam{.width = 0};
  std::string early_stopping = "false", best_by = "log-prob";
  weft::ContrastiveOptions contrastive{.alpha = -1};
  weft::BestOfOptions best_of{.n = 0};
  weft::BestFirstOptions best_first{.max_nodes = 0, .batch = 8};
  std::int64_t returned = 1;

  [[nodiscard]] bool contrasts() const { return contrastive.alpha >= 0; }
  [[nodiscard]] bool has_branches() const { return beam.width > 0 || best_of.n > 0 || best_first.max_nodes > 0; }
  [[nodiscard]] bool any() const { return has_branches() || contrasts(); }
};

/// Adds the options; those that begin a search exclude one another, and drafts, which beams alone can have.
inline void add_search_options(CLI::App& app, SearchOptions& s, CLI::Option* draft) {
  std::vector<CLI::Option*> searches;
  const auto search = [&](const char* name, auto& value, const char* help, const char* group) {
    auto* made = app.add_option(name, value, help)->group(group);
    for (auto* earlier : searches) made->excludes(earlier);
    searches.push_back(made);
    return made;
  };
  auto* beams = search("-b,--beams", s.beam.width, "beam search of this width", "Beam search")->check(CLI::PositiveNumber);
  const auto of_beams = [&](const char* name, auto& value, const char* help) {
    return app.add_option(name, value, help)->capture_default_str()->needs(beams)->group("Beam search");
  };
  of_beams("--length-penalty", s.beam.length_penalty, "above 0 favours long texts");
  of_beams("--early-stopping", s.early_stopping, "end when enough texts are finished (true), or no better one is likely (false), or none is possible (never)")
      ->check(CLI::IsMember({"true", "false", "never"}));
  auto* groups = of_beams("--groups", s.beam.groups, "groups of beams that avoid one another's tokens");
  of_beams("--diversity", s.beam.diversity, "what a token costs that another group has chosen")->needs(groups);
  app.add_flag("--sampled-beams", s.beam.sampled, "draw the candidates")->needs(beams)->group("Beam search");

  searches.push_back(draft);
  auto* contrastive = search("--contrastive", s.contrastive.alpha, "contrastive search: weight of the likeness to what was said, 0 to 1", "Other searches");
  app.add_option("--contrastive-k", s.contrastive.k, "among so many candidates")->capture_default_str()->needs(contrastive)->group("Other searches");
  auto* best_of = search("--best-of", s.best_of.n, "draw so many texts and keep the best", "Other searches")->check(CLI::PositiveNumber);
  app.add_option("--best-by", s.best_by, "what is best")->check(CLI::IsMember({"log-prob", "mean-log-prob", "certainty", "majority"}))
      ->capture_default_str()->needs(best_of)->group("Other searches");
  search("--best-first", s.best_first.max_nodes, "the most likely text of all, with a proof if so many prefixes are enough for it", "Other searches")->check(CLI::PositiveNumber);
  app.add_option("--returned", s.returned, "how many of the best texts of a search to show")->capture_default_str()->check(CLI::PositiveNumber)->group("Other searches");
}

inline weft::Beam<> beams(const SearchOptions& s) {
  auto how = s.beam;
  how.returned = s.returned;
  how.early_stopping = s.early_stopping == "true"    ? weft::EarlyStopping::when_width_finished
                       : s.early_stopping == "never" ? weft::EarlyStopping::never
                                                     : weft::EarlyStopping::heuristic;
  return weft::beam(how);
}

/// Runs the search that was asked for, other than beams. Throws weft::Error(argument) for options that do not fit.
template <class S>
std::vector<weft::Result> search(const SearchOptions& s, const weft::SamplingParameters& sampling, S sequence, const std::string& prompt, const weft::Options& options) {
  const auto run = [&](const auto& how) { return weft::generate(std::move(sequence), prompt, how, options); };
  if (s.contrasts()) return run(weft::steps_from(sampling) | weft::contrastive_search(s.contrastive));
  if (s.best_first.max_nodes > 0) {
    auto how = s.best_first;
    how.returned = s.returned;
    return run(weft::steps_from(sampling) | weft::best_first(how));
  }
  auto how = s.best_of;
  how.returned = s.returned;
  how.by = s.best_by == "majority"        ? weft::BestBy::majority
           : s.best_by == "certainty"     ? weft::BestBy::self_certainty
           : s.best_by == "mean-log-prob" ? weft::BestBy::mean_log_prob
                                          : weft::BestBy::log_prob;
  return run(weft::best_of(how, weft::chain_from(sampling)));
}

}  // namespace example
