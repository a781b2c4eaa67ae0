// Making the components out of the file's values.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/byte_alphabet.hpp"
#include "weft/text/json_tokenizer.hpp"

namespace weft::detail {

inline TokenDecoder decoder_of(const TokenizerJson& file) {
  const JsonValue* const json = file.root.find("decoder");
  return read_token_decoder(json == nullptr || json->is_null() ? nullptr : json, file.where + ": decoder");
}

WEFT_INLINE JsonTokenizer::JsonTokenizer(TokenizerJson file, const TokenizerRoles& roles) : TokenizerFamily(Vocabulary{}), decoder_(decoder_of(file)) {
  JsonReader reader(file.root, file.where);
  if (const std::string version = reader.text("version", "1.0"); version != "1.0") reader.fail_member("version", "'1.0'");
  for (const auto key : {"truncation", "padding", "decoder"}) reader.ignore(key);  // cutting and filling up is the caller's
  model_vocabulary_ = make_model_vocabulary(file.tables, file.where + ": model");
  read_added_tokens(reader);
  place_added_tokens(file.where);
  if (const JsonValue* json = reader.optional("normalizer")) normalizer_ = read_normalizer(*json, file.where + ": normalizer");
  read_model(reader, file);
  if (const JsonValue* json = reader.optional("post_processor"))
    post_ = read_post_processor(*json, file.where + ": post_processor", vocabulary_.tokens.size());
  reader.finish();
  find_texts_of_added_tokens();
  set_roles(roles);
  raw_decoder_ = is_byte_level_decoder(file.root.find("decoder"));
  inside_.reserve(vocabulary_.tokens.size());
  for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
    const std::string& text = decoded_.empty() || decoded_[i].empty() ? vocabulary_.tokens[i] : decoded_[i];
    inside_.push_back(vocabulary_.types[i] == TokenType::unused ? std::string() : decoder_.text_inside(text));
  }
}

WEFT_INLINE void JsonTokenizer::read_added_tokens(JsonReader& reader) {
  if (!reader.optional("added_tokens")) return;
  const auto& items = reader.array("added_tokens");
  for (std::size_t i = 0; i < items.size(); ++i) {
    JsonReader item(items[i], concat(reader.where(), ": added_tokens[", i, "]"));
    AddedToken token;
    token.id = static_cast<Token>(item.integer("id", 0, MergeTable::max_tokens - 1));
    token.content = item.text("content");
    token.special = item.boolean("special", false);
    token.single_word = item.boolean("single_word", false);
    token.lstrip = item.boolean("lstrip", false);
    token.rstrip = item.boolean("rstrip", false);
    token.normalized = item.boolean("normalized", !token.special);
    item.finish();
    if (!token.content.empty()) added_.push_back(std::move(token));
  }
}

// The reference gives an added token the id that its text has in the vocabulary, else the next free one, whatever the file says. A
// file that says otherwise was made by something else, and would read differently there and here.
WEFT_INLINE void JsonTokenizer::place_added_tokens(const std::string& where) {
  auto& tokens = vocabulary_.tokens;
  auto& types = vocabulary_.types;
  tokens = model_vocabulary_.texts;
  types.assign(tokens.size(), TokenType::unused);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (model_vocabulary_.known[i]) types[i] = TokenType::normal;
  auto next = static_cast<Token>(model_vocabulary_.count);
  std::unordered_map<std::string_view, Token> placed;
  for (const auto& token : added_) {
    Token id = model_vocabulary_.find(token.content);
    if (const auto found = placed.find(token.content); found != placed.end()) id = found->second;
    const bool is_new = id < 0;
    if (is_new) id = next++;
    if (id != token.id)
      fail(ErrorKind::format, where, ": added token ", quote(token.content, 60), " has id ", token.id, ", but ",
           is_new ? "the next free id is " : "in the vocabulary it has ", id);
    if (is_new && static_cast<std::size_t>(id) < tokens.size() && types[static_cast<std::size_t>(id)] != TokenType::unused)
      fail(ErrorKind::format, where, ": added token ", quote(token.content, 60), " takes id ", id, " of ", quote(tokens[static_cast<std::size_t>(id)], 60));
    placed[token.content] = id;
    const auto at = static_cast<std::size_t>(id);
    if (tokens.size() <= at) {
      tokens.resize(at + 1);
      types.resize(at + 1, TokenType::unused);
    }
    tokens[at] = token.content;
    types[at] = token.special ? TokenType::control : TokenType::user_defined;
  }
  if (tokens.empty()) fail(ErrorKind::format, where, ": the vocabulary is empty");
  control_.resize(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) control_[i] = types[i] == TokenType::control;
}

