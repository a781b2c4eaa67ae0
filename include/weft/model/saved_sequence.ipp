// Definitions of model/saved_sequence.hpp, and of AnySequence's part in it.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "weft/core/archive.hpp"
#include "weft/core/error.hpp"
#include "weft/core/new_file.hpp"
#include "weft/core/xxh64.hpp"
#include "weft/model/saved_sequence.hpp"

namespace weft {
namespace detail {

inline constexpr std::array<char, 8> saved_magic{'w', 'e', 'f', 't', 's', 'e', 'q', '\0'};
inline constexpr std::uint32_t saved_version = 1;
inline constexpr std::size_t saved_header = saved_magic.size() + 2 * sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t);

/// Zeros in place of what a page holds beyond its first `used` positions: memory that was never written, or of a text that was taken back.
WEFT_INLINE void clear_unused(const ModelSpec& spec, KvType type, std::size_t used, std::span<std::byte> page) {
  const auto positions = static_cast<std::size_t>(page_positions), value = bytes_per_value(type);
  std::byte* at = page.data();
  for (const auto& layer : spec.layers) {
    const auto dim = static_cast<std::size_t>(layer.attention.head_dim);
    const auto scales = kv_block_bytes(type, 0);
    const auto clear_scales = [&] {
      if (scales > 0) std::memset(at + used * sizeof(float), 0, scales - used * sizeof(float));
      at += scales;
    };
    for (std::int64_t head = 0; head < layer.attention.kv_heads; ++head) {
      for (std::size_t d = 0; d < dim; ++d, at += positions * value)
        std::memset(at + used * value, 0, (positions - used) * value);
      clear_scales();
      std::memset(at + used * dim * value, 0, (positions - used) * dim * value);
      at += positions * dim * value;
      clear_scales();
    }
  }
}

/// Checks what says whether the file is one, and whole. Returns what lies between header and checksum.
WEFT_INLINE StateReader open_saved(const MappedFile& file, const AnyModel& model, SequenceOptions& options) {
  const auto bytes = file.bytes();
  if (bytes.size() < saved_header + sizeof(std::uint64_t) ||
      std::memcmp(bytes.data(), saved_magic.data(), saved_magic.size()) != 0)
    fail(ErrorKind::format, file.path(), ": is no saved sequence of this library; give a file that save() has written");
  StateReader header(bytes.subspan(saved_magic.size(), saved_header - saved_magic.size()), file.path());
  const auto version = header.get<std::uint32_t>(), kv_type = header.get<std::uint32_t>();
  const auto size = header.get<std::uint64_t>(), fingerprint = header.get<std::uint64_t>();
  if (size != bytes.size())
    fail(ErrorKind::format, file.path(), ": has ", bytes.size(), " bytes and should have ", size,
         "; it was cut, extended or damaged: save it again");
  const auto content = bytes.first(bytes.size() - sizeof(std::uint64_t));
  StateReader trailer(bytes.subspan(content.size()), file.path());
  if (trailer.get<std::uint64_t>() != xxh64(content))
    fail(ErrorKind::format, file.path(), ": is damaged (its checksum does not fit its contents); save it again");
  if (version != saved_version)
    fail(ErrorKind::unsupported, file.path(), ": is version ", version, " of the format; this build reads version ",
         saved_version);
  if (fingerprint != model.fingerprint())
    fail(ErrorKind::argument, file.path(), ": was saved with another model than ", model.source(), " (fingerprint ",
         fingerprint, ", this one has ", model.fingerprint(),
         "); restore it with the model file that it was saved with");
  if (kv_type > static_cast<std::uint32_t>(KvType::q8)) header.broken("its KvType is ", kv_type);
  options.kv_type = static_cast<KvType>(kv_type);
  return {content.subspan(saved_header), file.path()};
}

WEFT_INLINE SavedSequence::SavedSequence(const AnyModel& model, const std::string& path)
    : file(MappedFile::open(path)) {
  auto reader = open_saved(*file, model, options);
  options.context = reader.get<std::int64_t>();
  options.kv_bytes = static_cast<std::size_t>(
      std::min<std::uint64_t>(reader.get<std::uint64_t>(), std::numeric_limits<std::size_t>::max()));
  if (options.context < 1 || options.context > max_context ||
      (model.spec().learned_positions && options.context > model.context_length()))
    reader.broken("its context is ", options.context, " positions");
  tokens = reader.get_all<Token>();
  if (tokens.size() > static_cast<std::uint64_t>(options.context))
    reader.broken("it holds ", tokens.size(), " tokens in a context of ", options.context);
  for (const auto token : tokens)
    if (token < 0 || token >= model.vocab_size())
      reader.broken("token ", token, " is outside the vocabulary of ", model.vocab_size());
  if (reader.get_flag()) logits = reader.get_values<float>(static_cast<std::uint64_t>(model.vocab_size()));
  beside = reader.get_all<std::byte>();
  const auto page_bytes = reader.get<std::uint64_t>();
  const auto expected = model.kv_bytes_per_position(options.kv_type) * static_cast<std::size_t>(page_positions);
  if (page_bytes != expected) reader.broken("a page has ", page_bytes, " bytes, with this model ", expected);
  const auto count =
      (tokens.size() + static_cast<std::size_t>(page_positions) - 1) / static_cast<std::size_t>(page_positions);
  pages = reader.take((Checked(count) * page_bytes).value_or_fail(ErrorKind::format, path, ": too many pages"));
  reader.expect_end();
}

}  // namespace detail

