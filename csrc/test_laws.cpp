// The kernels' laws as a program of its own, without Python: for other compilers, sanitizers and arm64 under emulation.
//
//   anaphora_laws [rounds] [seed]      prints one line for each law; exit code 1 when one is broken
//
// The oracle is a plain double loop, written from the equations, and finite differences of it: no line is shared with
// csrc/.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "kernels.h"
#include "memory.hpp"
#include "pool.hpp"
#include "test_cases.hpp"

namespace {

constexpr float untouched = 777.0f;
int broken = 0;

struct Law {
  const char* name;
  int64_t checks = 0;
  double worst = 0;

  void hold(bool kept, const std::string& what) {
    ++checks;
    if (kept) return;
    if (++broken <= 20) std::printf("BROKEN  %s: %s in %s\n", name, what.c_str(), place.c_str());
  }
  // |got - wanted| <= bound * max(1, scale)
  void near(double got, double wanted, double scale, double bound, const std::string& what) {
    const double error = std::fabs(got - wanted) / std::max(1.0, scale);
    worst = std::max(worst, std::isnan(error) ? 1e300 : error);
    hold(error <= bound, what + " is " + std::to_string(got) + ", expected " + std::to_string(wanted));
  }
  void same(const Floats& a, const Floats& b, const std::string& what) {
    hold(a.size() == b.size() && (a.empty() || !std::memcmp(a.data(), b.data(), a.size() * sizeof(float))),
         what + " has other bits");
  }
};

// What the kernels make of a case. gradients: those of `arrays`, in the same order.
struct Result {
  Floats y, h_n, c_n, saved;
  std::vector<Floats> gradients;
};

const float* given(const Floats& values) { return values.empty() ? nullptr : values.data(); }
float* wanted(Floats& values) { return values.empty() ? nullptr : values.data(); }

Result run(const Case& c, bool back) {
  const Shape& s = c.shape;
  const Table& kernels = table();
  Result r;
  r.y.assign(at(c.N * s.D * s.P), untouched);
  r.h_n.assign(at(s.D * c.B() * s.P), untouched);
  r.c_n.assign(at(c.memory() ? s.D * c.B() * s.H : 0), untouched);
  if (back) r.saved.assign(at(s.D * c.N * saved_slots(s.cell) * s.H), untouched);
  Scratch packed(at(s.D * kernels.packed_size(s)));
  Forward f{};
  Backward b{};
  f.shape = b.shape = s;
  f.lines = b.lines = c.lines();
  f.N = b.N = c.N;
  for (int64_t d = 0; d < s.D; ++d) {
    const Floats* w = &c.arrays[at(3 + 5 * d)];
    b.weights[d] = {given(w[0]), given(w[1]), given(w[2]), given(w[3]), given(w[4])};
    float* block = packed.data() + d * kernels.packed_size(s);
    kernels.pack(s, b.weights[d], block);
    f.packed[d] = block;
  }
  f.x = b.x = c.arrays[0].data();
  f.h0 = b.h0 = given(c.arrays[1]);
  f.c0 = b.c0 = given(c.arrays[2]);
  f.y = r.y.data();
  f.h_n = r.h_n.data();
  f.c_n = wanted(r.c_n);
  f.saved = wanted(r.saved);
  kernels.forward(f);
  if (!back) return r;
  for (const Floats& array : c.arrays) r.gradients.emplace_back(array.size(), untouched);
  b.y = r.y.data();
  b.saved = given(r.saved);
  b.dy = c.dy.data();
  b.dh_n = c.dh_n.data();
  b.dc_n = given(c.dc_n);
  b.dx = r.gradients[0].data();
  b.dh0 = wanted(r.gradients[1]);
  b.dc0 = wanted(r.gradients[2]);
  for (int64_t d = 0; d < s.D; ++d) {
    Floats* w = &r.gradients[at(3 + 5 * d)];
    b.dweights[d] = {wanted(w[0]), wanted(w[1]), wanted(w[2]), wanted(w[3]), wanted(w[4])};
  }
  kernels.backward(b);
  return r;
}

double logistic(double a) { return 1.0 / (1.0 + std::exp(-a)); }

// The oracle: y, h_n and c_n of a case whose arrays are these, and the loss sum(dy y) + sum(dh_n h_n) + sum(dc_n c_n).
struct Truth {
  Doubles y, h_n, c_n;
  double loss = 0;
};

Truth oracle(const Case& c, const std::vector<Doubles>& arrays) {
  const int64_t I = c.shape.I, H = c.shape.H, P = c.shape.P, D = c.shape.D, B = c.B();
  Truth truth;
  truth.y.assign(at(c.N * D * P), 0.0);
  for (int64_t d = 0; d < D; ++d)
    for (int64_t b = 0; b < B; ++b) {
      const Doubles* w = &arrays[at(3 + 5 * d)];
      const int64_t rows = c.G() * H, length = c.lengths[at(b)];
      Doubles h(at(P), 0.0), m(at(H), 0.0), from_x(at(rows)), from_h(at(rows)), memory(at(H), 0.0);
      for (int64_t p = 0; p < P && !arrays[1].empty(); ++p) h[at(p)] = arrays[1][at((d * B + b) * P + p)];
      for (int64_t u = 0; u < H && !arrays[2].empty(); ++u) memory[at(u)] = arrays[2][at((d * B + b) * H + u)];
      for (int64_t step = 0; step < length; ++step) {
        const int64_t line = c.line(d ? length - 1 - step : step, b);
        for (int64_t j = 0; j < rows; ++j) {
          double x_sum = w[2].empty() ? 0.0 : w[2][at(j)], h_sum = w[3].empty() ? 0.0 : w[3][at(j)];
          for (int64_t i = 0; i < I; ++i) x_sum += w[0][at(j * I + i)] * arrays[0][at(line * I + i)];
          for (int64_t p = 0; p < P; ++p) h_sum += w[1][at(j * P + p)] * h[at(p)];
          from_x[at(j)] = x_sum;
          from_h[at(j)] = h_sum;
        }
        const auto pre = [&](int64_t gate, int64_t u) { return from_x[at(gate * H + u)] + from_h[at(gate * H + u)]; };
        for (int64_t u = 0; u < H; ++u) {
          switch (c.shape.cell) {
            case CellKind::rnn_tanh:
              m[at(u)] = std::tanh(pre(0, u));
              break;
            case CellKind::rnn_relu:
              m[at(u)] = std::max(0.0, pre(0, u));
              break;
            case CellKind::gru: {
              const double r = logistic(pre(0, u)), z = logistic(pre(1, u));
              const double n = std::tanh(from_x[at(2 * H + u)] + r * from_h[at(2 * H + u)]);
              m[at(u)] = (1.0 - z) * n + z * h[at(u)];
              break;
            }
            default:
              memory[at(u)] = logistic(pre(1, u)) * memory[at(u)] + logistic(pre(0, u)) * std::tanh(pre(2, u));
              m[at(u)] = logistic(pre(3, u)) * std::tanh(memory[at(u)]);
          }
        }
        for (int64_t p = 0; p < P; ++p) {
          double sum = w[4].empty() ? m[at(p)] : 0.0;
          for (int64_t u = 0; u < H && !w[4].empty(); ++u) sum += w[4][at(p * H + u)] * m[at(u)];
          h[at(p)] = sum;
          truth.y[at((line * D + d) * P + p)] = sum;
          truth.loss += sum * c.dy[at((line * D + d) * P + p)];
        }
      }
      for (int64_t p = 0; p < P; ++p) truth.loss += h[at(p)] * c.dh_n[at((d * B + b) * P + p)];
      for (int64_t u = 0; u < H && c.memory(); ++u) truth.loss += memory[at(u)] * c.dc_n[at((d * B + b) * H + u)];
      truth.h_n.insert(truth.h_n.end(), h.begin(), h.end());
      if (c.memory()) truth.c_n.insert(truth.c_n.end(), memory.begin(), memory.end());
    }
  return truth;
}

double largest(const Doubles& values) {
  double most = 0;
  for (double v : values) most = std::max(most, std::fabs(v));
  return most;
}

void values_and_gradients(Law& values, Law& gradients, const Case& c) {
  const Result got = run(c, true);
  std::vector<Doubles> arrays;
  for (const Floats& array : c.arrays) arrays.emplace_back(array.begin(), array.end());
  const Truth truth = oracle(c, arrays);
  const int64_t width = c.shape.D * c.shape.P;
  std::vector<char> live(at(c.N), 0);
  for (int64_t b = 0; b < c.B(); ++b)
    for (int64_t t = 0; t < c.lengths[at(b)]; ++t) live[at(c.line(t, b))] = 1;
  const double scale = std::max(largest(truth.y), largest(truth.c_n));
  for (int64_t i = 0; i < c.N * width; ++i)
    live[at(i / width)] ? values.near(got.y[at(i)], truth.y[at(i)], scale, 4e-6, "y")
                        : values.hold(got.y[at(i)] == untouched, "y past a row's end was touched;");
  for (size_t i = 0; i < truth.h_n.size(); ++i) values.near(got.h_n[i], truth.h_n[i], scale, 4e-6, "h_n");
  for (size_t i = 0; i < truth.c_n.size(); ++i) values.near(got.c_n[i], truth.c_n[i], scale, 4e-6, "c_n");
  for (size_t a = 0; a < arrays.size(); ++a) {
    if (arrays[a].empty()) continue;
    const Floats& gradient = got.gradients[a];
    for (int direction = 0; direction < 3; ++direction) {  // two over the whole array, one along a single entry
      Doubles along(arrays[a].size(), 0.0);
      if (direction == 2) along[random_source() % along.size()] = 1.0;
      for (size_t i = 0; i < along.size() && direction < 2; ++i) along[i] = numbers(1, 1.0)[0];
      double slope = 0, length = 0;
      for (size_t i = 0; i < along.size(); ++i) {
        if (a == 0 && !live[i / at(c.shape.I)]) along[i] = 0.0;
        if (along[i] != 0.0) slope += along[i] * gradient[i], length += std::fabs(along[i] * gradient[i]);
      }
      constexpr double step = 1e-5;
      std::vector<Doubles> ahead = arrays, behind = arrays;
      for (size_t i = 0; i < along.size(); ++i) ahead[a][i] += step * along[i], behind[a][i] -= step * along[i];
      const double finite = (oracle(c, ahead).loss - oracle(c, behind).loss) / (2 * step);
      gradients.near(slope, finite, length, 2e-5, std::string("the gradient of ") + name_of_array(a));
    }
    if (a == 0)
      for (size_t i = 0; i < gradient.size(); ++i)
        gradients.hold(live[i / at(c.shape.I)] || gradient[i] == untouched, "dx past a row's end was touched;");
  }
}

Floats part(const Floats& values, int64_t directions, int64_t rows, int64_t b, int64_t width) {
  Floats one;
  for (int64_t d = 0; d < directions && !values.empty(); ++d)
    one.insert(one.end(), values.begin() + (d * rows + b) * width, values.begin() + (d * rows + b + 1) * width);
  return one;
}

Floats rows_of(const Case& c, const Floats& lines, int64_t b, int64_t width) {
  Case only = c;
  for (int64_t other = 0; other < c.B(); ++other)
    if (other != b) only.lengths[at(other)] = 0;
  return gather(only, lines, width);
}

// A row alone, laid out on its own, has the bits it had in the batch: output, states, and gradients of input and state.
void each_alone(Law& law, const Case& c) {
  const Result whole = run(c, true);
  const Shape& s = c.shape;
  for (int64_t b = 0; b < c.B(); ++b) {
    Case one = c;
    one.lengths = {c.lengths[at(b)]};
    lay_out(one, Layout::ragged, one.lengths[0]);
    one.arrays[0] = rows_of(c, c.arrays[0], b, s.I);
    one.dy = rows_of(c, c.dy, b, s.D * s.P);
    one.arrays[1] = part(c.arrays[1], s.D, c.B(), b, s.P);
    one.arrays[2] = part(c.arrays[2], s.D, c.B(), b, s.H);
    one.dh_n = part(c.dh_n, s.D, c.B(), b, s.P);
    one.dc_n = part(c.dc_n, s.D, c.B(), b, s.H);
    const Result alone = run(one, true);
    law.same(alone.y, rows_of(c, whole.y, b, s.D * s.P), "y");
    law.same(alone.h_n, part(whole.h_n, s.D, c.B(), b, s.P), "h_n");
    law.same(alone.c_n, part(whole.c_n, s.D, c.B(), b, s.H), "c_n");
    law.same(alone.gradients[0], rows_of(c, whole.gradients[0], b, s.I), "dx");
    law.same(alone.gradients[1], part(whole.gradients[1], s.D, c.B(), b, s.P), "dh0");
    law.same(alone.gradients[2], part(whole.gradients[2], s.D, c.B(), b, s.H), "dc0");
  }
}

// Cut anywhere in time, the state carried over: the same bits as in one go. Pieces of one step are the streaming case.
void cut_in_time(Law& law, const Case& c, int64_t piece) {
  const Result whole = run(c, false);
  Case now = c;
  const int64_t T = static_cast<int64_t>(c.time.size());
  Floats y = whole.y;
  std::fill(y.begin(), y.end(), untouched);
  for (int64_t from = 0; from < T; from += piece) {
    const int64_t to = std::min(T, from + piece);
    now.time.assign(c.time.begin() + from, c.time.begin() + to);
    for (int64_t b = 0; b < c.B(); ++b) now.lengths[at(b)] = std::clamp<int64_t>(c.lengths[at(b)] - from, 0, to - from);
    const Result r = run(now, false);
    for (size_t i = 0; i < y.size(); ++i)
      if (r.y[i] != untouched) y[i] = r.y[i];
    now.arrays[1] = r.h_n;
    now.arrays[2] = r.c_n;
  }
  law.same(y, whole.y, "y");
  law.same(now.arrays[1], whole.h_n, "h_n");
  law.same(now.arrays[2], whole.c_n, "c_n");
}

void any_threads(Law& law, const Case& c) {
  set_threads(1);
  const Result one = run(c, true);
  for (int n : {2, 3, 5}) {
    set_threads(n);
    const Result many = run(c, true);
    law.same(many.y, one.y, "y on " + std::to_string(n) + " threads");
    law.same(many.h_n, one.h_n, "h_n");
    for (size_t a = 0; a < one.gradients.size(); ++a)
      law.same(many.gradients[a], one.gradients[a], std::string("the gradient of ") + name_of_array(a));
  }
  set_threads(2);
}

void affine_maps(Law& law) {
  const int64_t N = any(1, 30), O = any(1, 150), K = any(1, 60);
  place = "linear N" + std::to_string(N) + " O" + std::to_string(O) + " K" + std::to_string(K);
  const Floats w = numbers(O * K, 1.0), bias = any(0, 2) ? numbers(O, 1.0) : Floats{}, x = numbers(N * K, 1.0);
  const Table& kernels = table();
  Scratch packed(at(kernels.packed_linear_size(O, K)));
  kernels.pack_linear(O, K, w.data(), given(bias), packed.data());
  Floats y(at(N * O), untouched), alone(at(O), untouched);
  kernels.linear(N, O, K, packed.data(), x.data(), y.data());
  for (int64_t n = 0; n < N; ++n) {
    for (int64_t o = 0; o < O; ++o) {
      double sum = bias.empty() ? 0.0 : bias[at(o)];
      for (int64_t k = 0; k < K; ++k) sum += static_cast<double>(w[at(o * K + k)]) * x[at(n * K + k)];
      law.near(y[at(n * O + o)], sum, std::sqrt(static_cast<double>(K)), 4e-6, "y");
    }
    kernels.linear(1, O, K, packed.data(), x.data() + n * K, alone.data());
    law.same(alone, Floats(y.begin() + n * O, y.begin() + (n + 1) * O), "a row alone");
  }
}

// No rows, no steps, no lengths: nothing happens, states stay as they came, weight gradients are zero.
void nothing_to_do(Law& law, CellKind cell) {
  for (const std::vector<int64_t>& lengths : {std::vector<int64_t>{}, std::vector<int64_t>{0, 0, 0}}) {
    Case c = random_case(cell, 2, Layout::ragged, {9, 1, 1});
    const int64_t rows = 2 * static_cast<int64_t>(lengths.size());
    c.lengths = lengths;
    lay_out(c, Layout::ragged, 0);
    c.arrays[0].clear();
    c.dy.clear();
    c.arrays[1] = numbers(rows * c.shape.P, 1.0);
    c.arrays[2] = c.memory() ? numbers(rows * c.shape.H, 1.0) : Floats{};
    c.dh_n = numbers(rows * c.shape.P, 1.0);
    c.dc_n = c.memory() ? numbers(rows * c.shape.H, 1.0) : Floats{};
    const Result r = run(c, true);
    law.same(r.h_n, c.arrays[1], "h_n");
    law.same(r.c_n, c.arrays[2], "c_n");
    law.same(r.gradients[1], c.dh_n, "dh0");
    law.same(r.gradients[2], c.dc_n, "dc0");
    for (size_t a = 3; a < r.gradients.size(); ++a)
      law.same(r.gradients[a], Floats(r.gradients[a].size(), 0.0f), name_of_array(a));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 2;
  const unsigned seed = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1u;
  Law values{"values = double loop"}, gradients{"gradients = finite differences"},
      alone{"a row alone = in its batch, bit for bit"}, cut{"split = whole, bit for bit"},
      threads{"any number of threads, bit for bit"}, linear{"affine map"}, nothing{"nothing to do"};
  set_threads(2);
  for (int round = 0; round < rounds; ++round) {
    random_source.seed(seed + static_cast<unsigned>(round));
    for (int kind = 0; kind < 5; ++kind) {
      const CellKind cell = static_cast<CellKind>(kind);
      for (int64_t directions : {1, 2})
        for (Layout layout : {Layout::time_major, Layout::batch_first, Layout::ragged}) {
          values_and_gradients(values, gradients, random_case(cell, directions, layout, {round % 2 ? 40 : 12, 9, 6}));
          each_alone(alone, random_case(cell, directions, layout, {70, 15, 8}));
          any_threads(threads, random_case(cell, directions, layout, {90, 20, 12}));
          if (directions == 1)
            for (int64_t piece : {1, 3}) cut_in_time(cut, random_case(cell, 1, layout, {70, 15, 10}), piece);
        }
      nothing_to_do(nothing, cell);
    }
    for (int i = 0; i < 4; ++i) affine_maps(linear);
  }
  int64_t checks = 0;
  for (const Law* law : {&values, &gradients, &alone, &cut, &threads, &linear, &nothing}) {
    std::printf("%-44s %9lld checks", law->name, static_cast<long long>(law->checks));
    std::printf(law->worst > 0 ? "   worst error %.1e\n" : "\n", law->worst);
    checks += law->checks;
  }
  std::printf("%s: %lld checks, %d broken\n", table().name, static_cast<long long>(checks), broken);
  return broken ? 1 : 0;
}
