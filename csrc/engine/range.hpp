// Ranges of rows, panels or vectors that several threads divide among them.
#pragma once
#include "engine/simd.hpp"

namespace anaphora {
namespace {

// The part-th of `parts` ranges of [0, count), as even as they come.
struct Range {
  const int64_t begin, end;
  Range(int64_t count, int part, int parts) : begin(count * part / parts), end(count * (part + 1) / parts) {}
};

// Calls f(u, n) for every group of n <= lanes units in a range of the vectors over `units`.
template <class F>
ANAPHORA_INLINE void each_of(const Range& vectors, int64_t units, F f) {
  for (int64_t v = vectors.begin; v < vectors.end; ++v) f(v * lanes, lanes_from(v * lanes, units));
}

}  // namespace
}  // namespace anaphora
