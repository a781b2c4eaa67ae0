#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/utf8.hpp"
#include "weft/io/protobuf.hpp"
#include "weft/text/sentencepiece_model.hpp"
#include "weft/text/tokenizer_roles.hpp"

namespace weft {
namespace detail {

class SentencePieceReader {
 public:
  SentencePieceReader(std::string_view bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  Vocabulary read() {
    ProtobufReader model(bytes_, where_);
    for (ProtobufReader::Field field; model.next(field);) {
      if (field.number == 1) read_piece(text_of(field, "piece"));
      if (field.number == 2) read_trainer(text_of(field, "trainer_spec"));
      if (field.number == 3) read_normalizer(text_of(field, "normalizer_spec"));
      if (field.number == 5) refuse_denormalizer(text_of(field, "denormalizer_spec"));
    }
    if (out_.tokens.empty()) fail(ErrorKind::format, where_, ": it holds no pieces; expected a model of SentencePiece");
    if (kind_ != 1 && kind_ != 2) fail(ErrorKind::unsupported, where_, ": trainer_spec.model_type is ", kind_, "; supported: 1 (Unigram), 2 (BPE)");
    out_.model = kind_ == 2 ? "llama" : "t5";
    out_.sentencepiece = true;
    take_id(out_.unknown, unknown_, TokenType::unknown);
    take_id(out_.bos, bos_, TokenType::control);
    take_id(out_.eos, eos_, TokenType::control);
    take_id(out_.pad, pad_, TokenType::control);
    if (out_.eos) out_.end_tokens = {*out_.eos};
    return std::move(out_);
  }

 private:
  using Field = ProtobufReader::Field;

  std::string_view text_of(const Field& field, std::string_view name) const {
    if (field.kind != ProtobufReader::Kind::bytes) fail(ErrorKind::format, where_, ": the field ", name, " is a number; expected a model of SentencePiece");
    return field.bytes;
  }
  std::uint64_t number_of(const Field& field, std::string_view name) const {
    if (field.kind != ProtobufReader::Kind::number) fail(ErrorKind::format, where_, ": the field ", name, " is no number; expected a model of SentencePiece");
    return field.value;
  }

  void read_piece(std::string_view message) {
    const std::string name = concat("pieces[", out_.tokens.size(), "]");
    std::string text;
    float score = 0;
    std::uint64_t type = 1;
    ProtobufReader reader(message, where_ + ": " + name);
    for (Field field; reader.next(field);) {
      if (field.number == 1) text = text_of(field, name + ".piece");
      if (field.number == 2 && field.kind == ProtobufReader::Kind::fixed32) score = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
      if (field.number == 3) type = number_of(field, name + ".type");
    }
    if (type < 1 || type > 6) fail(ErrorKind::format, where_, ": ", name, ".type is ", type, ", expected 1 to 6");
    if (!std::isfinite(score)) fail(ErrorKind::format, where_, ": ", name, ".score is not finite");
    out_.tokens.push_back(std::move(text));
    out_.scores.push_back(score);
    out_.types.push_back(static_cast<TokenType>(type));
  }

  void read_trainer(std::string_view message) {
    ProtobufReader reader(message, where_ + ": trainer_spec");
    for (Field field; reader.next(field);) {
      if (field.number == 3) kind_ = number_of(field, "model_type");
      if (field.number == 24 && number_of(field, "treat_whitespace_as_suffix") != 0)
        fail(ErrorKind::unsupported, where_, ": trainer_spec.treat_whitespace_as_suffix is set, which this build cannot do");
      if (field.number == 40) unknown_ = id_of(field, "unk_id");
      if (field.number == 41) bos_ = id_of(field, "bos_id");
      if (field.number == 42) eos_ = id_of(field, "eos_id");
      if (field.number == 43) pad_ = id_of(field, "pad_id");
    }
  }
  std::int64_t id_of(const Field& field, std::string_view name) const { return static_cast<std::int64_t>(number_of(field, name)); }

  void read_normalizer(std::string_view message) {
    out_.add_space_prefix = out_.remove_extra_spaces = true;
    ProtobufReader reader(message, where_ + ": normalizer_spec");
    for (Field field; reader.next(field);) {
      if (field.number == 2) out_.charsmap = text_of(field, "precompiled_charsmap");
      if (field.number == 3) out_.add_space_prefix = number_of(field, "add_dummy_prefix") != 0;
      if (field.number == 4) out_.remove_extra_spaces = number_of(field, "remove_extra_whitespaces") != 0;
      if (field.number == 5 && number_of(field, "escape_whitespaces") == 0)
        fail(ErrorKind::unsupported, where_, ": normalizer_spec.escape_whitespaces is not set, which this build cannot do");
    }
  }

  void refuse_denormalizer(std::string_view message) const {
    ProtobufReader reader(message, where_ + ": denormalizer_spec");
    for (Field field; reader.next(field);)
      if (field.number == 2 && !text_of(field, "precompiled_charsmap").empty())
        fail(ErrorKind::unsupported, where_, ": denormalizer_spec has a map of characters, which this build cannot apply");
  }

  // An id counts where the vocabulary has a piece of that kind there: files leave defaults for pieces that do not exist.
  void take_id(std::optional<Token>& role, std::int64_t id, TokenType type) const {
    if (id < 0 || id >= static_cast<std::int64_t>(out_.tokens.size())) return;
    if (out_.types[static_cast<std::size_t>(id)] == type) role = static_cast<Token>(id);
  }

  std::string_view bytes_;
  std::string where_;
  Vocabulary out_{};
  std::uint64_t kind_ = 1;
  std::int64_t unknown_ = 0, bos_ = 1, eos_ = 2, pad_ = -1;
};

}  // namespace detail

WEFT_INLINE Vocabulary parse_sentencepiece_model(std::string_view bytes, const std::string& where) { return detail::SentencePieceReader(bytes, where).read(); }

WEFT_INLINE Tokenizer read_sentencepiece_model(const std::string& path) {
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  const auto bytes = file->bytes();
  Vocabulary vocabulary = parse_sentencepiece_model({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
  const auto roles = detail::read_tokenizer_roles(path.substr(0, path.rfind('/') + 1));
  detail::take_roles(vocabulary, roles, path);
  const bool bpe = vocabulary.model == "llama";
  vocabulary.add_bos = roles.add_bos.value_or(bpe) && vocabulary.bos;
  vocabulary.add_eos = roles.add_eos.value_or(!bpe) && vocabulary.eos;
  return Tokenizer(std::move(vocabulary));
}

}  // namespace weft
