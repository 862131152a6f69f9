// A cell's weights, copied into their layout for the walk forward (packed_layout.hpp); threads split the panels.
#pragma once
#include <cstring>

#include "engine/packed_layout.hpp"
#include "engine/parallel.hpp"

namespace anaphora {
namespace {

template <class Stage, class... T>
void pack_panel(const Shape& shape, const Weights& weights, const Panel& panel, float* packed, List<T...>) {
  const PackedLayout<Stage> layout{shape};
  const int W = panel.vectors;
  float* biases = packed + layout.offset(panel);
  for (int64_t i = 0; i < Stage::slots * W * lanes; ++i) biases[i] = 0.0f;
  float* rows = biases + Stage::slots * W * lanes;
  [[maybe_unused]] const auto term = [&](auto t) {
    using Of = decltype(t);
    const int64_t K = factors<Of>(shape), stride = Of::count * W * lanes;
    for (int j = 0; j < Of::count; ++j)
      for (int w = 0; w < W; ++w) {
        const UnitGroup at = layout.group(panel, w);
        const int64_t row = (Stage::first_gate + j) * at.U + at.u;
        transpose_lanes(matrix(weights, Of::matrix) + row * K, K, at.n, rows + (j * W + w) * lanes, stride);
        const float* b = !Stage::biased ? nullptr : bias(weights, Of::matrix);
        for (int lane = 0; b && lane < at.n; ++lane) biases[(Of::slot[j] * W + w) * lanes + lane] += b[row + lane];
      }
    rows += K * stride;
  };
  (term(T{}), ...);
}

template <class Cell, class Stage>
void pack_stage(const Shape& shape, const Weights& weights, float* packed) {
  const Panels panels = PackedLayout<Stage>{shape}.panels();
  const int tasks = static_cast<int>(panels.count() < threads() ? panels.count() : threads());
  parallel_for(tasks, copying * weight_count<Cell>(shape), [&](int task) {
    const Range range(panels.count(), task, tasks);
    for (int64_t p = range.begin; p < range.end; ++p)
      pack_panel<Stage>(shape, weights, panels.at(p), packed, typename Stage::Terms{});
  });
}

template <class Cell>
void pack_vectors(const Shape& shape, const Weights& weights, float* to) {
  if (!Cell::own) return;
  const int64_t biases = Cell::gates * shape.H;
  for (const float* b : {weights.b_ih, weights.b_hh})
    for (int64_t i = 0; i < biases; ++i) *to++ = b ? b[i] : 0.0f;
  std::memcpy(to, weights.own, sizeof(float) * static_cast<size_t>(Cell::own * shape.H));
}

template <class Cell, class... S>
void pack_stages(const Shape& shape, const Weights& weights, float* packed, List<S...>) {
  const auto stage = [&](auto of) {
    using Stage = decltype(of);
    if constexpr (!Stage::by_row) pack_stage<Cell, Stage>(shape, weights, packed);
    packed += stage_size<Stage>(shape);
  };
  (stage(S{}), ...);
  pack_vectors<Cell>(shape, weights, packed);
}

template <class Cell>
void pack_cell(const Shape& shape, const Weights& weights, float* packed) {
  pack_stages<Cell>(shape, weights, packed, typename Cell::Stages{});
}

}  // namespace
}  // namespace anaphora
