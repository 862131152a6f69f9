// Gate arithmetic, stage by stage: forward and backward of each cell, its equation above it.
//
// A stage is a panel product followed by arithmetic on the row. It declares the *terms* of its product: where the
// factor comes from (x_t, h_{t-1} or the row's scratch) and which of the stage's *slots* (one value of each unit) the
// weights add to. From that the walk derives packing, the product forward, its two gradients and the weights'
// gradients; here stands only what is left:
//
//   finish(pre, row, u, n, U)    slots -> state and output, for n lanes from unit u
//   back(row, u, n, U)           gradient of the output -> gradient of each slot, d_pre
#pragma once
#include "kernels.h"
#include "panel.hpp"

namespace anaphora {
namespace {

enum class From : int { input, state, scratch };

template <From F, int... S>
struct Term {
  static constexpr From from = F;
  static constexpr int count = sizeof...(S);
  static constexpr int slot[] = {S...};
  template <int W>
  using Slots = anaphora::Slots<W, S...>;
};

template <class... T>
struct List {};

// One row at one step, forward.
struct Row {
  const float* source[3];  // by From
  float* y;                // where the new state goes
  float* c;                // LSTM's memory, replaced in place
  float* saved;
  float* scratch;
  const float* partial;  // sums of bias and input, when they were formed ahead
};

// One row at one step, backward.
struct BackRow {
  const float *saved, *y, *h_before, *c_before;
  float* dh;  // gradient of this step's state; back() leaves there what reaches h_{t-1} past the products
  float* dc;  // gradient of this step's memory -> of the one before
  float* d_scratch;
  float* scratch;  // the scratch row again, for the weights' gradient
  float* d_pre;
};

// Elman's network:  h' = f(W x + b_ih + U h + b_hh),  f = tanh or relu.                 Elman 1990, Cognitive Science
// 14
template <bool Relu>
struct ElmanStage {
  static constexpr int slots = 1;
  using Terms = List<Term<From::input, 0>, Term<From::state, 0>>;
  static int64_t units(const Shape& shape) { return shape.H; }

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const Row& row, int64_t u, int n, int64_t) {
    store(row.y + u, Relu ? maximum(fill(0.0f), pre[0]) : tanh(pre[0]), n);
  }
  static ANAPHORA_INLINE void back(const BackRow& row, int64_t u, int n, int64_t) {
    const Vec y = load(row.y + u, n), dh = load(row.dh + u, n);
    store(row.d_pre + u, Relu ? positive(y, dh) : mul(dh, fma(sub(fill(0.0f), y), y, fill(1.0f))), n);
  }
};

template <bool Relu>
struct Elman {
  static constexpr int gates = 1, saved_slots = 0;
  static constexpr bool memory = false, state_passes = false, projected = false;
  using Stages = List<ElmanStage<Relu>>;
};

// GRU, the reset after the product:                                       Cho et al. 2014, arXiv:1406.1078;
// torch.nn.GRU
//   r = sigmoid(W_r x + b_ir + U_r h + b_hr)        z likewise
//   n = tanh(W_n x + b_in + r * m),  m = U_n h + b_hn
//   h' = (1 - z) n + z h
// It differs from Cho's in where r stands; each of r, z, (W_n x + b_in), m is a slot of its own.
struct GruStage {
  static constexpr int slots = 4;
  using Terms = List<Term<From::input, 0, 1, 2>, Term<From::state, 0, 1, 3>>;
  static int64_t units(const Shape& shape) { return shape.H; }

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const Row& row, int64_t u, int n, int64_t U) {
    const Vec r = sigmoid(pre[0]), z = sigmoid(pre[1]), m = pre[3];
    const Vec candidate = tanh(fma(r, m, pre[2]));
    const Vec h = load(row.source[1] + u, n);
    store(row.y + u, fma(z, sub(h, candidate), candidate), n);
    if (Save) {
      store(row.saved + u, r, n);
      store(row.saved + U + u, z, n);
      store(row.saved + 2 * U + u, candidate, n);
      store(row.saved + 3 * U + u, m, n);
    }
  }
  static ANAPHORA_INLINE void back(const BackRow& row, int64_t u, int n, int64_t U) {
    const Vec one = fill(1.0f);
    const Vec r = load(row.saved + u, n), z = load(row.saved + U + u, n), candidate = load(row.saved + 2 * U + u, n),
              m = load(row.saved + 3 * U + u, n);
    const Vec h = load(row.h_before + u, n), dh = load(row.dh + u, n);
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

struct Gru {
  static constexpr int gates = 3, saved_slots = 4;
  static constexpr bool memory = false, state_passes = true, projected = false;
  using Stages = List<GruStage>;
};

// LSTM with a forget gate:                    Hochreiter & Schmidhuber 1997, Neural Computation 9; Gers et al. 2000,
// ibid. 12
//   i, f, o = sigmoid(W x + b_ih + U h + b_hh)      g = tanh(the same)
//   c' = f c + i g,   h' = o tanh(c')
// Projected: m = o tanh(c') stays in the row's scratch and the second stage makes h' of it.
template <bool Projected>
struct LstmStage {
  static constexpr int slots = 4;
  using Terms = List<Term<From::input, 0, 1, 2, 3>, Term<From::state, 0, 1, 2, 3>>;
  static int64_t units(const Shape& shape) { return shape.H; }

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const Row& row, int64_t u, int n, int64_t U) {
    const Vec i = sigmoid(pre[0]), f = sigmoid(pre[1]), g = tanh(pre[2]), o = sigmoid(pre[3]);
    const Vec c = fma(f, load(row.c + u, n), mul(i, g));
    store(row.c + u, c, n);
    store((Projected ? row.scratch : row.y) + u, mul(o, tanh(c)), n);
    if (Save) {
      store(row.saved + u, i, n);
      store(row.saved + U + u, f, n);
      store(row.saved + 2 * U + u, g, n);
      store(row.saved + 3 * U + u, o, n);
      store(row.saved + 4 * U + u, c, n);
    }
  }
  static ANAPHORA_INLINE void back(const BackRow& row, int64_t u, int n, int64_t U) {
    const Vec one = fill(1.0f);
    const Vec i = load(row.saved + u, n), f = load(row.saved + U + u, n), g = load(row.saved + 2 * U + u, n),
              o = load(row.saved + 3 * U + u, n);
    const Vec squashed = tanh(load(row.saved + 4 * U + u, n));
    const Vec dh = load((Projected ? row.d_scratch : row.dh) + u, n);
    const Vec dc = fma(mul(dh, o), sub(one, mul(squashed, squashed)), load(row.dc + u, n));
    store(row.d_pre + u, mul(mul(dc, g), mul(i, sub(one, i))), n);
    store(row.d_pre + U + u, mul(mul(dc, load(row.c_before + u, n)), mul(f, sub(one, f))), n);
    store(row.d_pre + 2 * U + u, mul(mul(dc, i), sub(one, mul(g, g))), n);
    store(row.d_pre + 3 * U + u, mul(mul(dh, squashed), mul(o, sub(one, o))), n);
    store(row.dc + u, mul(dc, f), n);
    if (Projected) store(row.scratch + u, mul(o, squashed), n);
  }
};

struct Lstm {
  static constexpr int gates = 4, saved_slots = 5;
  static constexpr bool memory = true, state_passes = false, projected = false;
  using Stages = List<LstmStage<false>>;
};

// h' = W_hr m.                                                                           Sak et al. 2014,
// arXiv:1402.1128
struct ProjectionStage {
  static constexpr int slots = 1;
  using Terms = List<Term<From::scratch, 0>>;
  static int64_t units(const Shape& shape) { return shape.P; }

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const Row& row, int64_t u, int n, int64_t) {
    store(row.y + u, pre[0], n);
  }
  static ANAPHORA_INLINE void back(const BackRow& row, int64_t u, int n, int64_t) {
    store(row.d_pre + u, load(row.dh + u, n), n);
  }
};

struct ProjectedLstm {
  static constexpr int gates = 4, saved_slots = 5;
  static constexpr bool memory = true, state_passes = false, projected = true;
  using Stages = List<LstmStage<true>, ProjectionStage>;
};

}  // namespace
}  // namespace anaphora
