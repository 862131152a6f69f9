// The product back, from the gradients of a stage's slots to that of a term's factor: one register tile, and all rows.
//
//   out[r] (+)= sum over the term's slots and units of d_pre[r] times its weights
#pragma once
#include "engine/packed_back_layout.hpp"

namespace anaphora {
namespace {

// The products of `count` rows: what is there already is added last, since it may be large and round every term.
struct RowsBack {
  int64_t count;
  const float* const* d_pre;
  float* const* out;
  bool onto;  // add to `out`, or overwrite it
};

template <class Stage, class Term, int R, int V>
ANAPHORA_APART void tile_back(const float* const* d_pre, float* const* out, bool onto, const Shape& shape, int64_t p,
                              const float* packed) {
  const PackedBackLayout<Stage, Term> layout{shape};
  const Panel panel = layout.panels().at(p);
  const int64_t U = layout.units(), of_head = layout.units_of_head(), K = layout.panels().columns;
  const float* weights = packed + layout.offset(panel);
  Vec sum[R][V];
  for (int v = 0; v < V; ++v)
    for (int r = 0; r < R; ++r) sum[r][v] = fill(0.0f);
  for (int j = 0; j < Term::count; ++j) {
    const float* x[R];
    for (int r = 0; r < R; ++r) x[r] = d_pre[r] + Term::slot[j] * U + panel.head * of_head;
    multiply<SumSlots<V, 0>, V>(sum, x, of_head, weights + j * of_head * V * lanes);
  }
  for (int v = 0; v < V; ++v)
    for (int r = 0; r < R; ++r) {
      const int64_t column = panel.column + v * lanes;
      add_to(out[r] + panel.head * K + column, sum[r][v], lanes_from(column, K), onto);
    }
}

// The part-th of `parts` parts of the panels.
template <class Stage, class Term>
void multiply_back(const RowsBack& rows, const Shape& shape, const float* packed, int part, int parts) {
  const Panels panels = PackedBackLayout<Stage, Term>{shape}.panels();
  const Range range(panels.count(), part, parts);
  for (int64_t p = range.begin; p < range.end; ++p)
    with_count<tile_vectors>(panels.at(p).vectors, [&](auto V) {
      for_tiles(rows.count, [&](int64_t first, int n) {
        with_count<tile_rows>(n, [&](auto R) {
          tile_back<Stage, Term, decltype(R)::value, decltype(V)::value>(rows.d_pre + first, rows.out + first,
                                                                         rows.onto, shape, p, packed);
        });
      });
    });
}

}  // namespace
}  // namespace anaphora
