// The results of the kernels on a case, and a law that counts how often it was kept.
#pragma once
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "engine/pool.hpp"
#include "engine/scratch.hpp"
#include "laws/cases.hpp"

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
    if (++broken <= 20) std::printf("BROKEN  %s: %s in %s (seed %u)\n", name, what.c_str(), place.c_str(), seed);
  }
  // |got - wanted| <= bound * max(1, scale)
  void near(double got, double wanted, double scale, double bound, const std::string& what) {
    const double error = std::fabs(got - wanted) / std::max(1.0, scale);
    worst = std::max(worst, std::isnan(error) ? 1e300 : error);
    if (error <= bound)
      ++checks;
    else
      hold(false, what + " is " + std::to_string(got) + ", expected " + std::to_string(wanted));
  }
  void same(const Floats& a, const Floats& b, const std::string& what) {
    hold(a.size() == b.size() && (a.empty() || !std::memcmp(a.data(), b.data(), a.size() * sizeof(float))),
         what + " has other bits");
  }
  void report() const {
    std::printf("%-48s %9lld checks", name, static_cast<long long>(checks));
    std::printf(worst > 0 ? "   worst error %.1e\n" : "\n", worst);
  }
};

double largest(const Doubles& values) {
  double most = 0;
  for (double v : values) most = std::max(most, std::fabs(v));
  return most;
}

struct Result {
  Floats y, h_n, c_n, saved;
  std::vector<Floats> gradients;  // those of the case's arrays, in the same order
};

// Which of backward's arguments are there. Outputs that are not asked for stay untouched.
struct Asked {
  bool dy = true, dh_n = true, dc_n = true;
  bool dx = true, dweights = true, dh0 = true, dc0 = true;
};

const float* given(const Floats& values) { return values.empty() ? nullptr : values.data(); }
float* wanted(Floats& values, bool asked = true) { return values.empty() || !asked ? nullptr : values.data(); }

Weights weights_of(const Case& c, size_t d) {
  const Floats* w = &c.arrays[arrays_before + arrays_each * d];
  return {given(w[0]), given(w[1]), given(w[2]), given(w[3]), given(w[4]), given(w[5])};
}

Result run(const Case& c, bool back, const Asked& asked = {}) {
  const Shape& s = c.shape;
  const Kernels& kernels = *c.subject->kernels;
  Result r;
  r.y.assign(at(c.N * s.D * s.P), untouched);
  r.h_n.assign(at(s.D * c.B() * s.P), untouched);
  r.c_n.assign(at(s.D * c.B() * c.memory_width()), untouched);
  if (back) r.saved.assign(at(c.saved_floats()), untouched);
  const Buffer<float> packed(s.D * kernels.packed_size(s));
  Forward f{};
  Backward b{};
  f.shape = b.shape = s;
  f.index = b.index = c.index();
  f.N = b.N = c.N;
  f.noise = b.noise = c.noise();
  f.segment = b.segment = c.segment;
  b.clip = c.clip;
  for (size_t d = 0; d < at(s.D); ++d) {
    b.weights[d] = weights_of(c, d);
    float* block = packed.data() + static_cast<int64_t>(d) * kernels.packed_size(s);
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
  b.dy = asked.dy ? c.dy.data() : nullptr;
  b.dh_n = asked.dh_n ? c.dh_n.data() : nullptr;
  b.dc_n = asked.dc_n ? given(c.dc_n) : nullptr;
  b.dx = wanted(r.gradients[0], asked.dx);
  b.dh0 = wanted(r.gradients[1], asked.dh0);
  b.dc0 = wanted(r.gradients[2], asked.dc0);
  for (size_t d = 0; d < at(s.D) && asked.dweights; ++d) {
    Floats* w = &r.gradients[arrays_before + arrays_each * d];
    b.dweights[d] = {wanted(w[0]), wanted(w[1]), wanted(w[2]), wanted(w[3]), wanted(w[4]), wanted(w[5])};
  }
  kernels.backward(b);
  return r;
}

// Everything that a call wrote has the same bits.
void all_the_same(Law& law, const Result& a, const Result& b, const std::string& when) {
  law.same(a.y, b.y, "y" + when);
  law.same(a.h_n, b.h_n, "h_n" + when);
  law.same(a.c_n, b.c_n, "c_n" + when);
  for (size_t i = 0; i < a.gradients.size(); ++i)
    law.same(a.gradients[i], b.gradients[i], std::string("the gradient of ") + name_of_array(i) + when);
}

}  // namespace
