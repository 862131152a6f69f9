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
#include "engine/backward_pass.hpp"
#include "engine/forward_pass.hpp"
#include "engine/linear.hpp"
#include "engine/pack.hpp"

namespace anaphora {
namespace {

// A kind without a case does not compile.
template <class F>
void with_cell(CellKind kind, F f) {
  switch (kind) {
    case CellKind::rnn_tanh:
      return f(Elman<false>{});
    case CellKind::rnn_relu:
      return f(Elman<true>{});
    case CellKind::gru:
      return f(Gru{});
    case CellKind::gru_reset_before:
      return f(ResetBeforeGru{});
    case CellKind::gru_layer_norm:
      return f(LayerNormGru{});
    case CellKind::lstm:
      return f(Lstm{});
    case CellKind::lstm_projected:
      return f(ProjectedLstm{});
    case CellKind::lstm_peephole:
      return f(PeepholeLstm{});
    case CellKind::lstm_coupled:
      return f(CoupledLstm{});
    case CellKind::lstm_layer_norm:
      return f(LayerNormLstm{});
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
  const int64_t pieces = by_rows ? (N + 8 * tile_rows - 1) / (8 * tile_rows) : panels;
  parallel_for(static_cast<int>(pieces), static_cast<double>(N) * static_cast<double>(O * K), [&](int range) {
    if (by_rows)
      affine.run(N * range / pieces, N * (range + 1) / pieces, 0, panels, packed, x, y);
    else
      affine.run(0, N, range, range + 1, packed, x, y);
  });
}

#define ANAPHORA_TEXT(name) #name
#define ANAPHORA_NAME(name) ANAPHORA_TEXT(name)
#define ANAPHORA_JOIN(a, b) a##b
#define ANAPHORA_TABLE(name) ANAPHORA_JOIN(table_, name)

}  // namespace

extern const Table ANAPHORA_TABLE(ANAPHORA_ARCH_NAME);
const Table ANAPHORA_TABLE(ANAPHORA_ARCH_NAME) = {ANAPHORA_NAME(ANAPHORA_ARCH_NAME),
                                                  packed_size,
                                                  pack,
                                                  forward,
                                                  backward,
                                                  bind_step,
                                                  packed_linear_size,
                                                  pack_linear,
                                                  linear};

}  // namespace anaphora
