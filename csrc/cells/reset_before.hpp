// Gated recurrent units, the reset before the product.       Cho et al. 2014, arXiv:1406.1078
//
//   r = sigmoid(W_r x + b_ir + U_r h + b_hr)        z likewise
//   n = tanh(W_n x + b_in + U_n (r * h) + b_hn)
//   h' = (1 - z) n + z h
//
// Two stages: the second multiplies what the first left in the row's scratch, r * h. Its scratch holds z too.
#pragma once
#include "cells/stage.hpp"

namespace anaphora {
namespace {

struct ResetStage : UnitStage<2> {
  using Terms = List<Term<Factor::input, Matrix::w_ih, 0, 1>, Term<Factor::state, Matrix::w_hh, 0, 1>>;
  using BiasIh = Ints<0, 1>;
  using BiasHh = Ints<0, 1>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, int64_t u, int n, int64_t U) {
    const Vec r = sigmoid(pre[0]), z = sigmoid(pre[1]);
    store(row.scratch + u, mul(r, load(row.source[1] + u, n)), n);
    store(row.scratch + U + u, z, n);
    if (Save) {
      store(row.saved + u, r, n);
      store(row.saved + U + u, z, n);
    }
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, int64_t u, int n, int64_t U) {
    const Vec one = fill(1.0f), r = load(row.saved + u, n), z = load(row.saved + U + u, n);
    const Vec h = load(row.state + u, n), d_kept = load(row.d_scratch + u, n);
    store(row.d_pre + u, mul(mul(d_kept, h), mul(r, sub(one, r))), n);
    store(row.d_pre + U + u, mul(load(row.d_pre + U + u, n), mul(z, sub(one, z))), n);
    store(row.d_state + u, fma(d_kept, r, load(row.d_state + u, n)), n);
    store(row.scratch + u, mul(r, h), n);
  }
};

struct CandidateStage : UnitStage<1> {
  static constexpr int first_gate = 2;
  using Terms = List<Term<Factor::input, Matrix::w_ih, 0>, Term<Factor::scratch, Matrix::w_hh, 0>>;
  using BiasIh = Ints<0>;
  using BiasHh = Ints<0>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, int64_t u, int n, int64_t U) {
    const Vec candidate = tanh(pre[0]), z = load(row.scratch + U + u, n);
    store(row.y + u, fma(z, sub(load(row.h + u, n), candidate), candidate), n);
    if (Save) store(row.saved + 2 * U + u, candidate, n);
  }
  // Leaves the gradient of z in the first stage's slot, which that stage takes from there.
  static ANAPHORA_INLINE void back(const BackwardRow& row, int64_t u, int n, int64_t U) {
    const Vec one = fill(1.0f), z = load(row.saved + U + u, n), candidate = load(row.saved + 2 * U + u, n);
    const Vec dh = load(row.dh + u, n);
    store(row.line + U + u, mul(dh, sub(load(row.h + u, n), candidate)), n);
    store(row.d_pre + u, mul(mul(dh, sub(one, z)), sub(one, mul(candidate, candidate))), n);
    store(row.dh + u, mul(dh, z), n);
  }
};

struct ResetBeforeGru : Common {
  static constexpr int gates = 3, saved_slots = 3, scratch = 2;
  static constexpr bool state_passes = true, kept = true;
  using Stages = List<ResetStage, CandidateStage>;
};

}  // namespace
}  // namespace anaphora
