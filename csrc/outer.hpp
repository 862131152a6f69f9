// The weights' gradients: for every line of a chunk, in the walk's order,
//
//   dW[m][k] += d_pre[line][m] * source[line][k]        db[m] += d_pre[line][m]
//
// Threads split m, never the lines: each element is summed by one thread, line after line, so the bits depend on shapes and lengths alone.
#pragma once
#include "panel.hpp"

namespace anaphora {
namespace {

struct Outer {
  int64_t lines;
  const float* d_pre;   // the stage's first slot in the first line
  int64_t stride;       // from line to line
  const float* const* source;
  int64_t K;            // columns of source and of dw
  int64_t units;
  const int* slot;      // which slot each gate of dw takes its units from
  float* dw;            // (gates * units, K)
  bool onto;            // add to dw, or overwrite it

  int64_t element(int64_t m) const { return slot[m / units] * units + m % units; }
};

ANAPHORA_INLINE void add_to(float* p, Vec v, int n, bool onto) { store(p, onto ? add(load(p, n), v) : v, n); }

template <int R, int V>
void outer_tile(const Outer& o, int64_t lines, bool onto, int64_t m, int64_t column, const float* left, const float* panel) {
  Vec sum[R][V];
  for (int v = 0; v < V; ++v)
    for (int r = 0; r < R; ++r) sum[r][v] = fill(0.0f);
  for (int64_t n = 0; n < lines; ++n, left += R, panel += V * lanes) {
    Vec x[V];
    for (int v = 0; v < V; ++v) x[v] = load(panel + v * lanes);
    for (int r = 0; r < R; ++r) {
      const Vec a = fill(left[r]);
      for (int v = 0; v < V; ++v) sum[r][v] = fma(a, x[v], sum[r][v]);
    }
  }
  for (int v = 0; v < V; ++v)
    for (int r = 0; r < R; ++r) add_to(o.dw + (m + r) * o.K + column + v * lanes, sum[r][v], lanes_from(column + v * lanes, o.K), onto);
}

constexpr int64_t outer_lines = 256;  // lines summed by themselves: they stay in the caches, and a sum of short sums keeps its precision

inline int64_t outer_scratch(int64_t rows) { return outer_lines * (rows + tile_vectors * lanes); }

// Rows [from, to) of dw.
inline void outer_product(const Outer& o, int64_t from, int64_t to, float* scratch) {
  float* panel = scratch + outer_lines * (to - from);
  for (int64_t n0 = 0; n0 < o.lines; n0 += outer_lines) {
    const int64_t lines = o.lines - n0 < outer_lines ? o.lines - n0 : outer_lines;
    const bool onto = o.onto || n0 > 0;
    float* left = scratch;
    for_tiles(to - from, [&](int64_t first, int rows) {
      for (int r = 0; r < rows; ++r) {
        const float* d = o.d_pre + n0 * o.stride + o.element(from + first + r);
        for (int64_t n = 0; n < lines; ++n) left[n * rows + r] = d[n * o.stride];
      }
      left += lines * rows;
    });
    const Panels panels{o.K, tile_vectors};
    for (int64_t p = 0; p < panels.count(); ++p) {
      const int64_t column = panels.column(p);
      const int V = panels.vectors_of(p);
      for (int64_t n = 0; n < lines; ++n)
        for (int v = 0; v < V; ++v) {
          const int64_t c = column + v * lanes;
          store(panel + (n * V + v) * lanes, load(o.source[n0 + n] + c, lanes_from(c, o.K)));
        }
      left = scratch;
      for_tiles(to - from, [&](int64_t first, int rows) {
        with_count<tile_rows>(rows, [&](auto R) {
          with_count<tile_vectors>(V, [&](auto W) { outer_tile<decltype(R)::value, decltype(W)::value>(o, lines, onto, from + first, column, left, panel); });
        });
        left += lines * rows;
      });
    }
  }
}

// sum[m] (+)= d_pre[line][m] over all lines, m < count.
inline void sum_lines(int64_t lines, const float* d_pre, int64_t stride, int64_t count, float* sum, bool onto) {
  for (int64_t m = 0; m < count; m += lanes) {
    const int n = lanes_from(m, count);
    if (!lines && !onto) store(sum + m, fill(0.0f), n);
    for (int64_t n0 = 0; n0 < lines; n0 += outer_lines) {
      const int64_t end = n0 + outer_lines < lines ? n0 + outer_lines : lines;
      Vec total = fill(0.0f);
      for (int64_t line = n0; line < end; ++line) total = add(total, load(d_pre + line * stride + m, n));
      add_to(sum + m, total, n, onto || n0 > 0);
    }
  }
}

}  // namespace
}  // namespace anaphora
