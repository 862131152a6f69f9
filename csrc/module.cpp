// The binding: checks what came, releases the GIL, calls. No arithmetic.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "binding/array_view.hpp"
#include "binding/array_view_rows.hpp"
#include "binding/check_overlap.hpp"
#include "engine/pool.hpp"
#include "engine/scratch.hpp"
#include "kernels.h"

namespace nb = nanobind;

namespace anaphora {
namespace {

using In = ArrayView<const float>;
using Out = ArrayView<float>;
using MaybeIn = std::optional<In>;
using MaybeOut = std::optional<Out>;

struct Named {
  const char* name;
  CellKind kind;
};
const Named cells[] = {{"rnn_tanh", CellKind::rnn_tanh},
                       {"rnn_relu", CellKind::rnn_relu},
                       {"gru", CellKind::gru},
                       {"gru_reset_before", CellKind::gru_reset_before},
                       {"gru_layer_norm", CellKind::gru_layer_norm},
                       {"lstm", CellKind::lstm},
                       {"lstm_peephole", CellKind::lstm_peephole},
                       {"lstm_coupled", CellKind::lstm_coupled},
                       {"lstm_layer_norm", CellKind::lstm_layer_norm}};

CellKind cell_kind(const std::string& cell, bool projected) {
  std::string known;
  for (const Named& one : cells) {
    if (cell == one.name) return projected && one.kind == CellKind::lstm ? CellKind::lstm_projected : one.kind;
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  }
  throw nb::value_error(("cell: expected one of " + known + "; got '" + cell + "'").c_str());
}

constexpr size_t arrays = 6;  // of each direction, one after another
const char* const weight_names[arrays] = {"w_ih", "w_hh", "b_ih", "b_hh", "w_hr", "own"};
const char* const gradient_names[arrays] = {"dw_ih", "dw_hh", "db_ih", "db_hh", "dw_hr", "d_own"};

Shape shape_of(const std::string& cell, const std::vector<MaybeIn>& weights) {
  if ((weights.size() != arrays && weights.size() != 2 * arrays) || !weights[0] || !weights[1])
    throw nb::value_error("weights: expected w_ih, w_hh, b_ih, b_hh, w_hr, own for one or two directions");
  Shape shape;
  shape.cell = cell_kind(cell, weights[4].has_value());
  if (weights[4] && cell != "lstm") throw nb::value_error("w_hr: only an lstm has a projection");
  shape.D = static_cast<int64_t>(weights.size() / arrays);
  shape.H = rows_of("w_ih", *weights[0]) / traits(shape.cell).gates;
  shape.P = weights[4] ? rows_of("w_hr", *weights[4]) : shape.H;
  shape.I = static_cast<int64_t>(weights[0]->shape(1));
  if (shape.H < 1 || shape.P < 1) throw nb::value_error("weights: expected at least one unit");
  return shape;
}

template <class Array, class Result>
Result weights_of(const Shape& shape, const std::vector<std::optional<Array>>& weights, int64_t direction) {
  const auto* w = &weights[static_cast<size_t>(direction) * arrays];
  const Traits of = traits(shape.cell);
  const int64_t rows = of.gates * shape.H;
  if (w[5].has_value() != (of.own > 0))
    throw nb::value_error(of.own ? "own: this cell has vectors of its own"
                                 : "own: this cell has no vectors of its own");
  return {expect("w_ih", w[0], {rows, shape.I}),
          expect("w_hh", w[1], {rows, shape.P}),
          expect("b_ih", w[2], {rows}),
          expect("b_hh", w[3], {rows}),
          expect("w_hr", w[4], {shape.P, shape.H}),
          expect("own", w[5], {of.own * shape.H})};
}

// A keep's lines: one for every line, or one for all.
const float* keep_of(const char* name, const MaybeIn& keep, int64_t N, int64_t width, int64_t& step) {
  step = keep && keep->ndim() == 2 && keep->shape(0) == 1 ? 0 : 1;
  return expect(name, keep, {step ? N : 1, width});
}

Noise noise_of(const Shape& s, int64_t B, int64_t N, const MaybeIn& mask, const MaybeIn& keep_h,
               const MaybeIn& keep_c) {
  Noise noise{};
  noise.mask = expect("mask", mask, {s.D, B, s.P});
  noise.keep_h = keep_of("keep_h", keep_h, N, s.D * s.P, noise.step_h);
  noise.keep_c = keep_of("keep_c", keep_c, N, s.D * s.H, noise.step_c);
  if (keep_c && !traits(s.cell).memory) throw nb::value_error("keep_c: this cell has no memory c");
  if ((keep_h || keep_c) && s.cell == CellKind::lstm_projected)
    throw nb::value_error("keep_h, keep_c: zoneout does not go with a projection");
  return noise;
}

template <class Array>
auto* expect_saved(const Shape& s, const RowIndex& lines, int64_t N, const Noise& noise, int64_t segment,
                   const Array& saved) {
  if (segment < 0) throw nb::value_error("segment: expected steps, 0 for none");
  if (!segment) return expect("saved", saved, {s.D, N, saved_slots(s.cell, noise) * s.H});
  if (!traits(s.cell).memory) return expect("saved", saved, {0});
  return expect("saved", saved, {s.D, (lines.T + segment - 1) / segment, lines.B, s.H});
}

// Weights laid out for the walk, one block a direction.
struct Packed {
  Shape shape;
  std::unique_ptr<Scratch> blocks[2];
};

std::unique_ptr<Packed> pack(const std::string& cell, const std::vector<MaybeIn>& weights) {
  auto packed = std::make_unique<Packed>();
  packed->shape = shape_of(cell, weights);
  const Shape& shape = packed->shape;
  std::vector<Weights> directions;
  for (int64_t d = 0; d < shape.D; ++d) directions.push_back(weights_of<In, Weights>(shape, weights, d));
  nb::gil_scoped_release released;
  for (size_t d = 0; d < directions.size(); ++d) {
    packed->blocks[d] = std::make_unique<Scratch>(static_cast<size_t>(table().packed_size(shape)));
    table().pack(shape, directions[d], packed->blocks[d]->data());
  }
  return packed;
}

void forward(const Packed& packed, const In& x, const Index& time_offset, const Index& row_offset, const Index& lengths,
             const MaybeIn& h0, const MaybeIn& c0, const Out& y, const Out& h_n, const MaybeOut& c_n,
             const MaybeOut& saved, const MaybeIn& mask, const MaybeIn& keep_h, const MaybeIn& keep_c,
             int64_t segment) {
  Forward call{};
  const Shape& s = call.shape = packed.shape;
  call.N = x.lines();
  call.lines = lines_of(time_offset, row_offset, lengths, call.N);
  const int64_t B = call.lines.B;
  call.x = expect_lines("x", x, call.N, s.I);
  call.h0 = expect("h0", h0, {s.D, B, s.P});
  call.c0 = expect("c0", c0, {s.D, B, s.H});
  call.y = expect_lines("y", y, call.N, s.D * s.P);
  call.h_n = expect("h_n", h_n, {s.D, B, s.P});
  call.c_n = expect("c_n", c_n, {s.D, B, s.H});
  call.noise = noise_of(s, B, call.N, mask, keep_h, keep_c);
  call.segment = segment;
  if (saved) call.saved = expect_saved(s, call.lines, call.N, call.noise, segment, *saved);
  const bool memory = traits(s.cell).memory;
  if (memory != (call.c_n != nullptr))
    throw nb::value_error(memory ? "c_n: this cell needs it" : "c_n: this cell has no memory c");
  for (int64_t d = 0; d < s.D; ++d) call.packed[d] = packed.blocks[d]->data();
  OverlapCheck overlap;
  overlap.with("x", x).with("time_offset", time_offset).with("row_offset", row_offset).with("lengths", lengths);
  overlap.with("h0", h0).with("c0", c0).with("mask", mask).with("keep_h", keep_h).with("keep_c", keep_c);
  overlap.with("y", y).with("h_n", h_n).with("c_n", c_n).with("saved", saved).check();
  nb::gil_scoped_release released;
  table().forward(call);
}

void backward(const std::string& cell, const std::vector<MaybeIn>& weights, const In& x, const Index& time_offset,
              const Index& row_offset, const Index& lengths, const MaybeIn& h0, const MaybeIn& c0, const In& y,
              const In& saved, const MaybeIn& dy, const MaybeIn& dh_n, const MaybeIn& dc_n, const MaybeOut& dx,
              const std::vector<MaybeOut>& dweights, const MaybeOut& dh0, const MaybeOut& dc0, const MaybeIn& mask,
              const MaybeIn& keep_h, const MaybeIn& keep_c, float clip, int64_t segment) {
  Backward call{};
  const Shape& s = call.shape = shape_of(cell, weights);
  call.N = x.lines();
  call.lines = lines_of(time_offset, row_offset, lengths, call.N);
  const int64_t B = call.lines.B;
  if (!dweights.empty() && dweights.size() != weights.size())
    throw nb::value_error("dweights: expected as many as weights, or none");
  for (int64_t d = 0; d < s.D; ++d) {
    call.weights[d] = weights_of<In, Weights>(s, weights, d);
    if (!dweights.empty()) call.dweights[d] = weights_of<Out, WeightGradients>(s, dweights, d);
  }
  for (size_t i = 0; i < dweights.size(); ++i)
    if (dweights[i].has_value() != weights[i].has_value())
      throw nb::value_error("dweights: expected one for each weight that is there");
  call.x = expect_lines("x", x, call.N, s.I);
  call.h0 = expect("h0", h0, {s.D, B, s.P});
  call.c0 = expect("c0", c0, {s.D, B, s.H});
  call.y = expect_lines("y", y, call.N, s.D * s.P);
  call.noise = noise_of(s, B, call.N, mask, keep_h, keep_c);
  call.clip = clip;
  call.segment = segment;
  call.saved = expect_saved(s, call.lines, call.N, call.noise, segment, saved);
  call.dy = expect_lines("dy", dy, call.N, s.D * s.P);
  call.dh_n = expect("dh_n", dh_n, {s.D, B, s.P});
  call.dc_n = expect("dc_n", dc_n, {s.D, B, s.H});
  call.dx = expect_lines("dx", dx, call.N, s.I);
  call.dh0 = expect("dh0", dh0, {s.D, B, s.P});
  call.dc0 = expect("dc0", dc0, {s.D, B, s.H});
  OverlapCheck overlap;
  overlap.with("x", x).with("time_offset", time_offset).with("row_offset", row_offset).with("lengths", lengths);
  overlap.with("h0", h0).with("c0", c0).with("mask", mask).with("keep_h", keep_h).with("keep_c", keep_c);
  overlap.with("y", y).with("saved", saved).with("dy", dy).with("dh_n", dh_n).with("dc_n", dc_n);
  for (size_t i = 0; i < weights.size(); ++i) overlap.with(weight_names[i % arrays], weights[i]);
  for (size_t i = 0; i < dweights.size(); ++i) overlap.with(gradient_names[i % arrays], dweights[i]);
  overlap.with("dx", dx).with("dh0", dh0).with("dc0", dc0).check();
  nb::gil_scoped_release released;
  table().backward(call);
}

// Layers one on top of the other, one step of B rows at a time, over the caller's arrays.
class Stepper {
 public:
  using State = std::tuple<Out, MaybeOut>;
  using Keep = std::tuple<MaybeIn, MaybeIn>;

