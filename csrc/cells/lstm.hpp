// Long short-term memory with a forget gate.       Hochreiter & Schmidhuber 1997; Gers et al. 2000, Neural Computation
//
//   i, f, o = sigmoid(W x + b_ih + U h + b_hh)      g = tanh(the same)
//   c' = f c + i g,   h' = o tanh(c')
//
// Projected (Sak et al. 2014, arXiv:1402.1128): m = o tanh(c') stays in the row's scratch, and the second stage makes
// h' = W_hr m of it.
#pragma once
#include "cells/stage.hpp"

namespace anaphora {
namespace {

template <bool Projected>
struct LstmStage : UnitStage<4> {
  using Terms = List<Term<Factor::input, Matrix::w_ih, 0, 1, 2, 3>, Term<Factor::state, Matrix::w_hh, 0, 1, 2, 3>>;
  using BiasIh = Ints<0, 1, 2, 3>;
  using BiasHh = Ints<0, 1, 2, 3>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, int64_t u, int n, int64_t U) {
    const Vec i = sigmoid(pre[0]), f = sigmoid(pre[1]), g = tanh(pre[2]), o = sigmoid(pre[3]);
    const Vec c = fma(f, load(row.c + u, n), mul(i, g));
    store(row.c + u, c, n);
    store((Projected ? row.scratch : row.y) + u, mul(o, tanh(c)), n);
    if (Save) {
      store(row.saved + u, i, n);
      store(row.saved + U + u, f, n);
      store(row.saved + 2 * U + u, g, n);
      store(row.saved + 3 * U + u, o, n);
      store(row.saved + 4 * U + u, c, n);
    }
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, int64_t u, int n, int64_t U) {
    const Vec one = fill(1.0f);
    const Vec i = load(row.saved + u, n), f = load(row.saved + U + u, n), g = load(row.saved + 2 * U + u, n),
              o = load(row.saved + 3 * U + u, n);
    const Vec squashed = tanh(load(row.saved + 4 * U + u, n));
    const Vec dh = load((Projected ? row.d_scratch : row.dh) + u, n);
    const Vec dc = fma(mul(dh, o), sub(one, mul(squashed, squashed)), load(row.dc + u, n));
    store(row.d_pre + u, mul(mul(dc, g), mul(i, sub(one, i))), n);
    store(row.d_pre + U + u, mul(mul(dc, load(row.c_before + u, n)), mul(f, sub(one, f))), n);
    store(row.d_pre + 2 * U + u, mul(mul(dc, i), sub(one, mul(g, g))), n);
    store(row.d_pre + 3 * U + u, mul(mul(dh, squashed), mul(o, sub(one, o))), n);
    store(row.dc + u, mul(dc, f), n);
    if (Projected) store(row.scratch + u, mul(o, squashed), n);
  }
};

struct Lstm : Common {
  static constexpr int gates = 4, saved_slots = 5, memory_slot = 4;
  static constexpr bool memory = true;
  using Stages = List<LstmStage<false>>;
};

// h' = W_hr m.
struct ProjectionStage : UnitStage<1> {
  static constexpr bool activated = false;
  using Terms = List<Term<Factor::scratch, Matrix::w_hr, 0>>;
  using BiasIh = Ints<>;
  using BiasHh = Ints<>;
  static int64_t units(const Shape& shape) { return shape.P; }

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, int64_t u, int n, int64_t) {
    store(row.y + u, pre[0], n);
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, int64_t u, int n, int64_t) {
    store(row.d_pre + u, load(row.dh + u, n), n);
  }
};

struct ProjectedLstm : Lstm {
  static constexpr int scratch = 1;
  static constexpr bool kept = true;
  using Stages = List<LstmStage<true>, ProjectionStage>;
};

}  // namespace
}  // namespace anaphora
