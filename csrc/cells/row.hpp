// One row at one step, as a cell sees it: where its values lie, forward and backward, and a group of its units.
#pragma once
#include <cstdint>

#include "engine/simd.hpp"

namespace anaphora {
namespace {

// n <= lanes units of a row of U units, from unit u on. Values of a row lie slot after slot, each of U units.
struct UnitGroup {
  int64_t u;
  int n;
  int64_t U;

  ANAPHORA_INLINE Vec load(const float* values, int slot = 0) const { return anaphora::load(values + slot * U + u, n); }
  ANAPHORA_INLINE void store(float* values, Vec v) const { anaphora::store(values + u, v, n); }
  ANAPHORA_INLINE void store(float* values, int slot, Vec v) const { anaphora::store(values + slot * U + u, v, n); }
};

// The groups of a row of U units, in order: at.n is 0 behind the last one.
ANAPHORA_INLINE UnitGroup first_units(int64_t U) { return {0, lanes_from(0, U), U}; }
ANAPHORA_INLINE UnitGroup next_units(UnitGroup at) {
  const int64_t u = at.u + lanes;
  return {u, u < at.U ? lanes_from(u, at.U) : 0, at.U};
}

// The places that the factors of a product come from: x_t, h_{t-1} or the row's scratch.
enum class Factor : int { input, state, scratch };

struct ForwardRow {
  const float* factor[3];  // by Factor; the state as the products see it
  const float* h;          // h_{t-1} itself
  float* y;                // the new state goes here
  float* c;                // the memories, replaced in place
  float* saved;
  float* scratch;
  float* raw;                      // products that a row stage takes: in saved where that is kept, else in scratch
  const float* partial;            // sums of bias and input, when they were formed ahead
  const float *b_ih, *b_hh, *own;  // vectors, for cells that have their own
};

struct BackwardRow {
  const float *saved, *y, *h, *c_before;
  const float* state;  // h as the products saw it
  const float* own;
  float* dh;         // gradient of this step's state; back() leaves there what reaches h_{t-1} past the products
  float* d_state;    // gradient of `state`, the same place as dh where nothing is multiplied in between
  float* dc;         // gradient of this step's memories -> of those before
  float* d_scratch;  // gradient of the row's scratch
  float* scratch;    // the scratch row again, for the weights' gradient
  float* sums;       // all that this line leaves for the gradients, stage after stage
  float* d_pre;      // this stage's part of it
};

}  // namespace
}  // namespace anaphora
