// The oracle: the walk as a plain loop over directions, rows and steps, on numbers that keep their derivatives. No line
// is shared with the kernels, which it judges.
#pragma once
#include "laws/oracle_row.hpp"

namespace {

Numbers part_of(const Numbers& from, int64_t first, int64_t count) {
  if (from.empty()) return Numbers(at(count), Number(0.0));
  return Numbers(from.begin() + first, from.begin() + first + count);
}

void zone_out(Numbers& made, const Numbers& before, const Floats& keep, int64_t first) {
  for (size_t u = 0; u < made.size() && !keep.empty(); ++u) {
    const double k = keep[at(first) + u];
    made[u] = Number(k) * before[u] + Number(1.0 - k) * made[u];
  }
}

// One row in one direction: its outputs and last states to `truth`. Returns its part of the loss.
Number walk_row(const Case& c, const RowOracle& row, const std::vector<Numbers>& arrays, int64_t d, int64_t b) {
  const int64_t I = c.shape.I, M = c.memory_width(), P = c.shape.P, D = c.shape.D, state = d * c.B() + b;
  Number loss;
  Numbers h = part_of(arrays[1], state * P, P), memory = part_of(arrays[2], state * M, M);
  for (int64_t step = 0; step < c.lengths[at(b)]; ++step) {
    const int64_t line = c.line(d ? c.lengths[at(b)] - 1 - step : step, b);
    Numbers seen = h;
    for (size_t p = 0; p < seen.size() && !c.mask.empty(); ++p) seen[p] = Number(c.mask[at(state * P) + p]) * h[p];
    const Numbers memory_before = memory;
    Numbers made = c.subject->equations(row, part_of(arrays[0], line * I, I), h, seen, memory);
    zone_out(made, h, c.keep_h, ((c.one_h ? 0 : line) * D + d) * P);
    zone_out(memory, memory_before, c.keep_c, ((c.one_c ? 0 : line) * D + d) * M);
    h = made;
    for (size_t p = 0; p < h.size(); ++p) {
      const size_t to = at((line * D + d) * P) + p;
      row.truth.y[to] = h[p].value;
      loss = loss + h[p] * Number(c.dy[to]);
    }
  }
  for (size_t p = 0; p < h.size(); ++p) {
    row.truth.h_n.push_back(h[p].value);
    loss = loss + h[p] * Number(c.dh_n[at(state * P) + p]);
  }
  for (size_t u = 0; u < memory.size(); ++u) {
    row.truth.c_n.push_back(memory[u].value);
    loss = loss + memory[u] * Number(c.dc_n[at(state * M) + u]);
  }
  return loss;
}

Truth oracle(const Case& c, const std::vector<Doubles>& values) {
  tape.clear();
  std::vector<Numbers> arrays;
  for (const Doubles& array : values) {
    arrays.emplace_back();
    for (double v : array) arrays.back().push_back(tape.made(v));
  }
  Truth truth;
  truth.y.assign(at(c.N * c.shape.D * c.shape.P), 0.0);
  const double limit = c.clip > 0.0f ? static_cast<double>(c.clip) : HUGE_VAL;
  Number loss;
  for (int64_t d = 0; d < c.shape.D; ++d)
    for (int64_t b = 0; b < c.B(); ++b) {
      const Numbers* w = &arrays[arrays_before + arrays_each * at(d)];
      const RowOracle row{at(c.shape.H), at(c.G()), at(c.shape.heads), w, w + 1, w + 2, w + 3, w + 4, w + 5,
                          limit,         truth};
      loss = loss + walk_row(c, row, arrays, d, b);
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
