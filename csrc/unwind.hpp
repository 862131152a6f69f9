// The same walk backwards: backpropagation through time.                            Werbos 1990, Proceedings of the
// IEEE 78
//
//   for each step s, last first:  for each stage, last first:
//       d_pre = Stage::back(dh, dc)          dh_{t-1} = [what passes] + d_pre U^T      d_scratch = d_pre W_hr^T
//   then, for all steps of the chunk:  dx = d_pre W^T
//
// A chunk is a run of steps whose d_pre fit a bounded scratch. After each chunk the weights' gradients take its lines
// (outer.hpp).
#pragma once
#include "sweep.hpp"

namespace anaphora {
namespace {

// A term's weights for the product back: for each of its slots, unit after unit, the columns of its factor in panels.
template <class Stage, class Term>
struct BackLayout {
  const Shape& shape;

  int64_t units() const { return Stage::units(shape); }
  int64_t depth() const { return Term::count * units(); }
  Panels panels() const { return {factors(shape, Term::from), tile_vectors}; }
  int64_t size() const { return panels().vectors() * lanes * depth(); }
  int64_t panel(int64_t p) const { return p * tile_vectors * lanes * depth(); }
};

template <class Stage, class Term>
void pack_back_panel(const Shape& shape, const Weights& weights, int64_t p, float* packed) {
  const BackLayout<Stage, Term> layout{shape};
  const Panels panels = layout.panels();
  copy_columns(matrix(weights, Term::from), layout.depth(), panels.columns, panels.column(p), panels.vectors_of(p),
               packed + layout.panel(p));
}

// out[r] (+)= sum over the term's slots and units of d_pre[r] times its weights, for one panel of columns.
template <class Stage, class Term, int R, int V>
ANAPHORA_APART void tile_back(const float* const* d_pre, float* const* out, bool onto, const Shape& shape, int64_t p,
                              const float* packed) {
  const BackLayout<Stage, Term> layout{shape};
  const int64_t U = layout.units(), column = layout.panels().column(p), columns = layout.panels().columns;
  const float* panel = packed + layout.panel(p);
  Vec sum[R][V];
  for (int v = 0; v < V; ++v)
    for (int r = 0; r < R; ++r)
      sum[r][v] = fill(0.0f);  // what is there is added last: it may be large, and round every term
  for (int j = 0; j < Term::count; ++j) {
    const float* x[R];
    for (int r = 0; r < R; ++r) x[r] = d_pre[r] + Term::slot[j] * U;
    multiply<Slots<V, 0>, V>(sum, x, U, panel + j * U * V * lanes);
  }
  for (int v = 0; v < V; ++v)
    for (int r = 0; r < R; ++r)
      add_to(out[r] + column + v * lanes, sum[r][v], lanes_from(column + v * lanes, columns), onto);
}

template <class Stage, class Term>
void multiply_back(int64_t rows, const float* const* d_pre, float* const* out, bool onto, const Shape& shape,
                   const float* packed) {
  const Panels panels = BackLayout<Stage, Term>{shape}.panels();
  for (int64_t p = 0; p < panels.count(); ++p)
    with_count<tile_vectors>(panels.vectors_of(p), [&](auto V) {
      for_tiles(rows, [&](int64_t first, int n) {
        with_count<tile_rows>(n, [&](auto R) {
          tile_back<Stage, Term, decltype(R)::value, decltype(V)::value>(d_pre + first, out + first, onto, shape, p,
                                                                         packed);
        });
      });
    });
}

// What the steps of a chunk leave for the weights' gradients, line after line in the walk's order: all rows of step s,
// then of s + 1.
struct Chunk {
  int64_t first, last;  // steps [first, last)
  int64_t lines;
  float* d_pre;         // (lines, slots of all stages)
  float* scratch;       // (lines, H), projected only
  const float** input;  // (lines,) rows of x
  const float** state;  // (lines,) rows of h before the step
};

// Floats from one line's d_pre to the next: the slots of all stages, and a little, lest lines lie a power of two apart
// and crowd into one set of the cache.
template <class... S>
int64_t line_floats(const Shape& shape, List<S...>) {
  const int64_t slots = ((S::slots * S::units(shape)) + ...);
  return (slots + lanes - 1) / lanes * lanes + 16;
}

template <class Cell>
class Unwind {
 public:
  using Stages = typename Cell::Stages;

