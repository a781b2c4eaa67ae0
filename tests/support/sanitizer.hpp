// Whether the tests run under AddressSanitizer or ThreadSanitizer, where everything takes ten times as long and as much stack.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEFT_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEFT_TEST_SANITIZED 1
#endif
#endif
#ifndef WEFT_TEST_SANITIZED
#define WEFT_TEST_SANITIZED 0
#endif

namespace weft::test {

/// How often a statistical test draws: a sanitizer needs every path, and not the statistics, which the other builds have.
constexpr std::size_t draws_of(std::size_t n) { return WEFT_TEST_SANITIZED ? n / 20 : n; }

}  // namespace weft::test
