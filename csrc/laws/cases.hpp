// Random cases for the kernels' laws: a shape, ragged rows laid out in one of three ways, weights, states, noise,
// gradients.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "laws/subject.hpp"

namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

constexpr float poison = std::numeric_limits<float>::quiet_NaN();  // in padding, where nothing may look
std::mt19937 random_source;
unsigned seed;      // of this round
std::string place;  // what is being tried, for the message

int64_t any(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random_source() % static_cast<unsigned>(high - low + 1));
}

// A size up to `most`: often 1, or one around a vector's lanes.
int64_t any_size(int64_t most) {
  const int64_t kind = any(0, 5);
  if (kind == 0) return 1;
  if (kind < 3) return std::clamp<int64_t>((int64_t{4} << any(0, 4)) + any(-1, 1), 1, most);
  return any(1, most);
}

Floats numbers(int64_t n, double scale) {
  Floats values(static_cast<size_t>(n));
  for (float& v : values) v = static_cast<float>(scale * (2.0 * (random_source() / 4294967296.0) - 1.0));
  return values;
}

// Numbers between 0 and 1, some of them exactly that.
Floats fractions(int64_t n) {
  Floats values = numbers(n, 0.5);
  for (float& v : values) v = any(0, 2) ? v + 0.5f : v < 0.0f ? 0.0f : 1.0f;
  return values;
}

size_t at(int64_t i) { return static_cast<size_t>(i); }

// Everything that goes into a call.
// Its arrays: x, h0, c0, then w_ih, w_hh, b_ih, b_hh, w_hr, own of each direction. An empty one is absent.
struct Case {
  const Subject* subject;
  Shape shape;
  std::vector<int64_t> time, row, lengths;
  int64_t N = 0;
  std::vector<Floats> arrays;
  Floats dy, dh_n, dc_n;
  Floats mask, keep_h, keep_c;
  bool one_h = false, one_c = false;  // one line of keep serves all
  float clip = 0.0f;
  int64_t segment = 0;

  int64_t G() const { return subject->traits.gates; }
  int64_t V() const { return subject->traits.own; }
  int64_t B() const { return static_cast<int64_t>(lengths.size()); }
  int64_t T() const { return static_cast<int64_t>(time.size()); }
  int64_t memory_width() const { return subject->traits.memories * shape.H; }  // M*H
  int64_t line(int64_t t, int64_t b) const { return time[at(t)] + row[at(b)]; }
  RowIndex index() const { return {T(), B(), time.data(), row.data(), lengths.data()}; }
  Noise noise() const {
    const auto given = [](const Floats& values) { return values.empty() ? nullptr : values.data(); };
    return {given(mask), given(keep_h), given(keep_c), one_h ? 0 : 1, one_c ? 0 : 1};
  }
  int64_t saved_floats() const {
    const CellTraits& of = subject->traits;
    if (!segment) return shape.D * N * saved_slots(of.saved_slots, of.memories, noise()) * shape.H;
    return shape.D * ((T() + segment - 1) / segment) * B() * memory_width();
  }
};

enum class BatchLayout { time_major, batch_first, ragged };
constexpr size_t arrays_before = 3, arrays_each = 6;
const char* const array_names[] = {"x", "h0", "c0", "w_ih", "w_hh", "b_ih", "b_hh", "w_hr", "own"};

const char* name_of_array(size_t i) {
  return array_names[i < arrays_before ? i : arrays_before + (i - arrays_before) % arrays_each];
}

