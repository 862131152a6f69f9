// Tasks in parallel on the threads, with denormals flushed on each that computes, the caller's too.
#pragma once
#include "engine/pool.hpp"
#include "engine/range.hpp"
#include "engine/simd.hpp"
#include "kernels.h"

namespace anaphora {
namespace {

// Multiply-adds, some 100 us of one thread: a thread that must be woken may come late.
constexpr double worth_sharing = 4e6;
// Multiply-adds that take as long as moving one weight into its panel.
constexpr double copying = 16;

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

// The multiply-adds of one step of one row.
template <class Cell>
double weight_count(const Shape& shape) {
  return static_cast<double>(Cell::gates) * static_cast<double>(shape.H * (shape.I + shape.P));
}

}  // namespace
}  // namespace anaphora
