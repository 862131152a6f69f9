// Several threads at one walk: where there are fewer rows than threads can share out, they split the units instead.
//
// A walk is a sequence of phases (one stage of one step, say), each cut into parts. Whoever is there takes the next
// part; a phase begins when every part of the one before is done. So a thread that comes late or not at all only leaves
// more parts to the others, and never can two wait for each other. Which thread takes a part changes no bit.
#pragma once
#include <atomic>
#include <cstdint>
#include <numeric>
#include <thread>

#include "engine/parallel.hpp"
#include "engine/pool.hpp"
#include "kernels.h"

namespace anaphora {
namespace {

class ThreadTeam {
 public:
  explicit ThreadTeam(int parts) : parts_(parts) {}
  int parts() const { return parts_; }

  // One thread's way through the phases: every member calls phase() for the same phases in the same order.
  class Member {
   public:
    Member(ThreadTeam& team, int who) : team_(team), who_(who) {}
    int who() const { return who_; }

    template <class F>
    ANAPHORA_INLINE void phase(F&& f) {
      if (team_.parts_ == 1) return f(0, 1);
      const int64_t first = team_.parts_ * phase_++, end = first + team_.parts_;
      for (int64_t ticket = team_.next_.load(std::memory_order_relaxed); ticket < end;) {
        if (!team_.next_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_relaxed)) continue;
        wait_for(first);
        f(static_cast<int>(ticket - first), team_.parts_);
        team_.done_.fetch_add(1, std::memory_order_release);
        ticket = team_.next_.load(std::memory_order_relaxed);
      }
    }

    // Until every phase so far is done.
    void finish() {
      if (team_.parts_ > 1) wait_for(team_.parts_ * phase_);
    }

   private:
    void wait_for(int64_t parts) {
      for (int spins = 0; team_.done_.load(std::memory_order_acquire) < parts; ++spins)
        if (spins > patience) std::this_thread::yield();
    }

    ThreadTeam& team_;
    const int who_;
    int64_t phase_ = 0;
  };

 private:
  static constexpr int patience = 4000;

  const int parts_;
  alignas(64) std::atomic<int64_t> next_{0};
  alignas(64) std::atomic<int64_t> done_{0};
};

// How many blocks of rows one direction's walk is dealt into, and how many threads share each block.
struct Partition {
  int blocks, team;
};

// Rows first: they need no meeting. Where fewer than `rows_each` would be left to a thread, threads share blocks of so
// many, unless a thread's part of a step is over sooner than they can meet. What is too little to share and fits one
// tile stays together: side by side its rows fetch a panel once.
inline Partition partition(const Shape& shape, const RowIndex& lines, bool plain) {
  constexpr int64_t rows_each = 4, worth_meeting = 20000;  // multiply-adds
  const int64_t B = lines.B, tokens = std::accumulate(lines.lengths, lines.lengths + B, int64_t{0});
  if (B <= tile_rows && weight_count(shape) * static_cast<double>(tokens) < worth_sharing) return {1, 1};
  const int64_t D = shape.D, want = (threads() + D - 1) / D, blocks = B < want ? (B > 1 ? B : 1) : want;
  if (plain && B && B < rows_each * want) {
    const int64_t fewer = B > rows_each ? B / rows_each : 1;
    const int64_t step = (B + fewer - 1) / fewer * traits(shape.cell).gates * shape.H * shape.P;
    const int64_t most = step / worth_meeting, team = want / fewer < most ? want / fewer : most;
    if (fewer * team > blocks || (fewer * team == blocks && team > 1 && B % blocks))
      return {static_cast<int>(fewer), static_cast<int>(team)};
  }
  return {static_cast<int>(blocks), 1};
}

// The part-th of `parts` pieces of [0, count), as even as they come.
struct Range {
  const int64_t begin, end;
  Range(int64_t count, int part, int parts) : begin(count * part / parts), end(count * (part + 1) / parts) {}
};

}  // namespace
}  // namespace anaphora
