// LSTM that forgets exactly as much as it takes in.                                     Greff et al. 2017,
// arXiv:1503.04069
//
//   f, o = sigmoid(W x + b_ih + U h + b_hh)      g = tanh(the same)
//   c' = f c + (1 - f) g,   h' = o tanh(c')
#pragma once
#include "cells/stage.hpp"

namespace anaphora {
namespace {

struct CoupledStage : UnitStage<3> {
  using Terms = List<Term<Factor::input, Matrix::w_ih, 0, 1, 2>, Term<Factor::state, Matrix::w_hh, 0, 1, 2>>;
  using BiasIh = Ints<0, 1, 2>;
  using BiasHh = Ints<0, 1, 2>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, int64_t u, int n, int64_t U) {
    const Vec f = sigmoid(pre[0]), g = tanh(pre[1]), o = sigmoid(pre[2]);
    const Vec c = fma(f, sub(load(row.c + u, n), g), g);
    store(row.c + u, c, n);
    store(row.y + u, mul(o, tanh(c)), n);
    if (Save) {
      store(row.saved + u, f, n);
      store(row.saved + U + u, g, n);
      store(row.saved + 2 * U + u, o, n);
      store(row.saved + 3 * U + u, c, n);
    }
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, int64_t u, int n, int64_t U) {
    const Vec one = fill(1.0f), before = load(row.c_before + u, n);
    const Vec f = load(row.saved + u, n), g = load(row.saved + U + u, n), o = load(row.saved + 2 * U + u, n);
    const Vec squashed = tanh(load(row.saved + 3 * U + u, n)), dh = load(row.dh + u, n);
    const Vec dc = fma(mul(dh, o), sub(one, mul(squashed, squashed)), load(row.dc + u, n));
    store(row.d_pre + u, mul(mul(dc, sub(before, g)), mul(f, sub(one, f))), n);
    store(row.d_pre + U + u, mul(mul(dc, sub(one, f)), sub(one, mul(g, g))), n);
    store(row.d_pre + 2 * U + u, mul(mul(dh, squashed), mul(o, sub(one, o))), n);
    store(row.dc + u, mul(dc, f), n);
  }
};

struct CoupledLstm : Common {
  static constexpr int gates = 3, saved_slots = 4, memory_slot = 3;
  static constexpr bool memory = true;
  using Stages = List<CoupledStage>;
};

}  // namespace
}  // namespace anaphora
