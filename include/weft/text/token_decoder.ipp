// One small class for each type of decoder.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/aligned_text.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/normalizer.hpp"
#include "weft/text/text_pattern.hpp"
#include "weft/text/token_decoder.hpp"

namespace weft::detail {

inline std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  if (from.empty()) return std::string(text);
  for (std::size_t at; (at = text.find(from)) != std::string_view::npos; text.remove_prefix(at + from.size())) out.append(text.substr(0, at)).append(to);
  return out.append(text);
}

/// A decoder that needs whole tokens.
class WholeTokenStep : public DecoderStep {
 public:
  void push(std::string_view text, bool ends, bool keep, State& state, const Sink& next) const final {
    if (ends && state.held.empty()) return token(text, keep, state, next);
    state.held.append(text);
    if (!ends) return;
    const std::string whole = std::exchange(state.held, {});
    token(whole, keep, state, next);
  }

 protected:
  virtual void token(std::string_view text, bool keep, State& state, const Sink& next) const = 0;
};

/// All tokens are one text for the decoders behind, who see it as valid UTF-8.
class ByteLevelDecoder final : public WholeTokenStep {
 public:
  explicit ByteLevelDecoder(bool last) : last_(last) {}
  void finish(bool, State& state, const Sink& next) const override {
    std::string text;
    append_valid_utf8(text, std::exchange(state.previous, {}));
    next(text, true);
  }

 protected:
  void token(std::string_view text, bool keep, State& state, const Sink& next) const override {
    std::string bytes;
    const std::string_view part = append_gpt2_bytes(bytes, text) ? std::string_view(bytes) : text;
    if (last_ || keep) return next(part, false);
    state.previous.append(part);
    std::string whole;
    state.previous.erase(0, append_valid_utf8(whole, state.previous, true));
    if (!whole.empty()) next(whole, false);
  }

 private:
  bool last_;
};

class FuseDecoder final : public DecoderStep {
 public:
  void push(std::string_view text, bool, bool, State&, const Sink& next) const override { next(text, false); }
  void finish(bool, State&, const Sink& next) const override { next({}, true); }
};

/// Tokens <0xNN> side by side are one text if they are UTF-8, else U+FFFD each: only what follows them tells.
class ByteFallbackDecoder final : public DecoderStep {
 public:
  void push(std::string_view text, bool ends, bool keep, State& state, const Sink& next) const override {
    if (!ends || !state.previous.empty()) {  // a part of a token is put together first
      state.previous.append(text);
      if (!ends) return;
      const std::string whole = std::exchange(state.previous, {});
      return token(whole, keep, state, next);
    }
    token(text, keep, state, next);
  }
  void finish(bool keep, State& state, const Sink& next) const override { flush(keep, state, next); }

 private:
  static void token(std::string_view text, bool keep, State& state, const Sink& next) {
    if (const int byte = byte_of_hex_token(text); byte >= 0) {
      state.held.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
      return;
    }
    flush(keep, state, next);
    next(text, true);
  }
  static void flush(bool keep, State& state, const Sink& next) {
    if (state.held.empty()) return;
    const std::string bytes = std::exchange(state.held, {});
    if (keep || is_utf8(bytes)) return next(bytes, true);
    for (std::size_t i = 0; i < bytes.size(); ++i) next("\uFFFD", true);
  }
};

class MetaspaceDecoder final : public WholeTokenStep {
 public:
  MetaspaceDecoder(std::string mark, bool prepended) : mark_(std::move(mark)), prepended_(prepended) {}

 protected:
  void token(std::string_view text, bool, State& state, const Sink& next) const override {
    next(replace_all(text, mark_, state.count++ == 0 && prepended_ ? "" : " "), true);
  }

 private:
  std::string mark_;
  bool prepended_;
};

/// The marks that English sets close to the word before.
inline std::string clean_up(std::string text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> rules{{{" .", "."},
                                                                                       {" ?", "?"},
                                                                                       {" !", "!"},
                                                                                       {" ,", ","},
                                                                                       {" ' ", "'"},
                                                                                       {" n't", "n't"},
                                                                                       {" 'm", "'m"},
                                                                                       {" do not", " don't"},
                                                                                       {" 's", "'s"},
                                                                                       {" 've", "'ve"},
                                                                                       {" 're", "'re"}}};
  for (const auto& [from, to] : rules)
    if (text.find(from) != std::string::npos) text = replace_all(text, from, to);
  return text;
}

class WordPieceDecoder final : public WholeTokenStep {
 public:
  WordPieceDecoder(std::string prefix, bool clean) : prefix_(std::move(prefix)), clean_(clean) {}

