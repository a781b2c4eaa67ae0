#pragma once

#include <algorithm>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/normalizer.hpp"
#include "weft/text/post_processor.hpp"

namespace weft::detail {

inline void add_token(Encoding& out, Token id, const std::string& text, std::uint32_t type) {
  out.ids.push_back(id);
  out.tokens.push_back(text);
  out.offsets.push_back({});
  out.types.push_back(type);
  out.added.push_back(true);
}

inline void append_encoding(Encoding& out, Encoding part) {
  out.ids.insert(out.ids.end(), part.ids.begin(), part.ids.end());
  std::move(part.tokens.begin(), part.tokens.end(), std::back_inserter(out.tokens));
  out.offsets.insert(out.offsets.end(), part.offsets.begin(), part.offsets.end());
  out.types.insert(out.types.end(), part.types.begin(), part.types.end());
  out.added.insert(out.added.end(), part.added.begin(), part.added.end());
}

/// Takes white space at the ends of tokens out of their places. The one space that ByteLevel put before the text is not there.
class TrimStep final : public PostStep {
 public:
  explicit TrimStep(bool prefix_space) : prefix_space_(prefix_space) {}

  void apply(std::vector<Encoding>& parts, bool) const override {
    for (auto& part : parts)
      for (std::size_t i = 0; i < part.offsets.size(); ++i) trim(part.tokens[i], part.offsets[i], i == 0);
  }

 private:
  void trim(std::string_view token, TextRange& range, bool first) const {
    constexpr char32_t spelt_space = 0x120;
    std::size_t leading = 0, trailing = 0;
    for (std::size_t at = 0, count = 0; at < token.size();) {
      const auto unit = read_unit(token, at);
      at += unit.length;
      ++count;
      const bool blank = unit.code == spelt_space || is_white_space(unit.code);
      if (blank && leading + 1 == count) leading = count;
      trailing = blank ? trailing + 1 : 0;
    }
    if (leading == 1 && prefix_space_ && (first || range.begin == 0)) leading = 0;
    range.begin = std::min(range.begin + leading, std::max(range.begin, range.end));
    if (trailing > 0 && range.end >= trailing) range.end = std::max(range.end - trailing, range.begin);
  }

  bool prefix_space_;
};

/// [CLS] A [SEP] and B [SEP] (BERT), or <s> A </s> and </s> B </s> (RoBERTa, where all is of one type).
class AroundStep final : public PostStep {
 public:
  struct Special {
    std::string text;
    Token id;
  };

  AroundStep(Special cls, Special sep, bool roberta) : cls_(std::move(cls)), sep_(std::move(sep)), roberta_(roberta) {}

  void apply(std::vector<Encoding>& parts, bool add_special) const override {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      auto& part = parts[i];
      const std::uint32_t type = roberta_ || i == 0 ? 0 : 1;
      if (roberta_) std::fill(part.types.begin(), part.types.end(), 0);
      if (!add_special) continue;
      std::fill(part.added.begin(), part.added.end(), false);  // what an earlier processor added counts as text
      Encoding out;
      if (i == 0)
        add_token(out, cls_.id, cls_.text, type);
      else if (roberta_)
        add_token(out, sep_.id, sep_.text, type);
      append_encoding(out, std::move(part));
      add_token(out, sep_.id, sep_.text, type);
      part = std::move(out);
    }
  }

 private:
  Special cls_, sep_;
  bool roberta_;
};

class TemplateStep final : public PostStep {
 public:
  struct Piece {
    int text = -1;  ///< 0 or 1; -1: the special tokens
    std::uint32_t type = 0;
    std::vector<std::pair<Token, std::string>> special{};
  };

  TemplateStep(std::vector<Piece> single, std::vector<Piece> pair) : single_(std::move(single)), pair_(std::move(pair)) {}

  void apply(std::vector<Encoding>& parts, bool add_special) const override {
    std::vector<Encoding> out;
    for (const auto& piece : parts.size() > 1 ? pair_ : single_) {
      Encoding part;
      if (piece.text >= 0) {
        if (static_cast<std::size_t>(piece.text) >= parts.size()) continue;  // the step before left nothing
        part = parts[static_cast<std::size_t>(piece.text)];
        std::fill(part.types.begin(), part.types.end(), piece.type);
      } else if (add_special) {
        for (const auto& [id, text] : piece.special) add_token(part, id, text, piece.type);
      }
      out.push_back(std::move(part));
    }
    parts = std::move(out);
  }

 private:
  std::vector<Piece> single_, pair_;
};

class PostProcessorReader {
 public:
  explicit PostProcessorReader(std::size_t size) : size_(static_cast<std::int64_t>(size)) {}
  PostProcessor steps{};

