// One forward call: a walk for each block of rows in each direction; and one step alone, over buffers that stay.
#pragma once
#include <deque>
#include <vector>

#include "engine/forward_walk.hpp"
#include "engine/partition.hpp"
#include "engine/walk_output.hpp"

namespace anaphora {
namespace {

// A member's share of all steps.
template <class Cell>
void run_whole(ForwardWalk<Cell>& walk, const Forward& call, ThreadTeam::Member& member) {
  const CallOutput<Cell> output(walk, call);
  output.begin(member);
  walk.run(0, walk.steps(), output, member);
  output.end(member);
  member.finish();
}

template <class Cell>
void run_forward(const Forward& call) {
  const int directions = static_cast<int>(call.shape.D);
  const Partition parts = partition<Cell>(call.shape, call.index, units_may_be_split<Cell>(call));
  const RowBlocks blocks(call.index, parts.blocks);
  const int count = directions * blocks.blocks();
  std::deque<ForwardWalk<Cell>> walks;
  std::deque<ThreadTeam> teams;
  for (int walk = 0; walk < count; ++walk) {
    const int d = walk % directions;
    walks.emplace_back(call, WalkPart{blocks, d, walk / directions}, call.packed[d], call.y, parts.team);
    teams.emplace_back(parts.team);
  }
  const double work = weight_count<Cell>(call.shape) * static_cast<double>(blocks.tokens());
  parallel_for(count * parts.team, work, [&](int task) {
    ForwardWalk<Cell>& walk = walks[static_cast<size_t>(task % count)];
    ThreadTeam::Member member(teams[static_cast<size_t>(task % count)], task / count);
    run_whole(walk, call, member);
  });
}

// One step of one layer over bound buffers, made once and run often: nothing is allocated in run().
template <class Cell>
class OneStep : public Step {
 public:
  explicit OneStep(const StepBuffers& of)
      : zero_(static_cast<size_t>(of.B), 0), one_(static_cast<size_t>(of.B), 1), row_(static_cast<size_t>(of.B)) {
    for (size_t b = 0; b < row_.size(); ++b) row_[b] = static_cast<int64_t>(b);
    call_.shape = of.shape;
    call_.index = {1, of.B, zero_.data(), row_.data(), one_.data()};
    call_.packed[0] = of.packed;
    call_.x = of.x;
    call_.h0 = call_.h_n = of.h;
    call_.c0 = call_.c_n = of.c;
    call_.y = of.y;
    call_.N = of.B;
    call_.noise = of.noise;
    blocks_ = std::make_unique<RowBlocks>(call_.index, 1);
    walk_ = std::make_unique<ForwardWalk<Cell>>(call_, WalkPart{*blocks_, 0, 0}, of.packed, of.y, 1);
  }
  void run() override {
    const FlushDenormals flush;
    ThreadTeam alone(1);
    ThreadTeam::Member member(alone, 0);
    run_whole(*walk_, call_, member);
  }

 private:
  std::vector<int64_t> zero_, one_, row_;
  Forward call_{};
  std::unique_ptr<RowBlocks> blocks_;
  std::unique_ptr<ForwardWalk<Cell>> walk_;
};

}  // namespace
}  // namespace anaphora