void lay_out(Case& c, BatchLayout layout, int64_t T) {
  const int64_t B = c.B();
  c.time.clear();
  c.row.clear();
  c.N = layout == BatchLayout::ragged ? 0 : T * B;
  for (int64_t t = 0; t < T; ++t) c.time.push_back(layout == BatchLayout::time_major ? t * B : t);
  for (int64_t b = 0; b < B; ++b) {
    c.row.push_back(layout == BatchLayout::time_major ? b : layout == BatchLayout::batch_first ? b * T : c.N);
    if (layout == BatchLayout::ragged) c.N += c.lengths[at(b)];
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

// The noise of a case, in bits.
constexpr int64_t no_noise = 0, a_mask = 1, a_keep_h = 2, a_keep_c = 4, every_noise = 7;
int64_t any_noise() { return any(0, 1) ? any(no_noise, every_noise) : no_noise; }

void add_noise(Case& c, int64_t kinds) {
  const Shape& s = c.shape;
  const int64_t T = c.T();
  if (kinds & a_mask) {
    c.mask = numbers(s.D * c.B() * s.P, 1.0);
    for (float& m : c.mask) m = m < -0.3f ? 0.0f : 1.0f / 0.65f;
  }
  if (c.subject->traits.projected) return;
  c.one_h = any(0, 2) == 0;
  c.one_c = any(0, 2) == 0;
  const auto keep = [&](bool one, int64_t width) {
    return one ? fractions(width) : spread(c, fractions(c.B() * T * width), T, width);
  };
  if (kinds & a_keep_h) c.keep_h = keep(c.one_h, s.D * s.P);
  if (c.memory_width() && kinds & a_keep_c) c.keep_c = keep(c.one_c, s.D * c.memory_width());
}

// A case of this shape, longest row T, all else random.
Case drawn(const Subject& subject, const Shape& shape, BatchLayout layout, int64_t B, int64_t T, int64_t noise) {
  Case c;
  c.subject = &subject;
  c.shape = shape;
  const int64_t I = shape.I, H = shape.H, P = shape.P, D = shape.D;
  for (int64_t b = 0; b < B; ++b) c.lengths.push_back(any(0, T));
  c.lengths[at(any(0, B - 1))] = T;
  lay_out(c, layout, T);
  const bool bias = any(0, 3) > 0, state = any(0, 3) > 0;
  const double scale = 1.0 / std::sqrt(static_cast<double>(H));
  c.arrays.push_back(spread(c, numbers(B * T * I, 1.5), T, I));
  c.arrays.push_back(state ? numbers(D * B * P, 1.0) : Floats{});
  c.arrays.push_back(state ? numbers(D * B * c.memory_width(), 1.0) : Floats{});
  for (int64_t d = 0; d < D; ++d) {
    c.arrays.push_back(numbers(c.G() * H * I, scale));
    c.arrays.push_back(numbers(c.G() * H * (P / shape.heads), scale));
    c.arrays.push_back(bias ? numbers(c.G() * H, scale) : Floats{});
    c.arrays.push_back(bias ? numbers(c.G() * H, scale) : Floats{});
    c.arrays.push_back(subject.traits.projected ? numbers(P * H, 1.5 * scale) : Floats{});
    c.arrays.push_back(numbers(c.V() * H, 1.0));
  }
  c.dy = spread(c, numbers(B * T * D * P, 1.0), T, D * P);
  c.dh_n = numbers(D * B * P, 1.0);
  c.dc_n = numbers(D * B * c.memory_width(), 1.0);
  add_noise(c, noise);
  c.clip = any(0, 2) ? 0.0f : 0.1f;
  c.segment = any(0, 1) ? 0 : any(1, T + 1);
  const auto sized = [](const char* letter, int64_t n) { return std::string(" ") + letter + std::to_string(n); };
  place = subject.name + sized("I", I) + sized("H", H) + sized("P", P) + sized("D", D) + sized("B", B) + sized("T", T) +
          (c.mask.empty() ? "" : " mask") + (c.keep_h.empty() ? "" : " keep_h") + (c.keep_c.empty() ? "" : " keep_c") +
          (c.clip > 0.0f ? " clip" : "") + (c.segment ? sized("segment", c.segment) : "");
  return c;
}

struct Size {
  int64_t most_units, most_rows, most_steps;
};

// A shape of H units for each head; a projected state has from least_P to H features.
Shape drawn_shape(const Subject& subject, int64_t H, int64_t least_P, int64_t I, int64_t directions) {
  H *= subject.heads;
  return {subject.traits.kind, I, H, subject.traits.projected ? any(least_P, H) : H, directions, subject.heads};
}

Case random_case(const Subject& subject, int64_t directions, BatchLayout layout, Size size,
                 int64_t noise = any_noise()) {
  const int64_t H = any_size(size.most_units / subject.heads), I = any_size(size.most_units);
  const Shape shape = drawn_shape(subject, H, 1, I, directions);
  return drawn(subject, shape, layout, any(1, size.most_rows), any(1, size.most_steps), noise);
}

}  // namespace
