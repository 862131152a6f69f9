// A cell that the laws judge: its numbers, its kernels, and its equations on numbers that keep their derivatives.
#pragma once
#include <string>
#include <vector>

#include "kernels.h"
#include "laws/tape.hpp"

namespace {

using namespace anaphora;

struct RowOracle;
// The new state of one row of x, h, and h as the products see it; the memories (M*H) are replaced.
using Equations = Numbers (*)(const RowOracle&, const Numbers& x, const Numbers& h, const Numbers& seen,
                              Numbers& memories);

struct Subject {
  std::string name;
  CellTraits traits;
  const Kernels* kernels;
  Equations equations;
  int64_t heads = 1;

  bool is(CellKind kind) const { return kernels == &best_kernels() && traits.kind == kind; }
};

}  // namespace
