// The arguments of a call as Python gives them: each checked against the cell's numbers, then as the kernels take it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "binding/array_view.hpp"
#include "binding/array_view_rows.hpp"
#include "binding/check_overlap.hpp"
#include "kernels.h"

namespace anaphora {

using In = ArrayView<const float>;
using Out = ArrayView<float>;
using MaybeIn = std::optional<In>;
using MaybeOut = std::optional<Out>;

// The kind of this name; a cell that may be projected has a row without w_hr and one with it.
inline const CellTraits& cell_of(const std::string& name, bool projected) {
  const CellTraits* found = nullptr;
  for (const CellTraits& one : cells)
    if (name == one.name && (!found || one.projected == projected)) found = &one;
  if (found) return *found;
  std::string known, before;
  for (const CellTraits& one : cells) {
    if (one.name != before) known += (known.empty() ? "" : ", ") + std::string(one.name);
    before = one.name;
  }
  throw nanobind::value_error(("cell: expected one of " + known + "; got '" + name + "'").c_str());
}

inline constexpr size_t arrays = 6;  // of each direction, one after another
inline const char* const weight_names[arrays] = {"w_ih", "w_hh", "b_ih", "b_hh", "w_hr", "own"};
inline const char* const gradient_names[arrays] = {"dw_ih", "dw_hh", "db_ih", "db_hh", "dw_hr", "d_own"};

inline Shape shape_of(const std::string& cell, const std::vector<MaybeIn>& weights) {
  if ((weights.size() != arrays && weights.size() != 2 * arrays) || !weights[0] || !weights[1])
    throw nanobind::value_error("weights: expected w_ih, w_hh, b_ih, b_hh, w_hr, own for one or two directions");
  Shape shape;
  shape.cell = cell_of(cell, weights[4].has_value()).kind;
  if (weights[4] && !traits(shape.cell).projected) throw nanobind::value_error("w_hr: this cell has no projection");
  shape.D = static_cast<int64_t>(weights.size() / arrays);
  shape.H = rows_of("w_ih", *weights[0]) / traits(shape.cell).gates;
  shape.P = weights[4] ? rows_of("w_hr", *weights[4]) : shape.H;
  shape.I = static_cast<int64_t>(weights[0]->shape(1));
  if (shape.H < 1 || shape.P < 1) throw nanobind::value_error("weights: expected at least one unit");
  return shape;
}

template <class Array, class Result>
Result weights_of(const Shape& shape, const std::vector<std::optional<Array>>& weights, int64_t direction) {
  const auto* w = &weights[static_cast<size_t>(direction) * arrays];
  const CellTraits& of = traits(shape.cell);
  const int64_t rows = of.gates * shape.H;
  if (w[5].has_value() != (of.own > 0))
    throw nanobind::value_error(of.own ? "own: this cell has vectors of its own"
                                       : "own: this cell has no vectors of its own");
  return {expect("w_ih", w[0], {rows, shape.I}),
          expect("w_hh", w[1], {rows, shape.P}),
          expect("b_ih", w[2], {rows}),
          expect("b_hh", w[3], {rows}),
          expect("w_hr", w[4], {shape.P, shape.H}),
          expect("own", w[5], {of.own * shape.H})};
}

// A keep's lines: one for every line, or one for all.
inline const float* keep_of(const char* name, const MaybeIn& keep, int64_t N, int64_t width, int64_t& step) {
  step = keep && keep->ndim() == 2 && keep->shape(0) == 1 ? 0 : 1;
  return expect(name, keep, {step ? N : 1, width});
}

inline Noise noise_of(const Shape& s, int64_t B, int64_t N, const MaybeIn& mask, const MaybeIn& keep_h,
                      const MaybeIn& keep_c) {
  const int64_t memories = traits(s.cell).memories;
  Noise noise{};
  noise.mask = expect("mask", mask, {s.D, B, s.P});
  noise.keep_h = keep_of("keep_h", keep_h, N, s.D * s.P, noise.step_h);
  noise.keep_c = keep_of("keep_c", keep_c, N, s.D * memories * s.H, noise.step_c);
  if (keep_c && !memories) throw nanobind::value_error("keep_c: this cell has no memory c");
  if ((keep_h || keep_c) && traits(s.cell).projected)
    throw nanobind::value_error("keep_h, keep_c: zoneout does not go with a projection");
  return noise;
}

template <class Array>
auto* expect_saved(const Call& call, const Array& saved) {
  const Shape& s = call.shape;
  const int64_t segment = call.segment, memories = traits(s.cell).memories;
  if (segment < 0) throw nanobind::value_error("segment: expected steps, 0 for none");
  if (!segment) return expect("saved", saved, {s.D, call.N, saved_slots(s.cell, call.noise) * s.H});
  if (!memories) return expect("saved", saved, {0});
  return expect("saved", saved, {s.D, (call.index.T + segment - 1) / segment, call.index.B, memories * s.H});
}

// Arguments of both ways through time.
struct CallArrays {
  const In& x;
  const Index &time_offset, &row_offset, &lengths;
  const MaybeIn &h0, &c0, &mask, &keep_h, &keep_c;
  int64_t segment;
};

inline void fill(Call& call, const CallArrays& given, OverlapCheck& overlap) {
  const Shape& s = call.shape;
  call.N = given.x.lines();
  call.index = index_of(given.time_offset, given.row_offset, given.lengths, call.N);
  const int64_t B = call.index.B;
  call.x = expect_lines("x", given.x, call.N, s.I);
  call.h0 = expect("h0", given.h0, {s.D, B, s.P});
  call.c0 = expect("c0", given.c0, {s.D, B, traits(s.cell).memories * s.H});
  call.noise = noise_of(s, B, call.N, given.mask, given.keep_h, given.keep_c);
  call.segment = given.segment;
  overlap.with("x", given.x).with("time_offset", given.time_offset).with("row_offset", given.row_offset);
  overlap.with("lengths", given.lengths).with("h0", given.h0).with("c0", given.c0).with("mask", given.mask);
  overlap.with("keep_h", given.keep_h).with("keep_c", given.keep_c);
}

}  // namespace anaphora
