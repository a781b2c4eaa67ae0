// Sixteen lanes made of Part::count registers. Included inside a target region and the namespace of an instruction set.

struct F {
  Part::Pf p[Part::count];
};
struct I {
  Part::Pi p[Part::count];
};

// clang-format off
#define WEFT_PARTS WEFT_EACH(i, Part::count)
WEFT_FORCE F set(float x) { F r; WEFT_PARTS r.p[i] = Part::set(x); return r; }
WEFT_FORCE F load(const float* x) { F r; WEFT_PARTS r.p[i] = Part::load(x + i * Part::lanes); return r; }
WEFT_FORCE void store(float* x, F a) { WEFT_PARTS Part::store(x + i * Part::lanes, a.p[i]); }
WEFT_FORCE F add(F a, F b) { WEFT_PARTS a.p[i] = Part::add(a.p[i], b.p[i]); return a; }
WEFT_FORCE F sub(F a, F b) { WEFT_PARTS a.p[i] = Part::sub(a.p[i], b.p[i]); return a; }
WEFT_FORCE F mul(F a, F b) { WEFT_PARTS a.p[i] = Part::mul(a.p[i], b.p[i]); return a; }
WEFT_FORCE F div(F a, F b) { WEFT_PARTS a.p[i] = Part::div(a.p[i], b.p[i]); return a; }
WEFT_FORCE F fma(F a, F b, F c) { WEFT_PARTS c.p[i] = Part::fma(a.p[i], b.p[i], c.p[i]); return c; }
WEFT_FORCE F min(F a, F b) { WEFT_PARTS a.p[i] = Part::min(a.p[i], b.p[i]); return a; }
WEFT_FORCE F max(F a, F b) { WEFT_PARTS a.p[i] = Part::max(a.p[i], b.p[i]); return a; }
WEFT_FORCE F select_less(F a, F b, F x, F y) {
  WEFT_PARTS x.p[i] = Part::select_less(a.p[i], b.p[i], x.p[i], y.p[i]);
  return x;
}
WEFT_FORCE I as_int(F a) { I r; WEFT_PARTS r.p[i] = Part::as_int(a.p[i]); return r; }
WEFT_FORCE F as_float(I a) { F r; WEFT_PARTS r.p[i] = Part::as_float(a.p[i]); return r; }
WEFT_FORCE I round(F a) { I r; WEFT_PARTS r.p[i] = Part::round(a.p[i]); return r; }
WEFT_FORCE F to_float(I a) { F r; WEFT_PARTS r.p[i] = Part::to_float(a.p[i]); return r; }
WEFT_FORCE I iset(std::int32_t x) { I r; WEFT_PARTS r.p[i] = Part::iset(x); return r; }
WEFT_FORCE I iadd(I a, I b) { WEFT_PARTS a.p[i] = Part::iadd(a.p[i], b.p[i]); return a; }
WEFT_FORCE I isub(I a, I b) { WEFT_PARTS a.p[i] = Part::isub(a.p[i], b.p[i]); return a; }
WEFT_FORCE I imax(I a, I b) { WEFT_PARTS a.p[i] = Part::imax(a.p[i], b.p[i]); return a; }
WEFT_FORCE I iand(I a, I b) { WEFT_PARTS a.p[i] = Part::iand(a.p[i], b.p[i]); return a; }
template <int n> WEFT_FORCE I shift_left(I a) { WEFT_PARTS a.p[i] = Part::template shift_left<n>(a.p[i]); return a; }
template <int n> WEFT_FORCE I shift_right(I a) { WEFT_PARTS a.p[i] = Part::template shift_right<n>(a.p[i]); return a; }
WEFT_FORCE std::int32_t highest(I a) {
  Part::Pi r = a.p[0];
  WEFT_PARTS r = Part::imax(r, a.p[i]);
  return Part::highest(r);
}
WEFT_FORCE std::int32_t sum(I a) {
  Part::Pi r = a.p[0];
  WEFT_UNROLL for (int i = 1; i < Part::count; ++i) r = Part::iadd(r, a.p[i]);
  return Part::sum(r);
}
WEFT_FORCE void store_f16(std::byte* x, F a) { WEFT_PARTS Part::store_f16(x + i * Part::lanes * 2, a.p[i]); }
#undef WEFT_PARTS
// clang-format on

/// The first n lanes from memory, the others 0.
WEFT_FORCE F load_some(const float* x, std::int64_t n) {
  float lanes[16] = {};
  for (std::int64_t i = 0; i < n; ++i) lanes[i] = x[i];
  return load(lanes);
}
WEFT_FORCE void store_some(float* x, F a, std::int64_t n) {
  float lanes[16];
  store(lanes, a);
  for (std::int64_t i = 0; i < n; ++i) x[i] = lanes[i];
}

/// The sum of the lanes, always by the same tree: i with i + 8, + 4, + 2, + 1.
template <class P = Part>
WEFT_FORCE float sum_of_lanes(F a) {
  if constexpr (requires { P::sum_of_lanes(a.p[0]); }) return P::sum_of_lanes(a.p[0]);
  float lanes[16];
  store(lanes, a);
  for (int width = 8; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  return lanes[0];
}
template <class P = Part>
WEFT_FORCE float highest_lane(F a) {
  if constexpr (requires { P::highest_lane(a.p[0]); }) return P::highest_lane(a.p[0]);
  float lanes[16];
  store(lanes, a);
  float r = lanes[0];
  for (int i = 1; i < 16; ++i) r = lanes[i] > r ? lanes[i] : r;
  return r;
}
