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

struct LstmSlots {
  enum : int { i, f, g, o, gates, c = gates, saved };
};

template <bool Projected>
struct LstmStage : GateStage<LstmSlots::i, LstmSlots::f, LstmSlots::g, LstmSlots::o> {
  using S = LstmSlots;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, UnitGroup at) {
    const Vec i = sigmoid(pre[S::i]), f = sigmoid(pre[S::f]), g = tanh(pre[S::g]), o = sigmoid(pre[S::o]);
    const Vec c = fma(f, at.load(row.c), mul(i, g));
    at.store(row.c, c);
    at.store(Projected ? row.scratch : row.y, mul(o, tanh(c)));
    if (Save) {
      at.store(row.saved, S::i, i);
      at.store(row.saved, S::f, f);
      at.store(row.saved, S::g, g);
      at.store(row.saved, S::o, o);
      at.store(row.saved, S::c, c);
    }
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, UnitGroup at) {
    const Vec one = fill(1.0f);
    const Vec i = at.load(row.saved, S::i), f = at.load(row.saved, S::f), g = at.load(row.saved, S::g),
              o = at.load(row.saved, S::o);
    const Vec squashed = tanh(at.load(row.saved, S::c));
    const Vec dh = at.load(Projected ? row.d_scratch : row.dh);
    const Vec dc = fma(mul(dh, o), sub(one, mul(squashed, squashed)), at.load(row.dc));
    at.store(row.d_pre, S::i, mul(mul(dc, g), mul(i, sub(one, i))));
    at.store(row.d_pre, S::f, mul(mul(dc, at.load(row.c_before)), mul(f, sub(one, f))));
    at.store(row.d_pre, S::g, mul(mul(dc, i), sub(one, mul(g, g))));
    at.store(row.d_pre, S::o, mul(mul(dh, squashed), mul(o, sub(one, o))));
    at.store(row.dc, mul(dc, f));
    if (Projected) at.store(row.scratch, mul(o, squashed));
  }
};

struct Lstm : CellDefaults {
  static constexpr int gates = LstmSlots::gates, saved_slots = LstmSlots::saved, memories = 1;
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
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, UnitGroup at) {
    at.store(row.y, pre[0]);
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, UnitGroup at) { at.store(row.d_pre, at.load(row.dh)); }
};

struct ProjectedLstm : Lstm {
  static constexpr int scratch = 1;
  static constexpr bool projected = true;
  using Stages = List<LstmStage<true>, ProjectionStage>;
};

}  // namespace
}  // namespace anaphora
