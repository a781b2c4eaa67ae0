// Chat: a conversation with a model. Messages, the template that makes a prompt of them, and a sequence that keeps what has been run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/archive.hpp"
#include "weft/decode/stream.hpp"
#include "weft/text/chat_template.hpp"

namespace weft {

namespace detail {

/// A turn is a user's message and what follows it up to the next one.
std::size_t count_turns(const Conversation& messages) noexcept;
/// The index of the message that begins the last turn; the number of messages where there is no turn.
std::size_t last_turn(const Conversation& messages) noexcept;
/// Without the first turns; what stands before them, a system prompt say, stays.
Conversation without_turns(const Conversation& messages, std::size_t turns);
/// The first `count` messages, or all if there are fewer.
Conversation first_messages(const Conversation& messages, std::size_t count);
/// Takes the messages from index `first` on out, and returns them.
Conversation take_from(Conversation& messages, std::size_t first);
/// Makes the first message a system prompt of this text, or takes it out where the text is empty.
void set_system(Conversation& messages, std::string text);
/// The messages with one more.
Conversation with_message(const Conversation& messages, Message message);

void save_messages(const Conversation& messages, StateWriter& out);
/// Throws Error(format) that names `source` for bytes that save_messages() has not written.
Conversation load_messages(std::span<const std::byte> bytes, const std::string& source);

}  // namespace detail

template <DecodableSequence S>
class Chat;

/// A reply as it is written: an input range of Pieces, as TokenStream is. When it goes, what was written becomes a message of the chat,
/// also after `break`, a cancellation or an error; where not a single token came, the conversation is as it was before.
/// The chat must outlive it and must not be moved meanwhile.
template <DecodableSequence S, class Stream>
class ChatReply {
 public:
  ChatReply(ChatReply&& other) noexcept
      : chat_(std::exchange(other.chat_, nullptr)), next_(std::move(other.next_)), prompt_(std::move(other.prompt_)),
        stream_(std::move(other.stream_)) {}
  ChatReply& operator=(ChatReply&&) = delete;
  ~ChatReply() {
    if (chat_) chat_->keep(*this);
  }

  /// Makes the next token; the part of the prompt that the chat has not run yet is run by the first call.
  auto begin() { return stream_.begin(); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// What there is so far. In stats, prompt_tokens - prefilled_tokens is how many were reused.
  const Result& result() { return stream_.result(); }
  /// The conversation as the template wrote it, up to where the reply begins.
  [[nodiscard]] std::string_view prompt() const noexcept { return prompt_; }

 private:
  friend class Chat<S>;
  ChatReply(Chat<S>& chat, Conversation next, std::string prompt, Stream stream)
      : chat_(&chat), next_(std::move(next)), prompt_(std::move(prompt)), stream_(std::move(stream)) {
    chat.replying_ = true;
  }

  Chat<S>* chat_;
  Conversation next_;  ///< the messages that are replied to
  std::string prompt_;
  Stream stream_;
};

/// A conversation that costs what is new in it. Each prompt is the whole conversation, rendered by the template; the sequence is rewound
/// to where the prompt parts from what it holds, and runs the rest. So replies are, to the bit, those to the whole prompt run from the
/// start, whatever was taken back, edited, or is rendered otherwise than it was generated; what users type cannot become a control token.
///
///     weft::Chat chat(model);
///     chat.set_system("You are terse.");
///     for (const weft::Piece& piece : chat.reply("What is the capital of France?", weft::greedy())) show(piece.text);
///     chat.undo();                  // a rewind
///     auto branch = chat.fork();    // O(1): keys and values are shared
///
/// An error leaves messages and sequence valid. Calls that change a chat while a reply to it is being written throw Error(argument).
template <DecodableSequence S>
class Chat {
 public:
  /// With the template that came with the model. The sequence may hold a text already, such as a system prompt from a PrefixCache.
  /// Throws Error(unsupported) where the model has no template or no tokenizer.
  explicit Chat(S sequence) : sequence_(std::move(sequence)), format_(sequence_.model().chat_template()) {}
  /// render: tools, documents and variables of the template.
  Chat(S sequence, ChatTemplate format, RenderOptions render = {})
      : sequence_(std::move(sequence)), format_(std::move(format)), render_(std::move(render)) {}
  /// The model must outlive the chat.
  template <DecodableModel M>
  explicit Chat(const M& model) : Chat(make_sequence(model)) {}
  Chat(Chat&&) noexcept = default;
  Chat& operator=(Chat&&) noexcept = default;

