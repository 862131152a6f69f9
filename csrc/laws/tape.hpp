// The chain rule, one operation at a time: numbers in double that remember what they were made of.
//
//   Number y = tanh(a * b);   gradients(y)[a.at] = dy/da
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace {

struct Number {
  double value = 0.0;
  int64_t at = -1;  // its place on the tape, or -1: a constant

  Number() = default;
  Number(double v) : value(v) {}  // NOLINT: a plain number is a constant
  Number(double v, int64_t place_on_tape) : value(v), at(place_on_tape) {}
};
using Numbers = std::vector<Number>;

// Every number made since the tape was cleared: its parents, the derivative along each, and what its gradient is held
// to.
struct Tape {
  struct Edge {
    int64_t parent;
    double slope;
  };
  std::vector<Edge> edges;
  std::vector<size_t> ends;
  std::vector<double> limits;

  void clear() {
    edges.clear();
    ends.clear();
    limits.clear();
  }
  void from(const Number& parent, double slope) {
    if (parent.at >= 0) edges.push_back({parent.at, slope});
  }
  // A number of this value whose parents have been named by from().
  Number made(double value, double limit = HUGE_VAL) {
    ends.push_back(edges.size());
    limits.push_back(limit);
    return {value, static_cast<int64_t>(ends.size()) - 1};
  }
  // The gradient of `last` with respect to every number on the tape.
  std::vector<double> gradients(const Number& last) const {
    std::vector<double> d(ends.size(), 0.0);
    if (last.at >= 0) d[static_cast<size_t>(last.at)] = 1.0;
    for (size_t i = d.size(); i-- > 0;) {
      d[i] = std::fmin(std::fmax(d[i], -limits[i]), limits[i]);
      for (size_t e = i ? ends[i - 1] : 0; e < ends[i]; ++e)
        d[static_cast<size_t>(edges[e].parent)] += d[i] * edges[e].slope;
    }
    return d;
  }
};

Tape tape;

Number of(double value, const Number& a, double slope) {
  tape.from(a, slope);
  return tape.made(value);
}
Number of(double value, const Number& a, double to_a, const Number& b, double to_b) {
  tape.from(a, to_a);
  tape.from(b, to_b);
  return tape.made(value);
}

Number operator+(const Number& a, const Number& b) { return of(a.value + b.value, a, 1.0, b, 1.0); }
Number operator-(const Number& a, const Number& b) { return of(a.value - b.value, a, 1.0, b, -1.0); }
Number operator*(const Number& a, const Number& b) { return of(a.value * b.value, a, b.value, b, a.value); }
Number operator/(const Number& a, const Number& b) {
  return of(a.value / b.value, a, 1.0 / b.value, b, -a.value / (b.value * b.value));
}
Number root(const Number& a) { return of(std::sqrt(a.value), a, 0.5 / std::sqrt(a.value)); }
Number squash(const Number& a) {
  const double t = std::tanh(a.value);
  return of(t, a, 1.0 - t * t);
}
Number logistic(const Number& a) {
  const double s = 1.0 / (1.0 + std::exp(-a.value));
  return of(s, a, s * (1.0 - s));
}
Number positive_part(const Number& a) { return of(a.value > 0.0 ? a.value : 0.0, a, a.value > 0.0 ? 1.0 : 0.0); }

// The sum of a[k] b[k] and a number more; its gradient is held between -limit and limit.
Number dot(const Number* a, const Number* b, size_t count, const Number& more, double limit) {
  double sum = more.value;
  tape.from(more, 1.0);
  for (size_t k = 0; k < count; ++k) {
    sum += a[k].value * b[k].value;
    tape.from(a[k], b[k].value);
    tape.from(b[k], a[k].value);
  }
  return tape.made(sum, limit);
}

}  // namespace
