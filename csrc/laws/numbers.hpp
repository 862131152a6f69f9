// Laws about single numbers: how close tanh and sigmoid come, how small a number may be, and what a call leaves behind.
#pragma once
#include "laws/runs.hpp"

namespace {

// How many units in the last place of `wanted`, as a float, lie between the two.
double units_apart(float got, double wanted) {
  int exponent;
  std::frexp(wanted, &exponent);
  return std::fabs(got - wanted) / std::ldexp(1.0, std::max(exponent, -125) - 24);
}

// One step of a cell of one unit for many rows, every array zeros but x, which meets a weight of 1 at one gate.
Result one_unit(CellKind cell, size_t gate, const Floats& x) {
  const Subject subject{traits(cell).name, traits(cell), &best_kernels(), nullptr};
  Case c;
  c.subject = &subject;
  c.shape = {cell, 1, 1, 1, 1};
  c.lengths.assign(x.size(), 1);
  lay_out(c, BatchLayout::time_major, 1);
  c.arrays = {x, {}, {}, Floats(at(c.G()), 0.0f), Floats(at(c.G()), 0.0f), {}, {}, {}, {}};
  if (c.memory_width()) c.arrays[2].assign(x.size(), 1.0f);
  c.arrays[arrays_before][gate] = 1.0f;
  return run(c, false);
}

// y = tanh(x), and c_n = sigmoid(x) where a memory of 1 is all that comes in: as near as simd.hpp says; nearer where
// tanh is almost 1 and the gradient is 1 - tanh^2.
void curves(Law& law) {
  Floats x = {0.0f, -0.0f, 1e-30f, 86.9f, -86.9f, 3e38f, -3e38f};
  for (double scale : {1e-4, 0.6, 3.0, 12.0, 87.0}) {
    const Floats more = numbers(200, scale);
    x.insert(x.end(), more.begin(), more.end());
  }
  const Floats squashed = one_unit(CellKind::rnn_tanh, 0, x).y, opened = one_unit(CellKind::lstm, 1, x).c_n;
  for (size_t i = 0; i < x.size(); ++i) {
    place = "x = " + std::to_string(x[i]);
    law.near(units_apart(squashed[i], std::tanh(static_cast<double>(x[i]))), 0.0, 1.0, std::fabs(x[i]) > 2 ? 0.6 : 2.7,
             "tanh, in units in the last place,");
    const double wanted = 1.0 / (1.0 + std::exp(-static_cast<double>(x[i])));
    if (x[i] < -87.0f)
      law.hold(opened[i] >= 0.0f && opened[i] < 2e-38f, "sigmoid far below zero");
    else
      law.near(units_apart(opened[i], wanted), 0.0, 1.0, 2.5, "sigmoid, in units in the last place,");
  }
}

// Numbers too small to be normal count as zero inside a call, on whichever thread, and are the caller's own after it.
void tiny_numbers(Law& law) {
  place = "a product of 1e-40";
  const int64_t N = 300, K = 120, O = 120;
  const Floats w(at(O * K), 1e-20f), x(at(N * K), 1e-20f);
  const Buffer<float> packed(best_kernels().packed_linear_size(O, K));
  Floats y(at(N * O), untouched);
  best_kernels().pack_linear(O, K, w.data(), nullptr, packed.data());
  best_kernels().linear(N, O, K, packed.data(), x.data(), y.data());
  law.same(y, Floats(y.size(), 0.0f), "what is smaller than any normal number");
  const Result stepped = one_unit(CellKind::rnn_relu, 0, {1e-40f});
  law.same(stepped.y, {0.0f}, "a step of it");
  volatile float a = 1e-20f;
  law.hold(a * a > 0.0f, "the caller's own arithmetic");
}

}  // namespace
