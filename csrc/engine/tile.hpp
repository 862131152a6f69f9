// One register tile of one stage: R rows by W vectors of units, all slots of the stage.
//
//   pre = bias + the stage's terms, k ascending, in registers, then Stage::finish on them
#pragma once
#include "engine/packed_layout.hpp"
#include "engine/row_blocks.hpp"
#include "engine/scratch.hpp"

namespace anaphora {
namespace {

template <class Stage, int R, int W, class... T>
ANAPHORA_INLINE void multiply_terms(Vec (&sum)[R][Stage::slots * W], const ForwardRow* rows, const Shape& shape,
                                    const float* panel, bool input, bool others, List<T...>) {
  [[maybe_unused]] const auto term = [&](auto t) __attribute__((always_inline)) {
    using Of = decltype(t);
    constexpr int V = Of::count * W;
    const int64_t K = factors(shape, Of::from);
    if (Of::from == Factor::input ? input : others) {
      const float* x[R];
      for (int r = 0; r < R; ++r) x[r] = rows[r].source[static_cast<int>(Of::from)];
      multiply<typename Of::template Slots<W>, V>(sum, x, K, panel);
    }
    panel += K * V * lanes;
  };
  (term(T{}), ...);
}

template <class Stage, bool Save, int R, int W>
ANAPHORA_APART void tile(const ForwardRow* rows, const Shape& shape, int64_t p, const float* packed) {
  const PackedLayout<Stage> layout{shape};
  constexpr int A = Stage::slots * W;
  const int64_t U = layout.units(), first_unit = layout.panels().column(p);
  const float* panel = packed + layout.panel(p);
  Vec sum[R][A];
  const bool ahead = rows[0].partial;
  for (int r = 0; r < R; ++r)
    for (int a = 0; a < A; ++a)
      sum[r][a] = load((ahead ? rows[r].partial + Stage::slots * first_unit : panel) + a * lanes);
  multiply_terms<Stage, R, W>(sum, rows, shape, panel + A * lanes, !ahead, true, typename Stage::Terms{});
  for (int w = 0; w < W; ++w)
    for (int r = 0; r < R; ++r) {
      const int64_t u = first_unit + w * lanes;
      const int n = lanes_from(u, U);
      Vec pre[Stage::slots];
      for (int s = 0; s < Stage::slots; ++s) pre[s] = sum[r][s * W + w];
      Stage::template finish<Save>(pre, rows[r], u, n, U);
    }
}

// bias + x W of the first stage for R steps, into partial[r].
template <class Stage, int R, int W>
ANAPHORA_APART void tile_ahead(const ForwardRow* rows, float* const* partial, const Shape& shape, int64_t p,
                               const float* packed) {
  const PackedLayout<Stage> layout{shape};
  constexpr int A = Stage::slots * W;
  const float* panel = packed + layout.panel(p);
  Vec sum[R][A];
  for (int r = 0; r < R; ++r)
    for (int a = 0; a < A; ++a) sum[r][a] = load(panel + a * lanes);
  multiply_terms<Stage, R, W>(sum, rows, shape, panel + A * lanes, true, false, typename Stage::Terms{});
  for (int r = 0; r < R; ++r)
    for (int a = 0; a < A; ++a) store(partial[r] + Stage::slots * layout.panels().column(p) + a * lanes, sum[r][a]);
}

}  // namespace
}  // namespace anaphora
