// How a cell's weights lie for the walk: panel after panel of each stage, then the vectors that are the cell's own.
#pragma once
#include "cells/stage.hpp"

namespace anaphora {
namespace {

inline int64_t factors(const Shape& shape, Factor from) {
  return from == Factor::input ? shape.I : from == Factor::state ? shape.P : shape.H;
}

// How one stage's weights lie: per panel of units its bias, then each term's rows, k after k.
template <class Stage>
struct PackedLayout {
  static constexpr int width = tile_vectors / Stage::slots;
  const Shape& shape;

  int64_t units() const { return Stage::units(shape); }
  Panels panels() const { return {units(), width}; }
  int64_t floats_per_vector() const { return lanes * (Stage::slots + terms(typename Stage::Terms{})); }
  int64_t size() const { return panels().vectors() * floats_per_vector(); }
  int64_t panel(int64_t p) const { return p * width * floats_per_vector(); }

 private:
  template <class... T>
  int64_t terms(List<T...>) const {
    return (int64_t{0} + ... + (T::count * factors(shape, T::from)));
  }
};

inline const float* matrix(const Weights& w, Matrix which) {
  return which == Matrix::w_ih ? w.w_ih : which == Matrix::w_hh ? w.w_hh : w.w_hr;
}
inline const float* bias(const Weights& w, Matrix which) {
  return which == Matrix::w_ih ? w.b_ih : which == Matrix::w_hh ? w.b_hh : nullptr;
}

template <class Stage, class... T>
void pack_panel(const Shape& shape, const Weights& weights, int64_t p, float* packed, List<T...>) {
  const PackedLayout<Stage> layout{shape};
  const int64_t U = layout.units(), u = layout.panels().column(p);
  const int W = layout.panels().vectors_of(p);
  float* biases = packed + layout.panel(p);
  for (int64_t i = 0; i < Stage::slots * W * lanes; ++i) biases[i] = 0.0f;
  float* rows = biases + Stage::slots * W * lanes;
  [[maybe_unused]] const auto term = [&](auto t) {
    using Of = decltype(t);
    const int64_t K = factors(shape, Of::from), stride = Of::count * W * lanes;
    for (int j = 0; j < Of::count; ++j)
      for (int w = 0; w < W; ++w) {
        const int64_t first_unit = u + w * lanes, row = (Stage::first_gate + j) * U + first_unit;
        const int n = lanes_from(first_unit, U);
        transpose_lanes(matrix(weights, Of::matrix) + row * K, K, n, rows + (j * W + w) * lanes, stride);
        const float* b = !Stage::biased ? nullptr : bias(weights, Of::matrix);
        for (int lane = 0; b && lane < n; ++lane) biases[(Of::slot[j] * W + w) * lanes + lane] += b[row + lane];
      }
    rows += K * stride;
  };
  (term(T{}), ...);
}

template <class Stage>
int64_t stage_size(const Shape& shape) {
  if constexpr (Stage::wide)
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
  static void pack(const Shape& shape, const Weights& weights, float* to) {
    if (!Cell::own) return;
    const int64_t biases = Cell::gates * shape.H;
    for (const float* b : {weights.b_ih, weights.b_hh})
      for (int64_t i = 0; i < biases; ++i) *to++ = b ? b[i] : 0.0f;
    std::memcpy(to, weights.own, sizeof(float) * static_cast<size_t>(Cell::own * shape.H));
  }
};

template <class Cell>
int64_t packed_floats(const Shape& shape) {
  return stages_size(shape, typename Cell::Stages{}) + Vectors<Cell>::count * shape.H;
}

}  // namespace
}  // namespace anaphora
