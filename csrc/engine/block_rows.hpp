// The rows of one block in one direction, longest first, and where the values of each lie. Both walks stand on it.
//
// Step s of a row is its s-th in the walk's order: in the second direction the first step is the row's last line.
#pragma once
#include <cstring>

#include "cells/stage.hpp"
#include "engine/row_blocks.hpp"
#include "engine/scratch.hpp"

namespace anaphora {
namespace {

// Which rows a walk takes.
struct WalkPart {
  const RowBlocks& blocks;
  int direction, block;
};

template <class Cell>
class BlockRows {
 public:
  BlockRows(const Call& call, const WalkPart& part)
      : call_(call),
        shape_(call.shape),
        index_(call.index),
        blocks_(part.blocks),
        direction_(part.direction),
        rows_(part.blocks.rows.data() + part.blocks.block_start[static_cast<size_t>(part.block)]),
        count_(part.blocks.block_start[static_cast<size_t>(part.block) + 1] -
               part.blocks.block_start[static_cast<size_t>(part.block)]),
        slots_(saved_slots<Cell>(call.noise)),
        zeros_(widest_state()) {
    for (int64_t u = 0; u < widest_state(); ++u) zeros_.data()[u] = 0.0f;
  }

  int64_t count() const { return count_; }
  int64_t row(int64_t i) const { return blocks_.order[static_cast<size_t>(rows_[i])]; }  // the caller's
  int64_t length(int64_t i) const { return index_.lengths[row(i)]; }
  int64_t steps() const { return count_ ? length(0) : 0; }
  int64_t line(int64_t row, int64_t s) const {
    const int64_t t = direction_ ? index_.lengths[row] - 1 - s : s;
    return index_.time_offset[t] + index_.row_offset[row];
  }
  // How many lines of a chunk from step `from` on lie before step s of this row.
  int64_t place(int64_t i, int64_t from, int64_t s) const { return blocks_.place(rows_[i], from, s); }
  int64_t memory_width() const { return Cell::memories * shape_.H; }
  int64_t saved_width() const { return slots_ * shape_.H; }

  static void copy(float* to, const float* from, int64_t count) {
    std::memcpy(to, from, sizeof(float) * static_cast<size_t>(count));
  }

  // This direction's values in an array (N, D*width), (D, B, width), and in what is saved.
  template <class T>
  T* of_line(T* lines, int64_t line, int64_t width) const {
    return lines + (line * shape_.D + direction_) * width;
  }
  template <class T>
  T* of_row(T* states, int64_t row, int64_t width) const {
    return states + (direction_ * index_.B + row) * width;
  }
  template <class T>
  T* saved_of_line(T* saved, int64_t line) const {
    return saved + (direction_ * call_.N + line) * saved_width();
  }
  template <class T>
  T* saved_of_segment(T* saved, int64_t row, int64_t s) const {
    const int64_t segments = (index_.T + call_.segment - 1) / call_.segment;
    return saved + ((direction_ * segments + s / call_.segment) * index_.B + row) * memory_width();
  }

  // The state before step s, read from the outputs y of the steps before.
  const float* h_before(const float* y, int64_t row, int64_t s) const {
    if (s) return of_line(y, line(row, s - 1), shape_.P);
    return call_.h0 ? of_row(call_.h0, row, shape_.P) : zeros_.data();
  }
  const float* first_memory(int64_t row) const {
    return call_.c0 ? of_row(call_.c0, row, memory_width()) : zeros_.data();
  }

  // Noise of a row and of a line.
  const float* mask_of(int64_t row) const { return of_row(call_.noise.mask, row, shape_.P); }
  const float* keep_h_of(int64_t line) const {
    return of_line(call_.noise.keep_h, line * call_.noise.step_h, shape_.P);
  }
  const float* keep_c_of(int64_t line) const {
    return of_line(call_.noise.keep_c, line * call_.noise.step_c, memory_width());
  }

 private:
  int64_t widest_state() const { return shape_.P > memory_width() ? shape_.P : memory_width(); }

 protected:
  const Call& call_;
  const Shape& shape_;
  const RowIndex& index_;
  const RowBlocks& blocks_;
  const int direction_;
  const int64_t* rows_;
  const int64_t count_, slots_;
  Buffer<float> zeros_;
};

}  // namespace
}  // namespace anaphora
