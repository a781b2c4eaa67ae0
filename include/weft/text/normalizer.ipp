// One small class for each type of normaliser.
#pragma once

#include <algorithm>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/character_tests.hpp"
#include "weft/text/charsmap.hpp"
#include "weft/text/normalizer.hpp"
#include "weft/text/text_pattern.hpp"

namespace weft::detail {

/// Leaves out the units for which drop says so; what remains goes through map.
template <class Drop, class Map>
void filter_text(AlignedText& text, const Drop& drop, const Map& map) {
  std::vector<NormalCode> codes;
  codes.reserve(text.text.size());
  std::size_t skipped = 0;
  for (std::size_t at = 0; at < text.text.size();) {
    const auto unit = read_unit(text.text, at);
    at += unit.length;
    if (!drop(unit.code))
      codes.push_back({map(unit.code), 1});
    else if (codes.empty())
      ++skipped;
    else
      ++codes.back().taken;
  }
  apply_codes(text, codes, skipped);
}

inline bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

class FormNormalizer final : public NormalizerStep {
 public:
  explicit FormNormalizer(NormalForm form) : form_(form) {}
  void apply(AlignedText& text) const override {
    if (is_ascii(text.text)) return;
    std::vector<NormalCode> codes;
    normalize_codes(text.text, form_, codes, true);
    apply_codes(text, codes);
  }

 private:
  NormalForm form_;
};

class LowercaseNormalizer final : public NormalizerStep {
 public:
  void apply(AlignedText& text) const override {
    if (is_ascii(text.text)) {
      for (char& c : text.text) c = static_cast<char>(lower_case(static_cast<unsigned char>(c)));
      return;
    }
    std::vector<NormalCode> codes;
    codes.reserve(text.text.size());
    for (std::size_t at = 0; at < text.text.size();) {
      const auto unit = read_unit(text.text, at);
      at += unit.length;
      codes.push_back({lower_case(unit.code), 1});
      if (unit.code == dotted_capital_i) codes.push_back({combining_dot_above, 0});
    }
    apply_codes(text, codes);
  }
};

class StripNormalizer final : public NormalizerStep {
 public:
  StripNormalizer(bool left, bool right) : left_(left), right_(right) {}
  void apply(AlignedText& text) const override {
    std::size_t begin = text.text.size(), end = 0;  // of what is no white space
    for (std::size_t at = 0; at < text.text.size();) {
      const auto unit = read_unit(text.text, at);
      if (!is_white_space(unit.code)) {
        begin = std::min(begin, at);
        end = at + unit.length;
      }
      at += unit.length;
    }
    if (!left_) begin = 0;
    if (!right_) end = text.text.size();
    AlignedText out = text.like();
    if (begin < end) out.append(text, begin, end);
    text = std::move(out);
  }

 private:
  bool left_, right_;
};

class StripAccentsNormalizer final : public NormalizerStep {
 public:
  void apply(AlignedText& text) const override {
    if (is_ascii(text.text)) return;
    filter_text(text, is_combining_mark, [](char32_t code) { return code; });
  }
};

class ReplaceNormalizer final : public NormalizerStep {
 public:
  ReplaceNormalizer(TextPattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(AlignedText& text) const override {
    if (text.text.empty()) return;
    AlignedText out = text.like();
    TextEdit edit(text, 0, text.text.size(), out);
    bool any = false;
    pattern_.each_match(text.text, [&](std::size_t begin, std::size_t end) {
      any = true;
      edit.copy_until(begin);
      edit.skip_until(end);
      edit.insert(content_);
    });
    if (!any) return;
    edit.copy_rest();
    text = std::move(out);
  }

 private:
  TextPattern pattern_;
  std::string content_;
};

class PrependNormalizer final : public NormalizerStep {
 public:
  explicit PrependNormalizer(std::string front) : front_(std::move(front)) {}
  void apply(AlignedText& text) const override {
    AlignedText out = text.like();
    prepend_text(text, 0, text.text.size(), front_, out);
    text = std::move(out);
  }

 private:
  std::string front_;
};

class NmtNormalizer final : public NormalizerStep {
 public:
  void apply(AlignedText& text) const override {
    const auto drop = [](char32_t c) {
      return (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
    };
    const auto map = [](char32_t c) -> char32_t {
      const bool blank = c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028 ||
                         c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
      return blank ? U' ' : c;
    };
    filter_text(text, drop, map);
  }
};

class BertNormalizerStep final : public NormalizerStep {
 public:
  BertNormalizerStep(bool clean, bool chinese, bool accents, bool lower) : clean_(clean), chinese_(chinese), accents_(accents), lower_(lower) {}
  void apply(AlignedText& text) const override {
    if (clean_) filter_text(text, is_bert_control, [](char32_t code) { return is_white_space(code) ? U' ' : code; });
    const bool ascii = is_ascii(text.text);
    if (chinese_ && !ascii) space_out(text);
    if (accents_ && !ascii) {
      FormNormalizer(NormalForm::nfd).apply(text);
      filter_text(text, is_bert_accent, [](char32_t code) { return code; });
    }
    if (lower_) LowercaseNormalizer().apply(text);
  }

