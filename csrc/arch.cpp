// One instruction set's kernels: this file is compiled once for each, with ANAPHORA_ARCH_NAME and the compiler's flags for it.
// Everything below is in unnamed namespaces, so no function built for a newer processor is ever shared with an older one.
#include "linear.hpp"
#include "outer.hpp"
#include "pool.hpp"
#include "sweep.hpp"
#include "unwind.hpp"

namespace anaphora {
namespace {

constexpr double worth_sharing = 60000;  // multiply-adds below which waking another thread costs more than it brings

template <class F>
void share(int tasks, double work, F&& f) {
  const auto guarded = [&](int task) {
    const FlushDenormals flush;
    f(task);
  };
  if (tasks == 1 || work < worth_sharing)
    for (int task = 0; task < tasks; ++task) guarded(task);
  else
    parallel(tasks, guarded);
}

template <class F>
void with_cell(CellKind kind, F f) {
  switch (kind) {
    case CellKind::rnn_tanh: return f(Elman<false>{});
    case CellKind::rnn_relu: return f(Elman<true>{});
    case CellKind::gru: return f(Gru{});
    case CellKind::lstm: return f(Lstm{});
    case CellKind::lstm_projected: return f(ProjectedLstm{});
  }
}

template <class... S>
int64_t size_of(const Shape& shape, List<S...>) {
  return (Layout<S>{shape}.size() + ...);
}

double weight_count(const Shape& shape) { return static_cast<double>(gate_count(shape.cell)) * static_cast<double>(shape.H * (shape.I + shape.P)); }

int64_t packed_size(const Shape& shape) {
  int64_t size = 0;
  with_cell(shape.cell, [&](auto cell) { size = size_of(shape, typename decltype(cell)::Stages{}); });
  return size;
}

template <class... S>
void pack_stages(const Shape& shape, const Weights& weights, float* packed, List<S...>) {
  const auto stage = [&](auto of) {
    using Stage = decltype(of);
    const Layout<Stage> layout{shape};
    const int64_t panels = layout.panels().count();
    const int tasks = static_cast<int>(panels < threads() ? panels : threads());
    share(tasks, weight_count(shape), [&](int task) {
      for (int64_t p = panels * task / tasks; p < panels * (task + 1) / tasks; ++p) pack_panel<Stage>(shape, weights, p, packed, typename Stage::Terms{});
    });
    packed += layout.size();
  };
  (stage(S{}), ...);
}

void pack(const Shape& shape, const Weights& weights, float* packed) {
  with_cell(shape.cell, [&](auto cell) { pack_stages(shape, weights, packed, typename decltype(cell)::Stages{}); });
}

void forward(const Forward& call) {
  const int directions = static_cast<int>(call.shape.D);
  const Plan plan(call.lines, (threads() + directions - 1) / directions);
  with_cell(call.shape.cell, [&](auto cell) {
    share(directions * plan.blocks(), weight_count(call.shape) * static_cast<double>(plan.tokens()), [&](int task) {
      Sweep<decltype(cell)>(call, plan, task % directions, task / directions).run();
    });
  });
}

// All the scratch and the order of work of one backward call.
template <class Cell>
class Return {
 public:
  explicit Return(const Backward& call)
      : call_(call), shape_(call.shape), directions_(static_cast<int>(shape_.D)), plan_(call.lines, (threads() + directions_ - 1) / directions_),
        line_floats_(line_floats(shape_, Stages{})), chunk_lines_(longest_chunk()), packed_(floats(shape_.D * back_size(Stages{}))),
        d_pre_(floats(shape_.D * chunk_lines_ * line_floats_)), scratch_(floats(Cell::projected ? shape_.D * chunk_lines_ * shape_.H : 0)),
        pointers_(floats(shape_.D * chunk_lines_ * 2 * floats_per_pointer)), zeros_(floats(shape_.P > shape_.H ? shape_.P : shape_.H)),
        own_dh_(floats(call.dh0 ? 0 : shape_.D * call.lines.B * shape_.P)), own_dc_(floats(call.dc0 || !Cell::memory ? 0 : shape_.D * call.lines.B * shape_.H)),
        other_dx_(floats(call.dx && directions_ == 2 ? call.N * shape_.I : 0)), bias_(floats(call.dweights[0].w_ih ? shape_.D * line_floats_ : 0)) {}

