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

struct ResetBeforeSlots {
  enum : int { r, z, n, gates, saved = gates };
  enum Scratch : int { scratch_reset, scratch_z, scratch };
};

struct ResetStage : GateStage<ResetBeforeSlots::r, ResetBeforeSlots::z> {
  using S = ResetBeforeSlots;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, UnitGroup at) {
    const Vec r = sigmoid(pre[S::r]), z = sigmoid(pre[S::z]);
    at.store(row.scratch, S::scratch_reset, mul(r, at.load(row.factor[static_cast<int>(Factor::state)])));
    at.store(row.scratch, S::scratch_z, z);
    if (Save) {
      at.store(row.saved, S::r, r);
      at.store(row.saved, S::z, z);
    }
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, UnitGroup at) {
    const Vec one = fill(1.0f), r = at.load(row.saved, S::r), z = at.load(row.saved, S::z);
    const Vec h = at.load(row.state), d_reset = at.load(row.d_scratch);
    at.store(row.d_pre, S::r, mul(mul(d_reset, h), mul(r, sub(one, r))));
    at.store(row.d_pre, S::z, mul(at.load(row.d_pre, S::z), mul(z, sub(one, z))));
    at.store(row.d_state, fma(d_reset, r, at.load(row.d_state)));
    at.store(row.scratch, mul(r, h));
  }
};

struct CandidateStage : UnitStage<1> {
  using S = ResetBeforeSlots;
  static constexpr int first_gate = S::n;
  using Terms = List<Term<Factor::input, Matrix::w_ih, 0>, Term<Factor::scratch, Matrix::w_hh, 0>>;
  using BiasIh = Ints<0>;
  using BiasHh = Ints<0>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, UnitGroup at) {
    const Vec n = tanh(pre[0]), z = at.load(row.scratch, S::scratch_z);
    at.store(row.y, fma(z, sub(at.load(row.h), n), n));
    if (Save) at.store(row.saved, S::n, n);
  }
  // Leaves the gradient of z in the first stage's slot, which that stage takes from there.
  static ANAPHORA_INLINE void back(const BackwardRow& row, UnitGroup at) {
    const Vec one = fill(1.0f), z = at.load(row.saved, S::z), n = at.load(row.saved, S::n);
    const Vec dh = at.load(row.dh);
    at.store(row.sums, S::z, mul(dh, sub(at.load(row.h), n)));
    at.store(row.d_pre, mul(mul(dh, sub(one, z)), sub(one, mul(n, n))));
    at.store(row.dh, mul(dh, z));
  }
};

struct ResetBeforeGru : CellDefaults {
  static constexpr int gates = ResetBeforeSlots::gates, saved_slots = ResetBeforeSlots::saved;
  static constexpr int scratch = ResetBeforeSlots::scratch;
  static constexpr bool state_passes = true;
  using Stages = List<ResetStage, CandidateStage>;
};

}  // namespace
}  // namespace anaphora
