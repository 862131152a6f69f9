// A chunk: a run of steps whose gradients of gates fit a bounded scratch. Its lines lie in the walk's order, all rows
// of step s, then of s + 1, and wait there for the weights' gradients.
#pragma once
#include "cells/stage.hpp"

namespace anaphora {
namespace {

struct Chunk {
  int64_t first, last;  // steps [first, last)
  int64_t lines;
  float* sums;          // (lines, sums of all stages)
  float* scratch;       // (lines, H), the row's scratch where it is the factor of a product
  float* masked;        // (lines, P), h as the products saw it, where a mask stood between
  const float** input;  // (lines,) rows of x
  const float** state;  // (lines,) rows of h before the step, as the products saw them
};

// Floats from one line's sums to the next: the sums of all stages, and a little, lest lines lie a power of two apart
// and crowd into one set of the cache.
template <class... S>
int64_t line_floats(const Shape& shape, List<S...>) {
  const int64_t sums = ((S::sums * S::units(shape)) + ...);
  return (sums + lanes - 1) / lanes * lanes + 16;
}

}  // namespace
}  // namespace anaphora
