// A cell's weights laid out for the walk (packed_layout.hpp), the panels dealt to the threads.
#pragma once
#include "engine/packed_layout.hpp"
#include "engine/parallel.hpp"

namespace anaphora {
namespace {

template <class Stage>
void pack_stage(const Shape& shape, const Weights& weights, float* packed) {
  const int64_t panels = PackedLayout<Stage>{shape}.panels().count();
  const int tasks = static_cast<int>(panels < threads() ? panels : threads());
  parallel_for(tasks, copying * weight_count(shape), [&](int task) {
    for (int64_t p = panels * task / tasks; p < panels * (task + 1) / tasks; ++p)
      pack_panel<Stage>(shape, weights, p, packed, typename Stage::Terms{});
  });
}

template <class... S>
void pack_stages(const Shape& shape, const Weights& weights, float* packed, List<S...>) {
  const auto stage = [&](auto of) {
    using Stage = decltype(of);
    if constexpr (!Stage::wide) pack_stage<Stage>(shape, weights, packed);
    packed += stage_size<Stage>(shape);
  };
  (stage(S{}), ...);
}

template <class Cell>
void pack_cell(const Shape& shape, const Weights& weights, float* packed) {
  pack_stages(shape, weights, packed, typename Cell::Stages{});
  Vectors<Cell>::pack(shape, weights, packed + stages_size(shape, typename Cell::Stages{}));
}

}  // namespace
}  // namespace anaphora