  void run() {
    const double work = weight_count(shape_) * static_cast<double>(plan_.tokens());
    float* dh = call_.dh0 ? call_.dh0 : own_dh_.data();
    float* dc = call_.dc0 ? call_.dc0 : own_dc_.data();
    begin(dh, call_.dh_n, shape_.D * call_.lines.B * shape_.P);
    if (Cell::memory) begin(dc, call_.dc_n, shape_.D * call_.lines.B * shape_.H);
    begin(zeros_.data(), nullptr, shape_.P > shape_.H ? shape_.P : shape_.H);
    pack(Stages{});
    bool first = true;
    for (int64_t last = plan_.steps(); last > 0 || first; first = false) {
      const int64_t from = chunk_start(last);
      share(directions_ * plan_.blocks(), work, [&](int task) {
        const int d = task % directions_;
        float* dx = d ? other_dx_.data() : call_.dx;
        Unwind<Cell>(call_, plan_, d, task / directions_, packed_.data() + d * back_size(Stages{}), dh, dc, dx, zeros_.data()).run(chunk(d, from, last));
      });
      if (call_.dweights[0].w_ih) weight_gradients(from, last, first, work);
      last = from;
    }
    if (call_.dx && directions_ == 2) add_directions(work);
  }

 private:
  using Stages = typename Cell::Stages;
  static constexpr int64_t floats_per_pointer = sizeof(void*) / sizeof(float);
  static constexpr int64_t chunk_floats = int64_t{4} << 20;  // of d_pre kept at a time

  static size_t floats(int64_t n) { return static_cast<size_t>(n); }

  template <class... S>
  int64_t back_size(List<S...>) const {
    return (stage_back_size<S>(typename S::Terms{}) + ...);
  }
  template <class S, class... T>
  int64_t stage_back_size(List<T...>) const {
    return (BackLayout<S, T>{shape_}.size() + ...);
  }

  static void begin(float* to, const float* from, int64_t n) {
    if (from)
      std::memcpy(to, from, sizeof(float) * floats(n));
    else
      std::memset(to, 0, sizeof(float) * floats(n));
  }

  int64_t lines_between(int64_t from, int64_t to) const { return plan_.before[floats(to)] - plan_.before[floats(from)]; }
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

  Chunk chunk(int d, int64_t from, int64_t last) const {
    Chunk c;
    c.first = from;
    c.last = last;
    c.lines = lines_between(from, last);
    c.d_pre = d_pre_.data() + d * chunk_lines_ * line_floats_;
    c.scratch = scratch_.data() + (Cell::projected ? d * chunk_lines_ * shape_.H : 0);
    c.input = reinterpret_cast<const float**>(pointers_.data()) + 2 * d * chunk_lines_;
    c.state = c.input + chunk_lines_;
    return c;
  }

  template <class... S>
  void pack(List<S...>) {
    for (int d = 0; d < directions_; ++d) {
      float* packed = packed_.data() + d * back_size(Stages{});
      const auto stage = [&](auto of) { pack_terms<decltype(of)>(d, packed, typename decltype(of)::Terms{}); };
      (stage(S{}), ...);
    }
  }
  template <class S, class... T>
  void pack_terms(int d, float*& packed, List<T...>) {
    const auto term = [&](auto of) {
      using Layout = BackLayout<S, decltype(of)>;
      const int64_t panels = Layout{shape_}.panels().count();
      const int tasks = static_cast<int>(panels < threads() ? panels : threads());
      share(tasks, weight_count(shape_) / 2, [&](int task) {
        for (int64_t p = panels * task / tasks; p < panels * (task + 1) / tasks; ++p) pack_back_panel<S, decltype(of)>(shape_, call_.weights[d], p, packed);
      });
      packed += Layout{shape_}.size();
    };
    (term(T{}), ...);
  }

  void weight_gradients(int64_t from, int64_t last, bool first, double work) {
    const int shares = threads();
    share(directions_ * shares, work, [&](int task) {
      const int d = task % directions_, part = task / directions_;
      stage_gradients(d, part, shares, chunk(d, from, last), first, Stages{});
    });
  }

  template <class... S>
  void stage_gradients(int d, int part, int shares, const Chunk& c, bool first, List<S...>) {
    int64_t slot = 0;
    const auto stage = [&](auto of) {
      using Stage = decltype(of);
      term_gradients<Stage>(d, part, shares, c, slot, first, typename Stage::Terms{});
      slot += Stage::slots * Stage::units(shape_);
    };
    (stage(S{}), ...);
  }

