#include "weft/core/new_file.hpp"

#include <doctest/doctest.h>

#include <iterator>

#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

using namespace weft;
using test::content;

namespace {

std::ptrdiff_t entries(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}
std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("a new file takes its place when it is committed, not before") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("state", "old");
  {
    NewFile file(path.string());
    file.write(bytes("ne"));
    file.write(bytes("w"));
    CHECK(content(path) == "old");
    file.commit();
    CHECK(content(path) == "new");
  }
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a new file that is given up leaves what was there, and nothing else") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("state", "old");
  {
    NewFile file(path.string());
    file.write(bytes("half of it"));
  }
  CHECK(content(path) == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("two new files for one place do not disturb each other: the last to be committed stays") {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "state").string();
  NewFile a(path), b(path);
  a.write(bytes("a"));
  b.write(bytes("b"));
  b.commit();
  a.commit();
  CHECK(content(path) == "a");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a new file says why it cannot be written") {
  const test::TemporaryFolder folder;
  CHECK(test::contains(test::message_of([&] { NewFile file(folder.path().string()); }), "is a folder"));
  const auto nowhere = (folder.path() / "missing" / "state").string();
  const auto message = test::message_of([&] { NewFile file(nowhere); });
  CHECK(test::contains(message, nowhere));
  CHECK(test::contains(message, "check that its folder exists"));
}
