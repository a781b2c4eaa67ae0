// Lines edited with libedit's own interface (BSD licence; what readline offers is the same under another one).
#pragma once

#include <histedit.h>

#include <algorithm>
#include <cwchar>

#include "support/line_editor.hpp"

namespace example {

class EditedLines final : public LineReader {
 public:
  EditedLines(Interrupts& interrupts, std::string file, Completer complete)
      : interrupts_(interrupts), complete_(std::move(complete)), file_(std::move(file)), editor_(el_init("weft-chat", stdin, stdout, stderr)), history_(history_init()) {
    HistEvent event;
    history(history_, &event, H_SETSIZE, 1000);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!file_.empty()) history(history_, &event, H_LOAD, file_.c_str());
    el_set(editor_, EL_CLIENTDATA, this);
    el_set(editor_, EL_EDITOR, "emacs");
    el_set(editor_, EL_SIGNAL, 0);
    el_set(editor_, EL_HIST, history, history_);
    el_set(editor_, EL_PROMPT_ESC, &prompt_of, escape);
    el_set(editor_, EL_GETCFN, &next_character);
    el_set(editor_, EL_ADDFN, "weft-complete", "Completes the word", &complete_word);
    el_set(editor_, EL_BIND, "^I", "weft-complete", nullptr);
    el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_source(editor_, nullptr);  // ~/.editrc
  }
  ~EditedLines() override {
    HistEvent event;
    if (!file_.empty()) history(history_, &event, H_SAVE, file_.c_str());
    el_end(editor_);
    history_end(history_);
  }
  EditedLines(const EditedLines&) = delete;
  EditedLines& operator=(const EditedLines&) = delete;

  TypedLine read(const std::string& prompt) override {
    prompt_ = prompt;
    interrupted_ = false;
    bytes_ = {};
    el_resize(editor_);
    el_set(editor_, EL_PREP_TERM, 1);  // before the prompt: what is typed as soon as it is seen must find the terminal so
    int length = 0;
    const char* line = el_gets(editor_, &length);
    if (interrupted_) {
      const LineInfo* typed = el_line(editor_);
      std::string text(typed->buffer, typed->lastchar);
      el_reset(editor_);
      std::puts("^C");
      return {TypedLine::End::interrupt, std::move(text)};
    }
    if (!line || length <= 0) {
      std::puts("");
      return {TypedLine::End::input, {}};
    }
    std::string text(line, static_cast<std::size_t>(length));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return {TypedLine::End::line, std::move(text)};
  }

  void remember(const std::string& line) override {
    HistEvent event;
    if (!line.empty()) history(history_, &event, H_ENTER, line.c_str());
  }
  [[nodiscard]] const char* name() const override { return "libedit"; }

 private:
  static constexpr char escape = '\1';  // stands around what has no width in the prompt: colours

  static EditedLines& of(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<EditedLines*>(self);
  }

  static char* prompt_of(EditLine* editor) {
    auto& self = of(editor);
    self.shown_prompt_.clear();
    for (std::size_t i = 0; i < self.prompt_.size();) {
      const auto begin = self.prompt_.find('\033', i);
      self.shown_prompt_ += self.prompt_.substr(i, begin - i);
      if (begin == std::string::npos) break;
      const auto end = self.prompt_.find('m', begin);
      self.shown_prompt_ += escape + self.prompt_.substr(begin, end + 1 - begin) + escape;
      i = end == std::string::npos ? self.prompt_.size() : end + 1;
    }
    return self.shown_prompt_.data();
  }

  static int next_character(EditLine* editor, wchar_t* into) {
    auto& self = of(editor);
    for (;;) {
      if (self.interrupts_.wait(STDIN_FILENO) == Interrupts::Event::interrupt) {
        self.interrupted_ = true;
        return -1;
      }
      char byte;
      const auto n = ::read(STDIN_FILENO, &byte, 1);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return static_cast<int>(n);
      const auto used = std::mbrtowc(into, &byte, 1, &self.bytes_);
      if (used == static_cast<std::size_t>(-2)) continue;  // a part of a character
      if (used == static_cast<std::size_t>(-1)) {
        self.bytes_ = {};
        *into = L'?';
      } else if (used == 0) {
        *into = L'\0';
      }
      return 1;
    }
  }

  static unsigned char complete_word(EditLine* editor, int) {
    auto& self = of(editor);
    const LineInfo* typed = el_line(editor);
    const std::string_view line(typed->buffer, static_cast<std::size_t>(typed->cursor - typed->buffer));
    const auto word = line.substr(line.find_last_of(' ') + 1);
    std::vector<std::string> found = self.complete_(line);
    std::erase_if(found, [&](const std::string& one) { return !one.starts_with(word); });
    if (found.empty()) return CC_ERROR;
    std::string common = found.front();
    for (const auto& one : found) common.resize(static_cast<std::size_t>(std::ranges::mismatch(common, one).in1 - common.begin()));
    const std::string more = common.substr(word.size()) + (found.size() == 1 ? " " : "");
    if (!more.empty()) return el_insertstr(editor, more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    std::puts("");
    for (const auto& one : found) std::printf("%s  ", one.c_str());
    std::puts("");
    return CC_REDISPLAY;
  }

  Interrupts& interrupts_;
  Completer complete_;
  std::string file_;  ///< of the history
  EditLine* editor_;
  History* history_;
  std::string prompt_, shown_prompt_;
  std::mbstate_t bytes_{};
  bool interrupted_ = false;
};

}  // namespace example
