// The binding: checks what came, releases the GIL, calls. No arithmetic.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels.h"
#include "memory.hpp"
#include "pool.hpp"

namespace nb = nanobind;

namespace anaphora {
namespace {

using In = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<float, nb::c_contig, nb::device::cpu>;
using Index = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using MaybeIn = std::optional<In>;
using MaybeOut = std::optional<Out>;

template <class Array>
std::string shape_text(const Array& array) {
  std::string text = "(";
  for (size_t i = 0; i < array.ndim(); ++i) text += (i ? ", " : "") + std::to_string(array.shape(i));
  return text + (array.ndim() == 1 ? ",)" : ")");
}

template <class Array>
auto* expect(const char* name, const Array& array, std::initializer_list<int64_t> shape) {
  bool same = array.ndim() == shape.size();
  size_t i = 0;
  std::string wanted;
  for (int64_t size : shape) {
    same = same && static_cast<int64_t>(array.shape(i)) == size;
    wanted += (i++ ? ", " : "") + std::to_string(size);
  }
  if (!same)
    throw nb::value_error((std::string(name) + ": expected shape (" + wanted + (shape.size() == 1 ? ",)" : ")") +
                           ", got " + shape_text(array))
                              .c_str());
  return array.data();
}

template <class Array>
auto expect(const char* name, const std::optional<Array>& array, std::initializer_list<int64_t> shape)
    -> decltype(array->data()) {
  return array ? expect(name, *array, shape) : nullptr;
}

CellKind cell_kind(const std::string& cell, bool projected) {
  if (cell == "rnn_tanh") return CellKind::rnn_tanh;
  if (cell == "rnn_relu") return CellKind::rnn_relu;
  if (cell == "gru") return CellKind::gru;
  if (cell == "lstm") return projected ? CellKind::lstm_projected : CellKind::lstm;
  throw nb::value_error(("cell: expected rnn_tanh, rnn_relu, gru or lstm, got '" + cell + "'").c_str());
}

int64_t rows_of(const char* name, const In& array) {
  if (array.ndim() != 2)
    throw nb::value_error((std::string(name) + ": expected a matrix, got shape " + shape_text(array)).c_str());
  return static_cast<int64_t>(array.shape(0));
}

// w_ih, w_hh, b_ih, b_hh, w_hr for each direction, one after another.
Shape shape_of(const std::string& cell, const std::vector<MaybeIn>& weights) {
  if ((weights.size() != 5 && weights.size() != 10) || !weights[0] || !weights[1])
    throw nb::value_error("weights: expected w_ih, w_hh, b_ih, b_hh, w_hr for one or two directions");
  Shape shape;
  shape.cell = cell_kind(cell, weights[4].has_value());
  if (weights[4] && cell != "lstm") throw nb::value_error("w_hr: only an lstm has a projection");
  shape.D = static_cast<int64_t>(weights.size() / 5);
  shape.H = rows_of("w_ih", *weights[0]) / gate_count(shape.cell);
  shape.P = weights[4] ? rows_of("w_hr", *weights[4]) : shape.H;
  shape.I = static_cast<int64_t>(weights[0]->shape(1));
  if (shape.H < 1 || shape.P < 1) throw nb::value_error("weights: expected at least one unit");
  return shape;
}

template <class Array, class Result>
Result weights_of(const Shape& shape, const std::vector<std::optional<Array>>& weights, int64_t direction) {
  const auto* w = &weights[static_cast<size_t>(5 * direction)];
  const int64_t rows = gate_count(shape.cell) * shape.H;
  return {expect("w_ih", w[0], {rows, shape.I}), expect("w_hh", w[1], {rows, shape.P}), expect("b_ih", w[2], {rows}),
          expect("b_hh", w[3], {rows}), expect("w_hr", w[4], {shape.P, shape.H})};
}

Lines lines_of(const Index& time_offset, const Index& row_offset, const Index& lengths, int64_t N) {
  const Lines lines{static_cast<int64_t>(time_offset.shape(0)), static_cast<int64_t>(row_offset.shape(0)),
                    time_offset.data(), row_offset.data(), lengths.data()};
  if (static_cast<int64_t>(lengths.shape(0)) != lines.B) throw nb::value_error("lengths: expected one for each row");
  int64_t lowest = 0, highest = -1;
  for (int64_t t = 0; t < lines.T; ++t) {
    lowest = t && lowest < lines.time_offset[t] ? lowest : lines.time_offset[t];
    highest = t && highest > lines.time_offset[t] ? highest : lines.time_offset[t];
    if (!t) lowest = highest = lines.time_offset[0];
  }
  for (int64_t b = 0; b < lines.B; ++b) {
    const int64_t length = lines.lengths[b];
    if (length < 0 || length > lines.T)
      throw nb::value_error(("lengths: expected 0 to " + std::to_string(lines.T) + ", got " + std::to_string(length) +
                             " in row " + std::to_string(b))
                                .c_str());
    if (!length) continue;
    if (lines.row_offset[b] + lowest >= 0 && lines.row_offset[b] + highest < N) continue;
    for (int64_t t = 0; t < length; ++t) {
      const int64_t line = lines.time_offset[t] + lines.row_offset[b];
      if (line < 0 || line >= N)
        throw nb::value_error(("lines: step " + std::to_string(t) + " of row " + std::to_string(b) + " lies in line " +
                               std::to_string(line) + " of " + std::to_string(N))
                                  .c_str());
    }
  }
  return lines;
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
             const MaybeOut& saved) {
  Forward call{};
  const Shape& s = call.shape = packed.shape;
  call.N = rows_of("x", In(x));
  call.lines = lines_of(time_offset, row_offset, lengths, call.N);
  const int64_t B = call.lines.B;
  call.x = expect("x", x, {call.N, s.I});
  call.h0 = expect("h0", h0, {s.D, B, s.P});
  call.c0 = expect("c0", c0, {s.D, B, s.H});
  call.y = expect("y", y, {call.N, s.D * s.P});
  call.h_n = expect("h_n", h_n, {s.D, B, s.P});
  call.c_n = expect("c_n", c_n, {s.D, B, s.H});
  call.saved = expect("saved", saved, {s.D, call.N, saved_slots(s.cell) * s.H});
  const bool memory = saved_slots(s.cell) == 5;
  if (memory != (call.c_n != nullptr))
    throw nb::value_error(memory ? "c_n: an lstm needs it" : "c_n: only an lstm has a memory c");
  for (int64_t d = 0; d < s.D; ++d) call.packed[d] = packed.blocks[d]->data();
  nb::gil_scoped_release released;
  table().forward(call);
}

void backward(const std::string& cell, const std::vector<MaybeIn>& weights, const In& x, const Index& time_offset,
              const Index& row_offset, const Index& lengths, const MaybeIn& h0, const MaybeIn& c0, const In& y,
              const In& saved, const MaybeIn& dy, const MaybeIn& dh_n, const MaybeIn& dc_n, const MaybeOut& dx,
              const std::vector<MaybeOut>& dweights, const MaybeOut& dh0, const MaybeOut& dc0) {
  Backward call{};
  const Shape& s = call.shape = shape_of(cell, weights);
  call.N = rows_of("x", x);
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
  call.x = expect("x", x, {call.N, s.I});
  call.h0 = expect("h0", h0, {s.D, B, s.P});
  call.c0 = expect("c0", c0, {s.D, B, s.H});
  call.y = expect("y", y, {call.N, s.D * s.P});
  call.saved = expect("saved", saved, {s.D, call.N, saved_slots(s.cell) * s.H});
  call.dy = expect("dy", dy, {call.N, s.D * s.P});
  call.dh_n = expect("dh_n", dh_n, {s.D, B, s.P});
  call.dc_n = expect("dc_n", dc_n, {s.D, B, s.H});
  call.dx = expect("dx", dx, {call.N, s.I});
  call.dh0 = expect("dh0", dh0, {s.D, B, s.P});
  call.dc0 = expect("dc0", dc0, {s.D, B, s.H});
  nb::gil_scoped_release released;
  table().backward(call);
}

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
  module.def("pack", &pack, nb::arg("cell"), nb::arg("weights").noconvert());
  module.def("forward", &forward, nb::arg("packed"), nb::arg("x").noconvert(), nb::arg("time_offset").noconvert(),
             nb::arg("row_offset").noconvert(), nb::arg("lengths").noconvert(), nb::arg("h0").noconvert().none(),
             nb::arg("c0").noconvert().none(), nb::arg("y").noconvert(), nb::arg("h_n").noconvert(),
             nb::arg("c_n").noconvert().none(), nb::arg("saved").noconvert().none());
  module.def("backward", &backward, nb::arg("cell"), nb::arg("weights").noconvert(), nb::arg("x").noconvert(),
             nb::arg("time_offset").noconvert(), nb::arg("row_offset").noconvert(), nb::arg("lengths").noconvert(),
             nb::arg("h0").noconvert().none(), nb::arg("c0").noconvert().none(), nb::arg("y").noconvert(),
             nb::arg("saved").noconvert(), nb::arg("dy").noconvert().none(), nb::arg("dh_n").noconvert().none(),
             nb::arg("dc_n").noconvert().none(), nb::arg("dx").noconvert().none(), nb::arg("dweights").noconvert(),
             nb::arg("dh0").noconvert().none(), nb::arg("dc0").noconvert().none());
  module.def("pack_linear", &pack_linear, nb::arg("weight").noconvert(), nb::arg("bias").noconvert().none());
  module.def("linear", &linear, nb::arg("packed"), nb::arg("x").noconvert(), nb::arg("y").noconvert());
  module.def("buffer", &buffer);
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
