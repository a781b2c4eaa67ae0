// What /set and --set change: a table of names, what they mean, and where the number is.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "weft/decode/options.hpp"
#include "weft/sample/parameters.hpp"

namespace example {

struct ChatSettings {
  weft::SamplingParameters sampling{.temperature = 0.7f, .min_p = 0.05f};
  std::int64_t max_tokens = 512;
  std::int64_t seed = 0;
};

struct Setting {
  using Parameters = weft::SamplingParameters;
  const char* name;
  const char* help;
  std::variant<float Parameters::*, std::int64_t Parameters::*, int Parameters::*, std::int64_t ChatSettings::*> field;
};

inline const Setting settings_table[] = {
    {"temperature", "how freely tokens are drawn; 0 always takes the most likely", &Setting::Parameters::temperature},
    {"top_k", "only the k most likely tokens; 0: all", &Setting::Parameters::top_k},
    {"top_p", "only the smallest set of this probability; 1: all", &Setting::Parameters::top_p},
    {"min_p", "only tokens this likely, relative to the best; 0: all", &Setting::Parameters::min_p},
    {"typical_p", "locally typical tokens of this probability; 1: all", &Setting::Parameters::typical_p},
    {"top_n_sigma", "only logits within n standard deviations of the best; 0: all", &Setting::Parameters::top_n_sigma},
    {"xtc_probability", "how often the most likely tokens are left out; 0: never", &Setting::Parameters::xtc_probability},
    {"xtc_threshold", "tokens above this probability may be left out", &Setting::Parameters::xtc_threshold},
    {"repetition_penalty", "above 1 avoids tokens that occurred", &Setting::Parameters::repetition_penalty},
    {"frequency_penalty", "taken from a logit for each time its token occurred", &Setting::Parameters::frequency_penalty},
    {"presence_penalty", "taken from the logits of tokens that occurred", &Setting::Parameters::presence_penalty},
    {"no_repeat_ngram", "no n tokens twice in this order; 0: off", &Setting::Parameters::no_repeat_ngram},
    {"min_new_tokens", "no end of an answer before so many tokens", &Setting::Parameters::min_new_tokens},
    {"mirostat", "holds the surprise per token: 0 off, 1 or 2 the version", &Setting::Parameters::mirostat},
    {"mirostat_tau", "that surprise, in bits", &Setting::Parameters::mirostat_tau},
    {"mirostat_eta", "how fast it is approached", &Setting::Parameters::mirostat_eta},
    {"max_tokens", "tokens of an answer at most", &ChatSettings::max_tokens},
    {"seed", "of the draws; each answer has its own under it", &ChatSettings::seed},
};

inline std::string value_of(const ChatSettings& settings, const Setting& setting) {
  return std::visit(
      [&](auto field) {
        if constexpr (std::is_same_v<decltype(field), std::int64_t ChatSettings::*>)
          return fmt::format("{}", settings.*field);
        else
          return fmt::format("{}", settings.sampling.*field);
      },
      setting.field);
}

namespace detail {

template <class Number>
Number number_of(const Setting& setting, std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number != number)
    weft::fail(weft::ErrorKind::argument, setting.name, " is '", text, "': expected ", std::is_integral_v<Number> ? "a whole number" : "a number");
  return number;
}

}  // namespace detail

/// Throws weft::Error(argument) for a name that is none, and a value that is out of range; the settings are then as they were.
inline void set(ChatSettings& settings, std::string_view name, std::string_view value) {
  for (const Setting& setting : settings_table) {
    if (name != setting.name) continue;
    ChatSettings changed = settings;
    std::visit(
        [&](auto field) {
          if constexpr (std::is_same_v<decltype(field), std::int64_t ChatSettings::*>)
            changed.*field = detail::number_of<std::int64_t>(setting, value);
          else
            changed.sampling.*field = detail::number_of<std::remove_reference_t<decltype(changed.sampling.*field)>>(setting, value);
        },
        setting.field);
    (void)weft::chain_from(changed.sampling);  // each step checks its own range
    if (changed.max_tokens < 1) weft::fail(weft::ErrorKind::argument, "max_tokens is ", changed.max_tokens, ": expected 1 or more");
    if (changed.seed < 0) weft::fail(weft::ErrorKind::argument, "seed is ", changed.seed, ": expected 0 or more");
    settings = changed;
    return;
  }
  weft::fail(weft::ErrorKind::argument, "there is no setting '", name, "'; type /set for those there are");
}

}  // namespace example