 private:
  static void space_out(AlignedText& text) {
    std::vector<NormalCode> codes;
    codes.reserve(text.text.size());
    for (std::size_t at = 0; at < text.text.size();) {
      const auto unit = read_unit(text.text, at);
      at += unit.length;
      if (is_chinese(unit.code))
        codes.insert(codes.end(), {{U' ', 1}, {unit.code, 0}, {U' ', 0}});
      else
        codes.push_back({unit.code, 1});
    }
    apply_codes(text, codes);
  }

  bool clean_, chinese_, accents_, lower_;
};

class CharsmapNormalizer final : public NormalizerStep {
 public:
  explicit CharsmapNormalizer(Charsmap map) : map_(std::move(map)) {}
  void apply(AlignedText& text) const override {
    std::vector<NormalCode> codes;
    codes.reserve(text.text.size());
    map_.normalize_codes(text.text, codes, text.most);
    apply_codes(text, codes);
  }

 private:
  Charsmap map_;
};

class ByteLevelNormalizer final : public NormalizerStep {
 public:
  void apply(AlignedText& text) const override {
    AlignedText out = text.like();
    spell_bytes(text, 0, text.text.size(), out);
    text = std::move(out);
  }
};

class NormalizerReader {
 public:
  Normalizer steps{};

  void read(const JsonValue& json, const std::string& where) {
    JsonReader reader(json, where);
    const std::string type = reader.text("type");
    if (type == "Sequence") {
      const auto& items = reader.array("normalizers");
      for (std::size_t i = 0; i < items.size(); ++i) read(items[i], concat(where, ": normalizers[", i, "]"));
    } else {
      if (steps.size() >= max_components) fail(ErrorKind::unsupported, where, ": more than ", max_components, " normalizers");
      steps.push_back(make(type, reader));
    }
    reader.finish();
  }

 private:
  static OwnedNormalizer make(const std::string& type, JsonReader& reader) {
    if (type == "NFC") return OwnedNormalizer(new FormNormalizer(NormalForm::nfc));
    if (type == "NFD") return OwnedNormalizer(new FormNormalizer(NormalForm::nfd));
    if (type == "NFKC") return OwnedNormalizer(new FormNormalizer(NormalForm::nfkc));
    if (type == "NFKD") return OwnedNormalizer(new FormNormalizer(NormalForm::nfkd));
    if (type == "Lowercase") return OwnedNormalizer(new LowercaseNormalizer());
    if (type == "StripAccents") return OwnedNormalizer(new StripAccentsNormalizer());
    if (type == "Nmt") return OwnedNormalizer(new NmtNormalizer());
    if (type == "ByteLevel") return OwnedNormalizer(new ByteLevelNormalizer());
    if (type == "Prepend") return OwnedNormalizer(new PrependNormalizer(reader.text("prepend")));
    if (type == "Strip") {
      const bool left = reader.boolean("strip_left");
      return OwnedNormalizer(new StripNormalizer(left, reader.boolean("strip_right")));
    }
    if (type == "Replace") {
      auto pattern = TextPattern::read(reader, "pattern");
      return OwnedNormalizer(new ReplaceNormalizer(std::move(pattern), reader.text("content")));
    }
    if (type == "BertNormalizer") {
      const bool clean = reader.boolean("clean_text"), chinese = reader.boolean("handle_chinese_chars"), lower = reader.boolean("lowercase");
      return OwnedNormalizer(new BertNormalizerStep(clean, chinese, reader.boolean("strip_accents", lower), lower));
    }
    if (type == "Precompiled") {
      const auto blob = decode_base64(reader.text("precompiled_charsmap"));
      if (!blob) fail(ErrorKind::format, reader.where(), ": 'precompiled_charsmap' is not in base 64");
      return OwnedNormalizer(new CharsmapNormalizer(Charsmap(*blob, reader.where())));
    }
    fail(ErrorKind::unsupported, reader.where(), ": normalizer ", quote(type), " is not known to this build");
  }
};

WEFT_INLINE Normalizer read_normalizer(const JsonValue& json, const std::string& where) {
  NormalizerReader reader;
  reader.read(json, where);
  return std::move(reader.steps);
}

}  // namespace weft::detail
