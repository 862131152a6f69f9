// Elman's network.                                                      Elman 1990, Cognitive Science 14
//
//   h' = f(W x + b_ih + U h + b_hh),   f = tanh or relu
#pragma once
#include "cells/stage.hpp"

namespace anaphora {
namespace {

template <bool Relu>
struct ElmanStage : UnitStage<1> {
  using Terms = List<Term<Factor::input, Matrix::w_ih, 0>, Term<Factor::state, Matrix::w_hh, 0>>;
  using BiasIh = Ints<0>;
  using BiasHh = Ints<0>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, int64_t u, int n, int64_t) {
    store(row.y + u, Relu ? maximum(fill(0.0f), pre[0]) : tanh(pre[0]), n);
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, int64_t u, int n, int64_t) {
    const Vec y = load(row.y + u, n), dh = load(row.dh + u, n);
    store(row.d_pre + u, Relu ? positive(y, dh) : mul(dh, fma(sub(fill(0.0f), y), y, fill(1.0f))), n);
  }
};

template <bool Relu>
struct Elman : Common {
  static constexpr int gates = 1, saved_slots = 0;
  static constexpr bool reads_output = true;
  using Stages = List<ElmanStage<Relu>>;
};

}  // namespace
}  // namespace anaphora
