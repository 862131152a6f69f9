// Random cases for the kernels' laws: a shape, ragged rows laid out in one of three ways, weights, states, gradients.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels.h"

namespace {

using namespace anaphora;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

constexpr float poison = std::numeric_limits<float>::quiet_NaN();  // in padding, where nothing may look
const char* const cell_names[] = {"rnn_tanh", "rnn_relu", "gru", "lstm", "lstm_projected"};

std::mt19937 random_source;
std::string place;  // what is being tried, for the message

int64_t any(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random_source() % static_cast<unsigned>(high - low + 1));
}

Floats numbers(int64_t n, double scale) {
  Floats values(static_cast<size_t>(n));
  for (float& v : values) v = static_cast<float>(scale * (2.0 * (random_source() / 4294967296.0) - 1.0));
  return values;
}

size_t at(int64_t i) { return static_cast<size_t>(i); }

// Everything that goes into a call.
// Its arrays: x, h0, c0, then w_ih, w_hh, b_ih, b_hh, w_hr of each direction. An empty one is absent.
struct Case {
  Shape shape;
  std::vector<int64_t> time, row, lengths;
  int64_t N = 0;
  std::vector<Floats> arrays;
  Floats dy, dh_n, dc_n;

  int64_t G() const { return gate_count(shape.cell); }
  int64_t B() const { return static_cast<int64_t>(lengths.size()); }
  bool memory() const { return shape.cell == CellKind::lstm || shape.cell == CellKind::lstm_projected; }
  int64_t line(int64_t t, int64_t b) const { return time[at(t)] + row[at(b)]; }
  Lines lines() const { return {static_cast<int64_t>(time.size()), B(), time.data(), row.data(), lengths.data()}; }
};

enum class Layout { time_major, batch_first, ragged };
const char* const array_names[] = {"x", "h0", "c0", "w_ih", "w_hh", "b_ih", "b_hh", "w_hr"};

const char* name_of_array(size_t i) { return array_names[i < 3 ? i : 3 + (i - 3) % 5]; }

void lay_out(Case& c, Layout layout, int64_t T) {
  const int64_t B = c.B();
  c.time.clear();
  c.row.clear();
  c.N = layout == Layout::ragged ? 0 : T * B;
  for (int64_t t = 0; t < T; ++t) c.time.push_back(layout == Layout::time_major ? t * B : t);
  for (int64_t b = 0; b < B; ++b) {
    c.row.push_back(layout == Layout::time_major ? b : layout == Layout::batch_first ? b * T : c.N);
    if (layout == Layout::ragged) c.N += c.lengths[at(b)];
  }
}

// The rows' values, whatever the layout: (B, T, width) -> (N, width), poison elsewhere.
Floats spread(const Case& c, const Floats& rows, int64_t T, int64_t width) {
  Floats lines(at(c.N * width), poison);
  for (int64_t b = 0; b < c.B(); ++b)
    for (int64_t t = 0; t < c.lengths[at(b)]; ++t)
      std::copy_n(rows.begin() + (b * T + t) * width, width, lines.begin() + c.line(t, b) * width);
  return lines;
}

// And back: (N, width) -> the steps that exist, row by row.
Floats gather(const Case& c, const Floats& lines, int64_t width) {
  Floats rows;
  for (int64_t b = 0; b < c.B(); ++b)
    for (int64_t t = 0; t < c.lengths[at(b)]; ++t)
      rows.insert(rows.end(), lines.begin() + c.line(t, b) * width, lines.begin() + (c.line(t, b) + 1) * width);
  return rows;
}

struct Size {
  int64_t most_units, most_rows, most_steps;
};

Case random_case(CellKind cell, int64_t directions, Layout layout, Size size) {
  Case c;
  const int64_t H = any(1, size.most_units), I = any(1, size.most_units), B = any(1, size.most_rows),
                T = any(1, size.most_steps);
  const int64_t P = cell == CellKind::lstm_projected ? any(1, H) : H;
  c.shape = {cell, I, H, P, directions};
  for (int64_t b = 0; b < B; ++b) c.lengths.push_back(any(0, T));
  c.lengths[at(any(0, B - 1))] = T;
  lay_out(c, layout, T);
  const bool bias = any(0, 3) > 0, state = any(0, 3) > 0;
  const double scale = 1.0 / std::sqrt(static_cast<double>(H));
  c.arrays.push_back(spread(c, numbers(B * T * I, 1.5), T, I));
  c.arrays.push_back(state ? numbers(directions * B * P, 1.0) : Floats{});
  c.arrays.push_back(state && c.memory() ? numbers(directions * B * H, 1.0) : Floats{});
  for (int64_t d = 0; d < directions; ++d) {
    c.arrays.push_back(numbers(c.G() * H * I, scale));
    c.arrays.push_back(numbers(c.G() * H * P, scale));
    c.arrays.push_back(bias ? numbers(c.G() * H, scale) : Floats{});
    c.arrays.push_back(bias ? numbers(c.G() * H, scale) : Floats{});
    c.arrays.push_back(cell == CellKind::lstm_projected ? numbers(P * H, 1.5 * scale) : Floats{});
  }
  c.dy = spread(c, numbers(B * T * directions * P, 1.0), T, directions * P);
  c.dh_n = numbers(directions * B * P, 1.0);
  c.dc_n = c.memory() ? numbers(directions * B * H, 1.0) : Floats{};
  place = std::string(cell_names[static_cast<int>(cell)]) + " I" + std::to_string(I) + " H" + std::to_string(H) + " P" +
          std::to_string(P) + " D" + std::to_string(directions) + " B" + std::to_string(B) + " T" + std::to_string(T);
  return c;
}

}  // namespace
