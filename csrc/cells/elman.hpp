// Elman's network.                                                      Elman 1990, Cognitive Science 14
//
//   h' = f(W x + b_ih + U h + b_hh),   f = tanh or relu
#pragma once
#include "cells/stage.hpp"

namespace anaphora {
namespace {

template <bool Relu>
struct ElmanStage : GateStage<0> {
  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, UnitGroup at) {
    at.store(row.y, Relu ? maximum(fill(0.0f), pre[0]) : tanh(pre[0]));
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, UnitGroup at) {
    const Vec y = at.load(row.y), dh = at.load(row.dh);
    at.store(row.d_pre, Relu ? positive(y, dh) : mul(dh, fma(sub(fill(0.0f), y), y, fill(1.0f))));
  }
};

template <bool Relu>
struct Elman : CellDefaults {
  static constexpr int gates = 1, saved_slots = 0;
  static constexpr bool reads_output = true;
  using Stages = List<ElmanStage<Relu>>;
};

}  // namespace
}  // namespace anaphora
