// Layer normalisation of one row.                                        Ba, Kiros & Hinton 2016, arXiv:1607.06450
//
//   norm(v) = (v - mean v) / sqrt(var v + 1e-5)        biased variance
//   with dn the gradient of norm(v):  dv = (dn - mean dn - norm(v) mean(dn norm(v))) / sqrt(var v + 1e-5)
//
// Sums run lane by lane over the row, then over the lanes in halves: one order for every row.
#pragma once
#include <cmath>

#include "engine/simd.hpp"

namespace anaphora {
namespace {

constexpr float norm_epsilon = 1e-5f;

// Lanes from n on set to zero.
ANAPHORA_INLINE Vec front(Vec v, int n) {
  if (n == lanes) return v;
  float lane[lanes];
  store(lane, v);
  return load(lane, n);
}

struct Moments {
  Vec mean, scale;  // scale = 1 / sqrt(var + epsilon)

  ANAPHORA_INLINE Vec norm(Vec v) const { return mul(sub(v, mean), scale); }
};

inline Moments moments(const float* v, int64_t count) {
  Vec total = fill(0.0f), squares = fill(0.0f);
  for (int64_t u = 0; u < count; u += lanes) total = add(total, load(v + u, lanes_from(u, count)));
  const Vec mean = fill(sum_lanes(total) / static_cast<float>(count));
  for (int64_t u = 0; u < count; u += lanes) {
    const int n = lanes_from(u, count);
    const Vec d = front(sub(load(v + u, n), mean), n);
    squares = fma(d, d, squares);
  }
  return {mean, fill(1.0f / std::sqrt(sum_lanes(squares) / static_cast<float>(count) + norm_epsilon))};
}

// Back through gain * norm(v): from the gradient d of that product to those of v and of the gain.
inline void norm_back(const float* v, const float* gain, const float* d, int64_t count, float* dv, float* d_gain) {
  const Moments of = moments(v, count);
  Vec total = fill(0.0f), along = fill(0.0f);
  for (int64_t u = 0; u < count; u += lanes) {
    const int n = lanes_from(u, count);
    const Vec normed = front(of.norm(load(v + u, n)), n), d_norm = mul(load(d + u, n), load(gain + u, n));
    store(d_gain + u, mul(load(d + u, n), normed), n);
    total = add(total, d_norm);
    along = fma(d_norm, normed, along);
  }
  const float size = static_cast<float>(count);
  const Vec mean = fill(sum_lanes(total) / size), slope = fill(sum_lanes(along) / size);
  for (int64_t u = 0; u < count; u += lanes) {
    const int n = lanes_from(u, count);
    const Vec normed = of.norm(load(v + u, n)), d_norm = mul(load(d + u, n), load(gain + u, n));
    store(dv + u, mul(of.scale, sub(sub(d_norm, mean), mul(normed, slope))), n);
  }
}

}  // namespace
}  // namespace anaphora
