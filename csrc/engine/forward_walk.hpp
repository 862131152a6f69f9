// The one walk through time, forward. It runs stages and knows no cell.
//
//   for each step s:  for each stage:  for each panel of units:  for each tile of active rows:
//       pre = bias + x_t W + h_{t-1} U   in registers, then Stage::finish on them
//
// A block's rows are one thread's, with no barrier in time, or a team's that splits the units (thread_team.hpp).
// h_{t-1} is read from y, where the step before wrote it. A panel of weights is fetched once for all of a block's rows.
// Few rows would leave the tile empty: for them bias + x_t W is formed ahead for many steps at once, as rows of a tile;
// the order of each sum, and so its bits, stay.
#pragma once
#include "engine/thread_team.hpp"
#include "engine/tile.hpp"

namespace anaphora {
namespace {

template <class Cell>
class ForwardWalk {
 public:
  ForwardWalk(const Forward& call, const RowBlocks& plan, int direction, int block, int members)
      : call_(call),
        shape_(call.shape),
        lines_(call.lines),
        plan_(plan),
        vectors_(call.shape, call.packed[direction]),
        direction_(direction),
        rows_(plan.rows.data() + plan.block_start[static_cast<size_t>(block)]),
        count_(plan.block_start[static_cast<size_t>(block) + 1] - plan.block_start[static_cast<size_t>(block)]),
        slots_(saved_slots(shape_.cell, call.noise)),
        zeros_(floats(shape_.P > shape_.H ? shape_.P : shape_.H)),
        scratch_(floats(count_ * Cell::scratch * shape_.H)),
        masked_(floats(call.noise.mask ? count_ * shape_.P : 0)),
        c_before_(floats(call.noise.keep_c ? count_ * shape_.H : 0)),
        partial_(floats(count_ <= few_rows ? ahead_steps * count_ * padded_slots(typename Cell::Stages{}) : 0)),
        views_(floats(floats_per_row * count_ * members)) {
    for (int64_t i = 0; i < (shape_.P > shape_.H ? shape_.P : shape_.H); ++i) zeros_.data()[i] = 0.0f;
  }

  // The who-th member's share of the walk. In a single step h_n may be h0, and c_n c0: they are replaced in place.
  void run(ThreadTeam& team, int who) {
    ThreadTeam::Member member(team, who);
    if (Cell::memory && call_.c_n != call_.c0)
      member.phase([&](int part, int parts) {
        const Range range(count_, part, parts);
        for (int64_t i = range.begin; i < range.end; ++i)
          copy(memory(i), call_.c0 ? call_.c0 + at_row(i) : zeros_.data(), shape_.H);
      });
    const int64_t steps = count_ ? length(0) : 0;
    if (call_.saved && !call_.segment)
      walk<true>(0, steps, member);
    else
      walk<false>(0, steps, member);
    member.phase([&](int part, int parts) {
      const Range range(count_, part, parts);
      for (int64_t i = range.begin; i < range.end; ++i)
        copy(call_.h_n + (direction_ * lines_.B + row(i)) * shape_.P, h_before(row(i), length(i)), shape_.P);
    });
    member.finish();
  }

  // Steps [from, to) once more for backward, from the memory that was saved before `from`. The gates go to `gates`,
  // step after step, row after row; y, which is there already, goes nowhere.
  void again(int64_t from, int64_t to, float* gates) {
    Scratch memory(floats(Cell::memory ? count_ * shape_.H : 0)), nowhere(floats(count_ * shape_.P));
    again_ = {from, gates, memory.data(), nowhere.data()};
    if (Cell::memory)
      for (int64_t i = 0; i < count_ && length(i) > from; ++i)
        copy(again_.memory + i * shape_.H, kept(i, from), shape_.H);
    ThreadTeam alone(1);
    ThreadTeam::Member member(alone, 0);
    walk<true>(from, to, member);
  }

  // Whether a team can walk it: what reaches beyond a unit on its own is one thread's.
  static bool plain(const Noise& noise, int64_t segment) {
    return Cell::plain && !noise.mask && !noise.keep_h && !noise.keep_c && !segment;
  }

 private:
  static constexpr int64_t ahead_steps = 24, few_rows = 3, floats_per_row = sizeof(ForwardRow) / sizeof(float);

  struct Again {
    int64_t from = 0;
    float *gates = nullptr, *memory = nullptr, *nowhere = nullptr;
  };

  static size_t floats(int64_t n) { return static_cast<size_t>(n); }
  static void copy(float* to, const float* from, int64_t n) { std::memcpy(to, from, sizeof(float) * floats(n)); }

