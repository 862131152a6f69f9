// LSTM and GRU with layer normalisation of both products.                Ba, Kiros & Hinton 2016, arXiv:1607.06450
//
//   a = gain_ih * norm(W x) + b_ih     b = gain_hh * norm(U h) + b_hh      norm over all gates of a row
//
//   LSTM:  i, f, o = sigmoid(a + b)    g = tanh(a + b)
//          c' = f c + i g              h' = o tanh(gain_c * norm(c') + shift_c)
//   GRU:   r, z = sigmoid(a + b)       n = tanh(a_n + r b_n)     h' = (1 - z) n + z h
//
// Own vectors: gain_ih, gain_hh, gate by gate, and for the LSTM gain_c, shift_c. The GRU differs from Ba et al., who
// normalise r and z apart from n. Two stages form W x and U h, a row stage does the rest.
#pragma once
#include <initializer_list>

#include "cells/layer_norm_row.hpp"
#include "cells/stage.hpp"

namespace anaphora {
namespace {

// gain * norm(v) + shift, for one slot of a row.
ANAPHORA_INLINE Vec scaled(const Moments& of, UnitGroup at, int slot, const float* v, const float* gain,
                           const float* shift) {
  return fma(of.norm(at.load(v, slot)), at.load(gain, slot), at.load(shift, slot));
}

// A product alone, left in row.raw from its First-th slot on. The row stage forms its gradient.
template <Factor F, Matrix M, int First, int... Gates>
struct RawStage : UnitStage<sizeof...(Gates)> {
  static constexpr bool biased = false;
  using Terms = List<Term<F, M, Gates...>>;
  using BiasIh = Ints<>;
  using BiasHh = Ints<>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, UnitGroup at) {
    (at.store(row.raw, First + Gates, pre[Gates]), ...);
  }
  static ANAPHORA_INLINE void back(const BackwardRow&, UnitGroup) {}
};

struct LayerNormLstmSlots {
  enum : int { i, f, g, o, gates, c = gates, of_x, of_h = of_x + gates, saved = of_h + gates };
  enum Own : int { own_ih, own_hh = gates, own_c = 2 * gates, own_shift, own };
  enum Sums : int { gain_ih = gates, gain_hh = gain_ih + gates, gain_c = gain_hh + gates, shift_c, sums };
  enum Scratch : int { raw_x, raw_h = gates, scratch_o = 2 * gates, scratch };
};

struct LayerNormLstmStage : RowStage<LayerNormLstmSlots::sums> {
  using S = LayerNormLstmSlots;
  using BiasIh = Ints<S::i, S::f, S::g, S::o>;
  using BiasHh = Ints<S::i, S::f, S::g, S::o>;
  using Own = Ints<S::gain_ih + S::i, S::gain_ih + S::f, S::gain_ih + S::g, S::gain_ih + S::o, S::gain_hh + S::i,
                   S::gain_hh + S::f, S::gain_hh + S::g, S::gain_hh + S::o, S::gain_c, S::shift_c>;

  template <bool Save>
  static void finish_row(const ForwardRow& row, int64_t U) {
    const float *of_x = row.raw + S::raw_x * U, *of_h = row.raw + S::raw_h * U;
    const float *gain_ih = row.own + S::own_ih * U, *gain_hh = row.own + S::own_hh * U;
    const Moments by_x = moments(of_x, S::gates * U), by_h = moments(of_h, S::gates * U);
    float* opened = Save ? row.saved + S::o * U : row.scratch + S::scratch_o * U;  // o, until the memory is normalised
    for (UnitGroup at = first_units(U); at.n; at = next_units(at)) {
      Vec pre[S::gates];
      for (int gate = 0; gate < S::gates; ++gate)
        pre[gate] =
            add(scaled(by_x, at, gate, of_x, gain_ih, row.b_ih), scaled(by_h, at, gate, of_h, gain_hh, row.b_hh));
      const Vec i = sigmoid(pre[S::i]), f = sigmoid(pre[S::f]), g = tanh(pre[S::g]), o = sigmoid(pre[S::o]);
      const Vec c = fma(f, at.load(row.c), mul(i, g));
      at.store(row.c, c);
      at.store(opened, o);
      if (Save) {
        at.store(row.saved, S::i, i);
        at.store(row.saved, S::f, f);
        at.store(row.saved, S::g, g);
        at.store(row.saved, S::c, c);
      }
    }
    const Moments by_c = moments(row.c, U);
    const float *gain_c = row.own + S::own_c * U, *shift_c = row.own + S::own_shift * U;
    for (UnitGroup at = first_units(U); at.n; at = next_units(at))
      at.store(row.y, mul(at.load(opened), tanh(scaled(by_c, at, 0, row.c, gain_c, shift_c))));
  }

