// Tasks shared among the threads, with denormals flushed on each that computes, the caller's too.
#pragma once
#include "engine/pool.hpp"
#include "engine/simd.hpp"
#include "kernels.h"

namespace anaphora {
namespace {

constexpr double worth_sharing =
    4e6;                        // multiply-adds, some 100 us of one thread: a thread that must be woken may come late
constexpr double copying = 16;  // multiply-adds that take as long as moving one weight into its panel

template <class F>
void parallel_for(int tasks, double work, F&& f) {
  const auto guarded = [&](int task) {
    const FlushDenormals flush;
    f(task);
  };
  if (tasks == 1 || work < worth_sharing)
    for (int task = 0; task < tasks; ++task) guarded(task);
  else
    parallel(tasks, guarded);
}

inline double weight_count(const Shape& shape) {
  return static_cast<double>(traits(shape.cell).gates) * static_cast<double>(shape.H * (shape.I + shape.P));
}

}  // namespace
}  // namespace anaphora
