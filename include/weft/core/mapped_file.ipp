// Definitions of core/mapped_file.hpp.
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"

#if !defined(WEFT_NO_MMAP) && __has_include(<sys/mman.h>) && __has_include(<unistd.h>)
#define WEFT_HAS_MMAP 1
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#else
#define WEFT_HAS_MMAP 0
#endif

namespace weft {

WEFT_INLINE bool is_folder(const std::string& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IFMT) == S_IFDIR;
}

WEFT_INLINE bool file_exists(const std::string& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

WEFT_INLINE std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  return std::shared_ptr<const MappedFile>(new MappedFile(path));
}

WEFT_INLINE std::shared_ptr<const MappedFile> MappedFile::from_bytes(std::string name, std::span<const std::byte> bytes) {
  const std::shared_ptr<MappedFile> file(new MappedFile);
  file->path_ = std::move(name);
  file->owned_.reset(new std::byte[bytes.size()]);
  if (!bytes.empty()) std::memcpy(file->owned_.get(), bytes.data(), bytes.size());
  file->data_ = file->owned_.get();
  file->size_ = bytes.size();
  return file;
}

WEFT_INLINE MappedFile::MappedFile(const std::string& path) : path_(path) {
  // The kind is looked at before the file is opened: opening a pipe would wait for its writer.
  struct stat status {};
  if (path_.empty()) fail(ErrorKind::file, "the path of a file is empty; give its name");
  if (path_.find('\0') != std::string::npos) fail(ErrorKind::file, path_.c_str(), "...: the path holds a zero byte; no file has such a name");
  if (::stat(path_.c_str(), &status) != 0) {
    if ((errno == ENOENT || errno == ENOTDIR) && path_.starts_with("~/"))
      fail(ErrorKind::file, path_, ": no such file; '~' stands for the home folder in a shell only: write its path");
    if (errno == ENOENT || errno == ENOTDIR)
      fail(ErrorKind::file, path_, ": no such file; check the path (it is relative to the working directory unless absolute)");
    fail(ErrorKind::file, path_, ": cannot be looked at (", std::strerror(errno), "); check the permissions of its folders");
  }
  const auto kind = status.st_mode & S_IFMT;
  if (kind == S_IFDIR) fail(ErrorKind::file, path_, ": is a folder, expected a file; name the file inside it");
  if (kind != S_IFREG)
    fail(ErrorKind::file, path_, ": is a device, pipe or socket, expected a regular file; copy its contents to a file first");
#if WEFT_HAS_MMAP
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    fail(ErrorKind::file, path_, ": cannot be opened (", std::strerror(errno), "); check its permissions");
  const bool mapped = map(descriptor);
  ::close(descriptor);
  if (mapped) return;
#endif
  read();
}

WEFT_INLINE bool MappedFile::map([[maybe_unused]] int descriptor) noexcept {
#if WEFT_HAS_MMAP
  struct stat state {};
  if (::fstat(descriptor, &state) != 0 || !S_ISREG(state.st_mode) || state.st_size < 0) return false;
  const auto size = static_cast<std::uint64_t>(state.st_size);
  if (size == 0 || size > std::numeric_limits<std::size_t>::max()) return false;  // mmap refuses a length of 0
  void* const start = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (start == MAP_FAILED) return false;
  data_ = static_cast<const std::byte*>(start);
  size_ = static_cast<std::size_t>(size);
  is_mapped_ = true;
  return true;
#else
  return false;
#endif
}

WEFT_INLINE void MappedFile::read() {
  struct Closed {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Closed> file(std::fopen(path_.c_str(), "rb"));
  struct stat status {};
  if (!file || ::stat(path_.c_str(), &status) != 0) fail(ErrorKind::file, path_, ": cannot be opened for reading; check its permissions");
  if (static_cast<std::uint64_t>(status.st_size) > std::numeric_limits<std::size_t>::max() / 2)
    fail(ErrorKind::file, path_, ": has ", status.st_size, " bytes, more than this system can address");
  size_ = static_cast<std::size_t>(status.st_size);
  owned_.reset(new std::byte[size_]);
  const std::size_t count = std::fread(owned_.get(), 1, size_, file.get());
  if (count != size_) fail(ErrorKind::file, path_, ": reading stopped after ", count, " of ", size_, " bytes; is the disk all right?");
  data_ = owned_.get();
}

WEFT_INLINE MappedFile::~MappedFile() {
#if WEFT_HAS_MMAP
  if (is_mapped_) ::munmap(const_cast<std::byte*>(data_), size_);
#endif
}

WEFT_INLINE void MappedFile::release([[maybe_unused]] std::span<const std::byte> part) const noexcept {
#if WEFT_HAS_MMAP && defined(MADV_DONTNEED)
  // Only for a mapping: on memory of our own MADV_DONTNEED would replace the bytes by zeros.
  if (!is_mapped_ || part.empty()) return;
  const auto first = reinterpret_cast<std::uintptr_t>(data_);
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
  if (begin < first || begin - first > size_ || part.size() > size_ - (begin - first)) return;
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t from = (begin + page - 1) / page * page;
  const std::uintptr_t to = (begin + part.size()) / page * page;
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
#endif
}

WEFT_INLINE std::string read_whole_file(const std::string& path) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace weft

#undef WEFT_HAS_MMAP