  int64_t row(int64_t i) const { return plan_.order[floats(rows_[i])]; }
  int64_t length(int64_t i) const { return lines_.lengths[row(i)]; }
  int64_t at_row(int64_t i) const { return (direction_ * lines_.B + row(i)) * shape_.H; }
  int64_t line(int64_t b, int64_t s) const {
    const int64_t t = direction_ ? lines_.lengths[b] - 1 - s : s;
    return lines_.time_offset[t] + lines_.row_offset[b];
  }
  float* y(int64_t b, int64_t s) const { return call_.y + (line(b, s) * shape_.D + direction_) * shape_.P; }
  const float* h_before(int64_t b, int64_t s) const {
    if (s) return y(b, s - 1);
    return call_.h0 ? call_.h0 + (direction_ * lines_.B + b) * shape_.P : zeros_.data();
  }
  float* memory(int64_t i) const {
    return !Cell::memory ? nullptr : again_.gates ? again_.memory + i * shape_.H : call_.c_n + at_row(i);
  }
  // Where the memory before step s, a multiple of the segment, is saved.
  float* kept(int64_t i, int64_t s) const {
    const int64_t segments = (lines_.T + call_.segment - 1) / call_.segment;
    return call_.saved + ((direction_ * segments + s / call_.segment) * lines_.B + row(i)) * shape_.H;
  }

  template <bool Save>
  void walk(int64_t from, int64_t to, ThreadTeam::Member& member) {
    int64_t active = count_;
    const bool few = count_ <= few_rows && to - from > 1;
    const bool keeps = Cell::memory && call_.saved && call_.segment && !again_.gates;
    const int64_t padded = padded_slots(typename Cell::Stages{});
    ForwardRow* rows = reinterpret_cast<ForwardRow*>(views_.data()) + member.who() * count_;
    for (int64_t s = from; s < to; ++s) {
      while (active && length(active - 1) <= s) --active;
      if (few && (s - from) % ahead_steps == 0) form_ahead(s, to, padded, member, typename Cell::Stages{});
      for (int64_t i = 0; i < active; ++i) {
        rows[i] = at(i, s);
        if (few) rows[i].partial = partial_.data() + (i * ahead_steps + (s - from) % ahead_steps) * padded;
        if (keeps && s % call_.segment == 0) copy(kept(i, s), rows[i].c, shape_.H);
        if (call_.noise.mask) mask(rows[i], i);
        if (call_.noise.keep_c) copy(c_before_.data() + i * shape_.H, rows[i].c, shape_.H);
      }
      run_stages<Save>(rows, active, s % 2, member, typename Cell::Stages{});
      if (call_.noise.keep_h || call_.noise.keep_c)
        for (int64_t i = 0; i < active; ++i) zone_out<Save>(rows[i], i, line(row(i), s));
    }
  }

  ForwardRow at(int64_t i, int64_t s) const {
    const int64_t b = row(i), l = line(b, s);
    ForwardRow r;
    r.h = h_before(b, s);
    r.source[static_cast<int>(Factor::input)] = call_.x + l * shape_.I;
    r.source[static_cast<int>(Factor::state)] = r.h;
    r.source[static_cast<int>(Factor::scratch)] = r.scratch = scratch_.data() + i * Cell::scratch * shape_.H;
    r.c = memory(i);
    r.y = again_.gates ? again_.nowhere + i * shape_.P : y(b, s);
    r.saved = again_.gates                    ? again_.gates + ((s - again_.from) * count_ + i) * slots_ * shape_.H
              : call_.saved && !call_.segment ? call_.saved + (direction_ * call_.N + l) * slots_ * shape_.H
                                              : nullptr;
    r.raw = r.saved ? r.saved + Cell::raw_slot * shape_.H : r.scratch;
    r.partial = nullptr;
    r.b_ih = vectors_.b_ih;
    r.b_hh = vectors_.b_hh;
    r.own = vectors_.own;
    return r;
  }

  void mask(ForwardRow& r, int64_t i) const {
    const float* by = call_.noise.mask + (direction_ * lines_.B + row(i)) * shape_.P;
    float* masked = masked_.data() + i * shape_.P;
    for (int64_t u = 0; u < shape_.P; u += lanes) {
      const int n = lanes_from(u, shape_.P);
      store(masked + u, mul(load(by + u, n), load(r.h + u, n)), n);
    }
    r.source[static_cast<int>(Factor::state)] = masked;
  }

