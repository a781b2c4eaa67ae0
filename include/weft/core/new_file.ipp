// Definitions of core/new_file.hpp.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <random>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/core/new_file.hpp"

#if __has_include(<unistd.h>) && __has_include(<fcntl.h>)
#define WEFT_HAS_FSYNC 1
#include <fcntl.h>
#include <unistd.h>
#else
#define WEFT_HAS_FSYNC 0
#endif

namespace weft {

WEFT_INLINE void NewFile::failed(const char* what) const {
  fail(ErrorKind::file, path_, ": cannot be written (", what, " '", temporary_, "': ", std::strerror(errno),
       "); check that its folder exists, may be written to and has room");
}

WEFT_INLINE NewFile::NewFile(const std::string& path) : path_(path) {
  if (is_folder(path)) fail(ErrorKind::file, path, ": is a folder; name a file inside it");
  std::random_device random;
  // "x" fails where the name is taken: another thread or program may be writing to the same place
  for (int attempt = 0; !file_ && attempt < 16; ++attempt) {
    temporary_ = path + "." + std::to_string(random()) + ".tmp";
    file_ = std::fopen(temporary_.c_str(), "wbx");
    if (!file_ && errno != EEXIST) break;
  }
  if (!file_) failed("opening");
}

WEFT_INLINE NewFile::~NewFile() {
  if (file_) std::fclose(file_);
  if (!temporary_.empty()) std::remove(temporary_.c_str());
}

WEFT_INLINE void NewFile::write(std::span<const std::byte> bytes) {
  if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) failed("writing");
}

WEFT_INLINE void NewFile::commit() {
  if (std::fflush(file_) != 0) failed("writing");
#if WEFT_HAS_FSYNC
  // the bytes before the name: else a crash could leave the name with an empty file
  if (::fsync(::fileno(file_)) != 0) failed("writing");
#endif
  const bool closed = std::fclose(file_) == 0;
  file_ = nullptr;
  if (!closed) failed("writing");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) failed("renaming");
  temporary_.clear();
#if WEFT_HAS_FSYNC
  const auto slash = path_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path_.substr(0, slash);
  if (const int descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC); descriptor >= 0) {
    static_cast<void>(::fsync(descriptor));  // some file systems refuse; the file is in its place either way
    ::close(descriptor);
  }
#endif
}

}  // namespace weft

#undef WEFT_HAS_FSYNC
