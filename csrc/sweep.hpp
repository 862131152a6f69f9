// The one walk through time, forward. It runs stages and knows no cell.
//
//   for each step s:  for each stage:  for each panel of units:  for each tile of active rows:
//       pre = bias + x_t W + h_{t-1} U   in registers, then Stage::finish on them
//
// A block's rows are one thread's: there is no barrier in time. h_{t-1} is read from y, where the step before wrote it.
// A panel of weights is fetched once for all of a block's rows. Few rows would leave the tile empty: for them bias +
// x_t W is formed ahead for many steps at once, as rows of a tile; the order of each sum, and so its bits, stay.
#pragma once
#include "cells.hpp"
#include "memory.hpp"
#include "plan.hpp"

namespace anaphora {
namespace {

inline int64_t factors(const Shape& shape, From from) {
  return from == From::input ? shape.I : from == From::state ? shape.P : shape.H;
}

// How one stage's weights lie: per panel of units its bias, then each term's rows, k after k.
template <class Stage>
struct Layout {
  static constexpr int width = tile_vectors / Stage::slots;
  const Shape& shape;

  int64_t units() const { return Stage::units(shape); }
  Panels panels() const { return {units(), width}; }
  int64_t floats_per_vector() const { return lanes * (Stage::slots + terms(typename Stage::Terms{})); }
  int64_t size() const { return panels().vectors() * floats_per_vector(); }
  int64_t panel(int64_t p) const { return p * width * floats_per_vector(); }

 private:
  template <class... T>
  int64_t terms(List<T...>) const {
    return ((T::count * factors(shape, T::from)) + ...);
  }
};

inline const float* matrix(const Weights& w, From from) {
  return from == From::input ? w.w_ih : from == From::state ? w.w_hh : w.w_hr;
}
inline const float* vector(const Weights& w, From from) {
  return from == From::input ? w.b_ih : from == From::state ? w.b_hh : nullptr;
}

template <class Stage, class... T>
void pack_panel(const Shape& shape, const Weights& weights, int64_t p, float* packed, List<T...>) {
  const Layout<Stage> layout{shape};
  const int64_t U = layout.units(), u = layout.panels().column(p);
  const int W = layout.panels().vectors_of(p);
  float* bias = packed + layout.panel(p);
  for (int64_t i = 0; i < Stage::slots * W * lanes; ++i) bias[i] = 0.0f;
  float* rows = bias + Stage::slots * W * lanes;
  const auto term = [&](auto t) {
    using Of = decltype(t);
    const int64_t K = factors(shape, Of::from), stride = Of::count * W * lanes;
    for (int j = 0; j < Of::count; ++j)
      for (int w = 0; w < W; ++w) {
        const int64_t first_unit = u + w * lanes, row = j * U + first_unit;
        const int n = lanes_from(first_unit, U);
        transpose_lanes(matrix(weights, Of::from) + row * K, K, n, rows + (j * W + w) * lanes, stride);
        if (const float* b = vector(weights, Of::from))
          for (int lane = 0; lane < n; ++lane) bias[(Of::slot[j] * W + w) * lanes + lane] += b[row + lane];
      }
    rows += K * stride;
  };
  (term(T{}), ...);
}

template <class Stage, int R, int W, class... T>
ANAPHORA_INLINE void multiply_terms(Vec (&sum)[R][Stage::slots * W], const Row* rows, const Shape& shape,
                                    const float* panel, bool input, bool others, List<T...>) {
  const auto term = [&](auto t) __attribute__((always_inline)) {
    using Of = decltype(t);
    constexpr int V = Of::count * W;
    const int64_t K = factors(shape, Of::from);
    if (Of::from == From::input ? input : others) {
      const float* x[R];
      for (int r = 0; r < R; ++r) x[r] = rows[r].source[static_cast<int>(Of::from)];
      multiply<typename Of::template Slots<W>, V>(sum, x, K, panel);
    }
    panel += K * V * lanes;
  };
  (term(T{}), ...);
}

// One tile of one stage: R rows by W vectors of units.
template <class Stage, bool Save, int R, int W>
ANAPHORA_APART void tile(const Row* rows, const Shape& shape, int64_t p, const float* packed) {
  const Layout<Stage> layout{shape};
  constexpr int A = Stage::slots * W;
  const int64_t U = layout.units(), first_unit = layout.panels().column(p);
  const float* panel = packed + layout.panel(p);
  Vec sum[R][A];
  const bool ahead = rows[0].partial;
  for (int r = 0; r < R; ++r)
    for (int a = 0; a < A; ++a)
      sum[r][a] = load((ahead ? rows[r].partial + Stage::slots * first_unit : panel) + a * lanes);
  multiply_terms<Stage, R, W>(sum, rows, shape, panel + A * lanes, !ahead, true, typename Stage::Terms{});
  for (int w = 0; w < W; ++w)
    for (int r = 0; r < R; ++r) {
      Vec pre[Stage::slots];
      for (int s = 0; s < Stage::slots; ++s) pre[s] = sum[r][s * W + w];
      const int64_t u = first_unit + w * lanes;
      Stage::template finish<Save>(pre, rows[r], u, lanes_from(u, U), U);
    }
}

// bias + x W of the first stage for R steps, into partial[r].
template <class Stage, int R, int W>
ANAPHORA_APART void tile_ahead(const Row* rows, float* const* partial, const Shape& shape, int64_t p,
                               const float* packed) {
  const Layout<Stage> layout{shape};
  constexpr int A = Stage::slots * W;
  const float* panel = packed + layout.panel(p);
  Vec sum[R][A];
  for (int r = 0; r < R; ++r)
    for (int a = 0; a < A; ++a) sum[r][a] = load(panel + a * lanes);
  multiply_terms<Stage, R, W>(sum, rows, shape, panel + A * lanes, true, false, typename Stage::Terms{});
  for (int r = 0; r < R; ++r)
    for (int a = 0; a < A; ++a) store(partial[r] + Stage::slots * layout.panels().column(p) + a * lanes, sum[r][a]);
}

template <class Cell>
class Sweep {
 public:
  Sweep(const Forward& call, const Plan& plan, int direction, int block)
      : call_(call),
        shape_(call.shape),
        lines_(call.lines),
        direction_(direction),
        rows_(plan.rows.data() + plan.block_start[static_cast<size_t>(block)]),
        count_(plan.block_start[static_cast<size_t>(block) + 1] - plan.block_start[static_cast<size_t>(block)]),
        order_(plan.order.data()),
        zeros_(static_cast<size_t>(shape_.P > shape_.H ? shape_.P : shape_.H)),
        scratch_(static_cast<size_t>(Cell::projected ? count_ * shape_.H : 0)),
        state_(sizeof(Row) / sizeof(float) * static_cast<size_t>(count_)) {
    for (int64_t i = 0; i < (shape_.P > shape_.H ? shape_.P : shape_.H); ++i) zeros_.data()[i] = 0.0f;
  }