  template <bool Save>
  void zone_out(const ForwardRow& r, int64_t i, int64_t l) const {
    const Noise& noise = call_.noise;
    if (Save && Cell::reads_output && noise.keep_h) copy(r.saved, r.y, shape_.P);
    if (noise.keep_h) blend(r.y, r.h, noise.keep_h + (l * noise.step_h * shape_.D + direction_) * shape_.P, shape_.P);
    if (!Cell::memory) return;
    if (noise.keep_c)
      blend(r.c, c_before_.data() + i * shape_.H, noise.keep_c + (l * noise.step_c * shape_.D + direction_) * shape_.H,
            shape_.H);
    if (Save) copy(r.saved + Cell::saved_slots * shape_.H, r.c, shape_.H);
  }

  // to = keep * before + (1 - keep) * to: exactly one of the two where keep is 0 or 1.
  static void blend(float* to, const float* before, const float* keep, int64_t count) {
    for (int64_t u = 0; u < count; u += lanes) {
      const int n = lanes_from(u, count);
      const Vec k = load(keep + u, n);
      store(to + u, fma(k, load(before + u, n), mul(sub(fill(1.0f), k), load(to + u, n))), n);
    }
  }

  template <class First, class... Rest>
  int64_t padded_slots(List<First, Rest...>) const {
    return PackedLayout<First>{shape_}.panels().vectors() * First::slots * lanes;
  }

  template <class First, class... Rest>
  void form_ahead(int64_t from, int64_t to, int64_t padded, ThreadTeam::Member& member, List<First, Rest...>) {
    member.phase([&](int part, int parts) {
      const PackedLayout<First> layout{shape_};
      const Range panels(layout.panels().count(), part, parts);
      for (int64_t i = 0; i < count_; ++i) {
        const int64_t end = length(i) < to ? length(i) : to;
        const int64_t steps = end - from < ahead_steps ? end - from : ahead_steps;
        if (steps <= 0) continue;
        for (int64_t p = panels.begin; p < panels.end; ++p)
          for_tiles(steps, [&](int64_t first, int n) {
            ForwardRow rows[tile_rows];
            float* out[tile_rows];
            for (int r = 0; r < n; ++r) {
              rows[r].source[0] = call_.x + line(row(i), from + first + r) * shape_.I;
              out[r] = partial_.data() + (i * ahead_steps + first + r) * padded;
            }
            with_count<tile_rows>(n, [&](auto R) {
              with_count<PackedLayout<First>::width>(layout.panels().vectors_of(p), [&](auto W) {
                tile_ahead<First, decltype(R)::value, decltype(W)::value>(rows, out, shape_, p,
                                                                          call_.packed[direction_]);
              });
            });
          });
      }
    });
  }

  // Every other step takes the panels from the other end: those that the step before fetched last are still at hand.
  template <bool Save, class... S>
  void run_stages(ForwardRow* rows, int64_t active, bool from_the_end, ThreadTeam::Member& member, List<S...>) {
    const float* packed = call_.packed[direction_];
    const auto stage = [&](auto of) {
      using Stage = decltype(of);
      if constexpr (Stage::wide) {
        for (int64_t i = 0; i < active; ++i) Stage::template finish_row<Save>(rows[i], Stage::units(shape_));
      } else {
        const PackedLayout<Stage> layout{shape_};
        member.phase([&](int part, int parts) {
          const Range panels(layout.panels().count(), part, parts);
          for (int64_t i = panels.begin; i < panels.end; ++i) {
            const int64_t p = from_the_end ? panels.begin + panels.end - 1 - i : i;
            with_count<PackedLayout<Stage>::width>(layout.panels().vectors_of(p), [&](auto W) {
              for_tiles(active, [&](int64_t first, int n) {
                with_count<tile_rows>(n, [&](auto R) {
                  tile<Stage, Save, decltype(R)::value, decltype(W)::value>(rows + first, shape_, p, packed);
                });
              });
            });
          }
        });
        packed += layout.size();
        for (int64_t i = 0; i < active; ++i) rows[i].partial = nullptr;
      }
    };
    (stage(S{}), ...);
  }

  const Forward& call_;
  const Shape& shape_;
  const RowIndex& lines_;
  const RowBlocks& plan_;
  const Vectors<Cell> vectors_;
  const int direction_;
  const int64_t* rows_;
  const int64_t count_, slots_;
  Again again_;
  Scratch zeros_, scratch_, masked_, c_before_, partial_, views_;
};

}  // namespace
}  // namespace anaphora
