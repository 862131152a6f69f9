// The rows of a call, divided into blocks. The rows are sorted by length, longest first: the rows that have a step s
// are the first ones. One thread walks a block, and all blocks have about the same number of steps.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels.h"

namespace anaphora {

struct RowBlocks {
  RowBlocks(const RowIndex& index, int blocks);
  RowBlocks(const RowBlocks&) = delete;
  ~RowBlocks();  // not inline: it would be built once per instruction set, and one of them linked for all

  std::vector<int64_t> rows;         // sorted positions of each block's rows, block after block, longest first
  std::vector<int64_t> block_start;  // (blocks + 1,) into rows
  std::vector<int64_t> order;        // order[sorted position] = the caller's row
  std::vector<int64_t> before;       // (T + 1,) lines of all rows before step s: step s of position q is before[s] + q
  int blocks() const { return static_cast<int>(block_start.size()) - 1; }
  int64_t steps() const { return static_cast<int64_t>(before.size()) - 1; }  // of the longest row
  int64_t tokens() const { return before.back(); }
  // How many lines lie between the first one of step `from` and step s of sorted position q, in the walk's order.
  int64_t place(int64_t q, int64_t from, int64_t s) const {
    return before[static_cast<std::size_t>(s)] - before[static_cast<std::size_t>(from)] + q;
  }
};

}  // namespace anaphora
