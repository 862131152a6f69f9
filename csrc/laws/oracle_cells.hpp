// Every cell's equations as a plain loop over units, on numbers that keep their derivatives. No line is shared with the
// kernels, which these equations judge.
#pragma once
#include <algorithm>

#include "laws/oracle_row.hpp"

namespace {

Numbers elman(const RowOracle& o, const Numbers& x, const Numbers&, const Numbers& seen, Numbers&) {
  Numbers made = o.gates(x, seen);
  for (Number& one : made) one = squash(one);
  return made;
}

Numbers elman_relu(const RowOracle& o, const Numbers& x, const Numbers&, const Numbers& seen, Numbers&) {
  Numbers made = o.gates(x, seen);
  for (Number& one : made) {
    o.truth.nearest_kink = std::min(o.truth.nearest_kink, std::fabs(one.value));
    one = positive_part(one);
  }
  return made;
}

Numbers gru_of(const RowOracle& o, const Numbers& a, const Numbers& b, const Numbers& h) {
  const size_t H = o.H;
  Numbers made(H);
  for (size_t u = 0; u < H; ++u) {
    const Number r = logistic(a[u] + b[u]), z = logistic(a[H + u] + b[H + u]);
    const Number n = squash(a[2 * H + u] + r * b[2 * H + u]);
    made[u] = (Number(1.0) - z) * n + z * h[u];
  }
  return made;
}

Numbers gru(const RowOracle& o, const Numbers& x, const Numbers& h, const Numbers& seen, Numbers&) {
  return gru_of(o, o.product(*o.w_ih, x, *o.b_ih, 0, 3 * o.H), o.product(*o.w_hh, seen, *o.b_hh, 0, 3 * o.H), h);
}

Numbers gru_layer_norm(const RowOracle& o, const Numbers& x, const Numbers& h, const Numbers& seen, Numbers&) {
  return gru_of(o, o.normed_product(*o.w_ih, x, *o.b_ih, 0, 3 * o.H),
                o.normed_product(*o.w_hh, seen, *o.b_hh, 3 * o.H, 3 * o.H), h);
}

Numbers gru_reset_before(const RowOracle& o, const Numbers& x, const Numbers& h, const Numbers& seen, Numbers&) {
  const size_t H = o.H;
  const Numbers a = o.product(*o.w_ih, x, *o.b_ih, 0, 3 * H), b = o.product(*o.w_hh, seen, *o.b_hh, 0, 2 * H);
  Numbers kept(H), z(H), made(H);
  for (size_t u = 0; u < H; ++u) {
    kept[u] = logistic(a[u] + b[u]) * seen[u];
    z[u] = logistic(a[H + u] + b[H + u]);
  }
  const Numbers m = o.product(*o.w_hh, kept, *o.b_hh, 2 * H, H);
  for (size_t u = 0; u < H; ++u) {
    const Number n = squash(a[2 * H + u] + m[u]);
    made[u] = (Number(1.0) - z[u]) * n + z[u] * h[u];
  }
  return made;
}

Numbers lstm(const RowOracle& o, const Numbers& x, const Numbers&, const Numbers& seen, Numbers& memory) {
  const size_t H = o.H;
  const Numbers pre = o.gates(x, seen);
  Numbers made(H);
  for (size_t u = 0; u < H; ++u) {
    memory[u] = logistic(pre[H + u]) * memory[u] + logistic(pre[u]) * squash(pre[2 * H + u]);
    made[u] = logistic(pre[3 * H + u]) * squash(memory[u]);
  }
  if (o.w_hr->empty()) return made;
  Numbers projected;
  for (size_t p = 0; p < o.w_hr->size() / H; ++p)
    projected.push_back(dot(&(*o.w_hr)[p * H], made.data(), H, 0.0, HUGE_VAL));
  return projected;
}

Numbers lstm_coupled(const RowOracle& o, const Numbers& x, const Numbers&, const Numbers& seen, Numbers& memory) {
  const size_t H = o.H;
  const Numbers pre = o.gates(x, seen);
  Numbers made(H);
  for (size_t u = 0; u < H; ++u) {
    const Number f = logistic(pre[u]);
    memory[u] = f * memory[u] + (Number(1.0) - f) * squash(pre[H + u]);
    made[u] = logistic(pre[2 * H + u]) * squash(memory[u]);
  }
  return made;
}

Numbers lstm_peephole(const RowOracle& o, const Numbers& x, const Numbers&, const Numbers& seen, Numbers& memory) {
  const size_t H = o.H;
  const Numbers pre = o.gates(x, seen);
  const Number *p_i = o.own->data(), *p_f = p_i + H, *p_o = p_f + H;
  Numbers made(H);
  for (size_t u = 0; u < H; ++u) {
    const Number i = logistic(pre[u] + p_i[u] * memory[u]), f = logistic(pre[H + u] + p_f[u] * memory[u]);
    memory[u] = f * memory[u] + i * squash(pre[2 * H + u]);
    made[u] = logistic(pre[3 * H + u] + p_o[u] * memory[u]) * squash(memory[u]);
  }
  return made;
}

Numbers lstm_layer_norm(const RowOracle& o, const Numbers& x, const Numbers&, const Numbers& seen, Numbers& memory) {
  const size_t H = o.H;
  const Numbers a = o.normed_product(*o.w_ih, x, *o.b_ih, 0, 4 * H),
                b = o.normed_product(*o.w_hh, seen, *o.b_hh, 4 * H, 4 * H);
  for (size_t u = 0; u < H; ++u)
    memory[u] = logistic(a[H + u] + b[H + u]) * memory[u] + logistic(a[u] + b[u]) * squash(a[2 * H + u] + b[2 * H + u]);
  const Numbers shown = o.norm(memory);
  Numbers made(H);
  for (size_t u = 0; u < H; ++u)
    made[u] = logistic(a[3 * H + u] + b[3 * H + u]) * squash((*o.own)[8 * H + u] * shown[u] + (*o.own)[9 * H + u]);
  return made;
}

Numbers three_memories_step(const RowOracle& o, const Numbers& x, const Numbers&, const Numbers& seen,
                            Numbers& memories) {
  const size_t H = o.H;
  const Numbers pre = o.gates(x, seen);
  Number *c = memories.data(), *n = c + H, *m = n + H;
  Numbers made(H);
  for (size_t u = 0; u < H; ++u) {
    const Number i = logistic(pre[u]), f = logistic(pre[H + u]), out = logistic(pre[3 * H + u]);
    c[u] = f * c[u] + i * squash(pre[2 * H + u]);
    n[u] = f * n[u] + i;
    m[u] = out * m[u] + (Number(1.0) - out) * c[u];
    made[u] = out * squash(c[u] + n[u] * m[u]);
  }
  return made;
}

// A kind without a case does not compile.
Equations equations_of(CellKind kind) {
  switch (kind) {
    case CellKind::rnn_tanh:
      return elman;
    case CellKind::rnn_relu:
      return elman_relu;
    case CellKind::gru:
      return gru;
    case CellKind::gru_reset_before:
      return gru_reset_before;
    case CellKind::gru_layer_norm:
      return gru_layer_norm;
    case CellKind::lstm:
    case CellKind::lstm_projected:
      return lstm;
    case CellKind::lstm_peephole:
      return lstm_peephole;
    case CellKind::lstm_coupled:
      return lstm_coupled;
    case CellKind::lstm_layer_norm:
      return lstm_layer_norm;
  }
  return nullptr;
}

}  // namespace
