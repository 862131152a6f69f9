// dx of a chunk: the product back of every stage's input term. Lines need no order in time.
#pragma once
#include "engine/block_rows.hpp"
#include "engine/chunk.hpp"
#include "engine/tile_back.hpp"

namespace anaphora {
namespace {

template <class Cell, class Stage>
bool input_gradient(const BlockRows<Cell>&, const Chunk&, const Range&, const Shape&, int64_t, const float*, float*,
                    bool, List<>) {
  return false;
}

// Of one stage, whose first term may be that of the input: whether it is.
template <class Cell, class Stage, class Input, class... T>
bool input_gradient(const BlockRows<Cell>& rows, const Chunk& chunk, const Range& steps, const Shape& shape,
                    int64_t sum, const float* packed, float* dx, bool onto, List<Input, T...>) {
  if (Input::from != Factor::input) return false;
  constexpr int64_t group = 16 * tile_rows;
  const int64_t width = line_floats(shape, typename Cell::Stages{});
  const float* from[group];
  float* to[group];
  int64_t n = 0;
  const auto multiply = [&] { multiply_back<Stage, Input>({n, from, to, onto}, shape, packed, 0, 1); };
  for (int64_t s = chunk.first + steps.begin; s < chunk.first + steps.end; ++s)
    for (int64_t i = 0; i < rows.count() && rows.length(i) > s; ++i) {
      from[n] = chunk.sums + rows.place(i, chunk.first, s) * width + sum;
      to[n++] = dx + rows.line(rows.row(i), s) * shape.I;
      if (n == group) {
        multiply();
        n = 0;
      }
    }
  if (n) multiply();
  return true;
}

// Steps [begin, end) of the chunk, counted from its first.
template <class Cell, class... S>
void input_gradients(const BlockRows<Cell>& rows, const Chunk& chunk, const Range& steps, const Shape& shape,
                     const float* packed, float* dx, List<S...>) {
  int64_t sum = 0;
  bool onto = false;
  const auto stage = [&](auto of) {
    using Stage = decltype(of);
    using Terms = typename Stage::Terms;
    onto |= input_gradient<Cell, Stage>(rows, chunk, steps, shape, sum, packed, dx, onto, Terms{});
    sum += Stage::sums * Stage::units(shape);
    packed += back_size<Stage>(shape, Terms{});
  };
  (stage(S{}), ...);
}

}  // namespace
}  // namespace anaphora
