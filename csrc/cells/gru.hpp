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

struct GruSlots {
  enum : int { r, z, n, m, count };
};

struct GruStage : UnitStage<GruSlots::count> {
  using S = GruSlots;
  using Terms =
      List<Term<Factor::input, Matrix::w_ih, S::r, S::z, S::n>, Term<Factor::state, Matrix::w_hh, S::r, S::z, S::m>>;
  using BiasIh = Ints<S::r, S::z, S::n>;
  using BiasHh = Ints<S::r, S::z, S::m>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, UnitGroup at) {
    const Vec r = sigmoid(pre[S::r]), z = sigmoid(pre[S::z]);
    const Vec n = tanh(fma(r, pre[S::m], pre[S::n]));
    const Vec h = at.load(row.h);
    at.store(row.y, fma(z, sub(h, n), n));
    if (Save) {
      at.store(row.saved, S::r, r);
      at.store(row.saved, S::z, z);
      at.store(row.saved, S::n, n);
      at.store(row.saved, S::m, pre[S::m]);
    }
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, UnitGroup at) {
    const Vec one = fill(1.0f);
    const Vec r = at.load(row.saved, S::r), z = at.load(row.saved, S::z), n = at.load(row.saved, S::n);
    const Vec h = at.load(row.h), dh = at.load(row.dh);
    const Vec d_z = mul(dh, sub(h, n));
    const Vec d_n = mul(mul(dh, sub(one, z)), sub(one, mul(n, n)));
    const Vec d_r = mul(d_n, at.load(row.saved, S::m));
    at.store(row.d_pre, S::r, mul(d_r, mul(r, sub(one, r))));
    at.store(row.d_pre, S::z, mul(d_z, mul(z, sub(one, z))));
    at.store(row.d_pre, S::n, d_n);
    at.store(row.d_pre, S::m, mul(d_n, r));
    at.store(row.dh, mul(dh, z));
  }
};

struct Gru : CellDefaults {
  static constexpr int gates = 3, saved_slots = GruSlots::count;
  static constexpr bool state_passes = true;
  using Stages = List<GruStage>;
};

}  // namespace
}  // namespace anaphora
