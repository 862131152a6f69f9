// Noise on the states of one row: the mask of the products, and zoneout.
//
//   masked      the products see mask * h        (Gal & Ghahramani 2016, arXiv:1512.05287)
//   blended     h' = keep * h + (1 - keep) * made     (Krueger et al. 2017, arXiv:1606.01305)
#pragma once
#include "engine/simd.hpp"

namespace anaphora {
namespace {

ANAPHORA_INLINE void multiply_mask(float* to, const float* mask, const float* from, int64_t count) {
  each(count, [&](int64_t u, int n) { store(to + u, mul(load(mask + u, n), load(from + u, n)), n); });
}

// to = keep * before + (1 - keep) * to. Where keep is 1 the result is exactly `before`, where it is 0 exactly `to`.
inline void blend(float* to, const float* before, const float* keep, int64_t count) {
  each(count, [&](int64_t u, int n) {
    const Vec k = load(keep + u, n);
    store(to + u, fma(k, load(before + u, n), mul(sub(fill(1.0f), k), load(to + u, n))), n);
  });
}

// The way back: keep * d goes past the cell, (1 - keep) * d into it.
inline void split(float* d, float* passes, const float* keep, int64_t count) {
  each(count, [&](int64_t u, int n) {
    const Vec k = load(keep + u, n), all = load(d + u, n);
    store(passes + u, mul(k, all), n);
    store(d + u, mul(sub(fill(1.0f), k), all), n);
  });
}

ANAPHORA_INLINE void add_onto(float* d, const float* more, int64_t count) {
  each(count, [&](int64_t u, int n) { store(d + u, add(load(d + u, n), load(more + u, n)), n); });
}

}  // namespace
}  // namespace anaphora
