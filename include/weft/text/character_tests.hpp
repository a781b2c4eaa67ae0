// What the components of tokenizer.json take a code point for: their library's tables are those of Unicode 8 and 9, and models were
// trained with what these say. Not API.
// Source: compared with the `tokenizers` library 0.23 for every code point of Unicode 15.0.
#pragma once

#include "weft/core/unicode.hpp"

namespace weft::detail {

/// Punctuation of the pre-tokenisers Punctuation and BertPreTokenizer: ASCII's and Unicode 8's.
inline bool is_word_punctuation(char32_t code) noexcept {
  if (code < 0x80) return (code >= '!' && code <= '/') || (code >= ':' && code <= '@') || (code >= '[' && code <= '`') || (code >= '{' && code <= '~');
  if (code == 0x166D || code == 0x111C9) return true;  // of another category since
  return is_punctuation(category(code)) && !is_newer_than(code, 8);
}

/// What BertNormalizer's clean_text leaves out.
inline bool is_bert_control(char32_t code) noexcept {
  if (code == '\t' || code == '\n' || code == '\r') return false;
  if (code == 0 || code == 0xFFFD) return true;
  const Category c = category(code);
  return (c == Category::cc || c == Category::cf || c == Category::co) && !is_newer_than(code, 8);
}

/// What BertNormalizer's strip_accents leaves out.
inline bool is_bert_accent(char32_t code) noexcept {
  if (code < 0x300) return false;
  if (code == 0x1734) return true;
  if (code == 0x1885 || code == 0x1886 || code == 0xA9BD || code == 0x111C9) return false;
  return category(code) == Category::mn && !is_newer_than(code, 8);
}

/// What StripAccents leaves out.
inline bool is_combining_mark(char32_t code) noexcept {
  if (code < 0x300) return false;
  if (code == 0x1CF2 || code == 0x1CF3) return true;
  if (code == 0x111C9) return false;
  return is_mark(category(code)) && !is_newer_than(code, 9);
}

/// What BertNormalizer's handle_chinese_chars puts spaces around: ideographs of the blocks, not kana, not Hangul.
inline bool is_chinese(char32_t code) noexcept {
  return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) || (code >= 0x20000 && code <= 0x2A6DF) ||
         (code >= 0x2A700 && code <= 0x2B73F) || (code >= 0x2B740 && code <= 0x2B81F) || (code >= 0x2B920 && code <= 0x2CEAF) ||
         (code >= 0xF900 && code <= 0xFAFF) || (code >= 0x2F800 && code <= 0x2FA1F);
}

/// The script for UnicodeScripts, as an index of unicode_script_names(): kana count as Han; 0 joins whatever is beside it.
inline unsigned word_script(char32_t code) noexcept {
  if (code == ' ' || code >= code_limit || is_newer_than(code, 9)) return 0;
  // Of another script since; and a mark that SentencePiece counts among the ideographs.
  if (code == 0x589 || code == 0x61C) code = ',';
  if (code == 0x953 || code == 0x954) code = 0x915;
  if (code == 0x30FC) code = 0x4E00;
  constexpr char32_t han = 0x4E00, hiragana = 0x3042, katakana = 0x30A2;
  const unsigned script = value_of_run(unicode_script_runs(), code);
  const bool kana = script == value_of_run(unicode_script_runs(), hiragana) || script == value_of_run(unicode_script_runs(), katakana);
  return kana ? value_of_run(unicode_script_runs(), han) : script;
}

}  // namespace weft::detail
