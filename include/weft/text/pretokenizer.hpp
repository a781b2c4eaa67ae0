// Pre-tokenisers: how a text is cut into words before byte-pair encoding, by the name that a GGUF file gives.
// Sources: the regular expressions that the models' authors published in tokenizer.json; names and variants as in llama.cpp's
// `tokenizer.ggml.pre`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/regex.hpp"

namespace weft {

/// What the words of a vocabulary are written in.
enum class WordAlphabet : std::uint8_t {
  bytes,      ///< GPT-2's characters, one for each byte
  space_mark, ///< themselves, with U+2581 for a space
  characters  ///< themselves
};

/// A family of pre-tokenisers that behave alike.
struct PreTokenizerFamily {
  std::string_view name;
  std::span<const std::string_view> aliases;   ///< other names for the very same, `name` included
  std::span<const std::string_view> patterns;  ///< applied one after the other, each within the pieces of the one before
  bool whole_words = false;  ///< a piece that is a token is taken as it is, without looking at the merges
  bool add_bos = false;      ///< whether a prompt begins with BOS where the file does not say
  WordAlphabet alphabet = WordAlphabet::bytes;
  bool whole_lines = false;  ///< a run of line ends that is a token is taken as it is
};

/// The family of that name, or null.
const PreTokenizerFamily* find_pre_tokenizer(std::string_view name) noexcept;
/// All names, joined by ", ", for messages.
std::string pre_tokenizer_names();

/// Cuts texts into pieces: the matches of the patterns and what lies between them. Immutable, safe to share.
class PreTokenizer {
 public:
  /// The regexes are applied one after the other, each within the pieces of the one before.
  explicit PreTokenizer(std::span<const std::string_view> patterns);

  /// All pieces, in order; together they are the text.
  [[nodiscard]] std::vector<std::string_view> split(std::string_view text) const;

  [[nodiscard]] const std::vector<Regex>& stages() const noexcept { return stages_; }

 private:
  std::vector<Regex> stages_;
};

/// The pieces of texts, one at a time. Holds what a thread needs to cut: make one per call or per thread.
class PieceScanner {
 public:
  explicit PieceScanner(const PreTokenizer& pre_tokenizer);
  void reset(std::string_view text);
  /// The next piece, never empty; false at the end.
  bool next(std::string_view& piece) { return !stages_.empty() && next_of(stages_.size() - 1, piece); }

 private:
  struct Stage {
    RegexScanner scanner;
    std::string_view text;     // what this stage cuts
    std::size_t done = 0;      // given out up to here
    RegexMatch match{};        // found but not given out, when `ahead`
    bool ahead = false;
    bool ended = true;
  };

  void start(Stage& stage, std::string_view text);
  bool next_of(std::size_t stage, std::string_view& piece);

  std::vector<Stage> stages_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/pretokenizer.ipp"
#endif
