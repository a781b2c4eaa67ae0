// The whole library, header-only, in an object that offers no name to the linker: twice.cpp links it two times, as two translation units
// of one program. Whatever the library defined without `inline` would be there twice.
#include <cstdio>

#include "weft/weft.hpp"

extern int (*units[2])();  // twice.cpp
extern int unit_count;

namespace {

int use_everything() try {
  weft::Model model("missing.gguf");
  for (const weft::Piece& piece : weft::stream(model, "Once", weft::greedy(), {.max_tokens = 1})) std::puts(piece.text.data());
  return 0;
} catch (const weft::Error& error) {
  std::puts(error.what());
  return error.kind() == weft::ErrorKind::file;
}

[[maybe_unused]] const auto registered = units[unit_count++] = use_everything;

}  // namespace