 protected:
  void token(std::string_view text, bool, State& state, const Sink& next) const override {
    std::string out(text);
    if (state.count++ != 0) {
      if (text.starts_with(prefix_))
        out.erase(0, prefix_.size());
      else
        out.insert(0, 1, ' ');
    }
    next(clean_ ? clean_up(std::move(out)) : out, true);
  }

 private:
  std::string prefix_;
  bool clean_;
};

/// A suffix is a blank, but not after the last token: each waits for the next.
class BpeDecoder final : public WholeTokenStep {
 public:
  explicit BpeDecoder(std::string suffix) : suffix_(std::move(suffix)) {}
  void finish(bool, State& state, const Sink& next) const override {
    if (state.count > 0) next(replace_all(state.previous, suffix_, ""), true);
  }
  void enter(State& state) const override { state.count = 0; }

 protected:
  void token(std::string_view text, bool, State& state, const Sink& next) const override {
    if (state.count++ > 0) next(replace_all(state.previous, suffix_, " "), true);
    state.previous = text;
  }

 private:
  std::string suffix_;
};

class CtcDecoder final : public WholeTokenStep {
 public:
  CtcDecoder(std::string pad, std::string delimiter, bool clean) : pad_(std::move(pad)), delimiter_(std::move(delimiter)), clean_(clean) {}
  void enter(State&) const override {}

 protected:
  void token(std::string_view text, bool, State& state, const Sink& next) const override {
    if (state.count++ > 0 && state.previous == text) return;
    state.previous = text;
    std::string out = replace_all(text, pad_, "");
    if (clean_) out = replace_all(clean_up(std::move(out)), delimiter_, " ");
    if (!out.empty()) next(out, true);
  }

 private:
  std::string pad_, delimiter_;
  bool clean_;
};

/// Takes up to `start` of a character from the front of each token, up to `stop` from its end.
class StripDecoder final : public DecoderStep {
 public:
  StripDecoder(std::string content, std::size_t start, std::size_t stop) : content_(std::move(content)), start_(start), stop_(stop) {}

  void push(std::string_view text, bool ends, bool, State& state, const Sink& next) const override {
    std::string all = std::exchange(state.held, {}).append(text);
    std::string_view rest = all;
    // count: how many went from the front so far; start_ once another character was met.
    while (state.count < start_ && !rest.empty()) {
      if (!rest.starts_with(content_)) {
        state.count = start_;
      } else {
        ++state.count;
        rest.remove_prefix(content_.size());
      }
    }
    std::size_t back = 0;
    std::string_view kept = rest;
    for (; back < stop_ && kept.ends_with(content_); ++back) kept.remove_suffix(content_.size());
    next(kept, ends);
    if (ends)
      state.count = 0;
    else
      state.held = rest.substr(kept.size());
  }
  void enter(State& state) const override { state.count = start_; }

 private:
  std::string content_;
  std::size_t start_, stop_;
};

class ReplaceDecoder final : public DecoderStep {
 public:
  ReplaceDecoder(TextPattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void push(std::string_view text, bool ends, bool, State& state, const Sink& next) const override {
    if (state.held.empty() && ends) return next(replaced(text), true);
    std::string all = std::exchange(state.held, {}).append(text);
    // A match may go on in what is to come: for a text that is a proper beginning of it, for an expression anything.
    std::size_t wait = ends ? 0 : all.size();
    if (!ends && pattern_.is_text()) {
      std::size_t free = 0;  // where no match ends behind
      pattern_.each_match(all, [&](std::size_t, std::size_t end) { free = end; });
      wait = std::min(pattern_.text().size() - 1, all.size() - free);
      while (wait > 0 && !std::string_view(pattern_.text()).starts_with(std::string_view(all).substr(all.size() - wait))) --wait;
    }
    state.held = all.substr(all.size() - wait);
    all.resize(all.size() - wait);
    next(replaced(all), ends);
  }
  void enter(State&) const override {}

 private:
  [[nodiscard]] std::string replaced(std::string_view text) const {
    std::string out;
    std::size_t done = 0;
    const auto most = most_made_of(text.size());
    if (!text.empty()) pattern_.each_match(text, [&](std::size_t begin, std::size_t end) {
      check_growth(out.size() + content_.size(), most);
      out.append(text.substr(done, begin - done)).append(content_);
      done = end;
    });
    return out.append(text.substr(done));
  }

  TextPattern pattern_;
  std::string content_;
};

/// For files without a decoder.
class BlankJoiner final : public WholeTokenStep {
 protected:
  void token(std::string_view text, bool, State& state, const Sink& next) const override {
    if (state.count++ > 0) next(" ", true);
    next(text, true);
  }
};

class TokenDecoderReader {
 public:
  std::vector<OwnedDecoder> steps{};

