// Definitions of decode/chat.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "weft/decode/chat.hpp"

namespace weft::detail {

inline constexpr std::uint64_t chat_magic = 0x3174686374666577;  // "weftcht1"

inline bool begins_turn(const Message& message) noexcept { return message.role == "user"; }

WEFT_INLINE std::size_t count_turns(const Conversation& messages) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(messages, begins_turn));
}

WEFT_INLINE std::size_t last_turn(const Conversation& messages) noexcept {
  for (std::size_t i = messages.size(); i > 0; --i)
    if (begins_turn(messages[i - 1])) return i - 1;
  return messages.size();
}

WEFT_INLINE Conversation without_turns(const Conversation& messages, std::size_t turns) {
  Conversation kept;
  std::size_t begun = 0;
  for (const Message& message : messages) {
    begun += begins_turn(message) ? 1 : 0;
    if (begun == 0 || begun > turns) kept.push_back(message);
  }
  return kept;
}

WEFT_INLINE Conversation first_messages(const Conversation& messages, std::size_t count) {
  return {messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(std::min(count, messages.size()))};
}

WEFT_INLINE Conversation take_from(Conversation& messages, std::size_t first) {
  const auto from = messages.begin() + static_cast<std::ptrdiff_t>(first);
  Conversation taken(std::make_move_iterator(from), std::make_move_iterator(messages.end()));
  messages.erase(from, messages.end());
  return taken;
}

WEFT_INLINE void set_system(Conversation& messages, std::string text) {
  const bool present = !messages.empty() && messages.front().role == "system";
  if (text.empty()) {
    if (present) messages.erase(messages.begin());
  } else if (present) {
    messages.front().content = std::move(text);
  } else {
    messages.insert(messages.begin(), Message{.role = "system", .content = std::move(text)});
  }
}

WEFT_INLINE Conversation with_message(const Conversation& messages, Message message) {
  Conversation next = messages;
  next.push_back(std::move(message));
  return next;
}

WEFT_INLINE void save_messages(const Conversation& messages, StateWriter& out) {
  out.put(chat_magic);
  out.put(std::uint64_t{messages.size()});
  for (const Message& m : messages) {
    for (const std::string* text : {&m.role, &m.content, &m.tool_call_id, &m.name, &m.extra}) out.put_text(*text);
    out.put(std::uint64_t{m.tool_calls.size()});
    for (const ToolCall& call : m.tool_calls)
      for (const std::string* text : {&call.name, &call.arguments, &call.id}) out.put_text(*text);
  }
}

WEFT_INLINE Conversation load_messages(std::span<const std::byte> bytes, const std::string& source) {
  StateReader in(bytes, source);
  if (bytes.size() < sizeof(chat_magic) || in.get<std::uint64_t>() != chat_magic)
    fail(ErrorKind::format, source, ": holds a sequence and no chat; give a file that Chat::save() has written");
  Conversation messages;
  for (auto count = in.get<std::uint64_t>(); count > 0; --count) {  // ends with the bytes, whatever the number says
    Message m;
    for (std::string* text : {&m.role, &m.content, &m.tool_call_id, &m.name, &m.extra}) *text = in.get_text();
    for (auto calls = in.get<std::uint64_t>(); calls > 0; --calls) {
      ToolCall call;
      for (std::string* text : {&call.name, &call.arguments, &call.id}) *text = in.get_text();
      m.tool_calls.push_back(std::move(call));
    }
    messages.push_back(std::move(m));
  }
  in.expect_end();
  return messages;
}

}  // namespace weft::detail
