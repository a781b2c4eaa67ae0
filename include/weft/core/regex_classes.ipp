// Definitions of core/regex_classes.hpp.
#pragma once

#include "weft/core/regex_classes.hpp"

namespace weft::detail {

WEFT_INLINE CharSet regex_word(RegexFlavor flavor, bool in_set) {
  if (flavor != RegexFlavor::oniguruma) return CharSet::word();
  CharSet set = CharSet::word().intersected(CharSet(0x200C, 0x200D).negated());
  for (const char32_t code : {U'\u00B2', U'\u00B3', U'\u00B9', U'\u00BC', U'\u00BD', U'\u00BE'})
    if (!in_set) set.add(code, code);
  return set;
}

WEFT_INLINE CharSet hexadecimal_digits() {
  CharSet set('0', '9');
  set.add('A', 'F');
  set.add('a', 'f');
  return set;
}

WEFT_INLINE std::optional<CharSet> posix_class(std::string_view name, RegexFlavor flavor, bool in_set) {
  const auto property = [](std::string_view of) { return *CharSet::property(of); };
  if (name == "space") return CharSet::white_space();
  if (name == "digit") return property("Nd");
  if (name == "cntrl") return property("Cc");
  if (name == "word") return regex_word(flavor, in_set);
  if (name == "ascii") return CharSet(0, 0x7F);
  if (name == "xdigit") return hexadecimal_digits();
  if (name == "alpha") return CharSet::alphabetic();
  if (name == "upper") return CharSet::upper_case();
  if (name == "lower") return CharSet::lower_case();
  CharSet set;
  if (name == "alnum") {
    set = CharSet::alphabetic();
    set.add(property("Nd"));
  } else if (name == "blank") {
    set = property("Zs");
    set.add('\t', '\t');
  } else if (name == "punct") {
    set = property("P");
    set.add(property("S"));
  } else if (name == "graph" || name == "print") {
    set = CharSet::white_space();  // and what is not written at all
    for (const char* none : {"Cc", "Cs", "Cn"}) set.add(property(none));
    set = set.negated();
    if (name == "print") set.add(property("Zs"));
  } else {
    return std::nullopt;
  }
  return set;
}

}  // namespace weft::detail
