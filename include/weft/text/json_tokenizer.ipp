// Texts through the pipeline, and tokens back through the decoder.
#pragma once

#include <algorithm>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/json_tokenizer.hpp"
#include "weft/text/word_cache.hpp"

namespace weft::detail {

// Tokens that are found as they were written cut the text; what lies between is normalised, and cut at the other ones.
WEFT_INLINE SplitText JsonTokenizer::split(std::string_view text, const WordSplitter& splitter, bool control, bool tracked) const {
  SplitText out;
  out.text.tracked = tracked || splitter.needs_places;
  out.text.most = most_made_of(text.size());
  const auto add_token = [&](const AlignedText& part, std::size_t begin, std::size_t end, Token id) {
    if (begin >= end) return;
    const std::size_t at = out.text.text.size();
    out.text.append(part, begin, end);
    out.parts.push_back({at, out.text.text.size(), id});
  };
  const auto add_text = [&](std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    AlignedText part = AlignedText::of(text.substr(begin, end - begin), begin, out.text.tracked);
    for (const auto& step : normalizer_) step->apply(part);
    std::size_t done = 0;
    for (const auto& found : in_normalized_.find(part.text, control)) {
      add_token(part, done, found.begin, -1);
      add_token(part, found.begin, found.end, found.id);
      done = found.end;
    }
    add_token(part, done, part.text.size(), -1);
  };
  std::size_t done = 0;
  for (const auto& found : in_text_.find(text, control)) {
    add_text(done, found.begin);
    add_token(AlignedText::of(text.substr(found.begin, found.end - found.begin), found.begin, out.text.tracked), 0, found.end - found.begin, found.id);
    done = found.end;
  }
  add_text(done, text.size());
  for (const auto& step : splitter.steps) step->apply(out);
  return out;
}

// begin and end of the tokens count from the front of split.text.
WEFT_INLINE void JsonTokenizer::encode_split(const SplitText& split, bool control, std::vector<WordToken>& out) const {
  const std::string_view text = split.text.text;
  out.reserve(split.parts.size() + text.size() / 8);
  const Bpe* const bpe = model_ ? nullptr : control || !user_bytes_bpe_ ? bytes_bpe_.get() : user_bytes_bpe_.get();
  BpeScratch scratch;
  std::vector<Token> ids;
  std::vector<TextRange> ranges;
  for (const auto& part : split.parts) {
    const std::string_view word = text.substr(part.begin, part.end - part.begin);
    if (part.id >= 0) {
      out.push_back({part.id, part.begin, part.end, true});
    } else if (bpe) {
      ids.clear();
      ranges.clear();
      bpe->encode(word, ids, scratch);
      bpe->append_ranges(word, part.begin, ids, ranges);
      for (std::size_t i = 0; i < ids.size(); ++i) out.push_back({ids[i], ranges[i].begin, ranges[i].end});
    } else {
      const std::size_t first = out.size();
      model_->encode(word, control, out);
      for (std::size_t i = first; i < out.size(); ++i) {
        out[i].begin += static_cast<std::uint32_t>(part.begin);
        out[i].end += static_cast<std::uint32_t>(part.begin);
      }
    }
  }
}

WEFT_INLINE void JsonTokenizer::encode_ids(const SplitText& split, bool control, std::vector<Token>& out) const {
  const Bpe& bpe = control || !user_bytes_bpe_ ? *bytes_bpe_ : *user_bytes_bpe_;
  const std::string_view words = split.text.text;
  BpeScratch scratch;
  WordCache known(words.size());
  std::string kept;  // of a word: what is lacking is left out before anything merges
  out.reserve(out.size() + words.size() / 4 + 4);
  const auto encode_word = [&](std::string_view word) {
    if (lacking_bytes_.empty() || word.find_first_of(lacking_bytes_) == std::string_view::npos) return bpe.encode(word, out, scratch);
    kept = word;
    std::erase_if(kept, [&](char c) { return lacking_bytes_.find(c) != std::string::npos; });
    bpe.encode(kept, out, scratch);
  };
  for (const auto& part : split.parts) {
    const std::string_view word = words.substr(part.begin, part.end - part.begin);
    if (part.id >= 0)
      out.push_back(part.id);
    else
      known.append(words.data(), word, out, [&] { encode_word(word); });
  }
}

WEFT_INLINE void JsonTokenizer::encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  if (bytes_bpe_ && !ranges) return encode_ids(split(text, model_ ? bytes_splitter_ : splitter_, control, false), control, out);
  const SplitText parts = split(text, splitter_, control, ranges != nullptr);
  std::vector<WordToken> tokens;
  encode_split(parts, control, tokens);
  out.reserve(out.size() + tokens.size());
  for (const auto& token : tokens) {
    out.push_back(token.id);
    if (ranges) ranges->push_back(parts.text.original(token.begin, token.end));
  }
}

WEFT_INLINE Encoding JsonTokenizer::encode_part(std::string_view text, const EncodeOptions& options) const {
  const SplitText parts = split(text, splitter_, options.control, true);
  std::vector<WordToken> tokens;
  encode_split(parts, options.control, tokens);
  Encoding out;
  for (const auto& token : tokens) {
    out.ids.push_back(token.id);
    out.tokens.push_back(token.surface ? parts.text.text.substr(token.begin, token.end - token.begin) : vocabulary_.tokens[static_cast<std::size_t>(token.id)]);
    out.offsets.push_back(parts.text.original(token.begin, token.end));
  }
  if (options.unit == OffsetUnit::characters) to_characters(text, out.offsets);
  out.types.assign(out.ids.size(), 0);
  out.added.assign(out.ids.size(), false);
  return out;
}

WEFT_INLINE Encoding JsonTokenizer::encoding(std::string_view text, const std::string_view* pair, const EncodeOptions& options) const {
  std::vector<Encoding> parts;
  parts.push_back(encode_part(text, options));
  if (pair != nullptr) parts.push_back(encode_part(*pair, options));
  return post_process(post_, std::move(parts), options.add_special);
}

WEFT_INLINE void JsonTokenizer::encode_prompt(std::string_view text, bool control, std::vector<Token>& out) const {
  std::vector<Encoding> parts(1);
  encode(text, control, parts[0].ids, nullptr);
  const std::size_t count = parts[0].ids.size();
  parts[0].tokens.resize(count);
  parts[0].offsets.resize(count);
  parts[0].types.resize(count);
  parts[0].added.resize(count);
  const Encoding encoding = post_process(post_, std::move(parts), true);
  out.insert(out.end(), encoding.ids.begin(), encoding.ids.end());
}

WEFT_INLINE std::string_view JsonTokenizer::bytes(Token id) const { return inside_[static_cast<std::size_t>(id)]; }

WEFT_INLINE void JsonTokenizer::decode(Token id, DecodeState& state, InvalidUtf8 invalid, std::string& out) const {
  const auto i = static_cast<std::size_t>(id);
  if (raw_decoder_) {
    out.append(inside_[i]);
    return;
  }
  if (vocabulary_.types[i] == TokenType::unused) return;  // a hole: there is no such token
  const std::string& text = decoded_.empty() || decoded_[i].empty() ? vocabulary_.tokens[i] : decoded_[i];
  decoder_.push(text, invalid == InvalidUtf8::keep, state, out);
}

WEFT_INLINE void JsonTokenizer::finish(DecodeState& state, InvalidUtf8 invalid, std::string& out) const {
  if (!raw_decoder_) decoder_.finish(invalid == InvalidUtf8::keep, state, out);
}

}  // namespace weft::detail