  void read(const JsonValue& json, const std::string& where) {
    JsonReader reader(json, where);
    const std::string type = reader.text("type");
    if (steps.size() >= max_components) fail(ErrorKind::unsupported, where, ": more than ", max_components, " processors");
    if (type == "Sequence") {
      const auto& items = reader.array("processors");
      for (std::size_t i = 0; i < items.size(); ++i) read(items[i], concat(where, ": processors[", i, "]"));
    } else if (type == "ByteLevel") {
      const bool prefix = reader.boolean("add_prefix_space");
      if (reader.boolean("trim_offsets")) steps.push_back(OwnedPostStep(new TrimStep(prefix)));
      reader.ignore("use_regex");  // says something to pre-tokenisers only
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
      const bool roberta = type == "RobertaProcessing";
      if (roberta) {
        const bool prefix = reader.boolean("add_prefix_space");
        if (reader.boolean("trim_offsets")) steps.push_back(OwnedPostStep(new TrimStep(prefix)));
      }
      auto cls = special(reader, "cls");
      steps.push_back(OwnedPostStep(new AroundStep(std::move(cls), special(reader, "sep"), roberta)));
    } else if (type == "TemplateProcessing") {
      auto single = pieces(reader, "single", false);
      steps.push_back(OwnedPostStep(new TemplateStep(std::move(single), pieces(reader, "pair", true))));
      reader.ignore("special_tokens");
    } else {
      fail(ErrorKind::unsupported, where, ": post_processor ", quote(type), " is not known to this build");
    }
    reader.finish();
  }

 private:
  Token token(const JsonValue& value, const std::string& where) const {
    if (!value.is(JsonValue::Kind::integer) || value.whole < 0 || value.whole >= size_)
      fail(ErrorKind::format, where, ": token id ", value.describe(), ", expected 0 to ", size_ - 1);
    return static_cast<Token>(value.whole);
  }

  AroundStep::Special special(JsonReader& reader, std::string_view key) const {
    const auto& items = reader.array(key);
    if (items.size() != 2 || !items[0].is(JsonValue::Kind::text)) reader.fail_member(key, "[text, id]");
    return {items[0].string, token(items[1], reader.where() + ": " + std::string(key))};
  }

  // {"Sequence": {"id": "A", "type_id": 0}} or {"SpecialToken": {"id": "<s>", "type_id": 0}}
  std::vector<TemplateStep::Piece> pieces(JsonReader& reader, std::string_view key, bool pair) const {
    std::vector<TemplateStep::Piece> out;
    const auto& items = reader.array(key);
    if (items.size() > 1024) reader.fail_member(key, "at most 1024 pieces");
    int texts = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string where = concat(reader.where(), ": ", key, "[", i, "]");
      JsonReader piece(items[i], where);
      const JsonValue* const sequence = piece.optional("Sequence");
      JsonReader body(sequence ? *sequence : piece.required("SpecialToken"), where);
      piece.finish();
      TemplateStep::Piece made;
      const std::string id = body.text("id");
      made.type = static_cast<std::uint32_t>(body.integer("type_id", 0, 0xFFFFFFFF));
      body.finish();
      if (sequence) {
        if (id != "A" && !(id == "B" && pair)) body.fail_member("id", pair ? "A or B" : "A");
        made.text = id == "A" ? 0 : 1;
        if (++texts > 8) fail(ErrorKind::unsupported, where, ": the template repeats its texts; at most 8 are supported");
      } else {
        made.special = special_tokens(reader, id);
      }
      out.push_back(std::move(made));
    }
    return out;
  }

  std::vector<std::pair<Token, std::string>> special_tokens(JsonReader& reader, const std::string& name) const {
    const JsonValue& all = reader.required("special_tokens");
    const JsonValue* const found = all.find(name);
    const std::string where = reader.where() + ": special_tokens";
    if (found == nullptr) fail(ErrorKind::format, where, " has no ", quote(name), ", which the template names");
    JsonReader entry(*found, where + ": " + quote(name));
    entry.ignore("id");
    const auto& ids = entry.array("ids");
    const auto& tokens = entry.array("tokens");
    entry.finish();
    if (ids.size() != tokens.size()) entry.fail_member("tokens", concat("one text for each of ", ids.size(), " ids"));
    std::vector<std::pair<Token, std::string>> out;
    for (std::size_t i = 0; i < ids.size(); ++i) out.emplace_back(token(ids[i], entry.where()), tokens[i].string);
    return out;
  }

  std::int64_t size_;
};

WEFT_INLINE PostProcessor read_post_processor(const JsonValue& json, const std::string& where, std::size_t size) {
  PostProcessorReader reader(size);
  reader.read(json, where);
  return std::move(reader.steps);
}

WEFT_INLINE Encoding post_process(const PostProcessor& steps, std::vector<Encoding> parts, bool add_special) {
  for (std::size_t i = 0; i < parts.size(); ++i) std::fill(parts[i].types.begin(), parts[i].types.end(), static_cast<std::uint32_t>(i));
  for (const auto& step : steps) step->apply(parts, add_special);
  Encoding out = parts.empty() ? Encoding{} : std::move(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) append_encoding(out, std::move(parts[i]));
  return out;
}

}  // namespace weft::detail
