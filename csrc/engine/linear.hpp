// y = b + W x, row by row, through the same panels and tile as a cell's product: b first, then k ascending.
#pragma once
#include "engine/panel.hpp"

namespace anaphora {
namespace {

struct Affine {
  int64_t O, K;

  Panels panels() const { return {O, tile_vectors}; }
  int64_t size() const { return panels().vectors() * lanes * (1 + K); }
  int64_t offset(const Panel& panel) const { return panel.vector * lanes * (1 + K); }

  void pack(const float* w, const float* b, float* packed) const {
    for (int64_t p = 0; p < panels().count(); ++p) {
      const Panel panel = panels().at(p);
      const int V = panel.vectors;
      float* to = packed + offset(panel);
      for (int v = 0; v < V; ++v) {
        const int64_t u = panel.column + v * lanes;
        const int n = lanes_from(u, O);
        for (int lane = 0; lane < lanes; ++lane) to[v * lanes + lane] = b && lane < n ? b[u + lane] : 0.0f;
        transpose_lanes(w + u * K, K, n, to + (V + v) * lanes, V * lanes);
      }
    }
  }

  template <int R, int V>
  ANAPHORA_APART void tile(int64_t row, const Panel& panel, const float* packed, const float* x, float* y) const {
    const float* from[R];
    Vec sum[R][V];
    for (int r = 0; r < R; ++r) from[r] = x + (row + r) * K;
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) sum[r][v] = load(packed + offset(panel) + v * lanes);
    multiply<SumSlots<V, 0>, V>(sum, from, K, packed + offset(panel) + V * lanes);
    for (int v = 0; v < V; ++v) {
      const int64_t u = panel.column + v * lanes;
      for (int r = 0; r < R; ++r) store(y + (row + r) * O + u, sum[r][v], lanes_from(u, O));
    }
  }

  // Rows [row, end) and panels [p, last).
  void run(int64_t row, int64_t end, int64_t p, int64_t last, const float* packed, const float* x, float* y) const {
    for (; p < last; ++p) {
      const Panel panel = panels().at(p);
      with_count<tile_vectors>(panel.vectors, [&](auto V) {
        for_tiles(end - row, [&](int64_t first, int n) {
          with_count<tile_rows>(n, [&](auto R) {
            this->template tile<decltype(R)::value, decltype(V)::value>(row + first, panel, packed, x, y);
          });
        });
      });
    }
  }
};

}  // namespace
}  // namespace anaphora
