// LSTM and GRU with layer normalisation of both products.                Ba, Kiros & Hinton 2016, arXiv:1607.06450
//
//   a = gain_ih * norm(W x) + b_ih     b = gain_hh * norm(U h) + b_hh      norm over all gates of a row
//
//   LSTM:  i, f, o = sigmoid(a + b)    g = tanh(a + b)
//          c' = f c + i g              h' = o tanh(gain_c * norm(c') + shift_c)
//   GRU:   r, z = sigmoid(a + b)       n = tanh(a_n + r b_n)     h' = (1 - z) n + z h
//
// Own vectors: gain_ih, gain_hh, gate by gate, and for the LSTM gain_c, shift_c. The GRU differs from Ba et al., who
// normalise r and z overlap from n. Two stages form W x and U h, a wide one does the rest.
#pragma once
#include "cells/layer_norm_row.hpp"
#include "cells/stage.hpp"

namespace anaphora {
namespace {

// gain * norm(v) + shift, for n lanes from unit u.
ANAPHORA_INLINE Vec scaled(const Moments& of, const float* v, const float* gain, const float* shift, int64_t u, int n) {
  return fma(of.norm(load(v + u, n)), load(gain + u, n), load(shift + u, n));
}

// A product alone, left in row.raw from its At-th slot on. Its gradient is the wide stage's doing.
template <Factor F, Matrix M, int At, int... S>
struct RawStage : UnitStage<sizeof...(S)> {
  static constexpr bool biased = false;
  using Terms = List<Term<F, M, S...>>;
  using BiasIh = Ints<>;
  using BiasHh = Ints<>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, int64_t u, int n, int64_t U) {
    (store(row.raw + (At + S) * U + u, pre[S], n), ...);
  }
  static ANAPHORA_INLINE void back(const BackwardRow&, int64_t, int, int64_t) {}
};

struct LayerNormLstmStage : RowStage<14> {
  using BiasIh = Ints<0, 1, 2, 3>;
  using BiasHh = Ints<0, 1, 2, 3>;
  using Own = Ints<4, 5, 6, 7, 8, 9, 10, 11, 12, 13>;

  template <bool Save>
  static void finish_row(const ForwardRow& row, int64_t U) {
    const float *of_x = row.raw, *of_h = of_x + 4 * U;
    const float *gain_hh = row.own + 4 * U, *gain_c = row.own + 8 * U, *shift_c = row.own + 9 * U;
    const Moments by_x = moments(of_x, 4 * U), by_h = moments(of_h, 4 * U);
    float* opened = Save ? row.saved + 3 * U : row.scratch + 8 * U;  // o, until the memory is normalised
    for (int64_t u = 0; u < U; u += lanes) {
      const int n = lanes_from(u, U);
      Vec pre[4];
      for (int gate = 0; gate < 4; ++gate)
        pre[gate] = add(scaled(by_x, of_x, row.own, row.b_ih, gate * U + u, n),
                        scaled(by_h, of_h, gain_hh, row.b_hh, gate * U + u, n));
      const Vec i = sigmoid(pre[0]), f = sigmoid(pre[1]), g = tanh(pre[2]), o = sigmoid(pre[3]);
      const Vec c = fma(f, load(row.c + u, n), mul(i, g));
      store(row.c + u, c, n);
      store(opened + u, o, n);
      if (Save) {
        store(row.saved + u, i, n);
        store(row.saved + U + u, f, n);
        store(row.saved + 2 * U + u, g, n);
        store(row.saved + 4 * U + u, c, n);
      }
    }
    const Moments by_c = moments(row.c, U);
    for (int64_t u = 0; u < U; u += lanes) {
      const int n = lanes_from(u, U);
      store(row.y + u, mul(load(opened + u, n), tanh(scaled(by_c, row.c, gain_c, shift_c, u, n))), n);
    }
  }