  Unwind(const Backward& call, const Plan& plan, int direction, int block, const float* packed, float* dh, float* dc,
         float* dx, const float* zeros)
      : call_(call),
        plan_(plan),
        shape_(call.shape),
        lines_(call.lines),
        direction_(direction),
        rows_(plan.rows.data() + plan.block_start[static_cast<size_t>(block)]),
        count_(plan.block_start[static_cast<size_t>(block) + 1] - plan.block_start[static_cast<size_t>(block)]),
        packed_(packed),
        dh_(dh),
        dc_(dc),
        dx_(dx),
        zeros_(zeros) {}

  void run(const Chunk& chunk) {
    Scratch d_scratch(static_cast<size_t>(Cell::projected ? count_ * shape_.H : 0));
    Scratch state((sizeof(BackRow) + 2 * sizeof(float*)) / sizeof(float) * static_cast<size_t>(count_));
    BackRow* rows = reinterpret_cast<BackRow*>(state.data());
    const float** from = reinterpret_cast<const float**>(rows + count_);
    float** to = const_cast<float**>(from + count_);
    int64_t active = 0;
    for (int64_t s = chunk.last - 1; s >= chunk.first; --s) {
      while (active < count_ && lines_.lengths[row(active)] > s) ++active;
      for (int64_t i = 0; i < active; ++i) {
        rows[i] = at(i, s, chunk, d_scratch.data());
        add_dy(rows[i].dh, i, s);
      }
      run_stages(rows, active, from, to, Stages{});
    }
    if (dx_) input_gradient(chunk, Stages{});
  }

 private:
  int64_t row(int64_t i) const { return plan_.order[static_cast<size_t>(rows_[i])]; }
  int64_t line(int64_t b, int64_t s) const {
    const int64_t t = direction_ ? lines_.lengths[b] - 1 - s : s;
    return lines_.time_offset[t] + lines_.row_offset[b];
  }
  int64_t in_chunk(int64_t i, int64_t s, const Chunk& chunk) const {
    return plan_.before[static_cast<size_t>(s)] - plan_.before[static_cast<size_t>(chunk.first)] + rows_[i];
  }
  const float* saved(int64_t b, int64_t s) const {
    return call_.saved + (direction_ * call_.N + line(b, s)) * Cell::saved_slots * shape_.H;
  }
  const float* y(int64_t b, int64_t s) const { return call_.y + (line(b, s) * shape_.D + direction_) * shape_.P; }

  BackRow at(int64_t i, int64_t s, const Chunk& chunk, float* d_scratch) const {
    const int64_t b = row(i), state = direction_ * lines_.B + b, place = in_chunk(i, s, chunk);
    BackRow r;
    r.saved = saved(b, s);
    r.y = y(b, s);
    r.h_before = s ? y(b, s - 1) : call_.h0 ? call_.h0 + state * shape_.P : zeros_;
    r.c_before = !Cell::memory ? nullptr
                 : s           ? saved(b, s - 1) + (Cell::saved_slots - 1) * shape_.H
                 : call_.c0    ? call_.c0 + state * shape_.H
                               : zeros_;
    r.dh = dh_ + state * shape_.P;
    r.dc = Cell::memory ? dc_ + state * shape_.H : nullptr;
    r.d_scratch = d_scratch + (Cell::projected ? i * shape_.H : 0);
    r.scratch = Cell::projected ? chunk.scratch + place * shape_.H : nullptr;
    r.d_pre = chunk.d_pre + place * line_floats(shape_, Stages{});
    chunk.input[place] = call_.x + line(b, s) * shape_.I;
    chunk.state[place] = r.h_before;
    return r;
  }

