// Elementary functions by fma polynomials, the same bits everywhere. Coefficients: weighted least squares on Chebyshev
// nodes, reweighted until the error is level. Included inside a target region and the namespace of an instruction set.

/// e^x / 2^k for k = x / ln 2, rounded.
WEFT_FORCE F exp_of_rest(F x, F k) {
  F r = fma(k, set(-0x1.62e4p-1f), x);   // ln 2 in two pieces: k times the first is exact
  r = fma(k, set(-0x1.7f7d1cp-20f), r);  // |r| <= ln(2) / 2
  F p = fma(set(0x1.6a23cep-10f), r, set(0x1.123a2p-7f));
  p = fma(p, r, set(0x1.5558f2p-5f));
  p = fma(p, r, set(0x1.555492p-3f));
  p = fma(p, r, set(0x1.fffffcp-2f));
  p = fma(mul(r, r), p, r);
  return add(p, set(1.0f));
}

/// e^x, within 2 ulp; subnormal results are right, below them 0, above the largest float infinity; NaN stays NaN.
WEFT_FORCE F exp(F x) {
  x = max(set(-110.0f), min(set(89.0f), x));  // in this order of operands NaN passes
  const I n = round(mul(x, set(0x1.715476p+0f)));
  const F p = exp_of_rest(x, to_float(n));
  const I half = shift_right<1>(n);  // 2^n in two factors, since n may pass the range of one exponent
  const I bias = iset(127);
  return mul(mul(p, as_float(shift_left<23>(iadd(half, bias)))), as_float(shift_left<23>(iadd(isub(n, half), bias))));
}

/// The bits of exp(x) for x in [-87, 0], in two thirds of its time; NaN stays NaN, of other x it is any number.
WEFT_FORCE F exp_of_distance(F x) {
  const F shift = set(12582912.0f);  // 1.5 * 2^23: the low bits of a sum with it are the rounded number
  const F shifted = add(mul(x, set(0x1.715476p+0f)), shift);
  return mul(exp_of_rest(x, sub(shifted, shift)), as_float(shift_left<23>(iadd(as_int(shifted), iset(127)))));
}

WEFT_FORCE F negate(F x) { return sub(set(-0.0f), x); }

/// x / (1 + e^-x)
WEFT_FORCE F silu(F x) { return div(x, add(set(1.0f), exp(negate(x)))); }

/// x * (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), which is x / (1 + e^(-2u)).
WEFT_FORCE F gelu_tanh(F x) {
  const F cubic = fma(mul(x, x), set(-0x1.2444f2p-4f), set(-0x1.988454p+0f));  // -2 sqrt(2/pi) (0.044715 x^2 + 1)
  return div(x, add(set(1.0f), exp(mul(x, cubic))));
}

/// x * Phi(x), the normal distribution function: Phi(-z) = e^(-z^2 / 2) Q(1 / (1 + 0.3 z)) for z = |x|.
WEFT_FORCE F gelu(F x) {
  const F y = max(set(-16.0f), min(set(16.0f), x));  // beyond, the tail is 0; squares stay finite
  const F z = max(y, negate(y));
  const F u = div(set(1.0f), fma(z, set(0.3f), set(1.0f)));
  F q = fma(u, set(0.038407404f), set(-0.16930752f));
  q = fma(q, u, set(0.22895189f));
  q = fma(q, u, set(-0.07683977f));
  q = fma(q, u, set(0.14276534f));
  q = fma(q, u, set(0.094585836f));
  q = fma(q, u, set(0.12194527f));
  q = fma(q, u, set(0.11948421f));
  q = fma(q, u, set(7.3724286e-06f));
  const F square = mul(y, y);
  const F lost = fma(y, y, negate(square));  // what rounding took from y^2: e^-(s + l) = e^-s (1 - l)
  const F half = set(-0.5f);
  const F e = exp(mul(square, half));
  const F tail = mul(fma(mul(lost, half), e, e), q);
  return mul(x, select_less(x, set(0.0f), tail, sub(set(1.0f), tail)));
}

WEFT_FORCE F relu(F x) { return max(set(0.0f), x); }  // NaN passes

template <Activation act>
WEFT_FORCE F apply(F x) {
  if constexpr (act == Activation::silu) return silu(x);
  if constexpr (act == Activation::gelu) return gelu(x);
  if constexpr (act == Activation::gelu_tanh) return gelu_tanh(x);
  if constexpr (act == Activation::relu) return relu(x);
}