  template <class S, class... T>
  void term_gradients(int d, int part, int shares, const Chunk& c, int64_t slot, bool first, List<T...>) {
    const int64_t U = S::units(shape_);
    const WeightGradients& dw = call_.dweights[d];
    const auto term = [&](auto of) {
      using Of = decltype(of);
      Outer o;
      o.lines = c.lines;
      o.d_pre = c.d_pre + slot;
      o.stride = line_floats_;
      o.source = Of::from == From::input ? c.input : c.state;
      o.K = factors(shape_, Of::from);
      o.units = U;
      o.slot = Of::slot;
      o.dw = Of::from == From::input ? dw.w_ih : Of::from == From::state ? dw.w_hh : dw.w_hr;
      o.onto = !first;
      const int64_t rows = Of::count * U, tiles = (rows + tile_rows - 1) / tile_rows;
      const int64_t begin = tiles * part / shares * tile_rows, stop = tiles * (part + 1) / shares * tile_rows, end = stop < rows ? stop : rows;
      if (begin >= end) return;
      if (!o.lines && first) std::memset(o.dw + begin * o.K, 0, sizeof(float) * floats((end - begin) * o.K));
      Scratch panels(floats(outer_scratch));
      if (Of::from == From::scratch) {
        Scratch rows_of_scratch(floats(o.lines * floats_per_pointer));
        const float** source = reinterpret_cast<const float**>(rows_of_scratch.data());
        for (int64_t line = 0; line < o.lines; ++line) source[line] = c.scratch + line * shape_.H;
        o.source = source;
        outer_product(o, begin, end, panels.data());
      } else {
        outer_product(o, begin, end, panels.data());
      }
    };
    (term(T{}), ...);
    if (part == shares - 1) {
      float* bias = bias_.data() + d * line_floats_ + slot;
      sum_lines(c.lines, c.d_pre + slot, line_floats_, S::slots * U, bias, !first);
      const auto spread = [&](auto of) {
        using Of = decltype(of);
        float* db = Of::from == From::input ? dw.b_ih : Of::from == From::state ? dw.b_hh : nullptr;
        for (int j = 0; db && j < Of::count; ++j) std::memcpy(db + j * U, bias + Of::slot[j] * U, sizeof(float) * floats(U));
      };
      (spread(T{}), ...);
    }
  }

  void add_directions(double work) {
    const Lines& lines = call_.lines;
    const int tasks = threads();
    share(tasks, work, [&](int task) {
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
  const Plan plan_;
  const int64_t line_floats_, chunk_lines_;
  Scratch packed_, d_pre_, scratch_, pointers_, zeros_, own_dh_, own_dc_, other_dx_, bias_;
};

void backward(const Backward& call) {
  with_cell(call.shape.cell, [&](auto cell) { Return<decltype(cell)>(call).run(); });
}

int64_t packed_linear_size(int64_t O, int64_t K) { return Affine{O, K}.size(); }

void pack_linear(int64_t O, int64_t K, const float* w, const float* b, float* packed) { Affine{O, K}.pack(w, b, packed); }

void linear(int64_t N, int64_t O, int64_t K, const float* packed, const float* x, float* y) {
  const Affine affine{O, K};
  const int64_t panels = affine.panels().count();
  const bool by_rows = N >= 2 * tile_rows * threads();
  const int64_t pieces = by_rows ? (N + 8 * tile_rows - 1) / (8 * tile_rows) : panels;
  share(static_cast<int>(pieces), static_cast<double>(N) * static_cast<double>(O * K), [&](int piece) {
    if (by_rows)
      affine.run(N * piece / pieces, N * (piece + 1) / pieces, 0, panels, packed, x, y);
    else
      affine.run(0, N, piece, piece + 1, packed, x, y);
  });
}

#define ANAPHORA_TEXT(name) #name
#define ANAPHORA_NAME(name) ANAPHORA_TEXT(name)
#define ANAPHORA_JOIN(a, b) a##b
#define ANAPHORA_TABLE(name) ANAPHORA_JOIN(table_, name)

}  // namespace

extern const Table ANAPHORA_TABLE(ANAPHORA_ARCH_NAME);
const Table ANAPHORA_TABLE(ANAPHORA_ARCH_NAME) = {ANAPHORA_NAME(ANAPHORA_ARCH_NAME), packed_size, pack, forward, backward, packed_linear_size, pack_linear, linear};

}  // namespace anaphora
