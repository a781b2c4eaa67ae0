// The program that every consumer project builds: with other.cpp, two translation units of one binary.
#include <cstdio>

#include "weft/core/error.hpp"
#include "weft/version.hpp"

const char* message_of_the_other_unit();

int main() try {
  std::printf("weft %s\n", weft::version.data());
  weft::fail(weft::ErrorKind::argument, "an error ", message_of_the_other_unit());
} catch (const weft::Error& error) {
  std::puts(error.what());
  return error.kind() == weft::ErrorKind::argument ? 0 : 1;
}
