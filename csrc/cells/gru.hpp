// Gated recurrent units, the reset after the product.       Cho et al. 2014, arXiv:1406.1078; torch.nn.GRU
//
//   r = sigmoid(W_r x + b_ir + U_r h + b_hr)        z likewise
//   n = tanh(W_n x + b_in + r * m),  m = U_n h + b_hn
//   h' = (1 - z) n + z h
//
// It differs from Cho's in where r stands; each of r, z, (W_n x + b_in), m is a slot of its own.
#pragma once
#include "cells/stage.hpp"

namespace anaphora {
namespace {

struct GruStage : UnitStage<4> {
  using Terms = List<Term<Factor::input, Matrix::w_ih, 0, 1, 2>, Term<Factor::state, Matrix::w_hh, 0, 1, 3>>;
  using BiasIh = Ints<0, 1, 2>;
  using BiasHh = Ints<0, 1, 3>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, int64_t u, int n, int64_t U) {
    const Vec r = sigmoid(pre[0]), z = sigmoid(pre[1]), m = pre[3];
    const Vec candidate = tanh(fma(r, m, pre[2]));
    const Vec h = load(row.h + u, n);
    store(row.y + u, fma(z, sub(h, candidate), candidate), n);
    if (Save) {
      store(row.saved + u, r, n);
      store(row.saved + U + u, z, n);
      store(row.saved + 2 * U + u, candidate, n);
      store(row.saved + 3 * U + u, m, n);
    }
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, int64_t u, int n, int64_t U) {
    const Vec one = fill(1.0f);
    const Vec r = load(row.saved + u, n), z = load(row.saved + U + u, n), candidate = load(row.saved + 2 * U + u, n),
              m = load(row.saved + 3 * U + u, n);
    const Vec h = load(row.h + u, n), dh = load(row.dh + u, n);
    const Vec dz = mul(dh, sub(h, candidate));
    const Vec d_inner = mul(mul(dh, sub(one, z)), sub(one, mul(candidate, candidate)));
    const Vec dr = mul(d_inner, m);
    store(row.d_pre + u, mul(dr, mul(r, sub(one, r))), n);
    store(row.d_pre + U + u, mul(dz, mul(z, sub(one, z))), n);
    store(row.d_pre + 2 * U + u, d_inner, n);
    store(row.d_pre + 3 * U + u, mul(d_inner, r), n);
    store(row.dh + u, mul(dh, z), n);
  }
};

struct Gru : Common {
  static constexpr int gates = 3, saved_slots = 4;
  static constexpr bool state_passes = true;
  using Stages = List<GruStage>;
};

}  // namespace
}  // namespace anaphora
