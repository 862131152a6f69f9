// One backward call: its scratch, its weights packed for the way back, its chunks of time, last chunk first:
//
//   every block of rows walks the chunk back (backward_walk.hpp)   |   then every part of the weights takes its
//   gradient from it (weight_gradients.hpp)
#pragma once
#include <deque>

#include "engine/backward_walk.hpp"
#include "engine/pack.hpp"
#include "engine/partition.hpp"
#include "engine/weight_gradients.hpp"

namespace anaphora {
namespace {

template <class Cell>
class BackwardPass {
 public:
  explicit BackwardPass(const Backward& call)
      : call_(call),
        shape_(call.shape),
        partition_(partition<Cell>(shape_, call.index, units_may_be_split<Cell>(call) && !(call.clip > 0.0f))),
        blocks_(call.index, partition_.blocks),
        work_(weight_count<Cell>(shape_) * static_cast<double>(blocks_.tokens())),
        line_floats_(line_floats(shape_, Stages{})),
        chunk_lines_(longest_chunk()),
        walks_again_(call.segment && saved_slots<Cell>(call.noise)),
        weight_sums_(call),
        packed_(shape_.D * cell_back_size(shape_, Stages{})),
        forward_packed_(walks_again_ ? shape_.D * packed_floats<Cell>(shape_) : 0),
        sums_(shape_.D * chunk_lines_ * line_floats_),
        scratch_(multiplies_scratch<Cell> ? shape_.D * chunk_lines_ * shape_.H : 0),
        masked_(call.noise.mask ? shape_.D * chunk_lines_ * shape_.P : 0),
        factors_(shape_.D * chunk_lines_ * 2),
        own_dh_(call.dh0 ? 0 : states(shape_.P)),
        own_dc_(call.dc0 ? 0 : states(Cell::memories * shape_.H)),
        other_dx_(call.dx && shape_.D == 2 ? call.N * shape_.I : 0) {}

  void run() {
    begin(dh(), call_.dh_n, states(shape_.P));
    begin(dc(), call_.dc_n, states(Cell::memories * shape_.H));
    const int directions = static_cast<int>(shape_.D), count = directions * blocks_.blocks();
    for (int d = 0; d < directions; ++d) pack(d);
    std::deque<BackwardWalk<Cell>> walks;
    for (int walk = 0; walk < count; ++walk)
      walks.emplace_back(call_, WalkPart{blocks_, walk % directions, walk / directions}, buffers(walk % directions));
    bool first = true;
    for (int64_t last = blocks_.steps(); last > 0 || first; first = false) {
      const int64_t from = chunk_start(last);
      std::deque<ThreadTeam> teams;
      for (int walk = 0; walk < count; ++walk) teams.emplace_back(partition_.team);
      parallel_for(count * partition_.team, work_, [&](int task) {
        const size_t walk = static_cast<size_t>(task % count);
        walks[walk].run(chunk(task % count % directions, from, last), teams[walk]);
      });
      if (weight_sums_.wanted()) take_weights(from, last, first);
      last = from;
    }
    if (call_.dx && directions == 2) add_directions();
  }

 private:
  using Stages = typename Cell::Stages;
  static constexpr int64_t chunk_floats = int64_t{1} << 20;  // of sums kept at a time

  int64_t states(int64_t width) const { return shape_.D * call_.index.B * width; }
  float* dh() const { return call_.dh0 ? call_.dh0 : own_dh_.data(); }
  float* dc() const { return call_.dc0 ? call_.dc0 : own_dc_.data(); }

  static void begin(float* to, const float* from, int64_t count) {
    const size_t bytes = sizeof(float) * static_cast<size_t>(count);
    if (bytes == 0) return;
    if (from)
      std::memcpy(to, from, bytes);
    else
      std::memset(to, 0, bytes);
  }

  int64_t lines_between(int64_t from, int64_t to) const {
    return blocks_.before[static_cast<size_t>(to)] - blocks_.before[static_cast<size_t>(from)];
  }
  int64_t chunk_start(int64_t last) const {
    int64_t from = last > 0 ? last - 1 : 0;
    while (from > 0 && lines_between(from - 1, last) * line_floats_ <= chunk_floats) --from;
    return from;
  }
  int64_t longest_chunk() const {
    int64_t longest = 0;
    for (int64_t last = blocks_.steps(); last > 0; last = chunk_start(last)) {
      const int64_t lines = lines_between(chunk_start(last), last);
      if (lines > longest) longest = lines;
    }
    return longest;
  }

  void pack(int d) {
    const Weights& weights = call_.weights[d];
    pack_back_stages<Cell>(shape_, weights, packed_.data() + d * cell_back_size(shape_, Stages{}), Stages{});
    if (walks_again_) pack_cell<Cell>(shape_, weights, forward_packed_.data() + d * packed_floats<Cell>(shape_));
  }
  BackwardBuffers buffers(int d) const {
    BackwardBuffers b;
    b.packed = packed_.data() + d * cell_back_size(shape_, Stages{});
    b.forward_packed = walks_again_ ? forward_packed_.data() + d * packed_floats<Cell>(shape_) : nullptr;
    b.dh = dh();
    b.dc = dc();
    b.dx = d ? other_dx_.data() : call_.dx;
    return b;
  }
  Chunk chunk(int d, int64_t from, int64_t last) const {
    Chunk c;
    c.first = from;
    c.last = last;
    c.lines = lines_between(from, last);
    c.sums = sums_.data() + d * chunk_lines_ * line_floats_;
    c.scratch = scratch_.data() + (multiplies_scratch<Cell> ? d * chunk_lines_ * shape_.H : 0);
    c.masked = masked_.data() + (call_.noise.mask ? d * chunk_lines_ * shape_.P : 0);
    c.input = factors_.data() + 2 * d * chunk_lines_;
    c.state = c.input + chunk_lines_;
    return c;
  }

  void take_weights(int64_t from, int64_t last, bool first) {
    const int directions = static_cast<int>(shape_.D), parts = threads();
    parallel_for(directions * parts, work_, [&](int task) {
      const int d = task % directions;
      weight_sums_.take(chunk(d, from, last), d, {task / directions, parts, first});
    });
  }

  void add_directions() const {
    const RowIndex& index = call_.index;
    const int tasks = threads();
    parallel_for(tasks, work_, [&](int task) {
      const Range rows(index.B, task, tasks);
      for (int64_t b = rows.begin; b < rows.end; ++b)
        for (int64_t t = 0; t < index.lengths[b]; ++t) {
          const int64_t at = (index.time_offset[t] + index.row_offset[b]) * shape_.I;
          add_onto(call_.dx + at, other_dx_.data() + at, shape_.I);
        }
    });
  }

  const Backward& call_;
  const Shape& shape_;
  const Partition partition_;
  const RowBlocks blocks_;
  const double work_;
  const int64_t line_floats_, chunk_lines_;
  const bool walks_again_;
  const WeightSums<Cell> weight_sums_;
  const Buffer<float> packed_, forward_packed_, sums_, scratch_, masked_;
  const Buffer<const float*> factors_;
  const Buffer<float> own_dh_, own_dc_, other_dx_;
};

}  // namespace
}  // namespace anaphora