  // last: nothing comes after this component.
  void read(const JsonValue& json, const std::string& where, bool last) {
    JsonReader reader(json, where);
    const std::string type = reader.text("type");
    if (type == "Sequence") {
      const auto& items = reader.array("decoders");
      for (std::size_t i = 0; i < items.size(); ++i) read(items[i], concat(where, ": decoders[", i, "]"), last && i + 1 == items.size());
    } else {
      if (steps.size() >= max_components) fail(ErrorKind::unsupported, where, ": more than ", max_components, " decoders");
      steps.push_back(make(type, reader, last));
    }
    reader.finish();
  }

 private:
  static std::string one_character(JsonReader& reader, std::string_view key) {
    std::string text = reader.text(key);
    if (text.empty() || read_unit(text, 0).length != text.size()) reader.fail_member(key, "one character");
    return text;
  }

  static OwnedDecoder make(const std::string& type, JsonReader& reader, bool last) {
    if (type == "ByteLevel") {
      for (const auto key : {"add_prefix_space", "trim_offsets", "use_regex"}) reader.ignore(key);
      return OwnedDecoder(new ByteLevelDecoder(last));
    }
    if (type == "Fuse") return OwnedDecoder(new FuseDecoder());
    if (type == "ByteFallback") return OwnedDecoder(new ByteFallbackDecoder());
    if (type == "Metaspace") {
      auto mark = one_character(reader, "replacement");
      const std::string scheme = reader.text("prepend_scheme", "always");
      const bool prefix = reader.boolean("add_prefix_space", true);
      for (const auto key : {"split", "str_rep"}) reader.ignore(key);
      return OwnedDecoder(new MetaspaceDecoder(std::move(mark), prefix && scheme != "never"));
    }
    if (type == "WordPiece") {
      auto prefix = reader.text("prefix");
      return OwnedDecoder(new WordPieceDecoder(std::move(prefix), reader.boolean("cleanup")));
    }
    if (type == "BPEDecoder") return OwnedDecoder(new BpeDecoder(reader.text("suffix")));
    if (type == "CTC") {
      auto pad = reader.text("pad_token"), delimiter = reader.text("word_delimiter_token");
      return OwnedDecoder(new CtcDecoder(std::move(pad), std::move(delimiter), reader.boolean("cleanup")));
    }
    if (type == "Strip") {
      auto content = one_character(reader, "content");
      const auto start = static_cast<std::size_t>(reader.integer("start", 0, 1 << 20));
      return OwnedDecoder(new StripDecoder(std::move(content), start, static_cast<std::size_t>(reader.integer("stop", 0, 1 << 20))));
    }
    if (type == "Replace") {
      auto pattern = TextPattern::read(reader, "pattern");
      return OwnedDecoder(new ReplaceDecoder(std::move(pattern), reader.text("content")));
    }
    fail(ErrorKind::unsupported, reader.where(), ": decoder ", quote(type), " is not known to this build");
  }
};

WEFT_INLINE void DecoderSink::operator()(std::string_view text, bool ends) const {
  check_growth(text.size(), state.credit);
  if (step == decoder.steps_.size()) {
    state.credit -= text.size();
    out.append(text);
  } else {
    decoder.steps_[step]->push(text, ends, keep, state.steps[step], DecoderSink{decoder, step + 1, keep, state, out});
  }
}

WEFT_INLINE void TokenDecoder::push(std::string_view token, bool keep, DecodeState& state, std::string& out) const {
  state.steps.resize(steps_.size());
  state.credit += most_made_of(token.size());
  DecoderSink{*this, 0, keep, state, out}(token, true);
}

WEFT_INLINE void TokenDecoder::finish(bool keep, DecodeState& state, std::string& out) const {
  state.steps.resize(steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i)
    steps_[i]->finish(keep, state.steps[i], DecoderSink{*this, i + 1, keep, state, out});
  state = {};
}

WEFT_INLINE std::string TokenDecoder::text_inside(std::string_view token) const {
  DecodeState state;
  state.steps.resize(steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i) steps_[i]->enter(state.steps[i]);
  std::string out;
  push(token, true, state, out);
  finish(true, state, out);
  return out;
}

WEFT_INLINE TokenDecoder read_token_decoder(const JsonValue* json, const std::string& where) {
  TokenDecoderReader reader;
  if (json == nullptr)
    reader.steps.push_back(OwnedDecoder(new BlankJoiner()));
  else
    reader.read(*json, where, true);
  return TokenDecoder(std::move(reader.steps));
}

WEFT_INLINE bool is_byte_level_decoder(const JsonValue* json) {
  const JsonValue* const type = json == nullptr ? nullptr : json->find("type");
  return type != nullptr && type->string == "ByteLevel";
}

}  // namespace weft::detail
