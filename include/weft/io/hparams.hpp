// One view over the hyper-parameters of a model, whether they come from GGUF metadata or from a config.json of
// Hugging Face, so that an architecture is described once.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/io/gguf.hpp"

namespace weft {

/// The numbers, flags and names that describe a model.
///
/// Every getter takes one key or several spellings of it; the first that is present wins, and JSON's null counts as
/// absent. Getters note which keys were read, so that `refuse_unread` can name a key that nobody understood. They are
/// therefore not to be called from several threads at once.
///
/// Errors are Error(format) and name the file, the full key, what was found and what was expected.
class Hparams {
 public:
  /// How one hyper-parameter is spelled. gguf: the part after "<architecture>."; hf: names in config.json, with '/' between
  /// an object and its member ("rope_parameters/rope_theta"). "" means that the format does not have it.
  struct Key {
    constexpr Key(const char* gguf_name, const char* hf_name) noexcept : gguf(gguf_name), hf(hf_name) {}
    std::string_view gguf;
    std::string_view hf;
  };
  /// What getters take: {"gguf", "hf"}, or a list of such pairs. Lives for one call.
  class Keys {
   public:
    Keys(const char* gguf, const char* hf) noexcept : one_(gguf, hf) {}
    Keys(Key key) noexcept : one_(key) {}
    Keys(std::initializer_list<Key> keys) noexcept : many_(keys.begin(), keys.size()) {}
    template <std::size_t N>
    Keys(const Key (&keys)[N]) noexcept : many_(keys) {}
    [[nodiscard]] std::span<const Key> all() const noexcept { return many_.empty() ? std::span<const Key>(&one_, 1) : many_; }

   private:
    Key one_{"", ""};
    std::span<const Key> many_;
  };

  /// Throws Error(format) when 'general.architecture' is missing. Copies what it needs.
  [[nodiscard]] static Hparams from_gguf(const Gguf& gguf);
  /// path: a folder with a config.json, or such a file. Throws Error(format) for JSON that is broken, nested more than 64
  /// deep, has a duplicate name, or is not an object with a string 'model_type'.
  [[nodiscard]] static Hparams from_hf(const std::string& path);

  /// The same for a config that is open, or whose bytes are in memory.
  [[nodiscard]] static Hparams from_hf(const MappedFile& config);

  /// "llama", "gpt2", ...: general.architecture or model_type.
  [[nodiscard]] const std::string& architecture() const noexcept { return architecture_; }
  [[nodiscard]] bool is_gguf() const noexcept { return is_gguf_; }
  /// The file, for messages.
  [[nodiscard]] const std::string& source() const noexcept { return source_; }

  /// An integer in [min, max] that must be there. A JSON number with a fraction, or beyond 2^53 in floating form, is none.
  [[nodiscard]] std::int64_t count(const Keys& keys, std::int64_t min, std::int64_t max) const;
  [[nodiscard]] std::optional<std::int64_t> find_count(const Keys& keys, std::int64_t min, std::int64_t max) const;
  /// One integer or a list of them (a number for each layer); empty when absent.
  [[nodiscard]] std::vector<std::int64_t> find_counts(const Keys& keys, std::int64_t min, std::int64_t max) const;
  /// A finite number that must be there.
  [[nodiscard]] double number(const Keys& keys) const;
  [[nodiscard]] std::optional<double> find_number(const Keys& keys) const;
  [[nodiscard]] std::optional<bool> find_boolean(const Keys& keys) const;
  [[nodiscard]] std::optional<std::string> find_string(const Keys& keys) const;
  /// A list of finite numbers; empty when absent.
  [[nodiscard]] std::vector<float> find_numbers(const Keys& keys) const;
  /// A list of strings; empty when absent.
  [[nodiscard]] std::vector<std::string> find_strings(const Keys& keys) const;
  /// True if a spelling is there and not null. Does not count as reading it.
  [[nodiscard]] bool has(const Keys& keys) const;

  /// The full key as the user sees it ("llama.block_count", "num_hidden_layers"): the spelling that is present, else the first.
  [[nodiscard]] std::string name_of(const Keys& keys) const;

