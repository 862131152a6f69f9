// The weights' gradients of a call: after each chunk, every part of the weights takes its sums over the chunk's lines.
#pragma once
#include "engine/chunk.hpp"
#include "engine/outer_product.hpp"
#include "engine/packed_layout.hpp"
#include "engine/parallel.hpp"
#include "engine/scratch.hpp"

namespace anaphora {
namespace {

template <class Cell>
class WeightSums {
 public:
  struct Part {
    int part, parts;
    bool first;  // chunk of the call
  };

  explicit WeightSums(const Backward& call)
      : call_(call),
        shape_(call.shape),
        line_floats_(line_floats(shape_, Stages{})),
        sums_(call.dweights[0].w_ih ? shape_.D * line_floats_ : 0) {}

  bool wanted() const { return call_.dweights[0].w_ih; }

  // One part of the weights of direction d: the first chunk overwrites their gradient, later ones add.
  void take(const Chunk& chunk, int d, const Part& part) const { take_stages(chunk, d, part, Stages{}); }

 private:
  using Stages = typename Cell::Stages;

  template <class... S>
  void take_stages(const Chunk& chunk, int d, const Part& of, List<S...>) const {
    int64_t sum = 0;
    const auto stage = [&](auto t) {
      using Stage = decltype(t);
      take_matrices<Stage>(chunk, d, of, sum, typename Stage::Terms{});
      take_vectors<Stage>(chunk, d, of, sum);
      sum += Stage::sums * Stage::units(shape_);
    };
    (stage(S{}), ...);
  }

  template <class S, class... T>
  void take_matrices(const Chunk& chunk, int d, const Part& of, int64_t sum, List<T...>) const {
    [[maybe_unused]] const auto term = [&](auto t) { take_matrix<S, decltype(t)>(chunk, d, of, sum); };
    (term(T{}), ...);
  }

  template <class S, class Term>
  void take_matrix(const Chunk& chunk, int d, const Part& of, int64_t sum) const {
    const int64_t heads = Term::by_head ? shape_.heads : 1;
    Buffer<const float*> scratch(Term::from == Factor::scratch ? chunk.lines : 0);
    OuterProduct o;
    o.lines = chunk.lines;
    o.d_pre = chunk.sums + sum;
    o.stride = line_floats_;
    o.factor = Term::from == Factor::input ? chunk.input : chunk.state;
    if (Term::from == Factor::scratch) {
      for (int64_t line = 0; line < o.lines; ++line) scratch.data()[line] = chunk.scratch + line * shape_.H;
      o.factor = scratch.data();
    }
    o.K = factors<Term>(shape_);
    o.units = S::units(shape_);
    o.units_of_head = o.units / heads;
    o.slot = Term::slot;
    o.dw = matrix(call_.dweights[d], Term::matrix) + S::first_gate * o.units * o.K;
    o.onto = !of.first;
    for (int64_t head = 0; head < heads; ++head) {
      o.first_factor = head * o.K;
      o.first_unit = head * o.units_of_head;
      take_rows(o, Term::count * o.units_of_head, of);
    }
  }

  static void take_rows(const OuterProduct& o, int64_t rows, const Part& of) {
    const Range tiles((rows + tile_rows - 1) / tile_rows, of.part, of.parts);
    const int64_t begin = tiles.begin * tile_rows, stop = tiles.end * tile_rows, end = stop < rows ? stop : rows;
    if (begin >= end) return;
    if (!o.lines && of.first)
      for (int64_t m = begin; m < end; ++m) std::memset(o.row(m), 0, sizeof(float) * static_cast<size_t>(o.K));
    const Buffer<float> panels(outer_scratch);
    outer_product(o, begin, end, panels.data());
  }

  // The sums of a stage's lines, each unit by one thread, and from there to the vectors whose gradients they are.
  template <class S>
  void take_vectors(const Chunk& chunk, int d, const Part& of, int64_t sum) const {
    const int64_t U = S::units(shape_);
    float* sums = sums_.data() + d * line_floats_ + sum;
    const Range groups((U + lanes - 1) / lanes, of.part, of.parts);
    const int64_t from = groups.begin * lanes, stop = groups.end * lanes, end = stop < U ? stop : U;
    const WeightGradients& dw = call_.dweights[d];
    if (from >= end || !(dw.b_ih || dw.b_hh || dw.own)) return;
    if (S::BiasIh::count + S::BiasHh::count + S::Own::count == 0) return;
    for (int slot = 0; slot < S::sums; ++slot)
      sum_lines(chunk.lines, chunk.sums + sum + slot * U + from, line_floats_, end - from, sums + slot * U + from,
                !of.first);
    const auto spread = [&](float* to, auto which) {
      using Which = decltype(which);
      for (int j = 0; to && j < Which::count; ++j)
        std::memcpy(to + j * U + from, sums + Which::at(j) * U + from, sizeof(float) * static_cast<size_t>(end - from));
    };
    spread(dw.b_ih ? dw.b_ih + S::first_gate * U : nullptr, typename S::BiasIh{});
    spread(dw.b_hh ? dw.b_hh + S::first_gate * U : nullptr, typename S::BiasHh{});
    spread(dw.own, typename S::Own{});
  }

  const Backward& call_;
  const Shape& shape_;
  const int64_t line_floats_;
  const Buffer<float> sums_;
};

}  // namespace
}  // namespace anaphora
