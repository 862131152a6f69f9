// How the rows of a call are divided among the threads.
#pragma once
#include <numeric>

#include "cells/stage.hpp"
#include "engine/parallel.hpp"

namespace anaphora {
namespace {

// How many blocks of rows one direction's walk is divided into, and how many threads share each block.
struct Partition {
  int blocks, team;
};

// Rows are divided first: they need no meeting. If fewer than `rows_each` would be left to a thread, threads share
// blocks of so many, unless a thread's part of a step is over sooner than they can meet. Work that is too little to
// share and fits one tile stays together: side by side its rows fetch a panel once.
template <class Cell>
Partition partition(const Shape& shape, const RowIndex& index, bool units_may_be_split) {
  constexpr int64_t rows_each = 4, worth_meeting = 20000;  // multiply-adds
  const int64_t B = index.B, tokens = std::accumulate(index.lengths, index.lengths + B, int64_t{0});
  if (B <= tile_rows && weight_count<Cell>(shape) * static_cast<double>(tokens) < worth_sharing) return {1, 1};
  const int64_t D = shape.D, want = (threads() + D - 1) / D, blocks = B < want ? (B > 1 ? B : 1) : want;
  if (units_may_be_split && B && B < rows_each * want) {
    const int64_t fewer = B > rows_each ? B / rows_each : 1;
    const int64_t step = (B + fewer - 1) / fewer * Cell::gates * shape.H * shape.P;
    const int64_t most = step / worth_meeting, team = want / fewer < most ? want / fewer : most;
    if (fewer * team > blocks || (fewer * team == blocks && team > 1 && B % blocks))
      return {static_cast<int>(fewer), static_cast<int>(team)};
  }
  return {static_cast<int>(blocks), 1};
}

// Whether threads can share a walk: arithmetic that reaches beyond one unit is one thread's.
template <class Cell>
bool units_may_be_split(const Call& call) {
  return unit_by_unit<Cell> && !call.noise.mask && !call.noise.keep_h && !call.noise.keep_c && !call.segment;
}

}  // namespace
}  // namespace anaphora
