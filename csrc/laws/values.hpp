// Laws about values: the kernels give what the oracle gives, and the oracle's chain rule is the slope of its own loss.
#pragma once
#include "laws/oracle.hpp"
#include "laws/runs.hpp"

namespace {

// Which lines of x and y are some row's step.
std::vector<char> live_lines(const Case& c) {
  std::vector<char> live(at(c.N), 0);
  for (int64_t b = 0; b < c.B(); ++b)
    for (int64_t t = 0; t < c.lengths[at(b)]; ++t) live[at(c.line(t, b))] = 1;
  return live;
}

void chain_rule(Law& law, const Case& c, const std::vector<Doubles>& arrays, const Truth& truth) {
  constexpr double step = 1e-5;
  std::vector<Doubles> ahead = arrays, behind = arrays;
  double slope = 0, length = 0;
  for (size_t a = 0; a < arrays.size(); ++a)
    for (size_t i = 0; i < arrays[a].size(); ++i) {
      if (std::isnan(arrays[a][i])) continue;
      const double along = static_cast<double>(numbers(1, 1.0)[0]);
      ahead[a][i] += step * along;
      behind[a][i] -= step * along;
      slope += along * truth.gradients[a][i];
      length += std::fabs(along * truth.gradients[a][i]);
    }
  law.near(slope, (oracle(c, ahead).loss - oracle(c, behind).loss) / (2 * step), length, 1e-5, "the slope of the loss");
}

void values_and_gradients(Law& values, Law& gradients, Law& rule, const Case& c) {
  const Result got = run(c, true);
  std::vector<Doubles> arrays;
  for (const Floats& array : c.arrays) arrays.emplace_back(array.begin(), array.end());
  const Truth truth = oracle(c, arrays);
  const int64_t width = c.shape.D * c.shape.P;
  const std::vector<char> live = live_lines(c);
  const double scale = std::max(largest(truth.y), largest(truth.c_n));
  const double every_step = std::ldexp(static_cast<double>(c.T()), -24);  // long walks: each step rounds the same way
  const double bound = std::max(4e-6, every_step);
  for (int64_t i = 0; i < c.N * width; ++i)
    live[at(i / width)] ? values.near(got.y[at(i)], truth.y[at(i)], scale, bound, "y")
                        : values.hold(got.y[at(i)] == untouched, "y past a row's end was touched;");
  for (size_t i = 0; i < truth.h_n.size(); ++i) values.near(got.h_n[i], truth.h_n[i], scale, bound, "h_n");
  for (size_t i = 0; i < truth.c_n.size(); ++i) values.near(got.c_n[i], truth.c_n[i], scale, bound, "c_n");
  if (truth.nearest_kink < 1e-5) return;                                // rounding may fall on the other side of a kink
  const double rounding = std::max(2e-5, every_step) * truth.steepest;  // which a normaliser's way back multiplies
  for (size_t a = 0; a < arrays.size(); ++a) {
    const double most = largest(truth.gradients[a]);
    for (size_t i = 0; i < arrays[a].size(); ++i)
      if (a == 0 && !live[i / at(c.shape.I)])
        gradients.hold(got.gradients[a][i] == untouched, "dx past a row's end was touched;");
      else
        gradients.near(got.gradients[a][i], truth.gradients[a][i], most, rounding,
                       std::string("the gradient of ") + name_of_array(a));
  }
  if (!(c.clip > 0.0f) && truth.nearest_kink > 2e-3)  // as far as finite differences may move a unit
    chain_rule(rule, c, arrays, truth);
}

// So many lines that the weights' gradients are sums of sums, and that backward takes them in more than one go
// (1 Mi gradients of gates): one unit, that the oracle keeps up.
bool suits_long_sums(const Subject& subject) {  // normalisers want units, a kink fewer lines
  return subject.traits.own <= 3 && !subject.is(CellKind::rnn_relu);
}
void long_sums(Law& values, Law& gradients, Law& rule, const Subject& subject) {
  const int64_t lines = (int64_t{5} << 18) / (16 + subject.traits.gates + subject.traits.own);
  Case c = drawn(subject, drawn_shape(subject, 1, 1, any(1, 2), 1), BatchLayout::ragged, any(1, 2), lines, any_noise());
  c.clip = 0.1f;  // and so no finite differences: the slope of so long a sum is mostly rounding
  values_and_gradients(values, gradients, rule, c);
}

void affine_maps(Law& law) {
  const int64_t N = any(1, 30), O = any_size(150), K = any_size(60);
  place = "linear N" + std::to_string(N) + " O" + std::to_string(O) + " K" + std::to_string(K);
  const Floats w = numbers(O * K, 1.0), bias = any(0, 2) ? numbers(O, 1.0) : Floats{}, x = numbers(N * K, 1.0);
  const Kernels& kernels = best_kernels();
  const Buffer<float> packed(kernels.packed_linear_size(O, K));
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

}  // namespace