  static void back_row(const BackwardRow& row, int64_t U) {
    const float *of_x = row.saved + S::of_x * U, *of_h = row.saved + S::of_h * U;
    back_memory(row, U);
    norm_back(of_x, row.own + S::own_ih * U, row.d_pre, S::gates * U, row.sums + S::raw_x * U,
              row.d_pre + S::gain_ih * U);
    norm_back(of_h, row.own + S::own_hh * U, row.d_pre, S::gates * U, row.sums + S::raw_h * U,
              row.d_pre + S::gain_hh * U);
  }

 private:
  // Back through h' = o tanh(gain_c * norm(c') + shift_c), then through the gates.
  static void back_memory(const BackwardRow& row, int64_t U) {
    const Vec one = fill(1.0f);
    const Moments by_c = moments(row.saved + S::c * U, U);
    Vec total = fill(0.0f), along = fill(0.0f);
    for (UnitGroup at = first_units(U); at.n; at = next_units(at)) {
      const Vec normed = front(by_c.norm(at.load(row.saved, S::c)), at.n);
      const Vec o = at.load(row.saved, S::o), dh = at.load(row.dh), gain_c = at.load(row.own, S::own_c);
      const Vec squashed = tanh(fma(normed, gain_c, at.load(row.own, S::own_shift)));
      const Vec d_shift = mul(mul(dh, o), sub(one, mul(squashed, squashed))), d_norm = mul(d_shift, gain_c);
      at.store(row.d_pre, S::shift_c, d_shift);
      at.store(row.d_pre, S::gain_c, mul(d_shift, normed));
      at.store(row.d_pre, S::o, mul(mul(dh, squashed), mul(o, sub(one, o))));
      total = add(total, d_norm);
      along = fma(d_norm, normed, along);
    }
    const float size = static_cast<float>(U);
    const Vec mean = fill(sum_lanes(total) / size), slope = fill(sum_lanes(along) / size);
    for (UnitGroup at = first_units(U); at.n; at = next_units(at)) {
      const Vec i = at.load(row.saved, S::i), f = at.load(row.saved, S::f), g = at.load(row.saved, S::g);
      const Vec normed = by_c.norm(at.load(row.saved, S::c));
      const Vec d_norm = mul(at.load(row.d_pre, S::shift_c), at.load(row.own, S::own_c));
      const Vec dc = fma(by_c.scale, sub(sub(d_norm, mean), mul(normed, slope)), at.load(row.dc));
      at.store(row.d_pre, S::i, mul(mul(dc, g), mul(i, sub(one, i))));
      at.store(row.d_pre, S::f, mul(mul(dc, at.load(row.c_before)), mul(f, sub(one, f))));
      at.store(row.d_pre, S::g, mul(mul(dc, i), sub(one, mul(g, g))));
      at.store(row.dc, mul(dc, f));
    }
  }
};

struct LayerNormLstm : CellDefaults {
  using S = LayerNormLstmSlots;
  static constexpr int gates = S::gates, saved_slots = S::saved, memories = 1, own = S::own;
  static constexpr int saved_raw = S::of_x, scratch = S::scratch;
  using Stages = List<RawStage<Factor::input, Matrix::w_ih, S::raw_x, S::i, S::f, S::g, S::o>,
                      RawStage<Factor::state, Matrix::w_hh, S::raw_h, S::i, S::f, S::g, S::o>, LayerNormLstmStage>;
};

struct LayerNormGruSlots {
  enum : int { r, z, n, gates, m = gates, of_x, of_h = of_x + gates, saved = of_h + gates };
  enum Own : int { own_ih, own_hh = gates, own = 2 * gates };
  enum Sums : int { d_a, d_b = gates, gain_ih = 2 * gates, gain_hh = gain_ih + gates, sums = gain_hh + gates };
  enum Scratch : int { raw_x, raw_h = gates, scratch = 2 * gates };
};

struct LayerNormGruStage : RowStage<LayerNormGruSlots::sums> {
  using S = LayerNormGruSlots;
  using BiasIh = Ints<S::d_a + S::r, S::d_a + S::z, S::d_a + S::n>;
  using BiasHh = Ints<S::d_b + S::r, S::d_b + S::z, S::d_b + S::n>;
  using Own = Ints<S::gain_ih + S::r, S::gain_ih + S::z, S::gain_ih + S::n, S::gain_hh + S::r, S::gain_hh + S::z,
                   S::gain_hh + S::n>;