  [[nodiscard]] const Conversation& messages() const noexcept { return messages_; }
  [[nodiscard]] const ChatTemplate& format() const noexcept { return format_; }
  /// What has been run, and need not be run again.
  [[nodiscard]] const S& sequence() const noexcept { return sequence_; }
  /// Turns so far: a user's message and what follows it up to the next one.
  [[nodiscard]] std::size_t turns() const noexcept { return detail::count_turns(messages_); }

  /// The first message is a system prompt of this text, or none where it is empty.
  void set_system(std::string text) {
    check_idle();
    detail::set_system(messages_, std::move(text));
  }
  /// Adds a message without asking for a reply: an example, the answer of a tool.
  void add(Message message) {
    check_idle();
    messages_.push_back(std::move(message));
  }

  /// Says something and streams the reply. strategy: a chain, or what else streams (speculative(), without_phrases()).
  /// Throws Error(resource) where the conversation does not fit the context, saying how many tokens it has and what to drop, and what the
  /// template and the strategy throw. The conversation is then as it was.
  template <class Strategy>
  auto reply(std::string_view text, const Strategy& strategy, const Options& options = {}) {
    return start(with({.role = "user", .content = std::string(text)}), strategy, options);
  }
  template <class Strategy>
  auto reply(Message message, const Strategy& strategy, const Options& options = {}) {
    return start(with(std::move(message)), strategy, options);
  }
  /// Streams a reply to the messages as they stand.
  template <class Strategy>
  auto answer(const Strategy& strategy, const Options& options = {}) {
    return start(messages_, strategy, options);
  }
  /// Another answer to the last user's message, in place of all that followed it; the old one stays if no token comes. Draws differ where
  /// options.seed or options.branch does. Throws Error(argument) where nothing was said.
  template <class Strategy>
  auto regenerate(const Strategy& strategy, const Options& options = {}) {
    return start(detail::first_messages(messages_, said("answer again") + 1), strategy, options);
  }

  /// Takes the last turn back, and returns its messages. Throws Error(argument) where there is none.
  Conversation undo() {
    Conversation taken = detail::take_from(messages_, said("take back"));
    // Of an empty conversation nothing is known but that the next may begin alike.
    if (!messages_.empty()) sequence_.rewind(detail::common_prefix(sequence_.tokens(), tokens()));
    return taken;
  }
  /// Drops the oldest turns; what stood before them stays. The rest is run again with the next reply. Throws Error(argument) where there
  /// are not so many.
  void forget(std::size_t turns) {
    check_idle();
    if (turns > this->turns()) fail(ErrorKind::argument, "there are ", this->turns(), " turns, so ", turns, " cannot be dropped");
    messages_ = detail::without_turns(messages_, turns);
  }
  /// How many of the oldest turns must go for a user's message to fit the context; none where all of them are not enough.
  [[nodiscard]] std::optional<std::size_t> turns_to_forget(std::string_view text) const {
    return turns_to_forget(with({.role = "user", .content = std::string(text)}));
  }

  /// A conversation that goes on from here, independently. O(1) in keys and values.
  [[nodiscard]] Chat fork() const {
    Chat copy(sequence_.fork(), format_, render_);
    copy.messages_ = messages_;
    return copy;
  }

  /// Writes messages, keys and values to a file: Sequence::save(). Not written: the template and its variables.
  void save(const std::string& path) const {
    StateWriter messages;
    detail::save_messages(messages_, messages);
    if constexpr (requires { sequence_.save(path, messages.bytes()); })
      sequence_.save(path, messages.bytes());
    else
      fail(ErrorKind::unsupported, "a chat over a sequence of type ", detail::type_name<S>(), " cannot be saved");
  }
  /// Becomes the conversation of a file. It goes on without running anything again, but where the context it was saved with is not this
  /// one's: then its messages are run with the next reply. Throws as Model::restore(), and Error(format) for a file without a chat; this
  /// one is then as it was.
  void load(const std::string& path) {
    check_idle();
    if constexpr (requires(std::vector<std::byte>* beside) { sequence_.model().restore(path, beside); }) {
      std::vector<std::byte> beside;
      S restored = sequence_.model().restore(path, &beside);
      messages_ = detail::load_messages(beside, path);
      if (restored.capacity() == sequence_.capacity())
        sequence_ = std::move(restored);
      else
        sequence_.rewind(0);
    } else {
      fail(ErrorKind::unsupported, "a chat over a sequence of type ", detail::type_name<S>(), " cannot be loaded");
    }
  }

