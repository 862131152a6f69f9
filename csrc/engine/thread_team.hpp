// Several threads at one walk: where there are fewer rows than threads can share out, they split the units instead.
//
// A walk is a sequence of phases (one stage of one step, say), each cut into parts. Whoever is there takes the next
// part; a phase begins when every part of the one before is done. So a thread that comes late or not at all only leaves
// more parts to the others, and never can two wait for each other. Which thread takes a part changes no bit.
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>

#include "engine/range.hpp"

namespace anaphora {
namespace {

class ThreadTeam {
 public:
  explicit ThreadTeam(int parts) : parts_(parts) {}

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

}  // namespace
}  // namespace anaphora
