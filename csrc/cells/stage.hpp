// A cell is a list of stages. A stage is a panel product followed by arithmetic on the row.
//
// A stage declares the *terms* of its product: where the factor comes from (x_t, h_{t-1} or the row's scratch), which
// matrix it meets, and which of the stage's *slots* (one value of each unit) the weights add to. From that the walk
// derives packing, the product forward, its two gradients and the weights' gradients; the cell's file adds only
//
//   finish(pre, row, at)    slots -> state and output, for the units of `at`
//   back(row, at)           gradient of the output -> gradient of each slot, d_pre
//
// A *row stage* has no product: it takes the whole row that the stages before it left, as a normaliser must, by
// finish_row(row, U) and back_row(row, U).
#pragma once
#include "cells.hpp"
#include "cells/row.hpp"
#include "kernels.h"

namespace anaphora {
namespace {

enum class Matrix : int { w_ih, w_hh, w_hr };

// A dense term: every unit meets all factors.
template <Factor F, Matrix M, int... S>
struct Term {
  static constexpr Factor from = F;
  static constexpr Matrix matrix = M;
  static constexpr bool by_head = false;
  static constexpr int count = sizeof...(S);
  static constexpr int slot[] = {S...};
};

// A block-diagonal term: the units of a head meet the factors of that head alone. The matrix is (G*H, factors / heads).
// The engine and its laws have heads; the binding has one head so far.
template <Factor F, Matrix M, int... S>
struct HeadTerm : Term<F, M, S...> {
  static constexpr bool by_head = true;
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

// A stage that goes on with each unit by itself. `sums` counts the values of each unit that a line leaves for the
// gradients: first d_pre, then what it adds to the gradients of vectors. BiasIh, BiasHh and Own say where in it the
// gradient of each vector lies; `activated` says whether the slots are pre-activations, whose gradients clipping holds.
template <int Slots>
struct UnitStage {
  static constexpr int slots = Slots, sums = Slots, first_gate = 0;
  static constexpr bool by_row = false, biased = true, activated = true;
  using Own = Ints<>;
  static int64_t units(const Shape& shape) { return shape.H; }
};

// The stage of most cells: every slot is a gate, b_ih + W x + b_hh + U h.
template <int... Gates>
struct GateStage : UnitStage<sizeof...(Gates)> {
  using Terms = List<Term<Factor::input, Matrix::w_ih, Gates...>, Term<Factor::state, Matrix::w_hh, Gates...>>;
  using BiasIh = Ints<Gates...>;
  using BiasHh = Ints<Gates...>;
};

template <int Sums>
struct RowStage {
  static constexpr int slots = 0, sums = Sums, first_gate = 0;
  static constexpr bool by_row = true, biased = false, activated = false;
  using Terms = List<>;
  static int64_t units(const Shape& shape) { return shape.H; }
};

// The answers of most cells, beside their stages, gates and saved slots. A cell with memories saves its gates, then the
// new memories, then other values.
struct CellDefaults {
  static constexpr int own = 0;                // V
  static constexpr int memories = 0;           // M
  static constexpr int saved_raw = 0;          // the first saved slot that holds the raw products of a row stage
  static constexpr int scratch = 0;            // rows of H that a step may use
  static constexpr bool state_passes = false;  // back() leaves a gradient in dh: h reaches h' past the products
  static constexpr bool reads_output = false;  // back() reads y
  static constexpr bool projected = false;     // whether it has w_hr
};

template <class... T>
constexpr bool any_from_scratch(List<T...>) {
  return (false || ... || (T::from == Factor::scratch));
}
template <class... S>
constexpr bool any_multiplies_scratch(List<S...>) {
  return (false || ... || any_from_scratch(typename S::Terms{}));
}
template <class... S>
constexpr bool none_by_row(List<S...>) {
  return (true && ... && !S::by_row);
}

// Whether the first row of scratch is the factor of a product.
template <class Cell>
constexpr bool multiplies_scratch = any_multiplies_scratch(typename Cell::Stages{});

// Whether every stage goes on with each unit by itself: threads may split the units.
template <class Cell>
constexpr bool unit_by_unit = none_by_row(typename Cell::Stages{});

// Whether a cell's own numbers are those of its row in the table, and agree among themselves.
template <class Cell>
constexpr bool agrees(const CellTraits& row) {
  constexpr bool memories_are_saved = !Cell::memories || Cell::gates + Cell::memories <= Cell::saved_slots;
  constexpr bool output_is_enough = !Cell::reads_output || (!Cell::saved_slots && !Cell::memories);
  constexpr bool scratch_is_there = !multiplies_scratch<Cell> || Cell::scratch > 0;
  return row.gates == Cell::gates && row.saved_slots == Cell::saved_slots && row.own == Cell::own &&
         row.memories == Cell::memories && row.projected == Cell::projected && memories_are_saved && output_is_enough &&
         scratch_is_there;
}

template <class Cell>
int64_t saved_slots(const Noise& noise) {
  return saved_slots(Cell::saved_slots, Cell::memories, noise);
}

}  // namespace
}  // namespace anaphora