  Stepper(std::vector<nb::object> layers, In x, std::vector<State> states, Out y, std::vector<Keep> keeps)
      : layers_(std::move(layers)), x_(x), states_(std::move(states)), y_(y), keeps_(std::move(keeps)) {
    if (layers_.empty() || states_.size() != layers_.size() || (!keeps_.empty() && keeps_.size() != layers_.size()))
      throw nb::value_error("layers: expected at least one, and a state for each");
    const int64_t B = rows_of("x", x_);
    const float* from = x_.data();
    int64_t width = static_cast<int64_t>(x_.shape(1));
    OverlapCheck overlap;
    overlap.with("x", x_).with("y", y_);
    for (const auto& [h, c] : states_) overlap.with("h", h).with("c", c);
    for (const auto& [h, c] : keeps_) overlap.with("keep_h", h).with("keep_c", c);
    overlap.check();
    for (size_t l = 0; l < layers_.size(); ++l) {
      if (!nb::isinstance<Packed>(layers_[l]))
        throw nb::type_error(("layers: layer " + std::to_string(l) + " is not what pack() gives").c_str());
      const Packed& packed = nb::cast<const Packed&>(layers_[l]);
      const Shape& s = packed.shape;
      if (s.D != 1) throw nb::value_error("layers: a second direction needs the whole sequence, not a step");
      if (s.I != width)
        throw nb::value_error(("layers: layer " + std::to_string(l) + " takes " + std::to_string(s.I) +
                               " features, got " + std::to_string(width))
                                  .c_str());
      const bool last = l + 1 == layers_.size();
      if (!last) between_.push_back(std::make_unique<Scratch>(static_cast<size_t>(B * s.P)));
      StepBuffers of{};
      of.shape = s;
      of.B = B;
      of.packed = packed.blocks[0]->data();
      of.x = from;
      of.h = expect("h", std::get<0>(states_[l]), {1, B, s.P});
      of.c = expect("c", std::get<1>(states_[l]), {1, B, s.H});
      if (traits(s.cell).memory != (of.c != nullptr))
        throw nb::value_error("c: a cell with a memory needs it, no other");
      of.y = last ? expect("y", y_, {B, s.P}) : between_.back()->data();
      if (!keeps_.empty()) of.noise = noise_of(s, B, B, MaybeIn(), std::get<0>(keeps_[l]), std::get<1>(keeps_[l]));
      steps_.push_back(table().bind_step(of));
      work_ += B * traits(s.cell).gates * s.H * (s.I + s.P);
      from = of.y;
      width = s.P;
    }
  }
  Stepper(const Stepper&) = delete;

