// Products and normalisers of one row, on numbers that keep their derivatives.
#pragma once
#include "laws/cases.hpp"
#include "laws/tape.hpp"

namespace {

// The results of a case: y, h_n, c_n, the loss sum(dy y) + sum(dh_n h_n) + sum(dc_n c_n), and its gradients.
struct Truth {
  Doubles y, h_n, c_n;
  double loss = 0;
  double nearest_kink = 1.0;       // the smallest |a| of which max(0, a) was taken
  double steepest = 1.0;           // the largest 1 / sqrt(var + epsilon) of a normaliser
  std::vector<Doubles> gradients;  // of the case's arrays, in the same order
};

struct RowOracle {
  size_t H, G, heads;
  const Numbers *w_ih, *w_hh, *b_ih, *b_hh, *w_hr, *own;
  double limit;
  Truth& truth;

  // Rows [first, first + count) of `matrix`; by heads, a row meets the factors of its unit's head alone.
  Numbers product(const Numbers& matrix, const Numbers& factor, const Numbers& bias, size_t first, size_t count,
                  size_t by_heads = 1) const {
    const size_t K = factor.size() / by_heads;
    Numbers sums;
    for (size_t j = first; j < first + count; ++j) {
      const size_t head = j % H / (H / by_heads);
      sums.push_back(dot(&matrix[j * K], &factor[head * K], K, bias.empty() ? Number() : bias[j], limit));
    }
    return sums;
  }

  // b_ih + W x + b_hh + U h, gate by gate.
  Numbers gates(const Numbers& x, const Numbers& seen) const {
    Numbers a = product(*w_ih, x, *b_ih, 0, G * H);
    const Numbers b = product(*w_hh, seen, *b_hh, 0, G * H, heads);
    for (size_t j = 0; j < a.size(); ++j) a[j] = a[j] + b[j];
    return a;
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
};

}  // namespace
