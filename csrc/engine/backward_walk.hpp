// The same walk backwards: backpropagation through time.                            Werbos 1990, Proceedings of the
// IEEE 78
//
//   for each step s, last first:  for each stage, last first:
//       d_pre = Stage::back(dh, dc)          dh_{t-1} = [what passes] + d_pre U^T      d_scratch = d_pre (its matrix)^T
//   then, for all steps of the chunk:  dx = d_pre W^T
//
// With a segment, the gates were not kept: before its steps are unwound, each segment is walked again
// (forward_walk.hpp). A chunk is a run of steps whose d_pre fit a bounded scratch. After each chunk the weights'
// gradients take its lines (weight_gradients.hpp).
#pragma once
#include "engine/forward_walk.hpp"

namespace anaphora {
namespace {

// A term's weights for the product back: for each of its slots, unit after unit, the columns of its factor in panels.
template <class Stage, class Term>
struct PackedBackLayout {
  const Shape& shape;

  int64_t units() const { return Stage::units(shape); }
  int64_t depth() const { return Term::count * units(); }
  Panels panels() const { return {factors(shape, Term::from), tile_vectors}; }
  int64_t size() const { return panels().vectors() * lanes * depth(); }
  int64_t panel(int64_t p) const { return p * tile_vectors * lanes * depth(); }
};

// Calls f(u, n) for every group of n <= lanes units in some of the vectors over `units`.
template <class F>
ANAPHORA_INLINE void each(const Range& vectors, int64_t units, F f) {
  for (int64_t v = vectors.begin; v < vectors.end; ++v) f(v * lanes, lanes_from(v * lanes, units));
}

template <class Stage, class Term>
void pack_back_panel(const Shape& shape, const Weights& weights, int64_t p, float* packed) {
  const PackedBackLayout<Stage, Term> layout{shape};
  const Panels panels = layout.panels();
  copy_columns(matrix(weights, Term::matrix) + Stage::first_gate * layout.units() * panels.columns, layout.depth(),
               panels.columns, panels.column(p), panels.vectors_of(p), packed + layout.panel(p));
}

template <class Stage, class... T>
int64_t back_size(const Shape& shape, List<T...>) {
  return (int64_t{0} + ... + PackedBackLayout<Stage, T>{shape}.size());
}
template <class... S>
int64_t cell_back_size(const Shape& shape, List<S...>) {
  return (back_size<S>(shape, typename S::Terms{}) + ...);
}

// out[r] (+)= sum over the term's slots and units of d_pre[r] times its weights, for one panel of columns.
template <class Stage, class Term, int R, int V>
ANAPHORA_APART void tile_back(const float* const* d_pre, float* const* out, bool onto, const Shape& shape, int64_t p,
                              const float* packed) {
  const PackedBackLayout<Stage, Term> layout{shape};
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
                   const float* packed, int part, int parts) {
  const Panels panels = PackedBackLayout<Stage, Term>{shape}.panels();
  const Range range(panels.count(), part, parts);
  for (int64_t p = range.begin; p < range.end; ++p)
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
  float* d_pre;         // (lines, sums of all stages)
  float* scratch;       // (lines, H), the row's scratch where it is the factor of a product
  float* masked;        // (lines, P), h as the products saw it, where a mask stood between
  const float** input;  // (lines,) rows of x
  const float** state;  // (lines,) rows of h before the step, as the products saw them
};

// Floats from one line's d_pre to the next: the sums of all stages, and a little, lest lines lie a power of two overlap
// and crowd into one set of the cache.
template <class... S>
int64_t line_floats(const Shape& shape, List<S...>) {
  const int64_t sums = ((S::sums * S::units(shape)) + ...);
  return (sums + lanes - 1) / lanes * lanes + 16;
}

template <class Cell>
class BackwardWalk {
 public:
  using Stages = typename Cell::Stages;