WEFT_INLINE void JsonTokenizer::read_model(JsonReader& reader, const TokenizerJson& file) {
  const std::string where = file.where + ": model";
  JsonReader model(reader.required("model"), where);
  // Files before types were written down are told by what they hold.
  const std::string type = model.text("type", file.tables.has_scores ? "Unigram" : file.tables.has_merges ? "BPE" : "WordPiece");
  vocabulary_.model = type;
  if (file.tables.has_scores != (type == "Unigram")) fail(ErrorKind::format, where, ": 'vocab' does not fit a model of type ", quote(type));
  const bool bytes = type == "BPE" && read_byte_level(model, file);
  if (const JsonValue* words = reader.optional("pre_tokenizer")) splitter_ = read_word_splitter(*words, file.where + ": pre_tokenizer", bytes);
  const ModelContext context{model_vocabulary_, control_, where};
  const JsonValue& json = *file.root.find("model");
  const JsonValue* const unknown = json.find(type == "Unigram" ? "unk_id" : "unk_token");
  if (unknown != nullptr && unknown->is(JsonValue::Kind::text) && model_vocabulary_.find(unknown->string) >= 0)
    vocabulary_.unknown = model_vocabulary_.find(unknown->string);
  else if (unknown != nullptr && unknown->is(JsonValue::Kind::integer))
    vocabulary_.unknown = static_cast<Token>(unknown->whole);  // checked by the model
  if (!bytes) {
    if (type == "BPE")
      model_ = read_bpe_model(model, file.tables, context);
    else if (type == "Unigram")
      model_ = read_unigram_model(model, file.tables, context);
    else if (type == "WordPiece")
      model_ = read_wordpiece_model(model, context);
    else if (type == "WordLevel")
      model_ = read_wordlevel_model(model, context);
    else
      fail(ErrorKind::unsupported, where, ": type ", quote(type), " is not known to this build; supported: BPE, Unigram, WordPiece, WordLevel");
  }
  model.finish();
}

// Whether the model is BPE over bytes, all of which are in the vocabulary: then nothing is ever unknown, and Bpe does the same. Where some
// are lacking and just left out, Bpe is made all the same, for ids.
WEFT_INLINE bool JsonTokenizer::read_byte_level(JsonReader& model, const TokenizerJson& file) {
  if (const JsonValue* dropout = model.optional("dropout"); dropout != nullptr && dropout->real != 0)
    fail(ErrorKind::unsupported, model.where(), ": 'dropout' is ", dropout->describe(), ": encoding would be random, which this build does not do");
  const JsonValue* const json = file.root.find("pre_tokenizer");
  if (json == nullptr || json->is_null() || !read_word_splitter(*json, file.where + ": pre_tokenizer", false).spells_bytes) return false;
  const auto empty = [&](std::string_view key) { return model.text(key, "").empty(); };
  if (!empty("continuing_subword_prefix") || !empty("end_of_word_suffix")) return false;
  const bool whole_words = model.boolean("ignore_merges", false);
  std::string lacking;
  for (std::size_t byte = 0; byte < gpt2_char_of.size(); ++byte) {
    std::string spelt;
    append_utf8(spelt, gpt2_char_of[byte]);
    if (model_vocabulary_.find(spelt) < 0) lacking.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
  }
  if (!lacking.empty()) {  // without an unknown token they vanish, and what stood around them merges
    const JsonValue* const unknown = model.optional("unk_token");
    if ((unknown != nullptr && !unknown->is_null()) || model.boolean("byte_fallback", false) || whole_words) return false;
    bytes_splitter_ = read_word_splitter(*json, file.where + ": pre_tokenizer", true);
  }
  lacking_bytes_ = std::move(lacking);
  make_bytes_bpe(whole_words, file);
  if (!lacking_bytes_.empty()) return false;
  for (const auto key : {"unk_token", "fuse_unk", "byte_fallback"}) model.ignore(key);
  return true;
}

