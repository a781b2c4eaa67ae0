// Runs the tests of one program and says at the end what was skipped. Exit status 77: nothing failed, nothing was tested.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "support/data.hpp"

namespace {

bool anything_was_tested = false;

struct Watch : doctest::IReporter {
  explicit Watch(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_start(const doctest::TestCaseData&) override { skips_before_ = weft::test::skipped().size(); }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  // A case tested something unless all it did was to skip.
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    if (stats.numAssertsCurrentTest > 0 || weft::test::skipped().size() == skips_before_) anything_was_tested = true;
  }
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  std::size_t skips_before_ = 0;
};

}  // namespace

REGISTER_LISTENER("watch", 1, Watch);

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (context.shouldExit()) return result;
  const auto& skipped = weft::test::skipped();
  if (!skipped.empty()) std::printf("skipped, %zu in all:\n", skipped.size());
  for (const auto& name : skipped) std::printf("  %s\n", name.c_str());
  return result == 0 && !skipped.empty() && !anything_was_tested ? 77 : result;
}
