// One small class for each type of pre-tokeniser.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/character_tests.hpp"
#include "weft/text/normalizer.hpp"
#include "weft/text/text_pattern.hpp"
#include "weft/text/word_splitter.hpp"

namespace weft::detail {

/// What becomes of the matches that a text is cut at.
enum class SplitBehavior : std::uint8_t { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// Cuts each part that is no token: find(text, emit) calls emit(begin, end, is_match) for stretches that cover the text.
class Cutter {
 public:
  explicit Cutter(SplitBehavior behavior) : behavior_(behavior) {}

  template <class Find>
  void apply(SplitText& split, const Find& find) {
    std::vector<SplitText::Part> parts;
    parts.reserve(split.parts.size() * 2);
    for (const auto& part : split.parts) {
      if (part.id >= 0) {
        parts.push_back(part);
        continue;
      }
      stretches_.clear();
      const std::string_view text = std::string_view(split.text.text).substr(part.begin, part.end - part.begin);
      find(text, [this](std::size_t begin, std::size_t end, bool match) { stretches_.push_back({begin, end, match}); });
      gather();
      for (const auto& piece : stretches_)
        if (piece.begin < piece.end) parts.push_back({std::size_t{part.begin} + piece.begin, std::size_t{part.begin} + piece.end, -1});
    }
    split.parts = std::move(parts);
  }

 private:
  struct Stretch {
    Stretch(std::size_t from, std::size_t to, bool matches) : begin(static_cast<std::uint32_t>(from)), end(static_cast<std::uint32_t>(to)), match(matches) {}
    std::uint32_t begin, end;
    bool match;
  };

  void gather() {
    auto& s = stretches_;
    if (behavior_ == SplitBehavior::isolated) return;
    if (behavior_ == SplitBehavior::removed) {
      std::erase_if(s, [](const Stretch& stretch) { return stretch.match; });
      return;
    }
    const bool backwards = behavior_ == SplitBehavior::merged_with_next;
    if (backwards) std::reverse(s.begin(), s.end());
    std::size_t kept = 0;
    bool previous = false;
    for (const Stretch stretch : s) {
      const bool join = kept > 0 && (behavior_ == SplitBehavior::contiguous ? stretch.match == previous : stretch.match && !previous);
      previous = stretch.match;
      if (!join)
        s[kept++] = stretch;
      else if (backwards)
        s[kept - 1].begin = stretch.begin;
      else
        s[kept - 1].end = stretch.end;
    }
    s.erase(s.begin() + static_cast<std::ptrdiff_t>(kept), s.end());
    if (backwards) std::reverse(s.begin(), s.end());
  }

  SplitBehavior behavior_;
  std::vector<Stretch> stretches_{};
};

/// Stretches at single units for which test says so.
template <class Test>
auto units_where(const Test& test) {
  return [test](std::string_view text, const auto& emit) {
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size();) {
      const auto unit = read_unit(text, at);
      if (test(unit.code)) {
        if (done < at) emit(done, at, false);
        emit(at, at + unit.length, true);
        done = at + unit.length;
      }
      at += unit.length;
    }
    if (done < text.size()) emit(done, text.size(), false);
  };
}

/// Changes the words one by one: change(source, begin, end, out) writes to the end of out.
template <class Change>
void rewrite_words(SplitText& split, const Change& change) {
  AlignedText out = split.text.like();
  out.text.reserve(split.text.text.size() + split.parts.size());
  out.spans.reserve(split.text.spans.size());
  for (auto& part : split.parts) {
    const std::size_t begin = out.text.size();
    if (part.id >= 0)
      out.append(split.text, part.begin, part.end);
    else
      change(split.text, part.begin, part.end, out);
    part = {begin, out.text.size(), part.id};
  }
  split.text = std::move(out);
}

template <class Test>
class UnitSplitter final : public SplitterStep {
 public:
  UnitSplitter(Test test, SplitBehavior behavior) : test_(test), behavior_(behavior) {}
  void apply(SplitText& text) const override { Cutter(behavior_).apply(text, units_where(test_)); }

 private:
  Test test_;
  SplitBehavior behavior_;
};

template <class Test>
OwnedSplitter unit_splitter(Test test, SplitBehavior behavior) {
  return OwnedSplitter(new UnitSplitter<Test>(test, behavior));
}

class PatternSplitter final : public SplitterStep {
 public:
  PatternSplitter(TextPattern pattern, SplitBehavior behavior, bool invert) : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  void apply(SplitText& text) const override {
    std::optional<RegexScanner> scanner;  // what it learns about the expression serves all parts
    if (pattern_.regex()) scanner.emplace(*pattern_.regex(), std::string_view());
    Cutter(behavior_).apply(text, [&](std::string_view part, const auto& emit) {
      std::size_t done = 0;
      const auto use = [&](std::size_t begin, std::size_t end) {
        if (done < begin) emit(done, begin, invert_);
        emit(begin, end, !invert_);
        done = end;
      };
      if (scanner)
        scan(*scanner, part, use);
      else
        pattern_.each_match(part, use);
      if (done < part.size()) emit(done, part.size(), invert_);
    });
  }

