// What a cell declares: its stages, and the gate arithmetic of each.
//
// A stage is a panel product followed by arithmetic on the row. It declares the *terms* of its product: where the
// factor comes from (x_t, h_{t-1} or the row's scratch), which matrix it meets, and which of the stage's *slots* (one
// value of each unit) the weights add to. Factor that the walk derives packing, the product forward, its two gradients
// and the weights' gradients; in the cell's file stands only what is left:
//
//   finish(pre, row, u, n, U)    slots -> state and output, for n lanes from unit u
//   back(row, u, n, U)           gradient of the output -> gradient of each slot, d_pre
//
// A *wide* stage has no product: it takes the whole row that the stages before it left, as a normaliser must, by
// finish_row(row, U) and back_row(row, U).
#pragma once
#include "engine/panel.hpp"
#include "kernels.h"

namespace anaphora {
namespace {

enum class Factor : int { input, state, scratch };
enum class Matrix : int { w_ih, w_hh, w_hr };

template <Factor F, Matrix M, int... S>
struct Term {
  static constexpr Factor from = F;
  static constexpr Matrix matrix = M;
  static constexpr int count = sizeof...(S);
  static constexpr int slot[] = {S...};
  template <int W>
  using Slots = anaphora::Slots<W, S...>;
};

template <class... T>
struct List {};

template <int... I>
struct Ints {
  static constexpr int count = sizeof...(I);
  static constexpr int at(int i) {
    constexpr int all[] = {I..., 0};
    return all[i];
  }
};

// One row at one step, forward.
struct ForwardRow {
  const float* source[3];  // by Factor; the state as the products see it
  const float* h;          // h_{t-1} itself
  float* y;                // where the new state goes
  float* c;                // the memory, replaced in place
  float* saved;
  float* scratch;
  float* raw;                      // products that a wide stage takes: in saved where that is kept, else in scratch
  const float* partial;            // sums of bias and input, when they were formed ahead
  const float *b_ih, *b_hh, *own;  // vectors, for cells that have their own
};

// One row at one step, backward.
struct BackwardRow {
  const float *saved, *y, *h, *c_before;
  const float* state;  // h as the products saw it
  const float* own;
  float* dh;       // gradient of this step's state; back() leaves there what reaches h_{t-1} past the products
  float* d_state;  // gradient of `state`, the same place as dh where nothing is multiplied in between
  float* dc;       // gradient of this step's memory -> of the one before
  float* d_scratch;
  float* scratch;  // the scratch row again, for the weights' gradient
  float* line;     // all that this line leaves for the gradients, stage after stage
  float* d_pre;    // this stage's part of it
};

// A stage that goes on with each unit by itself. `sums` counts the values of each unit that a line leaves for the
// gradients: first d_pre, then what it adds to the gradients of vectors. BiasIh, BiasHh and Own say where in it the
// gradient of each vector lies; `activated` says whether the slots are pre-activations, whose gradients clipping holds.
template <int Slots>
struct UnitStage {
  static constexpr int slots = Slots, sums = Slots, first_gate = 0;
  static constexpr bool wide = false, biased = true, activated = true;
  using Own = Ints<>;
  static int64_t units(const Shape& shape) { return shape.H; }
};

template <int Sums>
struct RowStage {
  static constexpr int slots = 0, sums = Sums, first_gate = 0;
  static constexpr bool wide = true, biased = false, activated = false;
  using Terms = List<>;
  static int64_t units(const Shape& shape) { return shape.H; }
};

// What most cells have in common. `scratch` is in rows of H; `kept` says that its first row is the factor of a product;
// `raw_slot` is where in saved the raw products lie; `plain` that every stage goes on with each unit by itself.
struct Common {
  static constexpr int own = 0, scratch = 0, memory_slot = 0, raw_slot = 0;
  static constexpr bool memory = false, state_passes = false, kept = false, reads_output = false, plain = true;
};

}  // namespace
}  // namespace anaphora
