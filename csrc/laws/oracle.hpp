// The oracle: every cell's equations as a plain loop over rows, steps and units, on numbers that keep their
// derivatives. No line is shared with what it judges.
#pragma once
#include "laws/cases.hpp"
#include "laws/tape.hpp"

namespace {

// What a case gives: y, h_n, c_n, the loss sum(dy y) + sum(dh_n h_n) + sum(dc_n c_n), and its gradients.
struct Truth {
  Doubles y, h_n, c_n;
  double loss = 0;
  double nearest_kink = 1.0;       // the smallest |a| of which max(0, a) was taken
  double steepest = 1.0;           // the largest 1 / sqrt(var + epsilon) of a normaliser
  std::vector<Doubles> gradients;  // of the case's arrays, in the same order
};

struct RowOracle {
  CellKind cell;
  size_t H;
  const Numbers *w_ih, *w_hh, *b_ih, *b_hh, *w_hr, *own;
  double limit;
  Truth& truth;

  Numbers product(const Numbers& matrix, const Numbers& factor, const Numbers& bias, size_t first, size_t count) const {
    Numbers sums;
    for (size_t j = first; j < first + count; ++j)
      sums.push_back(
          dot(&matrix[j * factor.size()], factor.data(), factor.size(), bias.empty() ? Number() : bias[j], limit));
    return sums;
  }

  Numbers norm(const Numbers& v) const {
    Number mean, variance;
    for (const Number& one : v) mean = mean + one / static_cast<double>(v.size());
    for (const Number& one : v) variance = variance + (one - mean) * (one - mean) / static_cast<double>(v.size());
    const Number deviation = root(variance + 1e-5);
    truth.steepest = std::max(truth.steepest, 1.0 / deviation.value);
    Numbers normed;
    for (const Number& one : v) normed.push_back((one - mean) / deviation);
    return normed;
  }

  // gain * norm(M v) + bias, the gains from the own vectors, as all gates of one product.
  Numbers normed_product(const Numbers& matrix, const Numbers& factor, const Numbers& bias, size_t gain,
                         size_t count) const {
    Numbers values = norm(product(matrix, factor, {}, 0, count));
    for (size_t j = 0; j < count; ++j) {
      values[j] = values[j] * (*own)[gain + j];
      if (!bias.empty()) values[j] = values[j] + bias[j];
    }
    return values;
  }

  // The new state; the memory is replaced. `seen` is the state as the products meet it.
  Numbers step(const Numbers& x, const Numbers& h, const Numbers& seen, Numbers& memory) const {
    const size_t G = w_ih->size() / x.size() / H;
    const bool normalised = cell == CellKind::gru_layer_norm || cell == CellKind::lstm_layer_norm;
    const Numbers a = normalised ? normed_product(*w_ih, x, *b_ih, 0, G * H) : product(*w_ih, x, *b_ih, 0, G * H);
    if (cell == CellKind::gru_reset_before) return reset_before(a, h, seen);
    const Numbers b =
        normalised ? normed_product(*w_hh, seen, *b_hh, G * H, G * H) : product(*w_hh, seen, *b_hh, 0, G * H);
    Numbers made(H);
    for (size_t u = 0; u < H; ++u) {
      const auto pre = [&](size_t gate) { return a[gate * H + u] + b[gate * H + u]; };
      switch (cell) {
        case CellKind::rnn_tanh:
          made[u] = squash(pre(0));
          break;
        case CellKind::rnn_relu: {
          const Number sum = pre(0);
          truth.nearest_kink = std::min(truth.nearest_kink, std::fabs(sum.value));
          made[u] = positive_part(sum);
          break;
        }
        case CellKind::gru:
        case CellKind::gru_layer_norm: {
          const Number r = logistic(pre(0)), z = logistic(pre(1)), n = squash(a[2 * H + u] + r * b[2 * H + u]);
          made[u] = (Number(1.0) - z) * n + z * h[u];
          break;
        }
        case CellKind::lstm_coupled: {
          const Number f = logistic(pre(0));
          memory[u] = f * memory[u] + (Number(1.0) - f) * squash(pre(1));
          made[u] = logistic(pre(2)) * squash(memory[u]);
          break;
        }
        case CellKind::lstm_peephole: {
          const Number *p_i = own->data(), *p_f = p_i + H, *p_o = p_f + H;
          const Number i = logistic(pre(0) + p_i[u] * memory[u]), f = logistic(pre(1) + p_f[u] * memory[u]);
          memory[u] = f * memory[u] + i * squash(pre(2));
          made[u] = logistic(pre(3) + p_o[u] * memory[u]) * squash(memory[u]);
          break;
        }
        default:
          memory[u] = logistic(pre(1)) * memory[u] + logistic(pre(0)) * squash(pre(2));
          made[u] = logistic(pre(3)) * squash(memory[u]);
      }
    }
    if (cell == CellKind::lstm_layer_norm) {
      const Numbers shown = norm(memory);
      for (size_t u = 0; u < H; ++u)
        made[u] = logistic(a[3 * H + u] + b[3 * H + u]) * squash((*own)[8 * H + u] * shown[u] + (*own)[9 * H + u]);
    }
    return w_hr->empty() ? made : projected(made);
  }