 private:
  template <class Use>
  static void scan(RegexScanner& scanner, std::string_view part, const Use& use) {
    scanner.reset(part);
    std::size_t end = std::string_view::npos;
    for (RegexMatch match; scanner.next(match);) {
      if (match.begin == match.end && match.begin == end) continue;
      end = match.end;
      use(match.begin, match.end);
    }
  }

  TextPattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class ByteLevelSplitter final : public SplitterStep {
 public:
  ByteLevelSplitter(bool prefix_space, bool use_regex, bool spell) : prefix_space_(prefix_space), spell_(spell) {
    static constexpr std::string_view gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
    if (use_regex) words_.emplace(TextPattern(Regex(gpt2)), SplitBehavior::isolated, false);
  }
  void apply(SplitText& text) const override {
    if (prefix_space_) rewrite_words(text, [](const AlignedText& source, std::size_t begin, std::size_t end, AlignedText& out) {
      prepend_text(source, begin, end, source.text[begin] == ' ' ? "" : " ", out);
    });
    if (words_) words_->apply(text);
    if (spell_) rewrite_words(text, spell_bytes);
  }

 private:
  bool prefix_space_, spell_;
  std::optional<PatternSplitter> words_{};
};

class MetaspaceSplitter final : public SplitterStep {
 public:
  enum class Prepend : std::uint8_t { never, first, always };

  MetaspaceSplitter(std::string mark, Prepend prepend, bool split) : mark_(std::move(mark)), prepend_(prepend), split_(split) {}

  void apply(SplitText& text) const override {
    rewrite_words(text, [this](const AlignedText& source, std::size_t begin, std::size_t end, AlignedText& out) {
      const std::string_view part = std::string_view(source.text).substr(begin, end - begin);
      const bool marked = part.starts_with(' ') || part.starts_with(mark_);
      const bool wanted = prepend_ == Prepend::always || (prepend_ == Prepend::first && source.spans[begin].begin == 0);
      if (wanted && !marked) {
        check_growth(out.text.size() + mark_.size(), out.most);
        out.text.append(mark_);
        if (out.tracked) out.spans.insert(out.spans.end(), mark_.size(), source.spans[begin]);
      }
      TextEdit edit(source, begin, end, out);
      for (std::size_t at = begin; (at = source.text.find(' ', at)) < end; ++at) {
        edit.copy_until(at);
        edit.skip_until(at + 1);
        edit.insert(mark_);
      }
      edit.copy_rest();
    });
    if (!split_) return;
    Cutter(SplitBehavior::merged_with_next).apply(text, [this](std::string_view part, const auto& emit) {
      std::size_t done = 0;
      for (std::size_t at = 0; (at = part.find(mark_, at)) != std::string_view::npos; at = done) {
        if (done < at) emit(done, at, false);
        done = at + mark_.size();
        emit(at, done, true);
      }
      if (done < part.size()) emit(done, part.size(), false);
    });
  }

 private:
  std::string mark_;
  Prepend prepend_;
  bool split_;
};

/// Cuts where the script changes. Blanks at the front belong to no word, and a text of nothing but blanks has none.
class ScriptSplitter final : public SplitterStep {
 public:
  void apply(SplitText& text) const override {
    Cutter(SplitBehavior::isolated).apply(text, [](std::string_view part, const auto& emit) {
      std::optional<std::size_t> begin;
      unsigned last = 0;
      for (std::size_t at = 0; at < part.size();) {
        const auto unit = read_unit(part, at);
        const unsigned script = word_script(unit.code);
        if (script != 0 && script != last) {
          if (begin) emit(*begin, at, false);
          begin = at;
          last = script;
        }
        at += unit.length;
      }
      if (begin) emit(*begin, part.size(), false);
    });
  }
};

class LengthSplitter final : public SplitterStep {
 public:
  explicit LengthSplitter(std::size_t length) : length_(length) {}
  void apply(SplitText& text) const override {
    Cutter(SplitBehavior::isolated).apply(text, [this](std::string_view part, const auto& emit) {
      std::size_t begin = 0, count = 0;
      for (std::size_t at = 0; at < part.size();) {
        at += read_unit(part, at).length;
        if (++count % length_ != 0 && at < part.size()) continue;
        emit(begin, at, false);
        begin = at;
      }
    });
  }

 private:
  std::size_t length_;
};

class WordSplitterReader {
 public:
  explicit WordSplitterReader(bool raw_bytes) : raw_bytes_(raw_bytes) {}
  WordSplitter out{};

