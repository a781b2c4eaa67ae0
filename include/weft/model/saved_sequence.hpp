// A sequence as a file, all its state: what Sequence::save() writes and Model::restore() reads.
//
// Little-endian, without gaps:
//   header      "weftseq\0", version (u32), KvType (u32), bytes of the file (u64), fingerprint of the model (u64)
//   options     context (i64), KV budget (u64)
//   tokens      number (u64), ids (i32)
//   logits      1 (u8) and [vocab] floats after the last token, or 0 (u8) after a rewind
//   beside      number of bytes (u64), bytes: what else was to be kept, the state of a generation, say
//   pages       bytes of a page (u64), pages: keys and values as they lie in memory (backend/concept.hpp); what is unused is zeros
//   XXH64 of all before
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weft/core/mapped_file.hpp"
#include "weft/model/sequence.hpp"

namespace weft::detail {

/// A saved sequence, read and checked against the model that is to go on with it.
struct SavedSequence {
  /// Throws Error(file); Error(format) for what is no such file, is damaged, or says what cannot be; Error(unsupported) for another
  /// version; Error(argument) for another model's.
  SavedSequence(const AnyModel& model, const std::string& path);

  std::shared_ptr<const MappedFile> file;
  SequenceOptions options;
  std::vector<Token> tokens;
  std::vector<float> logits;  ///< [vocab], or empty
  std::vector<std::byte> beside;
  std::span<const std::byte> pages;  ///< as many as the tokens need
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/model/saved_sequence.ipp"
#endif
