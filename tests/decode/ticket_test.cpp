#include "weft/decode/ticket.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "weft/core/error.hpp"

using namespace weft;

TEST_CASE("a ticket gives its result to every copy and every thread that waits for it") {
  const auto outcome = std::make_shared<detail::Outcome>();
  const Ticket ticket(outcome), copy = ticket;
  CHECK_FALSE(ticket.done());
  std::string seen[2];
  {
    std::jthread one([&] { seen[0] = ticket.result().text; }), two([&] { seen[1] = copy.result().text; });
    Result result;
    result.text = std::string("done");
    outcome->set(std::move(result));
  }
  CHECK(seen[0] == "done");
  CHECK(seen[1] == "done");
  CHECK(copy.done());
  CHECK(&ticket.result() == &copy.result());
}

TEST_CASE("a ticket throws what its row failed by, as often as it is asked") {
  const auto outcome = std::make_shared<detail::Outcome>();
  const Ticket ticket(outcome);
  outcome->set_error(std::make_exception_ptr(Error(ErrorKind::resource, "no room")));
  CHECK(ticket.done());
  for (int i = 0; i < 2; ++i) CHECK_THROWS_WITH_AS(static_cast<void>(ticket.result()), "no room", Error);
}

TEST_CASE("cancelling any copy of a ticket asks its row to stop") {
  const auto outcome = std::make_shared<detail::Outcome>();
  Ticket copy = Ticket(outcome);
  CHECK_FALSE(outcome->stop.stop_requested());
  copy.cancel();
  CHECK(outcome->stop.stop_requested());
  CHECK_FALSE(copy.done());  // it ends when whoever drives the row has seen it
}
