// A file as read-only bytes: mapped into memory where the system can, else read.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "weft/core/config.hpp"

namespace weft {

[[nodiscard]] bool is_folder(const std::string& path) noexcept;
/// True also for a folder or a device of that name.
[[nodiscard]] bool file_exists(const std::string& path) noexcept;

/// The bytes of a regular file for as long as the object lives. Shared, because views into it outlive the reader.
///
/// The caller must see to it that nobody shortens the file meanwhile: on POSIX systems reading a mapped page beyond
/// the new end raises SIGBUS, which no library can turn into an error. (Replacing a file by rename is safe.)
class MappedFile {
 public:
  /// Throws Error(file) that says what to do: the path does not exist, is a folder or a device, or cannot be read.
  /// An empty file is opened and has no bytes.
  [[nodiscard]] static std::shared_ptr<const MappedFile> open(const std::string& path);

  /// A copy of bytes that are in memory already, under a name for messages.
  [[nodiscard]] static std::shared_ptr<const MappedFile> from_bytes(std::string name, std::span<const std::byte> bytes);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  /// The path as it was given, for messages.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// False where the file had to be read into memory of its own.
  [[nodiscard]] bool is_mapped() const noexcept { return is_mapped_; }

  /// Gives the memory of the whole pages inside `part` back to the system. The bytes stay readable (they come from
  /// the file again), so a wrong guess costs time only. Does nothing for a part outside the file or a file that was read.
  void release(std::span<const std::byte> part) const noexcept;

 private:
  MappedFile() = default;
  explicit MappedFile(const std::string& path);
  bool map(int descriptor) noexcept;  // false: the caller must read
  void read();

  std::string path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  bool is_mapped_ = false;
  std::unique_ptr<std::byte[]> owned_;
};

/// The whole of a file, copied. Throws Error(file).
std::string read_whole_file(const std::string& path);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/mapped_file.ipp"
#endif