  void add_dy(float* dh, int64_t i, int64_t s) const {
    if (!call_.dy) return;
    const float* dy = call_.dy + (line(row(i), s) * shape_.D + direction_) * shape_.P;
    for (int64_t u = 0; u < shape_.P; u += lanes) {
      const int n = lanes_from(u, shape_.P);
      store(dh + u, add(load(dh + u, n), load(dy + u, n)), n);
    }
  }

  void run_stages(BackRow*, int64_t, const float**, float**, List<>, int64_t = 0, int64_t = 0) const {}

  // Later stages first: the rest of the list, then this one. `slot` and `weight` are where this stage's d_pre and
  // weights begin.
  template <class Stage, class... Rest>
  void run_stages(BackRow* rows, int64_t active, const float** from, float** to, List<Stage, Rest...>, int64_t slot = 0,
                  int64_t weight = 0) const {
    const int64_t U = Stage::units(shape_);
    run_stages(rows, active, from, to, List<Rest...>{}, slot + Stage::slots * U,
               weight + back_size<Stage>(typename Stage::Terms{}));
    for (int64_t i = 0; i < active; ++i) {
      BackRow r = rows[i];
      from[i] = r.d_pre += slot;
      for (int64_t u = 0; u < U; u += lanes) Stage::back(r, u, lanes_from(u, U), U);
    }
    products<Stage>(rows, active, from, to, packed_ + weight, typename Stage::Terms{});
  }

  template <class Stage, class... T>
  int64_t back_size(List<T...>) const {
    return (BackLayout<Stage, T>{shape_}.size() + ...);
  }

  template <class Stage, class... T>
  void products(BackRow* rows, int64_t active, const float** from, float** to, const float* packed, List<T...>) const {
    const auto term = [&](auto t) {
      using Of = decltype(t);
      if (Of::from != From::input) {
        for (int64_t i = 0; i < active; ++i) to[i] = Of::from == From::state ? rows[i].dh : rows[i].d_scratch;
        multiply_back<Stage, Of>(active, from, to, Of::from == From::state && Cell::state_passes, shape_, packed);
      }
      packed += BackLayout<Stage, Of>{shape_}.size();
    };
    (term(T{}), ...);
  }

  // The first stage's input term comes first in its list; its lines need no order in time.
  template <class Stage, class... Rest>
  void input_gradient(const Chunk& chunk, List<Stage, Rest...>) const {
    first_term<Stage>(chunk, typename Stage::Terms{});
  }
  template <class Stage, class Input, class... T>
  void first_term(const Chunk& chunk, List<Input, T...>) const {
    constexpr int64_t group = 16 * tile_rows;
    const float* from[group];
    float* to[group];
    int64_t n = 0;
    for (int64_t s = chunk.first; s < chunk.last; ++s)
      for (int64_t i = 0; i < count_ && lines_.lengths[row(i)] > s; ++i) {
        from[n] = chunk.d_pre + in_chunk(i, s, chunk) * line_floats(shape_, Stages{});
        to[n++] = dx_ + line(row(i), s) * shape_.I;
        if (n == group) {
          multiply_back<Stage, Input>(n, from, to, false, shape_, packed_);
          n = 0;
        }
      }
    if (n) multiply_back<Stage, Input>(n, from, to, false, shape_, packed_);
  }

  const Backward& call_;
  const Plan& plan_;
  const Shape& shape_;
  const Lines& lines_;
  const int direction_;
  const int64_t* rows_;
  const int64_t count_;
  const float* packed_;
  float *dh_, *dc_, *dx_;
  const float* zeros_;
};

}  // namespace
}  // namespace anaphora