WEFT_INLINE AnySequence::AnySequence(const AnyModel& model, const std::string& path, std::vector<std::byte>* beside)
    : AnySequence(model, detail::SavedSequence(model, path), beside) {}

WEFT_INLINE AnySequence::AnySequence(const AnyModel& model, detail::SavedSequence&& saved,
                                     std::vector<std::byte>* beside)
    : AnySequence(model, saved.options) {
  auto& state = *state_;
  state.tokens = std::move(saved.tokens);
  for (auto rest = saved.pages; !rest.empty(); rest = rest.subspan(pool_->page_bytes())) {
    add_page(state);
    std::memcpy(state.addresses.back(), rest.data(), pool_->page_bytes());
  }
  if (!saved.logits.empty()) {
    state.logits = make_ref<detail::Logits>(std::size_t{0});
    state.logits->values = std::move(saved.logits);
  }
  if (beside) *beside = std::move(saved.beside);
}

WEFT_INLINE void AnySequence::save(const std::string& path, std::span<const std::byte> beside) const {
  const auto& state = *state_;
  StateWriter body;
  body.put(options_.context);
  body.put(std::uint64_t{options_.kv_bytes});
  body.put_all(tokens());
  body.put_flag(static_cast<bool>(state.logits));
  if (state.logits)
    for (const float x : state.logits->values) body.put(x);
  body.put_all(beside);
  const auto count = pages_for(size()), page_bytes = pool_->page_bytes();
  body.put(std::uint64_t{page_bytes});
  StateWriter header;
  for (const char c : detail::saved_magic) header.put(c);
  header.put(detail::saved_version);
  header.put(static_cast<std::uint32_t>(options_.kv_type));
  header.put(std::uint64_t{detail::saved_header + body.bytes().size() + count * page_bytes + sizeof(std::uint64_t)});
  header.put(model_->fingerprint());
  NewFile file(path);
  Xxh64 hash;
  const auto write = [&](std::span<const std::byte> bytes) {
    hash.update(bytes);
    file.write(bytes);
  };
  write(header.bytes());
  write(body.bytes());
  for (std::size_t p = 0; p < count; ++p) {
    const std::span<const std::byte> page(state.addresses[p], page_bytes);
    const auto used = size() - p * static_cast<std::size_t>(page_positions);
    if (used >= static_cast<std::size_t>(page_positions)) {
      write(page);
      continue;
    }
    std::vector<std::byte> last(page.begin(), page.end());
    detail::clear_unused(model_->spec(), options_.kv_type, used, last);
    write(last);
  }
  const auto digest = hash.digest();
  file.write(std::as_bytes(std::span(&digest, 1)));
  file.commit();
}

}  // namespace weft