  BackwardWalk(const Backward& call, const RowBlocks& plan, int direction, int block, const float* packed,
               const Forward* again, float* dh, float* dc, float* dx, const float* zeros)
      : call_(call),
        plan_(plan),
        shape_(call.shape),
        lines_(call.lines),
        direction_(direction),
        block_(block),
        rows_(plan.rows.data() + plan.block_start[static_cast<size_t>(block)]),
        count_(plan.block_start[static_cast<size_t>(block) + 1] - plan.block_start[static_cast<size_t>(block)]),
        slots_(saved_slots(shape_.cell, call.noise)),
        packed_(packed),
        again_(again),
        dh_(dh),
        dc_(dc),
        dx_(dx),
        zeros_(zeros),
        d_scratch_(floats(Cell::kept ? count_ * shape_.H : 0)),
        d_state_(floats(call.noise.mask ? count_ * shape_.P : 0)),
        passes_h_(floats(call.noise.keep_h ? count_ * shape_.P : 0)),
        passes_c_(floats(call.noise.keep_c ? count_ * shape_.H : 0)),
        gates_(floats(again ? segment_steps() * count_ * slots_ * shape_.H : 0)) {}

  // One member's share of a chunk.
  void run(const Chunk& chunk, ThreadTeam& team) {
    ThreadTeam::Member member(team, 0);
    if (!again_) {
      walk_back(chunk.first, chunk.last, chunk, member);
    } else {
      const int64_t k = call_.segment;
      for (int64_t last = chunk.last; last > chunk.first;) {
        const int64_t begin = (last - 1) / k * k, first = begin > chunk.first ? begin : chunk.first;
        walked_from_ = begin;
        ForwardWalk<Cell>(*again_, plan_, direction_, block_, 1).again(begin, last, gates_.data());
        walk_back(first, last, chunk, member);
        last = first;
      }
    }
    if (dx_)
      member.phase(
          [&](int part, int parts) { input_gradients(chunk, Range(chunk.last - chunk.first, part, parts), Stages{}); });
    member.finish();
  }

 private:
  static size_t floats(int64_t n) { return static_cast<size_t>(n); }

  int64_t row(int64_t i) const { return plan_.order[floats(rows_[i])]; }
  int64_t line(int64_t b, int64_t s) const {
    const int64_t t = direction_ ? lines_.lengths[b] - 1 - s : s;
    return lines_.time_offset[t] + lines_.row_offset[b];
  }
  int64_t segment_steps() const { return call_.segment < plan_.steps() ? call_.segment : plan_.steps(); }
  const float* saved(int64_t i, int64_t s) const {
    if (again_) return gates_.data() + ((s - walked_from_) * count_ + i) * slots_ * shape_.H;
    return call_.saved + (direction_ * call_.N + line(row(i), s)) * slots_ * shape_.H;
  }
  const float* y(int64_t b, int64_t s) const { return call_.y + (line(b, s) * shape_.D + direction_) * shape_.P; }
  const float* c_before(int64_t i, int64_t s) const {
    const int64_t state = direction_ * lines_.B + row(i);
    if (s == 0) return call_.c0 ? call_.c0 + state * shape_.H : zeros_;
    if (again_ && s == walked_from_) {
      const int64_t k = call_.segment, segments = (lines_.T + k - 1) / k;
      return call_.saved + ((direction_ * segments + s / k) * lines_.B + row(i)) * shape_.H;
    }
    const int64_t slot = slots_ > Cell::saved_slots ? Cell::saved_slots : Cell::memory_slot;
    return saved(i, s - 1) + slot * shape_.H;
  }

  // A member's own view of the rows at one step.
  struct View {
    int64_t s, active;
    BackwardRow* rows;
    const float** from;
    float** to;
    const Chunk& chunk;
  };

  void walk_back(int64_t first, int64_t last, const Chunk& chunk, ThreadTeam::Member& member) {
    Scratch state((sizeof(BackwardRow) + 2 * sizeof(float*)) / sizeof(float) * floats(count_));
    BackwardRow* rows = reinterpret_cast<BackwardRow*>(state.data());
    const float** from = reinterpret_cast<const float**>(rows + count_);
    View view{last - 1, 0, rows, from, const_cast<float**>(from + count_), chunk};
    for (; view.s >= first; --view.s) {
      while (view.active < count_ && lines_.lengths[row(view.active)] > view.s) ++view.active;
      for (int64_t i = 0; i < view.active; ++i) rows[i] = at(i, view.s, chunk);
      run_stages(view, member, Stages{});
      for (int64_t i = 0; i < view.active; ++i) let_pass(rows[i], i);
    }
  }

