// The same walk backwards: backpropagation through time.             Werbos 1990, Proceedings of the IEEE 78
//
//   for each step s, last first:  for each stage, last first:
//       d_pre = Stage::back(dh, dc)          dh_{t-1} = [what passes] + d_pre U^T      d_scratch = d_pre (its matrix)^T
//   then, for all steps of the chunk:  dx = d_pre W^T
//
// With a segment, the gates were not kept: before the walk back through a segment, it is walked forward again. After
// each chunk (chunk.hpp) the weights' gradients take its lines (weight_gradients.hpp).
#pragma once
#include <optional>

#include "engine/chunk.hpp"
#include "engine/forward_walk.hpp"
#include "engine/input_gradients.hpp"
#include "engine/tile_back.hpp"
#include "engine/walk_output.hpp"

namespace anaphora {
namespace {

// Memory of a backward call that its walks work on.
struct BackwardBuffers {
  const float* packed;          // this direction's weights for the products back
  const float* forward_packed;  // and for walking segments again; null where forward kept all gates
  float *dh, *dc;               // (D, B, P), (D, B, M*H): gradients of the states, as they stand
  float* dx;                    // (N, I) of this direction, or null
};

template <class Cell>
class BackwardWalk : public BlockRows<Cell> {
 public:
  BackwardWalk(const Backward& call, const WalkPart& part, const BackwardBuffers& buffers)
      : BlockRows<Cell>(call, part),
        backward_(call),
        buffers_(buffers),
        d_scratch_(multiplies_scratch<Cell> ? count_ * shape_.H : 0),
        d_state_(call.noise.mask ? count_ * shape_.P : 0),
        passes_h_(call.noise.keep_h ? count_ * shape_.P : 0),
        passes_c_(call.noise.keep_c ? count_ * this->memory_width() : 0) {
    if (!buffers.forward_packed) return;
    again_.emplace(call, part, buffers.forward_packed, call.y, 1);
    segment_.emplace(*this, shape_, call.segment < this->blocks_.steps() ? call.segment : this->blocks_.steps());
  }

  // One member's share of a chunk.
  void run(const Chunk& chunk, ThreadTeam& team) {
    ThreadTeam::Member member(team, 0);
    if (segment_)
      walk_segments(chunk, member);
    else
      walk(chunk.first, chunk.last, chunk, member);
    if (buffers_.dx)
      member.phase([&](int part, int parts) {
        const Range steps(chunk.last - chunk.first, part, parts);
        input_gradients<Cell>(*this, chunk, steps, shape_, buffers_.packed, buffers_.dx, Stages{});
      });
    member.finish();
  }

 private:
  using Base = BlockRows<Cell>;
  using Base::count_;
  using Base::shape_;
  using Stages = typename Cell::Stages;

  // A member's own view of the rows at one step.
  struct View {
    View(int64_t count, const Chunk& of) : rows(count), from(count), to(count), chunk(of) {}
    int64_t s = 0, active = 0;
    const Buffer<BackwardRow> rows;
    const Buffer<const float*> from;
    const Buffer<float*> to;
    const Chunk& chunk;
  };

  void walk_segments(const Chunk& chunk, ThreadTeam::Member& member) {
    const int64_t k = backward_.segment;
    for (int64_t last = chunk.last; last > chunk.first;) {
      const int64_t begin = (last - 1) / k * k, first = begin > chunk.first ? begin : chunk.first;
      segment_->begin(begin, backward_.saved);
      again_->run(begin, last, *segment_, member);
      walk(first, last, chunk, member);
      last = first;
    }
  }

  void walk(int64_t first, int64_t last, const Chunk& chunk, ThreadTeam::Member& member) {
    View view(count_, chunk);
    for (view.s = last - 1; view.s >= first; --view.s) {
      while (count_ > view.active && this->length(view.active) > view.s) ++view.active;
      for (int64_t i = 0; i < view.active; ++i) view.rows.data()[i] = at(i, view.s, chunk);
      run_stages(view, member, Stages{});
      for (int64_t i = 0; i < view.active; ++i) let_pass(view.rows.data()[i], i);
    }
  }

  const float* saved(int64_t i, int64_t s) const {
    if (segment_) return segment_->saved(i, s, 0);
    return this->saved_of_line(backward_.saved, this->line(this->row(i), s));
  }
  const float* c_before(int64_t i, int64_t s) const {
    if (s == 0) return this->first_memory(this->row(i));
    if (segment_ && s == segment_->from()) return this->saved_of_segment(backward_.saved, this->row(i), s);
    const int64_t slot = this->slots_ > Cell::saved_slots ? Cell::saved_slots : Cell::gates;
    return saved(i, s - 1) + slot * shape_.H;
  }

  BackwardRow at(int64_t i, int64_t s, const Chunk& chunk) const {
    const int64_t row = this->row(i), place = this->place(i, chunk.first, s);
    BackwardRow r;
    r.saved = this->slots_ ? saved(i, s) : nullptr;
    r.y = Cell::reads_output && this->slots_ ? r.saved : this->of_line(backward_.y, this->line(row, s), shape_.P);
    r.h = r.state = this->h_before(backward_.y, row, s);
    r.c_before = Cell::memories ? c_before(i, s) : nullptr;
    r.own = backward_.weights[this->direction_].own;
    r.dh = r.d_state = this->of_row(buffers_.dh, row, shape_.P);
    r.dc = Cell::memories ? this->of_row(buffers_.dc, row, this->memory_width()) : nullptr;
    r.d_scratch = d_scratch_.data() + (multiplies_scratch<Cell> ? i * shape_.H : 0);
    r.scratch = multiplies_scratch<Cell> ? chunk.scratch + place * shape_.H : nullptr;
    r.sums = chunk.sums + place * line_floats(shape_, Stages{});
    return r;
  }

