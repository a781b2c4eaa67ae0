// Character classes of regular expressions by name: \w and \h of a flavour, and POSIX classes. Not API.
#pragma once

#include <optional>
#include <string_view>

#include "weft/core/char_set.hpp"
#include "weft/core/regex_flavor.hpp"

namespace weft::detail {

/// \w. Oniguruma's has no joiners, and outside of sets superscripts and fractions of Latin-1.
CharSet regex_word(RegexFlavor flavor, bool in_set);
CharSet hexadecimal_digits();
/// [:name:], name in lower case; by Unicode's properties, as Oniguruma has them (its doc/RE). Empty for names that are none.
std::optional<CharSet> posix_class(std::string_view name, RegexFlavor flavor, bool in_set = true);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/core/regex_classes.ipp"
#endif