  static void back_row(const BackwardRow& row, int64_t U) {
    const Vec one = fill(1.0f);
    const float *i_ = row.saved, *f_ = i_ + U, *g_ = f_ + U, *o_ = g_ + U, *c_ = o_ + U, *of_x = c_ + U;
    const float *gain_c = row.own + 8 * U, *shift_c = row.own + 9 * U;
    float *d_gate = row.d_pre, *d_gain = d_gate + 4 * U, *d_gain_c = d_gate + 12 * U, *d_shift_c = d_gate + 13 * U;
    const Moments by_c = moments(c_, U);
    Vec total = fill(0.0f), along = fill(0.0f);
    for (int64_t u = 0; u < U; u += lanes) {
      const int n = lanes_from(u, U);
      const Vec normed = front(by_c.norm(load(c_ + u, n)), n), o = load(o_ + u, n), dh = load(row.dh + u, n);
      const Vec squashed = tanh(fma(normed, load(gain_c + u, n), load(shift_c + u, n)));
      const Vec d_shift = mul(mul(dh, o), sub(one, mul(squashed, squashed)));
      const Vec d_norm = mul(d_shift, load(gain_c + u, n));
      store(d_shift_c + u, d_shift, n);
      store(d_gain_c + u, mul(d_shift, normed), n);
      store(d_gate + 3 * U + u, mul(mul(dh, squashed), mul(o, sub(one, o))), n);
      total = add(total, d_norm);
      along = fma(d_norm, normed, along);
    }
    const float size = static_cast<float>(U);
    const Vec mean = fill(sum_lanes(total) / size), slope = fill(sum_lanes(along) / size);
    for (int64_t u = 0; u < U; u += lanes) {
      const int n = lanes_from(u, U);
      const Vec i = load(i_ + u, n), f = load(f_ + u, n), g = load(g_ + u, n);
      const Vec normed = by_c.norm(load(c_ + u, n)), d_norm = mul(load(d_shift_c + u, n), load(gain_c + u, n));
      const Vec dc = fma(by_c.scale, sub(sub(d_norm, mean), mul(normed, slope)), load(row.dc + u, n));
      store(d_gate + u, mul(mul(dc, g), mul(i, sub(one, i))), n);
      store(d_gate + U + u, mul(mul(dc, load(row.c_before + u, n)), mul(f, sub(one, f))), n);
      store(d_gate + 2 * U + u, mul(mul(dc, i), sub(one, mul(g, g))), n);
      store(row.dc + u, mul(dc, f), n);
    }
    norm_back(of_x, row.own, d_gate, 4 * U, row.line, d_gain);
    norm_back(of_x + 4 * U, row.own + 4 * U, d_gate, 4 * U, row.line + 4 * U, d_gain + 4 * U);
  }
};

struct LayerNormLstm : Common {
  static constexpr int gates = 4, saved_slots = 13, memory_slot = 4, raw_slot = 5, own = 10, scratch = 9;
  static constexpr bool memory = true, plain = false;
  using Stages = List<RawStage<Factor::input, Matrix::w_ih, 0, 0, 1, 2, 3>,
                      RawStage<Factor::state, Matrix::w_hh, 4, 0, 1, 2, 3>, LayerNormLstmStage>;
};

struct LayerNormGruStage : RowStage<12> {
  using BiasIh = Ints<0, 1, 2>;
  using BiasHh = Ints<3, 4, 5>;
  using Own = Ints<6, 7, 8, 9, 10, 11>;

  template <bool Save>
  static void finish_row(const ForwardRow& row, int64_t U) {
    const float *of_x = row.raw, *of_h = of_x + 3 * U, *gain_hh = row.own + 3 * U;
    const Moments by_x = moments(of_x, 3 * U), by_h = moments(of_h, 3 * U);
    for (int64_t u = 0; u < U; u += lanes) {
      const int n = lanes_from(u, U);
      Vec a[3], b[3];
      for (int gate = 0; gate < 3; ++gate) {
        a[gate] = scaled(by_x, of_x, row.own, row.b_ih, gate * U + u, n);
        b[gate] = scaled(by_h, of_h, gain_hh, row.b_hh, gate * U + u, n);
      }
      const Vec r = sigmoid(add(a[0], b[0])), z = sigmoid(add(a[1], b[1])), candidate = tanh(fma(r, b[2], a[2]));
      store(row.y + u, fma(z, sub(load(row.h + u, n), candidate), candidate), n);
      if (Save) {
        store(row.saved + u, r, n);
        store(row.saved + U + u, z, n);
        store(row.saved + 2 * U + u, candidate, n);
        store(row.saved + 3 * U + u, b[2], n);
      }
    }
  }

  static void back_row(const BackwardRow& row, int64_t U) {
    const Vec one = fill(1.0f);
    const float* of_x = row.saved + 4 * U;
    float *d_a = row.d_pre, *d_b = d_a + 3 * U, *d_gain = d_a + 6 * U;
    for (int64_t u = 0; u < U; u += lanes) {
      const int n = lanes_from(u, U);
      const Vec r = load(row.saved + u, n), z = load(row.saved + U + u, n), candidate = load(row.saved + 2 * U + u, n),
                m = load(row.saved + 3 * U + u, n), h = load(row.h + u, n), dh = load(row.dh + u, n);
      const Vec d_n = mul(mul(dh, sub(one, z)), sub(one, mul(candidate, candidate)));
      const Vec d_r = mul(mul(d_n, m), mul(r, sub(one, r)));
      const Vec d_z = mul(mul(dh, sub(h, candidate)), mul(z, sub(one, z)));
      for (float* d : {d_a, d_b}) {
        store(d + u, d_r, n);
        store(d + U + u, d_z, n);
      }
      store(d_a + 2 * U + u, d_n, n);
      store(d_b + 2 * U + u, mul(d_n, r), n);
      store(row.dh + u, mul(dh, z), n);
    }
    norm_back(of_x, row.own, d_a, 3 * U, row.line, d_gain);
    norm_back(of_x + 3 * U, row.own + 3 * U, d_b, 3 * U, row.line + 3 * U, d_gain + 3 * U);
  }
};

struct LayerNormGru : Common {
  static constexpr int gates = 3, saved_slots = 10, raw_slot = 4, own = 6, scratch = 6;
  static constexpr bool state_passes = true, plain = false;
  using Stages = List<RawStage<Factor::input, Matrix::w_ih, 0, 0, 1, 2>,
                      RawStage<Factor::state, Matrix::w_hh, 3, 0, 1, 2>, LayerNormGruStage>;
};

}  // namespace
}  // namespace anaphora
