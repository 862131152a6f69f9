// LSTM whose gates see the memory.             Gers, Schraudolph & Schmidhuber 2002, Journal of Machine Learning
// Research 3
//
//   i = sigmoid(W x + b_ih + U h + b_hh + p_i c)     f likewise with p_f     g = tanh(W x + b_ih + U h + b_hh)
//   c' = f c + i g
//   o = sigmoid(W x + b_ih + U h + b_hh + p_o c')    h' = o tanh(c')
//
// Own vectors: p_i, p_f, p_o.
#pragma once
#include "cells/stage.hpp"

namespace anaphora {
namespace {

struct PeepholeStage : UnitStage<4> {
  static constexpr int sums = 7;
  using Terms = List<Term<Factor::input, Matrix::w_ih, 0, 1, 2, 3>, Term<Factor::state, Matrix::w_hh, 0, 1, 2, 3>>;
  using BiasIh = Ints<0, 1, 2, 3>;
  using BiasHh = Ints<0, 1, 2, 3>;
  using Own = Ints<4, 5, 6>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, int64_t u, int n, int64_t U) {
    const Vec before = load(row.c + u, n);
    const Vec i = sigmoid(fma(load(row.own + u, n), before, pre[0]));
    const Vec f = sigmoid(fma(load(row.own + U + u, n), before, pre[1])), g = tanh(pre[2]);
    const Vec c = fma(f, before, mul(i, g));
    const Vec o = sigmoid(fma(load(row.own + 2 * U + u, n), c, pre[3]));
    store(row.c + u, c, n);
    store(row.y + u, mul(o, tanh(c)), n);
    if (Save) {
      store(row.saved + u, i, n);
      store(row.saved + U + u, f, n);
      store(row.saved + 2 * U + u, g, n);
      store(row.saved + 3 * U + u, o, n);
      store(row.saved + 4 * U + u, c, n);
    }
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, int64_t u, int n, int64_t U) {
    const Vec one = fill(1.0f), before = load(row.c_before + u, n);
    const Vec i = load(row.saved + u, n), f = load(row.saved + U + u, n), g = load(row.saved + 2 * U + u, n),
              o = load(row.saved + 3 * U + u, n), c = load(row.saved + 4 * U + u, n);
    const Vec squashed = tanh(c), dh = load(row.dh + u, n);
    const Vec d_o = mul(mul(dh, squashed), mul(o, sub(one, o)));
    const Vec past_tanh = fma(mul(dh, o), sub(one, mul(squashed, squashed)), load(row.dc + u, n));
    const Vec dc = fma(d_o, load(row.own + 2 * U + u, n), past_tanh);
    const Vec d_i = mul(mul(dc, g), mul(i, sub(one, i))), d_f = mul(mul(dc, before), mul(f, sub(one, f)));
    store(row.d_pre + u, d_i, n);
    store(row.d_pre + U + u, d_f, n);
    store(row.d_pre + 2 * U + u, mul(mul(dc, i), sub(one, mul(g, g))), n);
    store(row.d_pre + 3 * U + u, d_o, n);
    store(row.d_pre + 4 * U + u, mul(d_i, before), n);
    store(row.d_pre + 5 * U + u, mul(d_f, before), n);
    store(row.d_pre + 6 * U + u, mul(d_o, c), n);
    store(row.dc + u, fma(d_i, load(row.own + u, n), fma(d_f, load(row.own + U + u, n), mul(dc, f))), n);
  }
};

struct PeepholeLstm : Lstm {
  static constexpr int own = 3;
  using Stages = List<PeepholeStage>;
};

}  // namespace
}  // namespace anaphora