  // last: nothing comes after this component.
  void read(const JsonValue& json, const std::string& where, bool last) {
    JsonReader reader(json, where);
    const std::string type = reader.text("type");
    if (type == "Sequence") {
      const auto& items = reader.array("pretokenizers");
      for (std::size_t i = 0; i < items.size(); ++i) read(items[i], concat(where, ": pretokenizers[", i, "]"), last && i + 1 == items.size());
    } else {
      if (out.steps.size() >= max_components) fail(ErrorKind::unsupported, where, ": more than ", max_components, " pre_tokenizers");
      make(type, reader, last);
    }
    reader.finish();
  }

 private:
  static SplitBehavior behavior(JsonReader& reader, std::optional<std::string_view> otherwise = {}) {
    const std::string name = reader.text("behavior", otherwise);
    if (name == "Removed") return SplitBehavior::removed;
    if (name == "Isolated") return SplitBehavior::isolated;
    if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
    if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
    if (name == "Contiguous") return SplitBehavior::contiguous;
    reader.fail_member("behavior", "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
  }

  void make(const std::string& type, JsonReader& reader, bool last) {
    auto& steps = out.steps;
    if (type == "ByteLevel") {
      out.spells_bytes = last;
      const bool prefix = reader.boolean("add_prefix_space");
      const bool use_regex = reader.boolean("use_regex", true);
      reader.ignore("trim_offsets");  // says something to post-processors only
      steps.push_back(OwnedSplitter(new ByteLevelSplitter(prefix, use_regex, !(last && raw_bytes_))));
    } else if (type == "Metaspace") {
      steps.push_back(metaspace(reader));
    } else if (type == "Whitespace") {
      steps.push_back(OwnedSplitter(new PatternSplitter(TextPattern(Regex(R"(\w+|[^\w\s]+)")), SplitBehavior::removed, true)));
    } else if (type == "WhitespaceSplit") {
      steps.push_back(unit_splitter(is_white_space, SplitBehavior::removed));
    } else if (type == "BertPreTokenizer") {
      steps.push_back(unit_splitter(is_white_space, SplitBehavior::removed));
      steps.push_back(unit_splitter(is_word_punctuation, SplitBehavior::isolated));
    } else if (type == "Punctuation") {
      steps.push_back(unit_splitter(is_word_punctuation, behavior(reader, "Isolated")));
    } else if (type == "Digits") {
      const auto kind = reader.boolean("individual_digits") ? SplitBehavior::isolated : SplitBehavior::contiguous;
      steps.push_back(unit_splitter([](char32_t code) { return is_number(category(code)); }, kind));
    } else if (type == "CharDelimiterSplit") {
      const char32_t delimiter = one_character(reader, "delimiter");
      steps.push_back(unit_splitter([delimiter](char32_t code) { return code == delimiter; }, SplitBehavior::removed));
    } else if (type == "Split") {
      auto pattern = TextPattern::read(reader, "pattern");
      const auto kind = behavior(reader);
      steps.push_back(OwnedSplitter(new PatternSplitter(std::move(pattern), kind, reader.boolean("invert"))));
    } else if (type == "UnicodeScripts") {
      steps.push_back(OwnedSplitter(new ScriptSplitter()));
    } else if (type == "FixedLength") {
      steps.push_back(OwnedSplitter(new LengthSplitter(static_cast<std::size_t>(reader.integer("length", 1, std::int64_t{1} << 31, 5)))));
    } else {
      fail(ErrorKind::unsupported, reader.where(), ": pre_tokenizer ", quote(type), " is not known to this build");
    }
  }

  static char32_t one_character(JsonReader& reader, std::string_view key) {
    const std::string text = reader.text(key);
    if (text.empty() || read_unit(text, 0).length != text.size()) reader.fail_member(key, "one character");
    return read_unit(text, 0).code;
  }

  OwnedSplitter metaspace(JsonReader& reader) {
    std::string mark;
    append_utf8(mark, one_character(reader, "replacement"));
    const std::string scheme = reader.text("prepend_scheme", "always");
    auto prepend = scheme == "always" ? MetaspaceSplitter::Prepend::always : scheme == "first" ? MetaspaceSplitter::Prepend::first : MetaspaceSplitter::Prepend::never;
    if (scheme != "always" && scheme != "first" && scheme != "never") reader.fail_member("prepend_scheme", "always, first or never");
    if (!reader.boolean("add_prefix_space", true)) {  // how files said "never" before there was a scheme
      if (reader.optional("prepend_scheme") && scheme != "never") reader.fail_member("add_prefix_space", "what prepend_scheme says");
      prepend = MetaspaceSplitter::Prepend::never;
    }
    reader.ignore("str_rep");
    if (prepend == MetaspaceSplitter::Prepend::first) out.needs_places = true;
    return OwnedSplitter(new MetaspaceSplitter(std::move(mark), prepend, reader.boolean("split", true)));
  }

  bool raw_bytes_;
};

WEFT_INLINE WordSplitter read_word_splitter(const JsonValue& json, const std::string& where, bool raw_bytes) {
  WordSplitterReader reader(raw_bytes);
  reader.read(json, where, true);
  return std::move(reader.out);
}

}  // namespace weft::detail
