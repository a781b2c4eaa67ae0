// A file that appears whole or not at all: written beside its place under another name, then renamed.
#pragma once

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>

#include "weft/core/config.hpp"

namespace weft {

/// What stood at the path stays until commit() has succeeded, whatever happens: an error, a full disk, a crash of the program or (where
/// the system offers fsync) of the machine. Without a commit nothing is left behind, unless the program was killed.
class NewFile {
 public:
  /// Throws Error(file) when nothing can be written there.
  explicit NewFile(const std::string& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::span<const std::byte> bytes);
  /// Puts the file in its place. Throws Error(file); nothing must be written afterwards.
  void commit();

 private:
  [[noreturn]] void failed(const char* what) const;

  std::string path_, temporary_;
  std::FILE* file_ = nullptr;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/new_file.ipp"
#endif