WEFT_INLINE void JsonTokenizer::make_bytes_bpe(bool whole_words, const TokenizerJson& file) {
  const std::string where = file.where + ": model";
  const ModelContext context{model_vocabulary_, control_, where};
  auto merges = resolve_merges(file.tables, context, 0);
  Vocabulary words;
  words.tokens = model_vocabulary_.texts;
  bytes_bpe_ = std::make_unique<Bpe>(words, merges, whole_words);
  const auto makes_control = [&](const MergeTable::Merge& merge) { return control_[merge.result]; };
  bool reachable = std::any_of(merges.begin(), merges.end(), makes_control);
  for (std::size_t i = 0; i < words.tokens.size(); ++i) {
    const bool single = bytes_bpe_->tokens().bytes(static_cast<Token>(i)).size() == 1;
    if (control_[i] && (whole_words || single)) reachable = true;
  }
  if (reachable) {  // texts of users need a model that cannot make them
    std::erase_if(merges, makes_control);
    words.types.assign(words.tokens.size(), TokenType::normal);
    for (std::size_t i = 0; i < words.tokens.size(); ++i)
      if (control_[i]) words.types[i] = TokenType::control;
    user_bytes_bpe_ = std::make_unique<Bpe>(words, merges, whole_words);
  }
}

WEFT_INLINE void JsonTokenizer::find_texts_of_added_tokens() {
  std::vector<AddedToken> plain, normalized;
  std::vector<std::string> plain_texts, normalized_texts;
  std::unordered_set<std::string_view> special;
  for (const auto& token : added_)
    if (token.special) special.insert(token.content);
  std::vector<AddedToken> ordered = added_;  // of tokens that come to read alike the first one is found, special ones last
  std::stable_partition(ordered.begin(), ordered.end(), [](const AddedToken& token) { return !token.special; });
  for (const auto& token : ordered) {
    if (!token.normalized) {
      plain.push_back(token);
      plain_texts.push_back(token.content);
      continue;
    }
    AlignedText text = AlignedText::of(token.content, 0, false);
    for (const auto& step : normalizer_) step->apply(text);
    if (text.text != token.content) {
      decoded_.resize(vocabulary_.tokens.size());
      decoded_[static_cast<std::size_t>(token.id)] = text.text;
      // The reference leaves out what reads like a special token, which this one no longer does.
      shown_.resize(vocabulary_.tokens.size());
      shown_[static_cast<std::size_t>(token.id)] = !special.contains(text.text);
    }
    normalized.push_back(token);
    normalized_texts.push_back(std::move(text.text));
  }
  in_text_ = AddedVocabulary(plain, plain_texts);
  in_normalized_ = AddedVocabulary(normalized, normalized_texts);
}

WEFT_INLINE void JsonTokenizer::set_roles(const TokenizerRoles& roles) {
  const auto find = [&](const std::optional<std::string>& text) -> std::optional<Token> {
    if (!text) return std::nullopt;
    for (const auto& token : added_)
      if (token.content == *text) return token.id;
    const Token id = model_vocabulary_.find(*text);
    return id < 0 ? std::nullopt : std::optional(id);
  };
  vocabulary_.bos = find(roles.bos);
  vocabulary_.eos = find(roles.eos);
  if (const auto unknown = find(roles.unknown)) vocabulary_.unknown = unknown;
  vocabulary_.pad = find(roles.pad);
  if (vocabulary_.eos) vocabulary_.end_tokens = {*vocabulary_.eos};
}

}  // namespace weft::detail
