// One backward call: its scratch, its weights packed for the way back, its chunks of time, last chunk first:
//
//   every block of rows unwinds the chunk (backward_walk.hpp)   |   then every share of the weights takes its gradient
//   from it (weight_gradients.hpp)
#pragma once
#include <deque>

#include "engine/backward_walk.hpp"
#include "engine/pack.hpp"
#include "engine/weight_gradients.hpp"

namespace anaphora {
namespace {

template <class Cell>
class BackwardPass {
 public:
  explicit BackwardPass(const Backward& call)
      : call_(call),
        shape_(call.shape),
        directions_(static_cast<int>(shape_.D)),
        partition_(
            partition(shape_, call.lines, ForwardWalk<Cell>::plain(call.noise, call.segment) && !(call.clip > 0.0f))),
        plan_(call.lines, partition_.blocks),
        line_floats_(line_floats(shape_, Stages{})),
        chunk_lines_(longest_chunk()),
        packed_(floats(shape_.D * cell_back_size(shape_, Stages{}))),
        forward_packed_(floats(walks_again() ? shape_.D * packed_floats<Cell>(shape_) : 0)),
        d_pre_(floats(shape_.D * chunk_lines_ * line_floats_)),
        scratch_(floats(Cell::kept ? shape_.D * chunk_lines_ * shape_.H : 0)),
        masked_(floats(call.noise.mask ? shape_.D * chunk_lines_ * shape_.P : 0)),
        pointers_(floats(shape_.D * chunk_lines_ * 2 * floats_per_pointer)),
        zeros_(floats(shape_.P > shape_.H ? shape_.P : shape_.H)),
        own_dh_(floats(call.dh0 ? 0 : shape_.D * call.lines.B * shape_.P)),
        own_dc_(floats(call.dc0 || !Cell::memory ? 0 : shape_.D * call.lines.B * shape_.H)),
        other_dx_(floats(call.dx && directions_ == 2 ? call.N * shape_.I : 0)),
        sums_(floats(call.dweights[0].w_ih ? shape_.D * line_floats_ : 0)) {}

  void run() {
    const double work = weight_count(shape_) * static_cast<double>(plan_.tokens());
    float* dh = call_.dh0 ? call_.dh0 : own_dh_.data();
    float* dc = call_.dc0 ? call_.dc0 : own_dc_.data();
    begin(dh, call_.dh_n, shape_.D * call_.lines.B * shape_.P);
    if (Cell::memory) begin(dc, call_.dc_n, shape_.D * call_.lines.B * shape_.H);
    begin(zeros_.data(), nullptr, shape_.P > shape_.H ? shape_.P : shape_.H);
    pack(Stages{});
    const Forward again = walks_again() ? forward_again() : Forward{};
    std::deque<BackwardWalk<Cell>> walks;
    for (int walk = 0; walk < directions_ * plan_.blocks(); ++walk) {
      const int d = walk % directions_;
      walks.emplace_back(call_, plan_, d, walk / directions_, packed_.data() + d * cell_back_size(shape_, Stages{}),
                         walks_again() ? &again : nullptr, dh, dc, d ? other_dx_.data() : call_.dx, zeros_.data());
    }
    const int count = static_cast<int>(walks.size());
    bool first = true;
    for (int64_t last = plan_.steps(); last > 0 || first; first = false) {
      const int64_t from = chunk_start(last);
      std::deque<ThreadTeam> teams;
      for (int walk = 0; walk < count; ++walk) teams.emplace_back(partition_.team);
      parallel_for(count * partition_.team, work, [&](int task) {
        const int walk = task % count;
        walks[static_cast<size_t>(walk)].run(chunk(walk % directions_, from, last), teams[static_cast<size_t>(walk)]);
      });
      if (call_.dweights[0].w_ih) weight_gradients(from, last, first, work);
      last = from;
    }
    if (call_.dx && directions_ == 2) add_directions(work);
  }

 private:
  using Stages = typename Cell::Stages;
  static constexpr int64_t floats_per_pointer = sizeof(void*) / sizeof(float);
  static constexpr int64_t chunk_floats = int64_t{1} << 20;  // of d_pre kept at a time

  static size_t floats(int64_t n) { return static_cast<size_t>(n); }

