#include "weft/core/mapped_file.hpp"

#include <doctest/doctest.h>

#include <span>
#include <string>
#include <utility>

#include "support/temporary_folder.hpp"
#include "weft/core/error.hpp"

namespace {

std::string text_of(const weft::MappedFile& file) { return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}; }

std::pair<weft::ErrorKind, std::string> error_of(const std::filesystem::path& path) {
  try {
    (void)weft::MappedFile::open(path);
  } catch (const weft::Error& error) {
    return {error.kind(), error.what()};
  }
  return {weft::ErrorKind::argument, "no error"};
}

}  // namespace

TEST_CASE("a file's bytes can be read for as long as the object lives") {
  const weft::test::TemporaryFolder folder;
  std::string content = "first";
  content.append(100000, 'x');
  content += "last";
  const auto path = folder.write("file", content);
  const auto file = weft::MappedFile::open(path);
  std::filesystem::remove(path);
  CHECK(text_of(*file) == content);
  CHECK(file->path() == path.string());
}

TEST_CASE("an empty file has no bytes and is no error") {
  const weft::test::TemporaryFolder folder;
  CHECK(weft::MappedFile::open(folder.write("empty", ""))->bytes().empty());
}

TEST_CASE("a missing file, a folder and a device are refused with the path and the reason") {
  const weft::test::TemporaryFolder folder;
  const auto [missing_kind, missing] = error_of(folder.path() / "nowhere.gguf");
  CHECK(missing_kind == weft::ErrorKind::file);
  CHECK(missing.find("nowhere.gguf") != std::string::npos);
  CHECK(missing.find("no such file") != std::string::npos);
  CHECK(error_of("").second.find("is empty") != std::string::npos);
  CHECK(error_of("~/nowhere.gguf").second.find("home folder") != std::string::npos);
  CHECK(error_of(folder.write("file", "x").string() + std::string("\0.gguf", 6)).second.find("zero byte") != std::string::npos);
  const auto [folder_kind, is_folder] = error_of(folder.path());
  CHECK(folder_kind == weft::ErrorKind::file);
  CHECK(is_folder.find("is a folder") != std::string::npos);
  if (std::filesystem::exists("/dev/null")) {
    CHECK(error_of("/dev/null").second.find("device") != std::string::npos);
  }
  const auto below_file = folder.write("file", "x") / "below";
  CHECK(error_of(below_file).first == weft::ErrorKind::file);
}

TEST_CASE("released bytes stay readable, whatever part is given") {
  const weft::test::TemporaryFolder folder;
  std::string content;
  for (int i = 0; i < 100000; ++i) content += static_cast<char>('a' + i % 26);
  const auto file = weft::MappedFile::open(folder.write("file", content));
  const auto all = file->bytes();
  file->release(all);
  file->release(all.subspan(5000, 1));
  file->release(all.subspan(4097, 50000));
  file->release(all.subspan(content.size()));
  file->release({});
  const std::byte elsewhere[16]{};
  file->release(elsewhere);
  CHECK(text_of(*file) == content);
}

TEST_CASE("bytes in memory are copied, and releasing them keeps them") {
  std::string content(20000, 'y');
  const auto file = weft::MappedFile::from_bytes("memory", std::as_bytes(std::span(content)));
  content.assign(20000, 'z');
  file->release(file->bytes());
  CHECK(text_of(*file) == std::string(20000, 'y'));
  CHECK(file->path() == "memory");
  CHECK_FALSE(file->is_mapped());
  CHECK(weft::MappedFile::from_bytes("nothing", {})->bytes().empty());
}