  void run() {
    if (call_.saved)
      walk<true>();
    else
      walk<false>();
  }

 private:
  static constexpr int64_t ahead_steps = 24, few_rows = 3;

  int64_t row(int64_t i) const { return order_[rows_[i]]; }
  int64_t length(int64_t i) const { return lines_.lengths[row(i)]; }
  int64_t line(int64_t b, int64_t s) const {
    const int64_t t = direction_ ? lines_.lengths[b] - 1 - s : s;
    return lines_.time_offset[t] + lines_.row_offset[b];
  }
  float* y(int64_t b, int64_t s) const { return call_.y + (line(b, s) * shape_.D + direction_) * shape_.P; }
  const float* h_before(int64_t b, int64_t s) const {
    if (s) return y(b, s - 1);
    return call_.h0 ? call_.h0 + (direction_ * lines_.B + b) * shape_.P : zeros_.data();
  }

  template <bool Save>
  void walk() {
    int64_t active = begin();
    const int64_t steps = count_ ? length(0) : 0;
    const bool few = count_ <= few_rows && steps > 1;
    const int64_t padded = padded_slots(typename Cell::Stages{});
    Scratch partial(static_cast<size_t>(few ? ahead_steps * count_ * padded : 0));
    Row* rows = reinterpret_cast<Row*>(state_.data());
    for (int64_t s = 0; s < steps; ++s) {
      while (active && length(active - 1) <= s) --active;
      if (few && s % ahead_steps == 0) form_ahead(s, partial.data(), padded, typename Cell::Stages{});
      for (int64_t i = 0; i < active; ++i) {
        rows[i] = at(i, s);
        if (few) rows[i].partial = partial.data() + (i * ahead_steps + s % ahead_steps) * padded;
      }
      run_stages<Save>(rows, active, typename Cell::Stages{});
    }
    end();
  }

