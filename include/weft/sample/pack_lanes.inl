// What survey_block.inl takes from each width of lanes, where the machine has no instructions for it. softmax.hpp and softmax.ipp include it.

inline constexpr bool bounds = true;
/// What is less weighs nothing.
inline Vec bounded(Vec v) noexcept { return greater(all_vec(lowest_weighed), v); }
/// p 2^n, rounded once; shifted: n with the bias that makes its low bits an exponent.
inline Vec scaled(Vec p, Vec, Vec shifted) noexcept {
  VecInt bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = bits << 23;
  Vec power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power * all_vec(0x1p-25f);  // the first product is exact
}
/// Writes the lanes that have a bit, and their ids, one after the other. Their number.
inline std::size_t pack(Vec v, unsigned bits, std::int32_t first, float* values, std::int32_t* ids) noexcept {
  std::size_t n = 0;
  for (; bits != 0; bits &= bits - 1, ++n) {
    const int lane = __builtin_ctz(bits);
    values[n] = v[lane];
    ids[n] = first + lane;
  }
  return n;
}
