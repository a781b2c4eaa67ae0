#include "weft/core/error.hpp"
#include "weft/version.hpp"

const char* message_of_the_other_unit() {
  static const weft::Error error(weft::ErrorKind::file, "from the other unit");
  return error.what();
}
