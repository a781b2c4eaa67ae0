// A Hugging Face tokenizer.json, interpreted: normaliser, pre-tokeniser, model, post-processor, decoder. Not API: use
// text/tokenizer_json.hpp.
// Source: Hugging Face's tokenizers, version 0.23.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/io/json_value.hpp"
#include "weft/text/added_vocabulary.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/normalizer.hpp"
#include "weft/text/post_processor.hpp"
#include "weft/text/subword_model.hpp"
#include "weft/text/token_decoder.hpp"
#include "weft/text/tokenizer_family.hpp"
#include "weft/text/tokenizer_roles.hpp"
#include "weft/text/word_splitter.hpp"

namespace weft::detail {

/// What reading a tokenizer.json gives, before its components are made.
struct TokenizerJson {
  std::string where{};  ///< the file, for messages
  JsonValue root{};     ///< but for the model's tables
  ModelTables tables{};
};

class JsonTokenizer final : public TokenizerFamily {
 public:
  JsonTokenizer(TokenizerJson file, const TokenizerRoles& roles);

  void encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const override;
  void encode_prompt(std::string_view text, bool control, std::vector<Token>& out) const override;
  Encoding encoding(std::string_view text, const std::string_view* pair, const EncodeOptions& options) const override;
  [[nodiscard]] std::string_view bytes(Token id) const override;
  void decode(Token id, DecodeState& state, InvalidUtf8 invalid, std::string& out) const override;
  void finish(DecodeState& state, InvalidUtf8 invalid, std::string& out) const override;

 private:
  // Reading, in json_tokenizer_reader.ipp.
  void read_added_tokens(JsonReader& reader);
  void place_added_tokens(const std::string& where);
  void read_model(JsonReader& reader, const TokenizerJson& file);
  bool read_byte_level(JsonReader& model, const TokenizerJson& file);
  void make_bytes_bpe(bool whole_words, const TokenizerJson& file);
  void find_texts_of_added_tokens();
  void set_roles(const TokenizerRoles& roles);

  [[nodiscard]] SplitText split(std::string_view text, const WordSplitter& splitter, bool control, bool tracked) const;
  void encode_ids(const SplitText& split, bool control, std::vector<Token>& out) const;
  void encode_split(const SplitText& split, bool control, std::vector<WordToken>& out) const;
  [[nodiscard]] Encoding encode_part(std::string_view text, const EncodeOptions& options) const;

  ModelVocabulary model_vocabulary_{};
  std::vector<bool> control_{};  // [vocab]
  std::vector<AddedToken> added_{};
  AddedVocabulary in_text_{}, in_normalized_{};
  Normalizer normalizer_{};
  // Byte-level BPE reads words as they are, and is the fast way: there is no model_ then. Where the vocabulary lacks bytes the model is
  // there as well, for places (the reference counts them without what is lacking), and only ids come the fast way.
  WordSplitter splitter_{}, bytes_splitter_{};
  std::unique_ptr<const Bpe> bytes_bpe_{}, user_bytes_bpe_{};
  std::unique_ptr<const SubwordModel> model_{};
  std::string lacking_bytes_{};
  PostProcessor post_{};
  TokenDecoder decoder_;
  bool raw_decoder_ = false;
  std::vector<std::string> decoded_{};  // [vocab]: text handed to the decoder, if it differs from the vocabulary's
  std::vector<std::string> inside_{};   // [vocab]: bytes(id)
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/json_tokenizer.ipp"
#include "weft/text/json_tokenizer_reader.ipp"
#endif
