// The steps that numbers can set, as options of a command line. Names and ranges are those of weft::SamplingParameters.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "weft/sample/parameters.hpp"

namespace example {

/// Adds the options. The result: those that ask for a draw, so that a temperature need not be given beside them.
inline std::vector<const CLI::Option*> add_sampling_options(CLI::App& app, weft::SamplingParameters& p) {
  std::vector<const CLI::Option*> drawing;
  const auto cut = [&](const char* name, auto& value, const char* help) {
    drawing.push_back(app.add_option(name, value, help)->group("Sampling"));
    return app.get_option(name);
  };
  const auto with = [&](const char* name, auto& value, const char* help, CLI::Option* needed) {
    app.add_option(name, value, help)->needs(needed)->capture_default_str()->group("Sampling");
  };
  cut("--top-k", p.top_k, "only the k most likely tokens");
  cut("--top-p", p.top_p, "only the smallest set of this probability");
  cut("--min-p", p.min_p, "only tokens this likely, relative to the best");
  cut("--typical-p", p.typical_p, "only the set of this probability whose surprise is nearest to the expected one");
  cut("--top-h", p.top_h, "only the best tokens that bear this share of the entropy");
  cut("--top-n-sigma", p.top_n_sigma, "only logits within so many standard deviations of the best");
  cut("--epsilon", p.epsilon_cutoff, "only tokens of at least this probability");
  cut("--eta", p.eta_cutoff, "the same, with less asked for where the distribution is flat");
  auto* range = cut("--dynamic-temperature", p.dynamic_temperature_range, "temperature plus or minus this, by the entropy");
  with("--dynamic-temperature-exponent", p.dynamic_temperature_exponent, "how it follows the entropy", range);
  auto* xtc = cut("--xtc", p.xtc_probability, "with this probability take away all top choices but the least likely");
  with("--xtc-threshold", p.xtc_threshold, "what makes a top choice", xtc);
  auto* mirostat = cut("--mirostat", p.mirostat, "keep the surprise at a target: version 1 or 2");
  with("--mirostat-tau", p.mirostat_tau, "the target, in bits", mirostat);
  with("--mirostat-eta", p.mirostat_eta, "how fast it follows", mirostat);
  auto* adaptive = cut("--adaptive-p", p.adaptive_p, "prefer tokens of about this probability");
  with("--adaptive-p-decay", p.adaptive_p_decay, "how long it remembers", adaptive);

  const auto penalty = [&](const char* name, auto& value, const char* help) { return app.add_option(name, value, help)->group("Penalties"); };
  penalty("--repetition-penalty", p.repetition_penalty, "above 1 avoids tokens that occurred");
  penalty("--frequency-penalty", p.frequency_penalty, "taken from a logit for each time that the token was written");
  penalty("--presence-penalty", p.presence_penalty, "taken from the logits of tokens that were written");
  penalty("--no-repeat-ngram", p.no_repeat_ngram, "no n tokens twice in this order");
  auto* dry = penalty("--dry", p.dry.multiplier, "against going on with what is repeated: the penalty of the shortest repeat");
  penalty("--dry-base", p.dry.base, "its growth per repeated token")->needs(dry)->capture_default_str();
  penalty("--dry-allowed-length", p.dry.allowed_length, "repeats shorter than this cost nothing")->needs(dry)->capture_default_str();
  penalty("--dry-range", p.dry.range, "tokens looked at (all)")->needs(dry);

  const auto length = [&](const char* name, auto& value, const char* help) { return app.add_option(name, value, help)->group("Length"); };
  length("--min-tokens", p.min_new_tokens, "no end before so many new tokens");
  length("--min-length", p.min_length, "no end before so many tokens, prompt included");
  length("--forced-end", p.forced_eos_length, "the end token is written at this length, prompt included");
  auto* decay = length("--decay", p.decay_factor, "make the end likelier by this factor with every token");
  length("--decay-start", p.decay_start, "from so many new tokens on")->needs(decay)->capture_default_str();
  return drawing;
}

}  // namespace example
