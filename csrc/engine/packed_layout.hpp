// How a cell's weights lie for the walk forward: panel after panel of each stage, then the vectors that are the cell's
// own.
#pragma once
#include "cells/stage.hpp"
#include "engine/panel.hpp"

namespace anaphora {
namespace {

template <class... T>
constexpr bool any_by_head(List<T...>) {
  return (false || ... || T::by_head);
}

// The number of heads that divide a stage's units; 1 if no term of the stage is block-diagonal.
template <class Stage>
int64_t heads(const Shape& shape) {
  return any_by_head(typename Stage::Terms{}) ? shape.heads : 1;
}

// How many factors a unit meets in a term.
template <class Term>
int64_t factors(const Shape& shape) {
  const int64_t all = Term::from == Factor::input ? shape.I : Term::from == Factor::state ? shape.P : shape.H;
  return Term::by_head ? all / shape.heads : all;
}

// How one stage's weights lie: per panel of units its bias, then each term's rows, k after k.
template <class Stage>
struct PackedLayout {
  static_assert(Stage::slots >= 1 && Stage::slots <= tile_vectors, "a stage's slots fit one register tile");
  static constexpr int width = tile_vectors / Stage::slots;
  const Shape& shape;

  int64_t units() const { return Stage::units(shape); }
  int64_t units_of_head() const { return units() / heads<Stage>(shape); }
  Panels panels() const { return {units_of_head(), width, heads<Stage>(shape)}; }
  int64_t floats_per_vector() const { return lanes * (Stage::slots + terms(typename Stage::Terms{})); }
  int64_t size() const { return panels().vectors() * floats_per_vector(); }
  int64_t offset(const Panel& panel) const { return panel.vector * floats_per_vector(); }
  // Units of the panel's v-th vector.
  UnitGroup group(const Panel& panel, int v) const {
    const int64_t within = panel.column + v * lanes;
    return {panel.head * units_of_head() + within, lanes_from(within, units_of_head()), units()};
  }

 private:
  template <class... T>
  int64_t terms(List<T...>) const {
    return (int64_t{0} + ... + (T::count * factors<T>(shape)));
  }
};

// Of Weights, or of their gradients.
template <class W>
auto* matrix(const W& w, Matrix which) {
  return which == Matrix::w_ih ? w.w_ih : which == Matrix::w_hh ? w.w_hh : w.w_hr;
}
inline const float* bias(const Weights& w, Matrix which) {
  return which == Matrix::w_ih ? w.b_ih : which == Matrix::w_hh ? w.b_hh : nullptr;
}

template <class Stage>
int64_t stage_size(const Shape& shape) {
  if constexpr (Stage::by_row)
    return 0;
  else
    return PackedLayout<Stage>{shape}.size();
}
template <class... S>
int64_t stages_size(const Shape& shape, List<S...>) {
  return (stage_size<S>(shape) + ...);
}

// After the stages come the vectors of a cell that has its own: b_ih, b_hh (zeros where absent), own.
template <class Cell>
struct Vectors {
  static constexpr int64_t count = Cell::own ? 2 * Cell::gates + Cell::own : 0;
  const float *b_ih = nullptr, *b_hh = nullptr, *own = nullptr;

  Vectors(const Shape& shape, const float* packed) {
    if (!Cell::own) return;
    b_ih = packed + stages_size(shape, typename Cell::Stages{});
    b_hh = b_ih + Cell::gates * shape.H;
    own = b_hh + Cell::gates * shape.H;
  }
};

template <class Cell>
int64_t packed_floats(const Shape& shape) {
  return stages_size(shape, typename Cell::Stages{}) + Vectors<Cell>::count * shape.H;
}

}  // namespace
}  // namespace anaphora