  // For a range of vectors of units: what reaches this step's state from its output, and what noise makes of it.
  void prepare(const View& view, int64_t i, const Range& range, int part) {
    const int64_t place = this->place(i, view.chunk.first, view.s);
    const int64_t line = this->line(this->row(i), view.s);
    BackwardRow& r = view.rows.data()[i];
    if (backward_.dy) {
      const float* dy = this->of_line(backward_.dy, line, shape_.P);
      each_of(range, shape_.P, [&](int64_t u, int n) { store(r.dh + u, add(load(r.dh + u, n), load(dy + u, n)), n); });
    }
    if (backward_.noise.mask) mask(r, i, view.chunk.masked + place * shape_.P);
    if (backward_.noise.keep_h) split(r.dh, passes_h_.data() + i * shape_.P, this->keep_h_of(line), shape_.P);
    if (backward_.noise.keep_c && Cell::memories)
      split(r.dc, passes_c_.data() + i * this->memory_width(), this->keep_c_of(line), this->memory_width());
    if (part) return;
    view.chunk.input[place] = backward_.x + line * shape_.I;
    view.chunk.state[place] = r.state;
  }

  // The products saw mask * h, and what they send back goes through the mask again.
  void mask(BackwardRow& r, int64_t i, float* masked) const {
    multiply_mask(masked, this->mask_of(this->row(i)), r.h, shape_.P);
    r.state = masked;
    r.d_state = d_state_.data() + i * shape_.P;
    each(shape_.P, [&](int64_t u, int n) { store(r.d_state + u, fill(0.0f), n); });
  }
  void let_pass(const BackwardRow& r, int64_t i) const {
    if (backward_.noise.mask) {
      const float* mask = this->mask_of(this->row(i));
      each(shape_.P, [&](int64_t u, int n) {
        const Vec arrives = mul(load(mask + u, n), load(r.d_state + u, n));
        store(r.dh + u, Cell::state_passes ? add(load(r.dh + u, n), arrives) : arrives, n);
      });
    }
    if (backward_.noise.keep_h) add_onto(r.dh, passes_h_.data() + i * shape_.P, shape_.P);
    if (backward_.noise.keep_c && Cell::memories)
      add_onto(r.dc, passes_c_.data() + i * this->memory_width(), this->memory_width());
  }

  void run_stages(View&, ThreadTeam::Member&, List<>, int64_t = 0, int64_t = 0) {}

  // Later stages first: the rest of the list, then this one. `sum` and `weight` are where this stage's part of a line
  // and its weights begin.
  template <class Stage, class... Rest>
  void run_stages(View& view, ThreadTeam::Member& member, List<Stage, Rest...>, int64_t sum = 0, int64_t weight = 0) {
    const int64_t U = Stage::units(shape_);
    run_stages(view, member, List<Rest...>{}, sum + Stage::sums * U,
               weight + back_size<Stage>(shape_, typename Stage::Terms{}));
    member.phase([&](int part, int parts) {
      const Range range((U + lanes - 1) / lanes, part, parts);
      for (int64_t i = 0; i < view.active; ++i) {
        if constexpr (sizeof...(Rest) == 0) prepare(view, i, range, part);
        BackwardRow r = view.rows.data()[i];
        r.d_pre = r.sums + sum;
        if constexpr (Stage::by_row)
          Stage::back_row(r, U);
        else
          each_of(range, U, [&](int64_t u, int n) { Stage::back(r, UnitGroup{u, n, U}); });
        if (Stage::activated && backward_.clip > 0.0f)
          for (int slot = 0; slot < Stage::slots; ++slot) clip(r.d_pre + slot * U, range, U);
      }
    });
    for (int64_t i = 0; i < view.active; ++i) view.from.data()[i] = view.rows.data()[i].sums + sum;
    products<Stage>(view, member, buffers_.packed + weight, typename Stage::Terms{});
  }

  void clip(float* d, const Range& range, int64_t count) const {
    const Vec most = fill(backward_.clip), least = fill(-backward_.clip);
    each_of(range, count, [&](int64_t u, int n) { store(d + u, maximum(least, minimum(most, load(d + u, n))), n); });
  }

  template <class Stage, class... T>
  void products(View& view, ThreadTeam::Member& member, const float* packed, List<T...>) const {
    [[maybe_unused]] const auto term = [&](auto t) {
      using Of = decltype(t);
      if (Of::from != Factor::input) {
        const bool to_state = Of::from == Factor::state, onto = Cell::state_passes || backward_.noise.mask;
        for (int64_t i = 0; i < view.active; ++i)
          view.to.data()[i] = to_state ? view.rows.data()[i].d_state : view.rows.data()[i].d_scratch;
        member.phase([&](int part, int parts) {
          const RowsBack rows{view.active, view.from.data(), view.to.data(), to_state && onto};
          multiply_back<Stage, Of>(rows, this->shape_, packed, part, parts);
        });
      }
      packed += PackedBackLayout<Stage, Of>{this->shape_}.size();
    };
    (term(T{}), ...);
  }

  const Backward& backward_;
  const BackwardBuffers buffers_;
  Buffer<float> d_scratch_, d_state_, passes_h_, passes_c_;
  std::optional<ForwardWalk<Cell>> again_;
  std::optional<SegmentOutput<Cell>> segment_;
};

}  // namespace
}  // namespace anaphora
