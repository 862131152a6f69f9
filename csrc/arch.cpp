// One instruction set's kernels: this file is compiled once for each, with ANAPHORA_ARCH_NAME and the compiler's flags
// for it. Everything below is in unnamed namespaces, so no function built for a newer processor is ever shared with an
// older one.
#include "cells/coupled.hpp"
#include "cells/elman.hpp"
#include "cells/gru.hpp"
#include "cells/layer_norm.hpp"
#include "cells/lstm.hpp"
#include "cells/peephole.hpp"
#include "cells/reset_before.hpp"
#include "engine/arch_name.hpp"
#include "engine/backward_pass.hpp"
#include "engine/forward_pass.hpp"
#include "engine/linear.hpp"
#include "engine/pack.hpp"

namespace anaphora {
namespace {

// A cell that its row in the table describes.
template <CellKind kind, class Cell>
Cell checked() {
  static_assert(agrees<Cell>(traits(kind)), "a cell's numbers are those of its row in cells.hpp (cells/stage.hpp)");
  return {};
}

// A kind without a case does not compile.
template <class F>
void with_cell(CellKind kind, F f) {
  switch (kind) {
    case CellKind::rnn_tanh:
      return f(checked<CellKind::rnn_tanh, Elman<false>>());
    case CellKind::rnn_relu:
      return f(checked<CellKind::rnn_relu, Elman<true>>());
    case CellKind::gru:
      return f(checked<CellKind::gru, Gru>());
    case CellKind::gru_reset_before:
      return f(checked<CellKind::gru_reset_before, ResetBeforeGru>());
    case CellKind::gru_layer_norm:
      return f(checked<CellKind::gru_layer_norm, LayerNormGru>());
    case CellKind::lstm:
      return f(checked<CellKind::lstm, Lstm>());
    case CellKind::lstm_projected:
      return f(checked<CellKind::lstm_projected, ProjectedLstm>());
    case CellKind::lstm_peephole:
      return f(checked<CellKind::lstm_peephole, PeepholeLstm>());
    case CellKind::lstm_coupled:
      return f(checked<CellKind::lstm_coupled, CoupledLstm>());
    case CellKind::lstm_layer_norm:
      return f(checked<CellKind::lstm_layer_norm, LayerNormLstm>());
  }
}

int64_t packed_size(const Shape& shape) {
  int64_t size = 0;
  with_cell(shape.cell, [&](auto cell) { size = packed_floats<decltype(cell)>(shape); });
  return size;
}

void pack(const Shape& shape, const Weights& weights, float* packed) {
  with_cell(shape.cell, [&](auto cell) { pack_cell<decltype(cell)>(shape, weights, packed); });
}

void forward(const Forward& call) {
  with_cell(call.shape.cell, [&](auto cell) { run_forward<decltype(cell)>(call); });
}

void backward(const Backward& call) {
  with_cell(call.shape.cell, [&](auto cell) { BackwardPass<decltype(cell)>(call).run(); });
}

std::unique_ptr<Step> bind_step(const StepBuffers& of) {
  std::unique_ptr<Step> step;
  with_cell(of.shape.cell, [&](auto cell) { step = std::make_unique<OneStep<decltype(cell)>>(of); });
  return step;
}

int64_t packed_linear_size(int64_t O, int64_t K) { return Affine{O, K}.size(); }

void pack_linear(int64_t O, int64_t K, const float* w, const float* b, float* packed) {
  Affine{O, K}.pack(w, b, packed);
}

void linear(int64_t N, int64_t O, int64_t K, const float* packed, const float* x, float* y) {
  const Affine affine{O, K};
  const int64_t panels = affine.panels().count();
  const bool by_rows = N >= 2 * tile_rows * threads();
  const int tasks = static_cast<int>(by_rows ? (N + 8 * tile_rows - 1) / (8 * tile_rows) : panels);
  parallel_for(tasks, static_cast<double>(N) * static_cast<double>(O * K), [&](int task) {
    const Range rows(N, task, tasks);
    if (by_rows)
      affine.run(rows.begin, rows.end, 0, panels, packed, x, y);
    else
      affine.run(0, N, task, task + 1, packed, x, y);
  });
}

}  // namespace

extern const Kernels ANAPHORA_FOR_ARCH(kernels);
const Kernels ANAPHORA_FOR_ARCH(kernels) = {ANAPHORA_ARCH_TEXT, packed_size,        pack,        forward, backward,
                                            bind_step,          packed_linear_size, pack_linear, linear};

}  // namespace anaphora
