// Weights in panels, and the one register-tile product that every direction uses.
//
//   sum[r][v] += x[r][k] * panel[k][v]        r < R rows, v < V vectors, k ascending
//
// A panel holds the weights of a few neighbouring columns, k after k, so that the product reads it from front to back
// once. The R x V sums stay in registers. Each row's sums depend on nothing but that row and k's order, whatever R is.
#pragma once
#include "engine/simd.hpp"

namespace anaphora {
namespace {

// The sum that the v-th vector of a panel adds to. The panel has W vectors for each slot S; the sums have W vectors for
// each slot of the stage, slot after slot.
template <int W, int... S>
struct SumSlots {
  static constexpr int count = sizeof...(S);
  static constexpr int slot[] = {S...};
  static constexpr int of(int v) { return slot[v / W] * W + v % W; }
};

template <class S, int V, int R, int A>
ANAPHORA_INLINE void multiply(Vec (&sum)[R][A], const float* const (&x)[R], int64_t K, const float* panel) {
  for (int64_t k = 0; k < K; ++k, panel += V * lanes) {
    Vec w[V];
    for (int v = 0; v < V; ++v) w[v] = load(panel + v * lanes);
    for (int r = 0; r < R; ++r) {
      const Vec a = fill(x[r][k]);
      for (int v = 0; v < V; ++v) sum[r][S::of(v)] = fma(a, w[v], sum[r][S::of(v)]);
    }
  }
}

// dst[k * stride + u] = src[u * K + k] for `units` rows of src, zero for the lanes beyond them.
inline void transpose_lanes(const float* src, int64_t K, int units, float* dst, int64_t stride) {
  int64_t k = 0;
#if defined(__AVX2__)
  for (; k + 8 <= K; k += 8)
    for (int u = 0; u < lanes; u += 8) {
      __m256 row[8];
      for (int i = 0; i < 8; ++i) row[i] = u + i < units ? _mm256_loadu_ps(src + (u + i) * K + k) : _mm256_setzero_ps();
      __m256 pair[8], quad[8];
      for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
      }
      for (int i = 0; i < 8; i += 4) {
        quad[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0x44);
        quad[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0xee);
        quad[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
        quad[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0xee);
      }
      for (int i = 0; i < 4; ++i) {
        _mm256_storeu_ps(dst + (k + i) * stride + u, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x20));
        _mm256_storeu_ps(dst + (k + 4 + i) * stride + u, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x31));
      }
    }
#endif
  for (; k < K; ++k)
    for (int u = 0; u < lanes; ++u) dst[k * stride + u] = u < units ? src[u * K + k] : 0.0f;
}

// Columns [column, column + V*lanes) of `rows` rows of a (rows, columns) matrix, row after row; zero beyond the last
// column.
inline void copy_columns(const float* src, int64_t rows, int64_t columns, int64_t column, int V, float* dst) {
  for (int64_t k = 0; k < rows; ++k)
    for (int v = 0; v < V; ++v) {
      const int64_t c = column + v * lanes;
      store(dst + (k * V + v) * lanes,
            c + lanes <= columns ? load(src + k * columns + c) : load(src + k * columns + c, lanes_from(c, columns)));
    }
}

// One panel: where its columns begin within its head, and how many whole vectors lie before it.
struct Panel {
  int64_t head, column, vector;
  int vectors;
};

// Panels of `width` vectors side by side over the columns of each head; the last of a head may be narrower, by whole
// vectors.
struct Panels {
  int64_t columns;  // of one head
  int width;
  int64_t heads = 1;

  int64_t count() const { return heads * panels_of_head(); }
  int64_t vectors() const { return heads * vectors_of_head(); }
  Panel at(int64_t p) const {
    const int64_t head = heads == 1 ? 0 : p / panels_of_head(), first = (p - head * panels_of_head()) * width;
    const int64_t left = vectors_of_head() - first;
    return {head, first * lanes, head * vectors_of_head() + first, left < width ? static_cast<int>(left) : width};
  }

 private:
  int64_t vectors_of_head() const { return (columns + lanes - 1) / lanes; }
  int64_t panels_of_head() const { return (vectors_of_head() + width - 1) / width; }
};

// Calls f(first row, rows) for tiles of at most tile_rows rows, as even as they come: 8 rows are 4 + 4, not 6 + 2.
template <class F>
ANAPHORA_INLINE void for_tiles(int64_t rows, F f) {
  const int64_t tiles = (rows + tile_rows - 1) / tile_rows;
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t from = rows * i / tiles, to = rows * (i + 1) / tiles;
    f(from, static_cast<int>(to - from));
  }
}

template <int N>
struct Count {
  static constexpr int value = N;
};

// Calls f(Count<n>) with a run-time n in 1..Most as a compile-time number.
template <int Most, class F>
ANAPHORA_INLINE void with_count(int n, F f) {
  if constexpr (Most == 1)
    f(Count<1>{});
  else if (n == Most)
    f(Count<Most>{});
  else
    with_count<Most - 1>(n, f);
}

}  // namespace
}  // namespace anaphora