  BackwardRow at(int64_t i, int64_t s, const Chunk& chunk) const {
    const int64_t b = row(i), state = direction_ * lines_.B + b, place = plan_.place(rows_[i], chunk.first, s);
    BackwardRow r;
    r.saved = slots_ ? saved(i, s) : nullptr;
    r.y = Cell::reads_output && slots_ ? r.saved : y(b, s);
    r.h = r.state = s ? y(b, s - 1) : call_.h0 ? call_.h0 + state * shape_.P : zeros_;
    r.c_before = Cell::memory ? c_before(i, s) : nullptr;
    r.own = call_.weights[direction_].own;
    r.dh = r.d_state = dh_ + state * shape_.P;
    r.dc = Cell::memory ? dc_ + state * shape_.H : nullptr;
    r.d_scratch = d_scratch_.data() + (Cell::kept ? i * shape_.H : 0);
    r.scratch = Cell::kept ? chunk.scratch + place * shape_.H : nullptr;
    r.line = chunk.d_pre + place * line_floats(shape_, Stages{});
    return r;
  }

  // Vectors [range) of units: what reaches this step's state from its output, and what noise makes of it.
  void prepare(View& view, int64_t i, const Range& range, int part) {
    const int64_t place = plan_.place(rows_[i], view.chunk.first, view.s), l = line(row(i), view.s);
    BackwardRow& r = view.rows[i];
    if (call_.dy) {
      const float* dy = call_.dy + (l * shape_.D + direction_) * shape_.P;
      each(range, shape_.P, [&](int64_t u, int n) { store(r.dh + u, add(load(r.dh + u, n), load(dy + u, n)), n); });
    }
    if (call_.noise.mask) mask(r, i, view.chunk.masked + place * shape_.P);
    hold_back(r, i, l);
    if (part) return;
    view.chunk.input[place] = call_.x + l * shape_.I;
    view.chunk.state[place] = r.state;
  }

  // The mask: the products saw mask * h, and what they send back goes through it again.
  const float* mask_of(int64_t i) const { return call_.noise.mask + (direction_ * lines_.B + row(i)) * shape_.P; }
  void mask(BackwardRow& r, int64_t i, float* masked) {
    const float* by = mask_of(i);
    r.d_state = d_state_.data() + i * shape_.P;
    each(shape_.P, [&](int64_t u, int n) {
      store(masked + u, mul(load(by + u, n), load(r.h + u, n)), n);
      store(r.d_state + u, fill(0.0f), n);
    });
    r.state = masked;
  }

