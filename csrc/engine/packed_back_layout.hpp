// How a cell's weights lie for the products back: for each term of each stage the columns of its factor in panels, and
// in a panel slot after slot, unit after unit.
#pragma once
#include "engine/packed_layout.hpp"
#include "engine/parallel.hpp"

namespace anaphora {
namespace {

template <class Stage, class Term>
struct PackedBackLayout {
  const Shape& shape;

  int64_t units() const { return Stage::units(shape); }
  int64_t heads() const { return Term::by_head ? shape.heads : 1; }
  int64_t units_of_head() const { return units() / heads(); }
  int64_t depth() const { return Term::count * units_of_head(); }
  Panels panels() const { return {factors<Term>(shape), tile_vectors, heads()}; }
  int64_t size() const { return panels().vectors() * lanes * depth(); }
  int64_t offset(const Panel& panel) const { return panel.vector * lanes * depth(); }
};

template <class Stage, class... T>
int64_t back_size(const Shape& shape, List<T...>) {
  return (int64_t{0} + ... + PackedBackLayout<Stage, T>{shape}.size());
}
template <class... S>
int64_t cell_back_size(const Shape& shape, List<S...>) {
  return (back_size<S>(shape, typename S::Terms{}) + ...);
}

template <class Stage, class Term>
void pack_back_panel(const Shape& shape, const Weights& weights, const Panel& panel, float* packed) {
  const PackedBackLayout<Stage, Term> layout{shape};
  const int64_t U = layout.units(), of_head = layout.units_of_head(), K = layout.panels().columns;
  float* to = packed + layout.offset(panel);
  for (int j = 0; j < Term::count; ++j, to += of_head * panel.vectors * lanes) {
    const int64_t row = (Stage::first_gate + j) * U + panel.head * of_head;
    copy_columns(matrix(weights, Term::matrix) + row * K, of_head, K, panel.column, panel.vectors, to);
  }
}

template <class Cell, class Stage, class... T>
void pack_back_terms(const Shape& shape, const Weights& weights, float* packed, List<T...>) {
  [[maybe_unused]] const auto term = [&](auto of) {
    const PackedBackLayout<Stage, decltype(of)> layout{shape};
    const int64_t panels = layout.panels().count();
    const int tasks = static_cast<int>(panels < threads() ? panels : threads());
    parallel_for(tasks, copying * weight_count<Cell>(shape) / 2, [&](int task) {
      const Range range(panels, task, tasks);
      for (int64_t p = range.begin; p < range.end; ++p)
        pack_back_panel<Stage, decltype(of)>(shape, weights, layout.panels().at(p), packed);
    });
    packed += layout.size();
  };
  (term(T{}), ...);
}

template <class Cell, class... S>
void pack_back_stages(const Shape& shape, const Weights& weights, float* packed, List<S...>) {
  const auto stage = [&](auto of) {
    using Stage = decltype(of);
    pack_back_terms<Cell, Stage>(shape, weights, packed, typename Stage::Terms{});
    packed += back_size<Stage>(shape, typename Stage::Terms{});
  };
  (stage(S{}), ...);
}

}  // namespace
}  // namespace anaphora