  Numbers reset_before(const Numbers& a, const Numbers& h, const Numbers& seen) const {
    const Numbers b = product(*w_hh, seen, *b_hh, 0, 2 * H);
    Numbers kept(H), z(H), made(H);
    for (size_t u = 0; u < H; ++u) {
      kept[u] = logistic(a[u] + b[u]) * seen[u];
      z[u] = logistic(a[H + u] + b[H + u]);
    }
    const Numbers m = product(*w_hh, kept, *b_hh, 2 * H, H);
    for (size_t u = 0; u < H; ++u) {
      const Number n = squash(a[2 * H + u] + m[u]);
      made[u] = (Number(1.0) - z[u]) * n + z[u] * h[u];
    }
    return made;
  }

  Numbers projected(const Numbers& made) const {
    Numbers h;
    for (size_t p = 0; p < w_hr->size() / H; ++p) h.push_back(dot(&(*w_hr)[p * H], made.data(), H, 0.0, HUGE_VAL));
    return h;
  }
};

Truth oracle(const Case& c, const std::vector<Doubles>& values) {
  const int64_t I = c.shape.I, H = c.shape.H, P = c.shape.P, D = c.shape.D, B = c.B();
  tape.clear();
  std::vector<Numbers> arrays;
  for (const Doubles& array : values) {
    arrays.emplace_back();
    for (double v : array) arrays.back().push_back(tape.made(v));
  }
  Truth truth;
  truth.y.assign(at(c.N * D * P), 0.0);
  Number loss;
  const auto part = [](const Numbers& from, int64_t first, int64_t count) {
    if (from.empty()) return Numbers(at(count), Number(0.0));
    return Numbers(from.begin() + first, from.begin() + first + count);
  };
  const auto zone_out = [](Numbers& made, const Numbers& before, const Floats& keep, int64_t first) {
    for (size_t u = 0; u < made.size() && !keep.empty(); ++u) {
      const double k = keep[at(first) + u];
      made[u] = Number(k) * before[u] + Number(1.0 - k) * made[u];
    }
  };
  for (int64_t d = 0; d < D; ++d)
    for (int64_t b = 0; b < B; ++b) {
      const Numbers* w = &arrays[arrays_before + arrays_each * at(d)];
      const RowOracle row{c.shape.cell, at(H), &w[0],
                          &w[1],        &w[2], &w[3],
                          &w[4],        &w[5], c.clip > 0.0f ? static_cast<double>(c.clip) : HUGE_VAL,
                          truth};
      Numbers h = part(arrays[1], (d * B + b) * P, P), memory = part(arrays[2], (d * B + b) * H, H);
      for (int64_t step = 0; step < c.lengths[at(b)]; ++step) {
        const int64_t line = c.line(d ? c.lengths[at(b)] - 1 - step : step, b);
        Numbers seen = h;
        for (size_t p = 0; p < seen.size() && !c.mask.empty(); ++p)
          seen[p] = Number(c.mask[at((d * B + b) * P) + p]) * h[p];
        const Numbers memory_before = memory;
        Numbers made = row.step(part(arrays[0], line * I, I), h, seen, memory);
        zone_out(made, h, c.keep_h, ((c.one_h ? 0 : line) * D + d) * P);
        zone_out(memory, memory_before, c.keep_c, ((c.one_c ? 0 : line) * D + d) * H);
        h = made;
        for (size_t p = 0; p < h.size(); ++p) {
          const size_t to = at((line * D + d) * P) + p;
          truth.y[to] = h[p].value;
          loss = loss + h[p] * Number(c.dy[to]);
        }
      }
      for (size_t p = 0; p < h.size(); ++p) {
        truth.h_n.push_back(h[p].value);
        loss = loss + h[p] * Number(c.dh_n[at((d * B + b) * P) + p]);
      }
      for (size_t u = 0; u < memory.size() && c.memory(); ++u) {
        truth.c_n.push_back(memory[u].value);
        loss = loss + memory[u] * Number(c.dc_n[at((d * B + b) * H) + u]);
      }
    }
  truth.loss = loss.value;
  const Doubles d = tape.gradients(loss);
  for (const Numbers& array : arrays) {
    truth.gradients.emplace_back();
    for (const Number& one : array) truth.gradients.back().push_back(d[at(one.at)]);
  }
  return truth;
}

}  // namespace