  // Zoneout: keep * d goes past the cell, (1 - keep) * d into it.
  void hold_back(BackwardRow& r, int64_t i, int64_t l) {
    const Noise& noise = call_.noise;
    if (noise.keep_h)
      part(r.dh, passes_h_.data() + i * shape_.P, noise.keep_h + (l * noise.step_h * shape_.D + direction_) * shape_.P,
           shape_.P);
    if (noise.keep_c && Cell::memory)
      part(r.dc, passes_c_.data() + i * shape_.H, noise.keep_c + (l * noise.step_c * shape_.D + direction_) * shape_.H,
           shape_.H);
  }
  static void part(float* d, float* passes, const float* keep, int64_t count) {
    each(count, [&](int64_t u, int n) {
      const Vec k = load(keep + u, n), all = load(d + u, n);
      store(passes + u, mul(k, all), n);
      store(d + u, mul(sub(fill(1.0f), k), all), n);
    });
  }
  void let_pass(const BackwardRow& r, int64_t i) const {
    if (call_.noise.mask) {
      const float* by = mask_of(i);
      const bool onto = Cell::state_passes;
      each(shape_.P, [&](int64_t u, int n) {
        const Vec arrives = mul(load(by + u, n), load(r.d_state + u, n));
        store(r.dh + u, onto ? add(load(r.dh + u, n), arrives) : arrives, n);
      });
    }
    if (call_.noise.keep_h) join(r.dh, passes_h_.data() + i * shape_.P, shape_.P);
    if (call_.noise.keep_c && Cell::memory) join(r.dc, passes_c_.data() + i * shape_.H, shape_.H);
  }
  static void join(float* d, const float* passed, int64_t count) {
    each(count, [&](int64_t u, int n) { store(d + u, add(load(d + u, n), load(passed + u, n)), n); });
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
        BackwardRow r = view.rows[i];
        r.d_pre = r.line + sum;
        if constexpr (Stage::wide)
          Stage::back_row(r, U);
        else
          each(range, U, [&](int64_t u, int n) { Stage::back(r, u, n, U); });
        if (Stage::activated && call_.clip > 0.0f)
          for (int slot = 0; slot < Stage::slots; ++slot) clip(r.d_pre + slot * U, range, U);
      }
    });
    for (int64_t i = 0; i < view.active; ++i) view.from[i] = view.rows[i].line + sum;
    products<Stage>(view, member, packed_ + weight, typename Stage::Terms{});
  }

  void clip(float* d, const Range& range, int64_t count) const {
    const Vec most = fill(call_.clip), least = fill(-call_.clip);
    each(range, count, [&](int64_t u, int n) { store(d + u, maximum(least, minimum(most, load(d + u, n))), n); });
  }

  template <class Stage, class... T>
  void products(View& view, ThreadTeam::Member& member, const float* packed, List<T...>) const {
    const bool onto = Cell::state_passes || call_.noise.mask;
    [[maybe_unused]] const auto term = [&](auto t) {
      using Of = decltype(t);
      if (Of::from != Factor::input) {
        for (int64_t i = 0; i < view.active; ++i)
          view.to[i] = Of::from == Factor::state ? view.rows[i].d_state : view.rows[i].d_scratch;
        member.phase([&](int part, int parts) {
          multiply_back<Stage, Of>(view.active, view.from, view.to, Of::from == Factor::state && onto, shape_, packed,
                                   part, parts);
        });
      }
      packed += PackedBackLayout<Stage, Of>{shape_}.size();
    };
    (term(T{}), ...);
  }

  // dx of every stage's input term; lines need no order in time.
  template <class... S>
  void input_gradients(const Chunk& chunk, const Range& steps, List<S...>) const {
    int64_t sum = 0;
    const float* packed = packed_;
    bool onto = false;
    const auto stage = [&](auto of) {
      using Stage = decltype(of);
      onto |= input_gradient<Stage>(chunk, steps, sum, packed, onto, typename Stage::Terms{});
      sum += Stage::sums * Stage::units(shape_);
      packed += back_size<Stage>(shape_, typename Stage::Terms{});
    };
    (stage(S{}), ...);
  }
  template <class Stage>
  bool input_gradient(const Chunk&, const Range&, int64_t, const float*, bool, List<>) const {
    return false;
  }
  template <class Stage, class Input, class... T>
  bool input_gradient(const Chunk& chunk, const Range& steps, int64_t sum, const float* packed, bool onto,
                      List<Input, T...>) const {
    if (Input::from != Factor::input) return false;
    constexpr int64_t group = 16 * tile_rows;
    const float* from[group];
    float* to[group];
    int64_t n = 0;
    for (int64_t s = chunk.first + steps.begin; s < chunk.first + steps.end; ++s)
      for (int64_t i = 0; i < count_ && lines_.lengths[row(i)] > s; ++i) {
        from[n] = chunk.d_pre + plan_.place(rows_[i], chunk.first, s) * line_floats(shape_, Stages{}) + sum;
        to[n++] = dx_ + line(row(i), s) * shape_.I;
        if (n == group) {
          multiply_back<Stage, Input>(n, from, to, onto, shape_, packed, 0, 1);
          n = 0;
        }
      }
    if (n) multiply_back<Stage, Input>(n, from, to, onto, shape_, packed, 0, 1);
    return true;
  }

  const Backward& call_;
  const RowBlocks& plan_;
  const Shape& shape_;
  const RowIndex& lines_;
  const int direction_, block_;
  const int64_t* rows_;
  const int64_t count_, slots_;
  const float* packed_;
  const Forward* again_;  // to walk segments again; null where forward kept all gates
  float *dh_, *dc_, *dx_;
  const float* zeros_;
  int64_t walked_from_ = 0;
  Scratch d_scratch_, d_state_, passes_h_, passes_c_, gates_;
};

}  // namespace
}  // namespace anaphora