  Row at(int64_t i, int64_t s) const {
    const int64_t b = row(i), l = line(b, s);
    Row r;
    r.source[static_cast<int>(From::input)] = call_.x + l * shape_.I;
    r.source[static_cast<int>(From::state)] = h_before(b, s);
    r.source[static_cast<int>(From::scratch)] = r.scratch = scratch_.data() + (Cell::projected ? i * shape_.H : 0);
    r.y = y(b, s);
    r.c = Cell::memory ? call_.c_n + (direction_ * lines_.B + b) * shape_.H : nullptr;
    r.saved = call_.saved ? call_.saved + (direction_ * call_.N + l) * Cell::saved_slots * shape_.H : nullptr;
    r.partial = nullptr;
    return r;
  }

  template <class First, class... Rest>
  int64_t padded_slots(List<First, Rest...>) const {
    return Layout<First>{shape_}.panels().vectors() * First::slots * lanes;
  }

  template <class First, class... Rest>
  void form_ahead(int64_t from, float* partial, int64_t padded, List<First, Rest...>) {
    const Layout<First> layout{shape_};
    for (int64_t i = 0; i < count_; ++i) {
      const int64_t left = length(i) - from, steps = left < ahead_steps ? left : ahead_steps;
      if (steps <= 0) continue;
      for (int64_t p = 0; p < layout.panels().count(); ++p)
        for_tiles(steps, [&](int64_t first, int n) {
          Row rows[tile_rows];
          float* out[tile_rows];
          for (int r = 0; r < n; ++r) {
            rows[r].source[0] = call_.x + line(row(i), from + first + r) * shape_.I;
            out[r] = partial + (i * ahead_steps + first + r) * padded;
          }
          with_count<tile_rows>(n, [&](auto R) {
            with_count<Layout<First>::width>(layout.panels().vectors_of(p), [&](auto W) {
              tile_ahead<First, decltype(R)::value, decltype(W)::value>(rows, out, shape_, p, call_.packed[direction_]);
            });
          });
        });
    }
  }

  template <bool Save, class... S>
  void run_stages(Row* rows, int64_t active, List<S...>) {
    const float* packed = call_.packed[direction_];
    const auto stage = [&](auto of) {
      using Stage = decltype(of);
      const Layout<Stage> layout{shape_};
      for (int64_t p = 0; p < layout.panels().count(); ++p)
        with_count<Layout<Stage>::width>(layout.panels().vectors_of(p), [&](auto W) {
          for_tiles(active, [&](int64_t first, int n) {
            with_count<tile_rows>(n, [&](auto R) {
              tile<Stage, Save, decltype(R)::value, decltype(W)::value>(rows + first, shape_, p, packed);
            });
          });
        });
      packed += layout.size();
      for (int64_t i = 0; i < active; ++i) rows[i].partial = nullptr;
    };
    (stage(S{}), ...);
  }

  int64_t begin() {
    if (Cell::memory)
      for (int64_t i = 0; i < count_; ++i) {
        const int64_t at = (direction_ * lines_.B + row(i)) * shape_.H;
        std::memcpy(call_.c_n + at, call_.c0 ? call_.c0 + at : zeros_.data(),
                    sizeof(float) * static_cast<size_t>(shape_.H));
      }
    return count_;
  }
  void end() {
    for (int64_t i = 0; i < count_; ++i) {
      const int64_t b = row(i);
      std::memcpy(call_.h_n + (direction_ * lines_.B + b) * shape_.P, h_before(b, lines_.lengths[b]),
                  sizeof(float) * static_cast<size_t>(shape_.P));
    }
  }

  const Forward& call_;
  const Shape& shape_;
  const Lines& lines_;
  const int direction_;
  const int64_t* rows_;
  const int64_t count_;
  const int64_t* order_;
  Scratch zeros_, scratch_, state_;
};

}  // namespace
}  // namespace anaphora
