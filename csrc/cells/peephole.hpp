// LSTM whose gates see the memory.     Gers, Schraudolph & Schmidhuber 2002, Journal of Machine Learning Research 3
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

struct PeepholeSlots {
  enum : int { i, f, g, o, gates, c = gates, saved };
  enum Own : int { own_i, own_f, own_o, own };
  enum Sums : int { sum_i = gates, sum_f, sum_o, sums };  // what a line leaves for the own vectors, after d_pre
};

struct PeepholeStage : GateStage<PeepholeSlots::i, PeepholeSlots::f, PeepholeSlots::g, PeepholeSlots::o> {
  using S = PeepholeSlots;
  static constexpr int sums = S::sums;
  using Own = Ints<S::sum_i, S::sum_f, S::sum_o>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, UnitGroup at) {
    const Vec before = at.load(row.c);
    const Vec i = sigmoid(fma(at.load(row.own, S::own_i), before, pre[S::i]));
    const Vec f = sigmoid(fma(at.load(row.own, S::own_f), before, pre[S::f])), g = tanh(pre[S::g]);
    const Vec c = fma(f, before, mul(i, g));
    const Vec o = sigmoid(fma(at.load(row.own, S::own_o), c, pre[S::o]));
    at.store(row.c, c);
    at.store(row.y, mul(o, tanh(c)));
    if (Save) {
      at.store(row.saved, S::i, i);
      at.store(row.saved, S::f, f);
      at.store(row.saved, S::g, g);
      at.store(row.saved, S::o, o);
      at.store(row.saved, S::c, c);
    }
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, UnitGroup at) {
    const Vec one = fill(1.0f), before = at.load(row.c_before);
    const Vec i = at.load(row.saved, S::i), f = at.load(row.saved, S::f), g = at.load(row.saved, S::g),
              o = at.load(row.saved, S::o), c = at.load(row.saved, S::c);
    const Vec squashed = tanh(c), dh = at.load(row.dh);
    const Vec d_o = mul(mul(dh, squashed), mul(o, sub(one, o)));
    const Vec past_tanh = fma(mul(dh, o), sub(one, mul(squashed, squashed)), at.load(row.dc));
    const Vec dc = fma(d_o, at.load(row.own, S::own_o), past_tanh);
    const Vec d_i = mul(mul(dc, g), mul(i, sub(one, i))), d_f = mul(mul(dc, before), mul(f, sub(one, f)));
    at.store(row.d_pre, S::i, d_i);
    at.store(row.d_pre, S::f, d_f);
    at.store(row.d_pre, S::g, mul(mul(dc, i), sub(one, mul(g, g))));
    at.store(row.d_pre, S::o, d_o);
    at.store(row.d_pre, S::sum_i, mul(d_i, before));
    at.store(row.d_pre, S::sum_f, mul(d_f, before));
    at.store(row.d_pre, S::sum_o, mul(d_o, c));
    at.store(row.dc, fma(d_i, at.load(row.own, S::own_i), fma(d_f, at.load(row.own, S::own_f), mul(dc, f))));
  }
};

struct PeepholeLstm : CellDefaults {
  static constexpr int gates = PeepholeSlots::gates, saved_slots = PeepholeSlots::saved, memories = 1;
  static constexpr int own = PeepholeSlots::own;
  using Stages = List<PeepholeStage>;
};

}  // namespace
}  // namespace anaphora