  /// Throws Error(unsupported) naming the first key of "<architecture>.*" or of config.json that was neither read nor is in
  /// `harmless` (names as in Key; that of an object covers what is inside). In config.json null, false, "", [] and {} are harmless.
  void refuse_unread(std::span<const std::string_view> harmless) const;

 private:
  friend class HparamsBuilder;
  struct Null {};
  struct Other {};  // arrays of mixed or nested items
  /// One of nine kinds of value. (A std::variant would cost a second of compile time at -O0.)
  class Value {
   public:
    Value(Null) noexcept {}
    Value(Other) noexcept : kind_(Kind::other) {}
    Value(bool value) noexcept : kind_(Kind::boolean), boolean_(value) {}
    Value(std::int64_t value) noexcept : kind_(Kind::integer), integer_(value) {}
    Value(std::uint64_t value) noexcept : kind_(Kind::natural), natural_(value) {}
    Value(double value) noexcept : kind_(Kind::number), number_(value) {}
    Value(std::string value) noexcept : kind_(Kind::text), text_(std::move(value)) {}
    Value(std::vector<double> value) noexcept : kind_(Kind::numbers), numbers_(std::move(value)) {}
    Value(std::vector<std::string> value) noexcept : kind_(Kind::texts), texts_(std::move(value)) {}

    [[nodiscard]] bool is_null() const noexcept { return kind_ == Kind::null; }
    // Null unless the value is of that kind.
    [[nodiscard]] const bool* boolean() const noexcept { return kind_ == Kind::boolean ? &boolean_ : nullptr; }
    [[nodiscard]] const std::int64_t* integer() const noexcept { return kind_ == Kind::integer ? &integer_ : nullptr; }
    [[nodiscard]] const std::uint64_t* natural() const noexcept { return kind_ == Kind::natural ? &natural_ : nullptr; }
    [[nodiscard]] const double* number() const noexcept { return kind_ == Kind::number ? &number_ : nullptr; }
    [[nodiscard]] const std::string* text() const noexcept { return kind_ == Kind::text ? &text_ : nullptr; }
    [[nodiscard]] const std::vector<double>* numbers() const noexcept { return kind_ == Kind::numbers ? &numbers_ : nullptr; }
    [[nodiscard]] const std::vector<std::string>* texts() const noexcept { return kind_ == Kind::texts ? &texts_ : nullptr; }
    [[nodiscard]] std::vector<double>* numbers() noexcept { return kind_ == Kind::numbers ? &numbers_ : nullptr; }
    [[nodiscard]] std::vector<std::string>* texts() noexcept { return kind_ == Kind::texts ? &texts_ : nullptr; }

   private:
    enum class Kind : std::uint8_t { null, other, boolean, integer, natural, number, text, numbers, texts };
    Kind kind_ = Kind::null;
    union {
      bool boolean_;
      std::int64_t integer_ = 0;
      std::uint64_t natural_;
      double number_;
    };
    std::string text_;
    std::vector<double> numbers_;
    std::vector<std::string> texts_;
  };
  struct Item {
    std::string name;  // without "<architecture>."; nested names joined by '/'
    Value value;
    bool whole = false;  // a list whose numbers were written as integers
  };

  Hparams() = default;
  const Item* look(std::string_view name) const;
  const Item* find(const Keys& keys) const;  // notes the reading
  std::string full_name(std::string_view name) const;
  [[noreturn]] void fail_value(const Item& item, std::string_view expected) const;
  std::int64_t checked_count(const Item& item, double wide, std::int64_t exact, bool is_exact, std::int64_t min, std::int64_t max) const;

  std::string architecture_, source_;
  bool is_gguf_ = false;
  std::vector<Item> items_;            // in the order of the file
  std::vector<std::size_t> sorted_;    // indices into items_ by name
  mutable std::vector<bool> was_read_;
};

/// The ids that end a generation: eos_token_id (a number or a list) of generation_config.json and of config.json in
/// `folder`, without repeats, in that order; empty if neither file or key exists. Throws Error(format) for ids that are no
/// integers of 0 .. 2^31-1.
[[nodiscard]] std::vector<std::int64_t> hf_end_tokens(const std::string& folder);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/io/hparams.ipp"
#endif