  template <bool Save>
  static void finish_row(const ForwardRow& row, int64_t U) {
    const float *of_x = row.raw + S::raw_x * U, *of_h = row.raw + S::raw_h * U;
    const float *gain_ih = row.own + S::own_ih * U, *gain_hh = row.own + S::own_hh * U;
    const Moments by_x = moments(of_x, S::gates * U), by_h = moments(of_h, S::gates * U);
    for (UnitGroup at = first_units(U); at.n; at = next_units(at)) {
      Vec a[S::gates], b[S::gates];
      for (int gate = 0; gate < S::gates; ++gate) {
        a[gate] = scaled(by_x, at, gate, of_x, gain_ih, row.b_ih);
        b[gate] = scaled(by_h, at, gate, of_h, gain_hh, row.b_hh);
      }
      const Vec r = sigmoid(add(a[S::r], b[S::r])), z = sigmoid(add(a[S::z], b[S::z]));
      const Vec n = tanh(fma(r, b[S::n], a[S::n]));
      at.store(row.y, fma(z, sub(at.load(row.h), n), n));
      if (Save) {
        at.store(row.saved, S::r, r);
        at.store(row.saved, S::z, z);
        at.store(row.saved, S::n, n);
        at.store(row.saved, S::m, b[S::n]);
      }
    }
  }

  static void back_row(const BackwardRow& row, int64_t U) {
    const Vec one = fill(1.0f);
    const float *of_x = row.saved + S::of_x * U, *of_h = row.saved + S::of_h * U;
    float *a = row.d_pre + S::d_a * U, *b = row.d_pre + S::d_b * U;  // gradients of what is summed above
    for (UnitGroup at = first_units(U); at.n; at = next_units(at)) {
      const Vec r = at.load(row.saved, S::r), z = at.load(row.saved, S::z), n = at.load(row.saved, S::n),
                m = at.load(row.saved, S::m), h = at.load(row.h), dh = at.load(row.dh);
      const Vec d_n = mul(mul(dh, sub(one, z)), sub(one, mul(n, n)));
      const Vec d_r = mul(mul(d_n, m), mul(r, sub(one, r)));
      const Vec d_z = mul(mul(dh, sub(h, n)), mul(z, sub(one, z)));
      for (float* d : {a, b}) {
        at.store(d, S::r, d_r);
        at.store(d, S::z, d_z);
      }
      at.store(a, S::n, d_n);
      at.store(b, S::n, mul(d_n, r));
      at.store(row.dh, mul(dh, z));
    }
    norm_back(of_x, row.own + S::own_ih * U, a, S::gates * U, row.sums + S::raw_x * U, row.d_pre + S::gain_ih * U);
    norm_back(of_h, row.own + S::own_hh * U, b, S::gates * U, row.sums + S::raw_h * U, row.d_pre + S::gain_hh * U);
  }
};

struct LayerNormGru : CellDefaults {
  using S = LayerNormGruSlots;
  static constexpr int gates = S::gates, saved_slots = S::saved, own = S::own;
  static constexpr int saved_raw = S::of_x, scratch = S::scratch;
  static constexpr bool state_passes = true;
  using Stages = List<RawStage<Factor::input, Matrix::w_ih, S::raw_x, S::r, S::z, S::n>,
                      RawStage<Factor::state, Matrix::w_hh, S::raw_h, S::r, S::z, S::n>, LayerNormGruStage>;
};

}  // namespace
}  // namespace anaphora
