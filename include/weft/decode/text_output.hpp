// From tokens to text that may be shown: the streaming detokeniser, followed by the stop strings.
#pragma once

#include <limits>
#include <memory>
#include <optional>

#include "weft/core/error.hpp"
#include "weft/decode/concept.hpp"
#include "weft/decode/text_stop.hpp"
#include "weft/text/stream_decoder.hpp"

namespace weft::detail {

/// The detokeniser of a tokenizer: the library's own, or the tokenizer's nested StreamDecoder.
template <class Tokenizer>
struct DecoderOf {
  using type = StreamDecoder;
};
template <class Tokenizer>
  requires requires { typename Tokenizer::StreamDecoder; }
struct DecoderOf<Tokenizer> {
  using type = typename Tokenizer::StreamDecoder;
};

/// A value: branches of a search copy it. Without a tokenizer there is no text, and stop strings are refused.
template <class Tokenizer>
class TextOutput {
 public:
  template <class Model>
  TextOutput(const Model& model, std::span<const std::string> stop, std::size_t max_tokens)
      : stop_(std::make_shared<const Stops>(stop)), text_(model.has_tokenizer() ? max_tokens * bytes_per_token + 64 : 0) {
    if (model.has_tokenizer()) {
      decoder_.emplace(model.tokenizer());
      if constexpr (requires { model.tokenizer().size(); }) named_ = model.tokenizer().size();
    } else if (!stop.empty()) {
      fail(ErrorKind::unsupported, "stop strings need text, and this model has no tokenizer: use stop_tokens");
    }
  }

  /// Adds a token; true when a stop string is complete.
  bool push(Token token) {
    // A vocabulary may be padded with ids that the tokenizer does not know: they are tokens, and have no text.
    return decoder_ && static_cast<std::size_t>(token) < named_ && add(decoder_->push(token));
  }
  /// Adds what the detokeniser still had; true when that completed a stop string.
  bool finish() {
    done_ = true;
    return decoder_ && text_.found() < 0 && add(decoder_->finish());
  }
  [[nodiscard]] std::string_view take() { return text_.take(stop_->automaton, done_); }
  [[nodiscard]] const std::string& text() const noexcept { return text_.text(); }
  [[nodiscard]] const std::string& stop_string() const { return stop_->strings[static_cast<std::size_t>(text_.found())]; }

 private:
  // English takes 4 to 5 bytes a token; with this much more, texts of known length never grow while they are written
  static constexpr std::size_t bytes_per_token = 12;

  struct Stops {
    explicit Stops(std::span<const std::string> s) : strings(s.begin(), s.end()), automaton(s) {}
    std::vector<std::string> strings;
    StopStrings automaton;
  };

  bool add(std::string_view more) {
    if (!text_.push(stop_->automaton, more)) return false;
    text_.cut(stop_string().size());
    done_ = true;
    return true;
  }

  std::shared_ptr<const Stops> stop_;
  std::optional<typename DecoderOf<Tokenizer>::type> decoder_;
  std::size_t named_ = std::numeric_limits<std::size_t>::max();
  StopText text_;
  bool done_ = false;
};

}  // namespace weft::detail
