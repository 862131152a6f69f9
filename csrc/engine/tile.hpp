// One register tile of one stage: R rows by W vectors of units, all slots of the stage.
//
//   pre = bias + the stage's terms, k ascending, in registers, then Stage::finish on them
#pragma once
#include "engine/packed_layout.hpp"

namespace anaphora {
namespace {

template <int W, class T>
struct SlotsOfTerm;
template <int W, template <Factor, Matrix, int...> class T, Factor F, Matrix M, int... S>
struct SlotsOfTerm<W, T<F, M, S...>> : SumSlots<W, S...> {};

template <class Stage, int R, int W, class... T>
ANAPHORA_INLINE void multiply_terms(Vec (&sum)[R][Stage::slots * W], const ForwardRow* rows, const Shape& shape,
                                    int64_t head, const float* weights, bool input, bool others, List<T...>) {
  [[maybe_unused]] const auto term = [&](auto t) __attribute__((always_inline)) {
    using Of = decltype(t);
    constexpr int V = Of::count * W;
    const int64_t K = factors<Of>(shape);
    if (Of::from == Factor::input ? input : others) {
      const float* x[R];
      for (int r = 0; r < R; ++r) x[r] = rows[r].factor[static_cast<int>(Of::from)] + (Of::by_head ? head * K : 0);
      multiply<SlotsOfTerm<W, Of>, V>(sum, x, K, weights);
    }
    weights += K * V * lanes;
  };
  (term(T{}), ...);
}

template <class Stage, bool Save, int R, int W>
ANAPHORA_APART void tile(const ForwardRow* rows, const Shape& shape, int64_t p, const float* packed) {
  const PackedLayout<Stage> layout{shape};
  const Panel panel = layout.panels().at(p);
  constexpr int A = Stage::slots * W;
  const float* weights = packed + layout.offset(panel);
  Vec sum[R][A];
  const bool ahead = rows[0].partial;
  for (int r = 0; r < R; ++r)
    for (int a = 0; a < A; ++a)
      sum[r][a] = load((ahead ? rows[r].partial + Stage::slots * panel.vector * lanes : weights) + a * lanes);
  multiply_terms<Stage, R, W>(sum, rows, shape, panel.head, weights + A * lanes, !ahead, true, typename Stage::Terms{});
  for (int w = 0; w < W; ++w)
    for (int r = 0; r < R; ++r) {
      Vec pre[Stage::slots];
      for (int s = 0; s < Stage::slots; ++s) pre[s] = sum[r][s * W + w];
      Stage::template finish<Save>(pre, rows[r], layout.group(panel, w));
    }
}

// bias + x W of the first stage for R steps, into partial[r].
template <class Stage, int R, int W>
ANAPHORA_APART void tile_ahead(const ForwardRow* rows, float* const* partial, const Shape& shape, int64_t p,
                               const float* packed) {
  const PackedLayout<Stage> layout{shape};
  const Panel panel = layout.panels().at(p);
  constexpr int A = Stage::slots * W;
  const float* weights = packed + layout.offset(panel);
  Vec sum[R][A];
  for (int r = 0; r < R; ++r)
    for (int a = 0; a < A; ++a) sum[r][a] = load(weights + a * lanes);
  multiply_terms<Stage, R, W>(sum, rows, shape, panel.head, weights + A * lanes, true, false, typename Stage::Terms{});
  for (int r = 0; r < R; ++r)
    for (int a = 0; a < A; ++a) store(partial[r] + Stage::slots * panel.vector * lanes + a * lanes, sum[r][a]);
}

}  // namespace
}  // namespace anaphora
