// Packed layers, and a stepper over them.
#pragma once
#include <nanobind/stl/tuple.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "binding/arguments.hpp"
#include "engine/scratch.hpp"

namespace anaphora {

// Weights laid out for the walk, one block a direction.
struct Packed {
  Shape shape;
  Buffer<float> blocks[2];
};

inline std::unique_ptr<Packed> pack(const std::string& cell, const std::vector<MaybeIn>& weights) {
  auto packed = std::make_unique<Packed>();
  packed->shape = shape_of(cell, weights);
  const Shape& shape = packed->shape;
  std::vector<Weights> directions;
  for (int64_t d = 0; d < shape.D; ++d) directions.push_back(weights_of<In, Weights>(shape, weights, d));
  nanobind::gil_scoped_release released;
  for (size_t d = 0; d < directions.size(); ++d) {
    packed->blocks[d] = Buffer<float>(best_kernels().packed_size(shape));
    best_kernels().pack(shape, directions[d], packed->blocks[d].data());
  }
  return packed;
}

// Layers one on top of the other, one step of B rows at a time, over the caller's arrays.
class Stepper {
 public:
  using State = std::tuple<Out, MaybeOut>;
  using Keep = std::tuple<MaybeIn, MaybeIn>;

  Stepper(std::vector<nanobind::object> layers, In x, std::vector<State> states, Out y, std::vector<Keep> keeps)
      : layers_(std::move(layers)), x_(x), states_(std::move(states)), y_(y), keeps_(std::move(keeps)) {
    if (layers_.empty()) throw nanobind::value_error("layers: expected at least one");
    if (states_.size() != layers_.size()) throw nanobind::value_error(one_each("states", states_.size()).c_str());
    if (!keeps_.empty() && keeps_.size() != layers_.size())
      throw nanobind::value_error(one_each("keeps", keeps_.size()).c_str());
    const int64_t B = rows_of("x", x_);
    const float* from = x_.data();
    int64_t width = static_cast<int64_t>(x_.shape(1));
    OverlapCheck overlap;
    overlap.with("x", x_).with("y", y_);
    for (const auto& [h, c] : states_) overlap.with("h", h).with("c", c);
    for (const auto& [h, c] : keeps_) overlap.with("keep_h", h).with("keep_c", c);
    overlap.check();
    for (size_t l = 0; l < layers_.size(); ++l) {
      if (!nanobind::isinstance<Packed>(layers_[l]))
        throw nanobind::type_error(("layers: layer " + std::to_string(l) + " is not what pack() gives").c_str());
      const Packed& packed = nanobind::cast<const Packed&>(layers_[l]);
      const Shape& s = packed.shape;
      if (s.D != 1) throw nanobind::value_error("layers: a second direction needs the whole sequence, not a step");
      if (s.I != width)
        throw nanobind::value_error(("layers: layer " + std::to_string(l) + " takes " + std::to_string(s.I) +
                                     " features, got " + std::to_string(width))
                                        .c_str());
      const bool last = l + 1 == layers_.size();
      if (!last) between_.emplace_back(B * s.P);
      StepBuffers of{};
      of.shape = s;
      of.B = B;
      of.packed = packed.blocks[0].data();
      of.x = from;
      of.h = expect("h", std::get<0>(states_[l]), {1, B, s.P});
      const CellTraits& cell = traits(s.cell);
      of.c = expect("c", std::get<1>(states_[l]), {1, B, cell.memories * s.H});
      if ((cell.memories > 0) != (of.c != nullptr))
        throw nanobind::value_error(cell.memories ? "c: this cell needs it" : "c: this cell has no memory c");
      of.y = last ? expect("y", y_, {B, s.P}) : between_.back().data();
      if (!keeps_.empty()) of.noise = noise_of(s, B, B, MaybeIn(), std::get<0>(keeps_[l]), std::get<1>(keeps_[l]));
      steps_.push_back(best_kernels().bind_step(of));
      work_ += B * cell.gates * s.H * (s.I + s.P);
      from = of.y;
      width = s.P;
    }
  }
  Stepper(const Stepper&) = delete;

  void step() {
    if (work_ < worth_releasing) return run();
    nanobind::gil_scoped_release released;
    run();
  }

 private:
  static constexpr int64_t worth_releasing = 2000000;  // multiply-adds: below, another thread waits some 20 us at most

  std::string one_each(const char* name, size_t count) const {
    return std::string(name) + ": expected one for each of " + std::to_string(layers_.size()) + " layers, got " +
           std::to_string(count);
  }

  void run() {
    for (const auto& step : steps_) step->run();
  }

  std::vector<nanobind::object> layers_;
  In x_;
  std::vector<State> states_;
  Out y_;
  std::vector<Keep> keeps_;
  std::vector<Buffer<float>> between_;
  std::vector<std::unique_ptr<Step>> steps_;
  int64_t work_ = 0;
};

}  // namespace anaphora
