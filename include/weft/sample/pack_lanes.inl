// What survey_block.inl needs of each width of lanes, where the machine has no instructions for it. four_lanes.inl and softmax.ipp include it.

inline constexpr bool bounds = true;
/// What is less weighs nothing.
inline Vec bounded(Vec v) noexcept { return greater(all_vec(lowest_weighed), v); }
/// A number, taken apart.
struct Power {
  Vec fraction, shifted;  ///< shifted: its floor and a bias that makes the low bits an exponent
};
inline Power split(Vec t) noexcept {
  const Vec magic = all_vec(12582912.0f + weight_bias), one = all_vec(1), zero = {};
  Vec shifted = t + magic;
  shifted = shifted - (shifted - magic > t ? one : zero);
  const Vec whole = shifted - magic, fraction = t - whole;
  // from -1/2 to 0 that is rounded: down, as AVX-512's instruction does
  VecInt bits;
  std::memcpy(&bits, &fraction, sizeof bits);
  bits += fraction + whole > t;
  Power power{{}, shifted};
  std::memcpy(&power.fraction, &bits, sizeof bits);
  return power;
}
/// p 2^floor, rounded once.
inline Vec scaled(Vec p, const Power& t) noexcept {
  VecInt bits;
  std::memcpy(&bits, &t.shifted, sizeof bits);
  bits = bits << 23;
  Vec power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power * all_vec(0x1p-25f);  // the first product is exact
}
/// Writes the lanes that have a bit, and their ids, one after the other. Their number.
template <bool with_ids>
inline std::size_t pack(Vec v, unsigned bits, std::int32_t first, float* values, std::int32_t* ids) noexcept {
  std::size_t n = 0;
  for (; bits != 0; bits &= bits - 1, ++n) {
    const int lane = __builtin_ctz(bits);
    values[n] = v[lane];
    if constexpr (with_ids) ids[n] = first + lane;
  }
  return n;
}