  void step() {
    if (work_ < worth_releasing) return run();
    nb::gil_scoped_release released;
    run();
  }

 private:
  static constexpr int64_t worth_releasing = 2000000;  // multiply-adds: below, another thread waits some 20 us at most

  void run() {
    for (const auto& step : steps_) step->run();
  }

  std::vector<nb::object> layers_;
  In x_;
  std::vector<State> states_;
  Out y_;
  std::vector<Keep> keeps_;
  std::vector<std::unique_ptr<Scratch>> between_;
  std::vector<std::unique_ptr<Step>> steps_;
  int64_t work_ = 0;
};

struct PackedLinear {
  int64_t O, K;
  Scratch block;
};

std::unique_ptr<PackedLinear> pack_linear(const In& weight, const MaybeIn& bias) {
  const int64_t O = rows_of("weight", weight), K = static_cast<int64_t>(weight.shape(1));
  const float* b = expect("bias", bias, {O});
  std::unique_ptr<PackedLinear> packed(
      new PackedLinear{O, K, Scratch(static_cast<size_t>(table().packed_linear_size(O, K)))});
  nb::gil_scoped_release released;
  table().pack_linear(O, K, weight.data(), b, packed->block.data());
  return packed;
}

void linear(const PackedLinear& packed, const In& x, const Out& y) {
  const int64_t N = rows_of("x", x);
  const float* from = expect("x", x, {N, packed.K});
  float* to = expect("y", y, {N, packed.O});
  OverlapCheck().with("x", x).with("y", y).check();
  nb::gil_scoped_release released;
  table().linear(N, packed.O, packed.K, packed.block.data(), from, to);
}

// Memory for one array, from the pool of scratch and back to it when the array goes.
nb::ndarray<nb::numpy, float> buffer(const std::vector<int64_t>& shape) {
  std::vector<size_t> sizes;
  size_t floats = 1;
  for (int64_t size : shape) {
    sizes.push_back(static_cast<size_t>(size));
    floats *= sizes.back();
  }
  void* block = borrow(floats * sizeof(float));
  return nb::ndarray<nb::numpy, float>(block, sizes.size(), sizes.data(),
                                       nb::capsule(block, [](void* p) noexcept { give_back(p); }));
}

}  // namespace

NB_MODULE(_kernels, module) {
  nb::set_leak_warnings(false);  // a packed layer in a global outlives the interpreter: no harm, no noise
  nb::class_<Packed>(module, "Packed");
  nb::class_<PackedLinear>(module, "PackedLinear");
  nb::class_<Stepper>(module, "Stepper")
      .def(nb::init<std::vector<nb::object>, In, std::vector<Stepper::State>, Out, std::vector<Stepper::Keep>>(),
           nb::arg("layers"), nb::arg("x").noconvert(), nb::arg("states").noconvert(), nb::arg("y").noconvert(),
           nb::arg("keeps").noconvert() = std::vector<Stepper::Keep>())
      .def("step", &Stepper::step);
  module.def("pack", &pack, nb::arg("cell"), nb::arg("weights").noconvert());
  module.def("forward", &forward, nb::arg("packed"), nb::arg("x").noconvert(), nb::arg("time_offset").noconvert(),
             nb::arg("row_offset").noconvert(), nb::arg("lengths").noconvert(), nb::arg("h0").noconvert().none(),
             nb::arg("c0").noconvert().none(), nb::arg("y").noconvert(), nb::arg("h_n").noconvert(),
             nb::arg("c_n").noconvert().none(), nb::arg("saved").noconvert().none(), nb::arg("mask").noconvert().none(),
             nb::arg("keep_h").noconvert().none(), nb::arg("keep_c").noconvert().none(), nb::arg("segment"));
  module.def("backward", &backward, nb::arg("cell"), nb::arg("weights").noconvert(), nb::arg("x").noconvert(),
             nb::arg("time_offset").noconvert(), nb::arg("row_offset").noconvert(), nb::arg("lengths").noconvert(),
             nb::arg("h0").noconvert().none(), nb::arg("c0").noconvert().none(), nb::arg("y").noconvert(),
             nb::arg("saved").noconvert(), nb::arg("dy").noconvert().none(), nb::arg("dh_n").noconvert().none(),
             nb::arg("dc_n").noconvert().none(), nb::arg("dx").noconvert().none(), nb::arg("dweights").noconvert(),
             nb::arg("dh0").noconvert().none(), nb::arg("dc0").noconvert().none(), nb::arg("mask").noconvert().none(),
             nb::arg("keep_h").noconvert().none(), nb::arg("keep_c").noconvert().none(), nb::arg("clip"),
             nb::arg("segment"));
  module.def("pack_linear", &pack_linear, nb::arg("weight").noconvert(), nb::arg("bias").noconvert().none());
  module.def("linear", &linear, nb::arg("packed"), nb::arg("x").noconvert(), nb::arg("y").noconvert());
  module.def("buffer", &buffer);
  module.def("cut", &cut, nb::arg("time_offset").noconvert(), nb::arg("row_offset").noconvert(),
             nb::arg("lengths").noconvert(), nb::arg("reset").noconvert());
  module.def("set_threads", [](int n) {
    if (n < 1) throw nb::value_error(("threads: expected at least 1, got " + std::to_string(n)).c_str());
    set_threads(n);
  });
  module.def("get_threads", &threads);
  module.def("share_threads", &share_threads);
  module.def("threads_source", &threads_source);
  module.def("arch", [] { return table().name; });
}

}  // namespace anaphora
