#include "weft/core/archive.hpp"

#include <doctest/doctest.h>

#include "support/errors.hpp"

using namespace weft;

TEST_CASE("an archive gives back what was put in") {
  StateWriter out;
  out.put(std::int64_t{-5});
  out.put_flag(true);
  out.put_text("a b");
  out.put_all(std::span<const float>(std::vector<float>{1.5f, -0.0f}));
  StateReader in(out.bytes(), "file");
  CHECK(in.get<std::int64_t>() == -5);
  CHECK(in.get_flag());
  CHECK(in.get_text() == "a b");
  const auto floats = in.get_all<float>();
  CHECK(floats == std::vector<float>{1.5f, -0.0f});
  in.expect_end();
}

TEST_CASE("an archive refuses lengths that it does not have before it takes memory for them") {
  for (const std::uint64_t length :
       {std::uint64_t{2}, std::uint64_t{1} << 40, ~std::uint64_t{0}, (~std::uint64_t{0}) / 4 + 2}) {
    StateWriter out;
    out.put(length);
    out.put(1.0f);
    StateReader in(out.bytes(), "state.bin");
    const auto message = test::message_of([&] { static_cast<void>(in.get_all<float>()); });
    CHECK(test::contains(message, "state.bin"));
    StateReader flag(std::span(out.bytes()).first(1), "state.bin");
    CHECK_THROWS_AS(static_cast<void>(flag.get<std::uint64_t>()), Error);
  }
  const std::byte two{2};
  StateReader flag(std::span(&two, 1), "state.bin");
  CHECK(test::contains(test::message_of([&] { static_cast<void>(flag.get_flag()); }), "flag"));
  StateReader rest(std::span(&two, 1), "state.bin");
  CHECK(test::contains(test::message_of([&] { rest.expect_end(); }), "1 bytes too many"));
}
