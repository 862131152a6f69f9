// LSTM that forgets exactly as much as it takes in.            Greff et al. 2017, arXiv:1503.04069
//
//   f, o = sigmoid(W x + b_ih + U h + b_hh)      g = tanh(the same)
//   c' = f c + (1 - f) g,   h' = o tanh(c')
#pragma once
#include "cells/stage.hpp"

namespace anaphora {
namespace {

struct CoupledSlots {
  enum : int { f, g, o, gates, c = gates, saved };
};

struct CoupledStage : GateStage<CoupledSlots::f, CoupledSlots::g, CoupledSlots::o> {
  using S = CoupledSlots;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, UnitGroup at) {
    const Vec f = sigmoid(pre[S::f]), g = tanh(pre[S::g]), o = sigmoid(pre[S::o]);
    const Vec c = fma(f, sub(at.load(row.c), g), g);
    at.store(row.c, c);
    at.store(row.y, mul(o, tanh(c)));
    if (Save) {
      at.store(row.saved, S::f, f);
      at.store(row.saved, S::g, g);
      at.store(row.saved, S::o, o);
      at.store(row.saved, S::c, c);
    }
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, UnitGroup at) {
    const Vec one = fill(1.0f), before = at.load(row.c_before);
    const Vec f = at.load(row.saved, S::f), g = at.load(row.saved, S::g), o = at.load(row.saved, S::o);
    const Vec squashed = tanh(at.load(row.saved, S::c)), dh = at.load(row.dh);
    const Vec dc = fma(mul(dh, o), sub(one, mul(squashed, squashed)), at.load(row.dc));
    at.store(row.d_pre, S::f, mul(mul(dc, sub(before, g)), mul(f, sub(one, f))));
    at.store(row.d_pre, S::g, mul(mul(dc, sub(one, f)), sub(one, mul(g, g))));
    at.store(row.d_pre, S::o, mul(mul(dh, squashed), mul(o, sub(one, o))));
    at.store(row.dc, mul(dc, f));
  }
};

struct CoupledLstm : CellDefaults {
  static constexpr int gates = CoupledSlots::gates, saved_slots = CoupledSlots::saved, memories = 1;
  using Stages = List<CoupledStage>;
};

}  // namespace
}  // namespace anaphora
