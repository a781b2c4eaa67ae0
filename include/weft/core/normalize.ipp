// Decomposition, canonical order, composition: one pass each over what has marks; the rest is copied.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>

#include "weft/core/normalize.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/unicode_normal_tables.ipp"
#include "weft/core/utf8.hpp"

namespace weft {
namespace detail {

// Hangul syllables are made by arithmetic: 19 leading consonants, 21 vowels, 27 trailing consonants or none.
inline constexpr char32_t hangul_first = 0xAC00, hangul_last = 0xD7A3, hangul_lead = 0x1100, hangul_vowel = 0x1161, hangul_trail = 0x11A7;
inline constexpr char32_t hangul_leads = 19, hangul_vowels = 21, hangul_trails = 28;

// Whether a code point may change, or its neighbours because of it.
inline bool is_inert(char32_t code) noexcept {
  if (code >= code_limit) return true;
  const std::uint32_t block = static_cast<std::uint32_t>(code) / 128;
  return (normal_blocks[block / 64] >> (block % 64) & 1) == 0;
}

class NormalWriter {
 public:
  NormalWriter(NormalForm form, std::vector<NormalCode>& out)
      : compatible_(form == NormalForm::nfkd || form == NormalForm::nfkc), composing_(form == NormalForm::nfc || form == NormalForm::nfkc), out_(out) {}

  void inert(char32_t code) {
    finish();
    out_.push_back({code, 1});
  }

  // Decomposes. The first code of a decomposition stands for the code point, the others for nothing.
  void decompose(char32_t code, std::uint32_t taken) {
    if (code >= hangul_first && code <= hangul_last) {
      const char32_t index = code - hangul_first;
      order({hangul_lead + index / (hangul_vowels * hangul_trails), taken});
      order({hangul_vowel + index / hangul_trails % hangul_vowels, 0});
      if (index % hangul_trails != 0) order({hangul_trail + index % hangul_trails, 0});
      return;
    }
    const auto wanted = static_cast<std::uint32_t>(code) << 1 | (compatible_ ? 1u : 0u);
    const auto after = std::upper_bound(std::begin(decomposition_keys), std::end(decomposition_keys), wanted);
    if (after == std::begin(decomposition_keys) || *(after - 1) >> 1 != code) return order({code, taken});
    const std::uint32_t place = decomposition_places[after - 1 - std::begin(decomposition_keys)];
    const std::uint16_t* unit = decomposition_pool + (place >> 5);
    for (const std::uint16_t* end = unit + (place & 31); unit < end;) {
      char32_t part = *unit++;
      if (part >= 0xD800 && part < 0xDC00) part = 0x10000 + ((part - 0xD800) << 10) + (*unit++ - 0xDC00u);
      decompose(part, taken);  // tables hold one step; five are the most there are
      taken = 0;
    }
  }

  void finish() {
    sort_marks();
    if (starter_) out_.push_back(*starter_);
    starter_.reset();
    flush_blocked();
  }

 private:
  struct Mark {
    NormalCode code;
    std::uint8_t order;
  };

  void order(NormalCode code) {
    const std::uint8_t mark = combining_class(code.code);
    if (mark != 0) {
      sorted_ = sorted_ && (marks_.empty() || marks_.back().order <= mark);
      marks_.push_back({code, mark});
      return;
    }
    sort_marks();
    compose_next(code, 0);
  }

  void sort_marks() {
    if (!sorted_) std::stable_sort(marks_.begin(), marks_.end(), [](const Mark& a, const Mark& b) { return a.order < b.order; });
    sorted_ = true;
    for (const auto& mark : marks_) compose_next(mark.code, mark.order);
    marks_.clear();
  }

  // A mark is blocked from the starter when one of the same or a higher class stands between them.
  void compose_next(NormalCode code, std::uint8_t order) {
    if (!composing_ || (!starter_ && order != 0)) {
      out_.push_back(code);
      return;
    }
    if (starter_ && (blocked_.empty() || last_order_ < order)) {
      if (const char32_t both = compose(starter_->code, code.code); both != 0) {
        starter_ = NormalCode{both, starter_->taken + code.taken};
        return;
      }
    }
    if (order != 0) {
      blocked_.push_back(code);
      last_order_ = order;
      return;
    }
    if (starter_) out_.push_back(*starter_);
    flush_blocked();
    starter_ = code;
  }

  void flush_blocked() {
    out_.insert(out_.end(), blocked_.begin(), blocked_.end());
    blocked_.clear();
  }

  bool compatible_, composing_;
  std::vector<NormalCode>& out_;
  std::vector<Mark> marks_;
  bool sorted_ = true;
  std::optional<NormalCode> starter_;
  std::vector<NormalCode> blocked_;
  std::uint8_t last_order_ = 0;
};

WEFT_INLINE void normalize_codes(std::string_view text, NormalForm form, std::vector<NormalCode>& out, bool unicode_9) {
  out.reserve(out.size() + text.size());
  NormalWriter writer(form, out);
  for (std::size_t at = 0; at < text.size();) {
    const auto unit = read_unit(text, at);
    at += unit.length;
    // ASCII before ASCII is as it is, though its letters do compose with marks.
    if (is_inert(unit.code) || (unicode_9 && is_newer_than(unit.code, 9)) || (unit.code < 0x80 && (at == text.size() || static_cast<unsigned char>(text[at]) < 0x80)))
      writer.inert(unit.code);
    else
      writer.decompose(unit.code, 1);
  }
  writer.finish();
}

}  // namespace detail

WEFT_INLINE std::uint8_t combining_class(char32_t code) noexcept {
  return detail::is_inert(code) ? std::uint8_t{0} : detail::value_of_run(detail::combining_class_runs, code);
}

WEFT_INLINE char32_t compose(char32_t first, char32_t second) noexcept {
  using namespace detail;
  if (first >= hangul_lead && first < hangul_lead + hangul_leads && second >= hangul_vowel && second < hangul_vowel + hangul_vowels)
    return hangul_first + ((first - hangul_lead) * hangul_vowels + (second - hangul_vowel)) * hangul_trails;
  if (first >= hangul_first && first <= hangul_last && (first - hangul_first) % hangul_trails == 0 && second > hangul_trail &&
      second < hangul_trail + hangul_trails)
    return first + (second - hangul_trail);
  const std::uint64_t key = static_cast<std::uint64_t>(first) << 32 | second;
  const auto found = std::lower_bound(std::begin(composition_keys), std::end(composition_keys), key);
  return found != std::end(composition_keys) && *found == key ? composition_values[found - std::begin(composition_keys)] : 0;
}

WEFT_INLINE std::string normalize(std::string_view text, NormalForm form) {
  // Up to U+0300 there are no marks, and what is composed is in NFC.
  const auto plain = [&](char c) { return static_cast<unsigned char>(c) < (form == NormalForm::nfc ? 0xCC : 0x80); };
  if (std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::vector<detail::NormalCode> codes;
  detail::normalize_codes(text, form, codes);
  std::string out;
  out.reserve(text.size());
  for (const auto& code : codes) detail::append_unit(out, code.code);
  return out;
}

}  // namespace weft
