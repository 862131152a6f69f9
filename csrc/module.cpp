// The binding: checks what came, releases the GIL, calls. No arithmetic.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "binding/arguments.hpp"
#include "binding/stepper.hpp"
#include "engine/pool.hpp"
#include "engine/scratch.hpp"
#include "kernels.h"

namespace nb = nanobind;

namespace anaphora {
namespace {

void forward(const Packed& packed, const In& x, const Index& time_offset, const Index& row_offset, const Index& lengths,
             const MaybeIn& h0, const MaybeIn& c0, const Out& y, const Out& h_n, const MaybeOut& c_n,
             const MaybeOut& saved, const MaybeIn& mask, const MaybeIn& keep_h, const MaybeIn& keep_c,
             int64_t segment) {
  Forward call{};
  OverlapCheck overlap;
  const Shape& s = call.shape = packed.shape;
  fill(call, {x, time_offset, row_offset, lengths, h0, c0, mask, keep_h, keep_c, segment}, overlap);
  const int64_t B = call.index.B, memories = traits(s.cell).memories;
  call.y = expect_lines("y", y, call.N, s.D * s.P);
  call.h_n = expect("h_n", h_n, {s.D, B, s.P});
  call.c_n = expect("c_n", c_n, {s.D, B, memories * s.H});
  if (saved) call.saved = expect_saved(call, *saved);
  if ((memories > 0) != (call.c_n != nullptr))
    throw nb::value_error(memories ? "c_n: this cell needs it" : "c_n: this cell has no memory c");
  for (int64_t d = 0; d < s.D; ++d) call.packed[d] = packed.blocks[d].data();
  overlap.with("y", y).with("h_n", h_n).with("c_n", c_n).with("saved", saved).check();
  nb::gil_scoped_release released;
  best_kernels().forward(call);
}

void backward(const std::string& cell, const std::vector<MaybeIn>& weights, const In& x, const Index& time_offset,
              const Index& row_offset, const Index& lengths, const MaybeIn& h0, const MaybeIn& c0, const In& y,
              const In& saved, const MaybeIn& dy, const MaybeIn& dh_n, const MaybeIn& dc_n, const MaybeOut& dx,
              const std::vector<MaybeOut>& dweights, const MaybeOut& dh0, const MaybeOut& dc0, const MaybeIn& mask,
              const MaybeIn& keep_h, const MaybeIn& keep_c, float clip, int64_t segment) {
  Backward call{};
  OverlapCheck overlap;
  const Shape& s = call.shape = shape_of(cell, weights);
  fill(call, {x, time_offset, row_offset, lengths, h0, c0, mask, keep_h, keep_c, segment}, overlap);
  if (!dweights.empty() && dweights.size() != weights.size())
    throw nb::value_error("dweights: expected as many as weights, or none");
  for (int64_t d = 0; d < s.D; ++d) {
    call.weights[d] = weights_of<In, Weights>(s, weights, d);
    if (!dweights.empty()) call.dweights[d] = weights_of<Out, WeightGradients>(s, dweights, d);
  }
  for (size_t i = 0; i < dweights.size(); ++i)
    if (dweights[i].has_value() != weights[i].has_value())
      throw nb::value_error("dweights: expected one for each weight that is there");
  const int64_t B = call.index.B, width = traits(s.cell).memories * s.H;
  call.y = expect_lines("y", y, call.N, s.D * s.P);
  call.clip = clip;
  call.saved = expect_saved(call, saved);
  call.dy = expect_lines("dy", dy, call.N, s.D * s.P);
  call.dh_n = expect("dh_n", dh_n, {s.D, B, s.P});
  call.dc_n = expect("dc_n", dc_n, {s.D, B, width});
  call.dx = expect_lines("dx", dx, call.N, s.I);
  call.dh0 = expect("dh0", dh0, {s.D, B, s.P});
  call.dc0 = expect("dc0", dc0, {s.D, B, width});
  overlap.with("y", y).with("saved", saved).with("dy", dy).with("dh_n", dh_n).with("dc_n", dc_n);
  for (size_t i = 0; i < weights.size(); ++i) overlap.with(weight_names[i % arrays], weights[i]);
  for (size_t i = 0; i < dweights.size(); ++i) overlap.with(gradient_names[i % arrays], dweights[i]);
  overlap.with("dx", dx).with("dh0", dh0).with("dc0", dc0).check();
  nb::gil_scoped_release released;
  best_kernels().backward(call);
}

struct PackedLinear {
  int64_t O, K;
  Buffer<float> block;
};

std::unique_ptr<PackedLinear> pack_linear(const In& weight, const MaybeIn& bias) {
  const int64_t O = rows_of("weight", weight), K = static_cast<int64_t>(weight.shape(1));
  const float* b = expect("bias", bias, {O});
  std::unique_ptr<PackedLinear> packed(new PackedLinear{O, K, Buffer<float>(best_kernels().packed_linear_size(O, K))});
  nb::gil_scoped_release released;
  best_kernels().pack_linear(O, K, weight.data(), b, packed->block.data());
  return packed;
}

void linear(const PackedLinear& packed, const In& x, const Out& y) {
  const int64_t N = rows_of("x", x);
  const float* from = expect("x", x, {N, packed.K});
  float* to = expect("y", y, {N, packed.O});
  OverlapCheck().with("x", x).with("y", y).check();
  nb::gil_scoped_release released;
  best_kernels().linear(N, packed.O, packed.K, packed.block.data(), from, to);
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

// The table of cells: name -> (gates, saved slots, own vectors, memories, slots saved besides under zoneout).
nb::dict table_of_cells() {
  const float keep = 1.0f;
  const Noise zoneout{nullptr, &keep, &keep, 0, 0};
  nb::dict rows;
  for (const CellTraits& of : cells)
    rows[of.name] =
        nb::make_tuple(of.gates, of.saved_slots, of.own, of.memories, saved_slots(of.kind, zoneout) - of.saved_slots);
  return rows;
}

}  // namespace

NB_MODULE(_kernels, module) {
  nb::set_leak_warnings(false);  // a packed layer in a global outlives the interpreter: no harm, no noise
  module.attr("CELLS") = table_of_cells();
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
  module.def("arch", [] { return best_kernels().name; });
}

}  // namespace anaphora
