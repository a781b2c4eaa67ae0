// Reader of safetensors files and of Hugging Face folders that hold them.
// Source: the format section of the safetensors README (huggingface/safetensors).
#pragma once

#include <memory>

#include "weft/core/config.hpp"
#include "weft/io/raw_tensor.hpp"

namespace weft {

/// Adds the tensors of one file to `into`, and the file to `into.files`.
///
/// Throws Error(file) for a path that cannot be read; Error(format) naming the file and the tensor for a header that is
/// longer than the file or 100 MB or is no JSON, a name twice (also one that `into` has already), an unknown dtype, offsets
/// that leave the file, overlap, leave a gap or do not match the shape, and bytes after the last tensor. `into` may then hold
/// some of the tensors. Memory and time are linear in the header.
void read_safetensors(const std::string& file, Checkpoint& into);

/// The same for a file that is open, or whose bytes are in memory.
void read_safetensors(std::shared_ptr<const MappedFile> file, Checkpoint& into);

/// The weights of a folder as save_pretrained writes it: model.safetensors, or the shards that
/// model.safetensors.index.json names (files of that folder only). Throws as `read_safetensors`; Error(file) if the folder
/// has neither, Error(format) if a shard lacks a tensor that the index promises.
[[nodiscard]] Checkpoint open_hf_checkpoint(const std::string& folder);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/io/safetensors.ipp"
#endif