  static void begin(float* to, const float* from, int64_t n) {
    if (n == 0) return;
    if (from)
      std::memcpy(to, from, sizeof(float) * floats(n));
    else
      std::memset(to, 0, sizeof(float) * floats(n));
  }

  int64_t lines_between(int64_t from, int64_t to) const {
    return plan_.before[floats(to)] - plan_.before[floats(from)];
  }
  int64_t chunk_start(int64_t last) const {
    int64_t from = last > 0 ? last - 1 : 0;
    while (from > 0 && lines_between(from - 1, last) * line_floats_ <= chunk_floats) --from;
    return from;
  }
  int64_t longest_chunk() const {
    int64_t longest = 0;
    for (int64_t last = plan_.steps(); last > 0; last = chunk_start(last)) {
      const int64_t lines = lines_between(chunk_start(last), last);
      if (lines > longest) longest = lines;
    }
    return longest;
  }

  bool walks_again() const { return call_.segment && saved_slots(shape_.cell, call_.noise); }
  // The forward call whose segments are walked again. Its y is only read, its saved holds the memories kept.
  Forward forward_again() {
    Forward f{};
    f.shape = shape_;
    f.lines = call_.lines;
    f.x = call_.x;
    f.h0 = call_.h0;
    f.c0 = call_.c0;
    f.y = const_cast<float*>(call_.y);
    f.saved = const_cast<float*>(call_.saved);
    f.N = call_.N;
    f.noise = call_.noise;
    f.segment = call_.segment;
    for (int d = 0; d < directions_; ++d) {
      float* packed = forward_packed_.data() + d * packed_floats<Cell>(shape_);
      pack_cell<Cell>(shape_, call_.weights[d], packed);
      f.packed[d] = packed;
    }
    return f;
  }

  Chunk chunk(int d, int64_t from, int64_t last) const {
    Chunk c;
    c.first = from;
    c.last = last;
    c.lines = lines_between(from, last);
    c.d_pre = d_pre_.data() + d * chunk_lines_ * line_floats_;
    c.scratch = scratch_.data() + (Cell::kept ? d * chunk_lines_ * shape_.H : 0);
    c.masked = masked_.data() + (call_.noise.mask ? d * chunk_lines_ * shape_.P : 0);
    c.input = reinterpret_cast<const float**>(pointers_.data()) + 2 * d * chunk_lines_;
    c.state = c.input + chunk_lines_;
    return c;
  }

  template <class... S>
  void pack(List<S...>) {
    for (int d = 0; d < directions_; ++d) {
      float* packed = packed_.data() + d * cell_back_size(shape_, Stages{});
      const auto stage = [&](auto of) { pack_terms<decltype(of)>(d, packed, typename decltype(of)::Terms{}); };
      (stage(S{}), ...);
    }
  }
  template <class S, class... T>
  void pack_terms(int d, float*& packed, List<T...>) {
    [[maybe_unused]] const auto term = [&](auto of) {
      using PackedLayout = PackedBackLayout<S, decltype(of)>;
      const int64_t panels = PackedLayout{shape_}.panels().count();
      const int tasks = static_cast<int>(panels < threads() ? panels : threads());
      parallel_for(tasks, copying * weight_count(shape_) / 2, [&](int task) {
        for (int64_t p = panels * task / tasks; p < panels * (task + 1) / tasks; ++p)
          pack_back_panel<S, decltype(of)>(shape_, call_.weights[d], p, packed);
      });
      packed += PackedLayout{shape_}.size();
    };
    (term(T{}), ...);
  }

  void weight_gradients(int64_t from, int64_t last, bool first, double work) {
    const int shares = threads();
    parallel_for(directions_ * shares, work, [&](int task) {
      const int d = task % directions_, part = task / directions_;
      stage_gradients(d, part, shares, chunk(d, from, last), first, Stages{});
    });
  }

  template <class... S>
  void stage_gradients(int d, int part, int shares, const Chunk& c, bool first, List<S...>) {
    int64_t sum = 0;
    const auto stage = [&](auto of) {
      using Stage = decltype(of);
      matrix_gradients<Stage>(d, part, shares, c, sum, first, typename Stage::Terms{});
      vector_gradients<Stage>(d, part, shares, c, sum, first);
      sum += Stage::sums * Stage::units(shape_);
    };
    (stage(S{}), ...);
  }