  /// The tokens of the conversation, or of its first messages, as the template renders them; no reply is opened.
  [[nodiscard]] std::vector<Token> tokens() const { return prompt_of(messages_, false).second; }
  [[nodiscard]] std::vector<Token> tokens(std::size_t messages) const {
    return prompt_of(detail::first_messages(messages_, messages), false).second;
  }

 private:
  template <DecodableSequence, class>
  friend class ChatReply;

  void check_idle() const {
    if (replying_) fail(ErrorKind::argument, "a reply of this chat is still being written: let go of it first");
  }
  /// The index of the message that begins the last turn.
  [[nodiscard]] std::size_t said(const char* what) const {
    check_idle();
    const auto turn = detail::last_turn(messages_);
    if (turn == messages_.size()) fail(ErrorKind::argument, "nothing was said yet, so there is nothing to ", what);
    return turn;
  }
  [[nodiscard]] Conversation with(Message message) const {
    return detail::with_message(messages_, std::move(message));
  }

  [[nodiscard]] std::pair<std::string, std::vector<Token>> prompt_of(const Conversation& messages, bool opens_reply) const {
    RenderOptions render = render_;
    render.add_generation_prompt = opens_reply;
    auto chat = format_.render(messages, render);
    auto tokens = encode(sequence_.model().tokenizer(), chat);
    return {std::move(chat.text), std::move(tokens)};
  }
  /// A prompt fits where a token of the reply does, too.
  [[nodiscard]] std::size_t prompt_size(const Conversation& messages) const { return prompt_of(messages, true).second.size(); }

  [[nodiscard]] std::optional<std::size_t> turns_to_forget(const Conversation& next) const {
    const auto fits = [&](std::size_t turns) { return prompt_size(detail::without_turns(next, turns)) < sequence_.capacity(); };
    std::size_t most = std::max<std::size_t>(detail::count_turns(next), 1) - 1, least = 0;
    if (!fits(most)) return {};
    while (least < most) {
      const auto middle = least + (most - least) / 2;
      if (fits(middle))
        most = middle;
      else
        least = middle + 1;
    }
    return most;
  }
  [[noreturn]] void context_full(const Conversation& next, std::size_t size) const {
    const auto turns = turns_to_forget(next);
    const auto advice =
        turns ? detail::concat("drop the oldest turns by forget(", *turns, "), which leaves ", prompt_size(detail::without_turns(next, *turns)))
              : std::string("shorten the message: dropping earlier turns is not enough");
    fail(ErrorKind::resource, "the context is full: the conversation has ", size, " tokens with this message, and the context holds ",
         sequence_.capacity(), "; ", advice, ", or give the sequence a longer context");
  }

  template <class Strategy>
  auto start(Conversation next, const Strategy& strategy, const Options& options) {
    check_idle();
    auto [text, tokens] = prompt_of(next, true);
    if (tokens.size() >= sequence_.capacity()) context_full(next, tokens.size());
    // The last token is run in any case: after it come the logits that the reply begins with.
    const auto kept = std::min(detail::common_prefix(sequence_.tokens(), tokens), std::max<std::size_t>(tokens.size(), 1) - 1);
    sequence_.rewind(kept);
    tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(kept));
    using Stream = detail::StreamFor<Strategy, S>;
    Stream stream(std::in_place, sequence_.fork(), std::move(tokens), detail::streamed(strategy), options);
    return ChatReply<S, Stream>(*this, std::move(next), std::move(text), std::move(stream));
  }

  /// The end of a reply, from its destructor.
  template <class Stream>
  void keep(ChatReply<S, Stream>& reply) noexcept {
    replying_ = false;
    sequence_ = std::move(reply.stream_).release();
    try {
      const Result& result = reply.result();
      if (result.tokens.empty()) return;
      reply.next_.push_back({.role = "assistant", .content = result.text});
      messages_ = std::move(reply.next_);
    } catch (...) {  // no memory for the message: the conversation is as it was
    }
  }

  S sequence_;
  ChatTemplate format_;
  RenderOptions render_{};
  Conversation messages_;
  bool replying_ = false;
};

template <DecodableModel M>
Chat(const M&) -> Chat<decltype(make_sequence(std::declval<const M&>()))>;

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/chat.ipp"
#endif
