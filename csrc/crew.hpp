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

#include "kernels.h"
#include "pool.hpp"
#include "share.hpp"

namespace anaphora {
namespace {

class Crew {
 public:
  explicit Crew(int parts) : parts_(parts) {}
  int parts() const { return parts_; }

  // One thread's way through the phases: every member calls phase() for the same phases in the same order.
  class Member {
   public:
    Member(Crew& crew, int who) : crew_(crew), who_(who) {}
    int who() const { return who_; }

    template <class F>
    ANAPHORA_INLINE void phase(F&& f) {
      if (crew_.parts_ == 1) return f(0, 1);
      const int64_t first = crew_.parts_ * phase_++, end = first + crew_.parts_;
      for (int64_t ticket = crew_.next_.load(std::memory_order_relaxed); ticket < end;) {
        if (!crew_.next_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_relaxed)) continue;
        wait_for(first);
        f(static_cast<int>(ticket - first), crew_.parts_);
        crew_.done_.fetch_add(1, std::memory_order_release);
        ticket = crew_.next_.load(std::memory_order_relaxed);
      }
    }

    // Until every phase so far is done.
    void finish() {
      if (crew_.parts_ > 1) wait_for(crew_.parts_ * phase_);
    }

   private:
    void wait_for(int64_t parts) {
      for (int spins = 0; crew_.done_.load(std::memory_order_acquire) < parts; ++spins)
        if (spins > patience) std::this_thread::yield();
    }

    Crew& crew_;
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
struct Deal {
  int blocks, crew;
};

// Rows first: they need no meeting. Where fewer than `rows_each` would be left to a thread, threads share blocks of so
// many, unless a thread's part of a step is over sooner than they can meet. What is too little to share and fits one
// tile stays together: side by side its rows fetch a panel once.
inline Deal deal(const Shape& shape, const Lines& lines, bool plain) {
  constexpr int64_t rows_each = 4, worth_meeting = 20000;  // multiply-adds
  const int64_t B = lines.B, tokens = std::accumulate(lines.lengths, lines.lengths + B, int64_t{0});
  if (B <= tile_rows && weight_count(shape) * static_cast<double>(tokens) < worth_sharing) return {1, 1};
  const int64_t D = shape.D, want = (threads() + D - 1) / D, blocks = B < want ? (B > 1 ? B : 1) : want;
  if (plain && B && B < rows_each * want) {
    const int64_t fewer = B > rows_each ? B / rows_each : 1;
    const int64_t step = (B + fewer - 1) / fewer * traits(shape.cell).gates * shape.H * shape.P;
    const int64_t most = step / worth_meeting, crew = want / fewer < most ? want / fewer : most;
    if (fewer * crew > blocks || (fewer * crew == blocks && crew > 1 && B % blocks))
      return {static_cast<int>(fewer), static_cast<int>(crew)};
  }
  return {static_cast<int>(blocks), 1};
}

// The part-th of `parts` pieces of [0, count), as even as they come.
struct Piece {
  const int64_t begin, end;
  Piece(int64_t count, int part, int parts) : begin(count * part / parts), end(count * (part + 1) / parts) {}
};

}  // namespace
}  // namespace anaphora
