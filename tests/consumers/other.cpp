#include "weft/weft.hpp"

int errors_of_the_other_unit();

int errors_of_the_other_unit() try {
  weft::Model model("missing.gguf");
  return static_cast<int>(weft::generate(model, "Once", weft::greedy()).size());
} catch (const weft::Error&) {
  return 1;
}
