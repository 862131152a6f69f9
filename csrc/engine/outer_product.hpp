// The weights' gradients as products, summed over the lines of a chunk in the walk's order:
//
//   dW[m][k] += d_pre[line][m] * factor[line][k]        db[m] += d_pre[line][m]
//
// Threads split m, never the lines: each element is summed by one thread, line after line, so the bits depend on shapes
// and lengths alone.
#pragma once
#include <cstring>

#include "engine/panel.hpp"

namespace anaphora {
namespace {

// One head of one term of one stage; a dense term has one head.
struct OuterProduct {
  int64_t lines;
  const float* d_pre;  // the stage's first slot in the first line
  int64_t stride;      // from line to line
  const float* const* factor;
  int64_t first_factor;  // of this head
  int64_t K;             // factors of this head, columns of dw
  int64_t units;         // of the stage
  int64_t first_unit;    // of this head
  int64_t units_of_head;
  const int* slot;  // which slot each gate of dw takes its units from
  float* dw;        // (gates * units, K)
  bool onto;        // add to dw, or overwrite it

  // The place of the m-th row of this head in d_pre and in dw: gate after gate, its units.
  int64_t element(int64_t m) const { return slot[m / units_of_head] * units + unit(m); }
  float* row(int64_t m) const { return dw + (m / units_of_head * units + unit(m)) * K; }

 private:
  int64_t unit(int64_t m) const { return first_unit + m % units_of_head; }
};

constexpr int64_t ahead = 16;       // lines
constexpr int64_t short_sum = 256;  // lines summed by themselves: they stay in the caches, and keep their precision

template <int R, int V>
ANAPHORA_APART void outer_tile(const OuterProduct& o, int64_t line, int64_t lines, int64_t m, int64_t column,
                               const float* panel) {
  const float* d[R];
  for (int r = 0; r < R; ++r) d[r] = o.d_pre + line * o.stride + o.element(m + r);
  Vec sum[R][V];
  for (int v = 0; v < V; ++v)
    for (int r = 0; r < R; ++r) sum[r][v] = fill(0.0f);
  for (int64_t n = 0, at = 0; n < lines; ++n, at += o.stride, panel += V * lanes) {
    __builtin_prefetch(d[0] + at + ahead * o.stride);  // the next lines lie far apart, out of the prefetcher's sight
    Vec x[V];
    for (int v = 0; v < V; ++v) x[v] = load(panel + v * lanes);
    for (int r = 0; r < R; ++r) {
      const Vec a = fill(d[r][at]);
      for (int v = 0; v < V; ++v) sum[r][v] = fma(a, x[v], sum[r][v]);
    }
  }
  for (int r = 0; r < R; ++r) {
    float* row = o.row(m + r) + column;
    for (int v = 0; v < V; ++v)
      add_to(row + v * lanes, sum[r][v], lanes_from(column + v * lanes, o.K), o.onto || line > 0);
  }
}

constexpr int64_t outer_scratch = short_sum * tile_vectors * lanes;

// Rows [from, to) of dw.
inline void outer_product(const OuterProduct& o, int64_t from, int64_t to, float* panel) {
  const Panels panels{o.K, tile_vectors};
  for (int64_t line = 0; line < o.lines; line += short_sum) {
    const int64_t lines = o.lines - line < short_sum ? o.lines - line : short_sum;
    for (int64_t p = 0; p < panels.count(); ++p) {
      const int64_t column = panels.at(p).column;
      const int V = panels.at(p).vectors;
      for (int64_t n = 0; n < lines; ++n)
        for (int v = 0; v < V; ++v) {
          const int64_t c = column + v * lanes;
          store(panel + (n * V + v) * lanes, load(o.factor[line + n] + o.first_factor + c, lanes_from(c, o.K)));
        }
      with_count<tile_vectors>(V, [&](auto W) {
        for_tiles(to - from, [&](int64_t first, int rows) {
          with_count<tile_rows>(rows, [&](auto R) {
            outer_tile<decltype(R)::value, decltype(W)::value>(o, line, lines, from + first, column, panel);
          });
        });
      });
    }
  }
}

// sum[m] (+)= d_pre[line][m] over all lines, m < count <= V vectors: side by side, since lines lie far apart.
template <int V>
ANAPHORA_APART void sum_tile(int64_t lines, const float* d_pre, int64_t stride, int64_t count, float* sum, bool onto) {
  int n[V];
  for (int v = 0; v < V; ++v) n[v] = lanes_from(v * lanes, count);
  for (int64_t from = 0; from < lines; from += short_sum) {
    const int64_t end = from + short_sum < lines ? from + short_sum : lines;
    Vec total[V];
    for (int v = 0; v < V; ++v) total[v] = fill(0.0f);
    for (int64_t line = from; line < end; ++line)
      for (int v = 0; v < V; ++v) {
        __builtin_prefetch(d_pre + (line + ahead) * stride + v * lanes);
        total[v] = add(total[v], load(d_pre + line * stride + v * lanes, n[v]));
      }
    for (int v = 0; v < V; ++v) add_to(sum + v * lanes, total[v], n[v], onto || from > 0);
  }
}

inline void sum_lines(int64_t lines, const float* d_pre, int64_t stride, int64_t count, float* sum, bool onto) {
  const Panels groups{count, tile_vectors};
  for (int64_t p = 0; p < groups.count(); ++p) {
    const int64_t m = groups.at(p).column, left = count - m;
    if (!lines && !onto)
      std::memset(sum + m, 0, sizeof(float) * static_cast<size_t>(left));
    else
      with_count<tile_vectors>(groups.at(p).vectors, [&](auto V) {
        sum_tile<decltype(V)::value>(lines, d_pre + m, stride, left, sum + m, onto);
      });
  }
}

}  // namespace
}  // namespace anaphora
