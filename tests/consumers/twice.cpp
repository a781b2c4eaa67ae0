// The program that holds whole.cpp twice.
#include <cstdio>

#include "weft/version.hpp"

int (*units[2])();
int unit_count = 0;

int main() {
  std::printf("weft %s\n", weft::version.data());
  return unit_count == 2 && units[0]() + units[1]() == 2 ? 0 : 1;
}
