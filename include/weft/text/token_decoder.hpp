// The component `decoder` of a tokenizer.json: how tokens become text, one after the other as they come. Not API.
// Source: Hugging Face's tokenizers, whose decoders work on all tokens at once; here each is a machine with a little memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/io/json_value.hpp"
#include "weft/text/tokenizer_family.hpp"

namespace weft::detail {

class TokenDecoder;

/// Where a decoder's text goes: to the decoder after it, or out.
struct DecoderSink {
  const TokenDecoder& decoder;
  std::size_t step;  ///< that receives
  bool keep;
  DecodeState& state;
  std::string& out;

  /// ends: a token ends with the text.
  void operator()(std::string_view text, bool ends) const;
};

class DecoderStep {
 public:
  using Sink = DecoderSink;
  using State = DecodeState::Step;

  virtual ~DecoderStep() = default;
  /// A token or a part of one. keep: bytes that make no character are wanted as they are.
  virtual void push(std::string_view text, bool ends, bool keep, State& state, const Sink& next) const = 0;
  /// No token follows.
  virtual void finish(bool, State&, const Sink&) const {}
  /// The state in the middle of a text, for a token's own text.
  virtual void enter(State& state) const { state.count = 1; }
};

/// Made by new, not make_unique: that would compile a unique_ptr for every kind of step.
using OwnedDecoder = std::unique_ptr<const DecoderStep>;

class TokenDecoder {
 public:
  explicit TokenDecoder(std::vector<OwnedDecoder> steps) : steps_(std::move(steps)) {}

  void push(std::string_view token, bool keep, DecodeState& state, std::string& out) const;
  void finish(bool keep, DecodeState& state, std::string& out) const;
  /// What a token says in the middle of a text.
  [[nodiscard]] std::string text_inside(std::string_view token) const;

 private:
  friend struct DecoderSink;
  std::vector<OwnedDecoder> steps_;
};

/// json: null for a file without a decoder, where tokens are joined by blanks. Throws as read_normalizer.
TokenDecoder read_token_decoder(const JsonValue* json, const std::string& where);

/// Whether a file's decoder is ByteLevel and nothing else: then bytes go out as they are.
bool is_byte_level_decoder(const JsonValue* json);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/token_decoder.ipp"
#endif
