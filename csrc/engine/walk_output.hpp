// The places where a walk forward leaves its results: the caller's arrays, or scratch when backward walks a segment
// again.
//
// An output says whether gates are saved. It gives a row's place for the state, the memories and what is saved at one
// step, and is told when a row enters a step. The walk knows nothing else of it.
#pragma once
#include "engine/block_rows.hpp"
#include "engine/thread_team.hpp"

namespace anaphora {
namespace {

// Forward: y, the last states, and what backward needs, in the caller's arrays.
template <class Cell>
class CallOutput {
 public:
  CallOutput(const BlockRows<Cell>& rows, const Forward& call) : rows_(rows), call_(call) {}

  bool saves_gates() const { return call_.saved && !call_.segment; }
  float* y(int64_t, int64_t line) const { return rows_.of_line(call_.y, line, call_.shape.P); }
  float* memory(int64_t i) const {
    return Cell::memories ? rows_.of_row(call_.c_n, rows_.row(i), rows_.memory_width()) : nullptr;
  }
  float* saved(int64_t, int64_t, int64_t line) const { return rows_.saved_of_line(call_.saved, line); }
  void enter(int64_t i, int64_t s) const {
    if (Cell::memories && call_.saved && call_.segment && s % call_.segment == 0)
      rows_.copy(rows_.saved_of_segment(call_.saved, rows_.row(i), s), memory(i), rows_.memory_width());
  }

  // Before and after all steps. In a single step h_n may be h0, and c_n c0: they are replaced in place.
  void begin(ThreadTeam::Member& member) const {
    if (Cell::memories && call_.c_n != call_.c0)
      member.phase([&](int part, int parts) {
        const Range range(rows_.count(), part, parts);
        for (int64_t i = range.begin; i < range.end; ++i)
          rows_.copy(memory(i), rows_.first_memory(rows_.row(i)), rows_.memory_width());
      });
  }
  void end(ThreadTeam::Member& member) const {
    member.phase([&](int part, int parts) {
      const Range range(rows_.count(), part, parts);
      for (int64_t i = range.begin; i < range.end; ++i)
        rows_.copy(rows_.of_row(call_.h_n, rows_.row(i), call_.shape.P),
                   rows_.h_before(call_.y, rows_.row(i), rows_.length(i)), call_.shape.P);
    });
  }

 private:
  const BlockRows<Cell>& rows_;
  const Forward& call_;
};

// Backward: the gates of steps [from, to) in scratch, step after step, row after row; y, which is there already, goes
// nowhere. The memories begin as they were saved before the segment.
template <class Cell>
class SegmentOutput {
 public:
  SegmentOutput(const BlockRows<Cell>& rows, const Shape& shape, int64_t steps)
      : rows_(rows),
        width_(shape.P),
        gates_(steps * rows.count() * rows.saved_width()),
        memory_(rows.count() * rows.memory_width()),
        nowhere_(rows.count() * shape.P) {}

  void begin(int64_t from, const float* saved) {
    from_ = from;
    for (int64_t i = 0; Cell::memories && i < rows_.count() && rows_.length(i) > from; ++i)
      rows_.copy(memory(i), rows_.saved_of_segment(saved, rows_.row(i), from), rows_.memory_width());
  }
  int64_t from() const { return from_; }

  bool saves_gates() const { return true; }
  float* y(int64_t i, int64_t) const { return nowhere_.data() + i * width_; }
  float* memory(int64_t i) const { return Cell::memories ? memory_.data() + i * rows_.memory_width() : nullptr; }
  float* saved(int64_t i, int64_t s, int64_t) const {
    return gates_.data() + ((s - from_) * rows_.count() + i) * rows_.saved_width();
  }
  void enter(int64_t, int64_t) const {}

 private:
  const BlockRows<Cell>& rows_;
  const int64_t width_;
  int64_t from_ = 0;
  Buffer<float> gates_, memory_, nowhere_;
};

}  // namespace
}  // namespace anaphora