  template <class S, class... T>
  void matrix_gradients(int d, int part, int shares, const Chunk& c, int64_t sum, bool first, List<T...>) {
    const int64_t U = S::units(shape_);
    const WeightGradients& dw = call_.dweights[d];
    [[maybe_unused]] const auto term = [&](auto of) {
      using Of = decltype(of);
      Outer o;
      o.lines = c.lines;
      o.d_pre = c.d_pre + sum;
      o.stride = line_floats_;
      o.source = Of::from == Factor::input ? c.input : c.state;
      o.K = factors(shape_, Of::from);
      o.units = U;
      o.slot = Of::slot;
      o.dw = Of::matrix == Matrix::w_ih ? dw.w_ih : Of::matrix == Matrix::w_hh ? dw.w_hh : dw.w_hr;
      o.dw += S::first_gate * U * o.K;
      o.onto = !first;
      const int64_t rows = Of::count * U, tiles = (rows + tile_rows - 1) / tile_rows;
      const int64_t begin = tiles * part / shares * tile_rows, stop = tiles * (part + 1) / shares * tile_rows,
                    end = stop < rows ? stop : rows;
      if (begin >= end) return;
      if (!o.lines && first) std::memset(o.dw + begin * o.K, 0, sizeof(float) * floats((end - begin) * o.K));
      Scratch panels(floats(outer_scratch));
      Scratch of_scratch(floats(Of::from == Factor::scratch ? o.lines * floats_per_pointer : 0));
      if (Of::from == Factor::scratch) {
        const float** source = reinterpret_cast<const float**>(of_scratch.data());
        for (int64_t line = 0; line < o.lines; ++line) source[line] = c.scratch + line * shape_.H;
        o.source = source;
      }
      outer_product(o, begin, end, panels.data());
    };
    (term(T{}), ...);
  }

  // The sums of a stage's lines, each unit by one thread, and from there to the vectors whose gradients they are.
  template <class S>
  void vector_gradients(int d, int part, int shares, const Chunk& c, int64_t sum, bool first) {
    const int64_t U = S::units(shape_);
    float* sums = sums_.data() + d * line_floats_ + sum;
    const int64_t groups = (U + lanes - 1) / lanes, from = groups * part / shares * lanes,
                  stop = groups * (part + 1) / shares * lanes, end = stop < U ? stop : U;
    if (from >= end) return;
    const WeightGradients& dw = call_.dweights[d];
    if (S::BiasIh::count + S::BiasHh::count + S::Own::count == 0 || !(dw.b_ih || dw.b_hh || dw.own)) return;
    for (int slot = 0; slot < S::sums; ++slot)
      sum_lines(c.lines, c.d_pre + sum + slot * U + from, line_floats_, end - from, sums + slot * U + from, !first);
    const auto spread = [&](float* to, auto which) {
      using Which = decltype(which);
      for (int j = 0; to && j < Which::count; ++j)
        std::memcpy(to + j * U + from, sums + Which::at(j) * U + from, sizeof(float) * floats(end - from));
    };
    spread(dw.b_ih ? dw.b_ih + S::first_gate * U : nullptr, typename S::BiasIh{});
    spread(dw.b_hh ? dw.b_hh + S::first_gate * U : nullptr, typename S::BiasHh{});
    spread(dw.own, typename S::Own{});
  }

  void add_directions(double work) {
    const RowIndex& lines = call_.lines;
    const int tasks = threads();
    parallel_for(tasks, work, [&](int task) {
      for (int64_t b = lines.B * task / tasks; b < lines.B * (task + 1) / tasks; ++b)
        for (int64_t t = 0; t < lines.lengths[b]; ++t) {
          const int64_t at = (lines.time_offset[t] + lines.row_offset[b]) * shape_.I;
          for (int64_t i = 0; i < shape_.I; i += lanes) {
            const int n = lanes_from(i, shape_.I);
            store(call_.dx + at + i, add(load(call_.dx + at + i, n), load(other_dx_.data() + at + i, n)), n);
          }
        }
    });
  }

  const Backward& call_;
  const Shape& shape_;
  const int directions_;
  const Partition partition_;
  const RowBlocks plan_;
  const int64_t line_floats_, chunk_lines_;
  Scratch packed_, forward_packed_, d_pre_, scratch_, masked_, pointers_, zeros_, own_dh_, own_dc_, other_dx_, sums_;
};

}  // namespace
}  // namespace anaphora
