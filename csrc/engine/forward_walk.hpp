// The one walk through time, forward. It runs stages and knows no cell.
//
//   for each step s:  for each stage:  for each panel of units:  for each tile of active rows:
//       pre = bias + x_t W + h_{t-1} U   in registers, then Stage::finish on them
//
// One thread walks a block's rows, with no barrier in time, or a team that splits the units (thread_team.hpp). h_{t-1}
// is read from y, where the step before wrote it. A panel of weights is fetched once for all of a block's rows.
#pragma once
#include "engine/block_rows.hpp"
#include "engine/input_sums.hpp"
#include "engine/noise.hpp"
#include "engine/thread_team.hpp"
#include "engine/tile.hpp"

namespace anaphora {
namespace {

template <class Cell>
class ForwardWalk : public BlockRows<Cell> {
 public:
  // `y` is read only: the states before each step stand in it. `members` is how many threads may walk.
  ForwardWalk(const Call& call, const WalkPart& part, const float* packed, const float* y, int members)
      : BlockRows<Cell>(call, part),
        packed_(packed),
        y_(y),
        vectors_(call.shape, packed),
        input_sums_(*this, call, packed),
        scratch_(count_ * Cell::scratch * shape_.H),
        masked_(call.noise.mask ? count_ * shape_.P : 0),
        c_before_(call.noise.keep_c ? count_ * this->memory_width() : 0),
        views_(count_ * members) {}

  // Steps [from, to) of every row, the results to `output` (walk_output.hpp).
  template <class Output>
  void run(int64_t from, int64_t to, const Output& output, ThreadTeam::Member& member) {
    if (output.saves_gates())
      walk<true>(from, to, output, member);
    else
      walk<false>(from, to, output, member);
  }

 private:
  using Base = BlockRows<Cell>;
  using Base::call_;
  using Base::count_;
  using Base::shape_;
  using Stages = typename Cell::Stages;

  template <bool Save, class Output>
  void walk(int64_t from, int64_t to, const Output& output, ThreadTeam::Member& member) {
    int64_t active = count_;
    const Noise& noise = call_.noise;
    const bool few = count_ <= InputSums<Cell>::few_rows && to - from > 1;
    ForwardRow* rows = views_.data() + member.who() * count_;
    for (int64_t s = from; s < to; ++s) {
      while (active && this->length(active - 1) <= s) --active;
      if (few) input_sums_.prepare(s, from, to, member);
      for (int64_t i = 0; i < active; ++i) {
        output.enter(i, s);
        rows[i] = at<Save>(i, s, output);
        if (few) rows[i].partial = input_sums_.of(i, s - from);
        if (noise.mask) mask(rows[i], i);
        if (noise.keep_c) this->copy(c_before_.data() + i * this->memory_width(), rows[i].c, this->memory_width());
      }
      run_stages<Save>(rows, active, s % 2, member, Stages{});
      if (noise.keep_h || noise.keep_c)
        for (int64_t i = 0; i < active; ++i) zone_out<Save>(rows[i], i, this->line(this->row(i), s));
    }
  }

  template <bool Save, class Output>
  ForwardRow at(int64_t i, int64_t s, const Output& output) const {
    const int64_t row = this->row(i), line = this->line(row, s);
    ForwardRow r;
    r.h = this->h_before(y_, row, s);
    r.factor[static_cast<int>(Factor::input)] = call_.x + line * shape_.I;
    r.factor[static_cast<int>(Factor::state)] = r.h;
    r.factor[static_cast<int>(Factor::scratch)] = r.scratch = scratch_.data() + i * Cell::scratch * shape_.H;
    r.c = output.memory(i);
    r.y = output.y(i, line);
    r.saved = Save ? output.saved(i, s, line) : nullptr;
    r.raw = Save ? r.saved + Cell::saved_raw * shape_.H : r.scratch;
    r.partial = nullptr;
    r.b_ih = vectors_.b_ih;
    r.b_hh = vectors_.b_hh;
    r.own = vectors_.own;
    return r;
  }

  void mask(ForwardRow& r, int64_t i) const {
    float* masked = masked_.data() + i * shape_.P;
    multiply_mask(masked, this->mask_of(this->row(i)), r.h, shape_.P);
    r.factor[static_cast<int>(Factor::state)] = masked;
  }

  template <bool Save>
  void zone_out(const ForwardRow& r, int64_t i, int64_t line) const {
    const int64_t width = this->memory_width();
    if (Save && Cell::reads_output && call_.noise.keep_h) this->copy(r.saved, r.y, shape_.P);
    if (call_.noise.keep_h) blend(r.y, r.h, this->keep_h_of(line), shape_.P);
    if (!Cell::memories) return;
    if (call_.noise.keep_c) blend(r.c, c_before_.data() + i * width, this->keep_c_of(line), width);
    if (Save) this->copy(r.saved + Cell::saved_slots * shape_.H, r.c, width);
  }

  template <bool Save, class... S>
  void run_stages(ForwardRow* rows, int64_t active, bool from_the_end, ThreadTeam::Member& member, List<S...>) const {
    const float* packed = packed_;
    const auto stage = [&](auto of) {
      using Stage = decltype(of);
      if constexpr (Stage::by_row) {
        for (int64_t i = 0; i < active; ++i) Stage::template finish_row<Save>(rows[i], Stage::units(this->shape_));
      } else {
        member.phase(
            [&](int part, int parts) { run_panels<Stage, Save>(rows, active, from_the_end, part, parts, packed); });
        packed += stage_size<Stage>(this->shape_);
        for (int64_t i = 0; i < active; ++i) rows[i].partial = nullptr;
      }
    };
    (stage(S{}), ...);
  }

  // Every other step takes the panels in reverse order: the caches still hold the panels that the step before took
  // last.
  template <class Stage, bool Save>
  void run_panels(const ForwardRow* rows, int64_t active, bool from_the_end, int part, int parts,
                  const float* packed) const {
    const Panels panels = PackedLayout<Stage>{shape_}.panels();
    const Range range(panels.count(), part, parts);
    for (int64_t i = range.begin; i < range.end; ++i) {
      const int64_t p = from_the_end ? range.begin + range.end - 1 - i : i;
      with_count<PackedLayout<Stage>::width>(panels.at(p).vectors, [&](auto W) {
        for_tiles(active, [&](int64_t first, int n) {
          with_count<tile_rows>(n, [&](auto R) {
            tile<Stage, Save, decltype(R)::value, decltype(W)::value>(rows + first, this->shape_, p, packed);
          });
        });
      });
    }
  }

  const float *packed_, *y_;
  const Vectors<Cell> vectors_;
  InputSums<Cell> input_sums_;
  Buffer<float> scratch_, masked_, c_before_;
  Buffer<ForwardRow> views_;
};

}  // namespace
}  // namespace anaphora
