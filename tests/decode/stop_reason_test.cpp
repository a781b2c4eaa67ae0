#include "weft/decode/stop_reason.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <utility>

TEST_CASE("reasons are printed as they are spelled, and have the numbers that saved generations hold") {
  using enum weft::StopReason;
  const std::pair<weft::StopReason, std::string_view> reasons[] = {
      {running, "running"},         {max_tokens, "max_tokens"},   {end_token, "end_token"}, {stop_token, "stop_token"},
      {stop_string, "stop_string"}, {context_full, "context_full"}, {cancelled, "cancelled"}};
  int number = 0;
  for (const auto& [reason, spelled] : reasons) {
    CHECK(name(reason) == spelled);
    CHECK(static_cast<int>(reason) == number++);
  }
  CHECK(name(static_cast<weft::StopReason>(number)) == "unknown");
}
