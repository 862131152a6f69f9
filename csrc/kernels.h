// The contract of the kernels: what goes in, what comes out, who owns it, what may alias, and what backward needs back.
//
//   T  steps of the longest row      I  input features       G  gates of a cell
//   B  rows (sequences)              H  hidden units         D  directions, 1 or 2
//   N  lines of x and y              P  features of the state h: H, or the size it is projected to
//   V  vectors of size H that are a cell's own             M  memories c of a cell: 0 (Elman, GRU), 1 (LSTM) or more
//
// Every matrix is row-major float32 and dense, every index int64. The caller owns every buffer named here; none may
// overlap another. The kernels keep no pointer after they return and allocate only scratch that they give back.
//
// A *line* is one step of one row: step t of row b lies in line time_offset[t] + row_offset[b] of x, y and saved. The
// same walk so serves time-major, batch-first, ragged and packed data without a copy. Lines past a row's end are
// never touched.
//
// Each row sums in one order: bias, then x with k ascending, then h with k ascending. Nothing else enters a row's
// result, so for one instruction set its bits do not depend on the other rows, on padding, on the threads or on how it
// was cut in time.
#pragma once
#include <cstdint>
#include <memory>

#include "cells.hpp"

namespace anaphora {

struct Shape {
  CellKind cell;
  int64_t I, H, P, D;
  // Heads of the products that are block-diagonal (cells/stage.hpp): H and P are multiples of it. The binding calls
  // with one head: so far only the laws call with more.
  int64_t heads = 1;
};

struct RowIndex {
  int64_t T, B;
  const int64_t* time_offset;  // (T,)
  const int64_t* row_offset;   // (B,)
  const int64_t* lengths;      // (B,), 0 <= length <= T
};

// One direction's weights with torch's names and gate order. Null: absent.
struct Weights {
  const float* w_ih;  // (G*H, I)
  const float* w_hh;  // (G*H, P), where block-diagonal (G*H, P / heads)
  const float* b_ih;  // (G*H,)
  const float* b_hh;  // (G*H,)
  const float* w_hr;  // (P, H), only when projected
  const float* own;   // (V*H,), only where the cell has vectors of its own
};

struct WeightGradients {
  float *w_ih, *w_hh, *b_ih, *b_hh, *w_hr, *own;
};

// Factors that are multiplied into the states. Null: none is. No gradient flows into any of it.
struct Noise {
  const float* mask;       // (D, B, P): the products see mask * h, the same at every step
  const float* keep_h;     // h' = keep_h * h + (1 - keep_h) * (what the cell makes of it), a line each or one for all
  const float* keep_c;     // likewise for c, of width D*M*H
  int64_t step_h, step_c;  // lines from one line's keep to the next: 1, or 0 when one serves all
};

// Arguments of both ways through time. The memories of a row lie one after another: c[m * H + unit].
//
// With segment = k > 0 only the memories before every k-th step of the walk are saved, and backward walks each segment
// again for its gates: saved is then (D, ceil(T / k), B, M*H), or nothing for a cell without a memory.
struct Call {
  Shape shape;
  RowIndex index;
  const float* x;   // (N, I)
  const float* h0;  // (D, B, P) or null for zeros
  const float* c0;  // (D, B, M*H) or null for zeros
  int64_t N;
  Noise noise;
  int64_t segment;
};

struct Forward : Call {
  const float* packed[2];  // from pack(), one per direction
  float* y;                // (N, D*P)
  float* h_n;              // (D, B, P)
  float* c_n;              // (D, B, M*H), cells with a memory only
  float* saved;            // (D, N, saved_slots*H) or null when no gradient is wanted
};

// Backward needs back what forward was given, and its y and saved. A null gradient on the left counts as zeros, a null
// output on the right is not computed. Outputs are overwritten; dx is the sum over directions.
struct Backward : Call {
  Weights weights[2];
  const float *y, *saved;
  const float *dy, *dh_n, *dc_n;
  float* dx;                    // (N, I)
  WeightGradients dweights[2];  // all null, or all that the cell has
  float *dh0, *dc0;
  float clip;  // > 0: every product's gradient is held between -clip and clip at every step
};

// One step of one layer in one direction, over buffers that stay: x is read, h and c are replaced, y is written.
struct StepBuffers {
  Shape shape;  // D = 1
  int64_t B;
  const float *packed, *x;  // x (B, I)
  float *h, *c, *y;         // (B, P), (B, M*H) or null, (B, P)
  Noise noise;              // no mask
};

class Step {
 public:
  virtual ~Step();
  virtual void run() = 0;
};

// One instruction set's kernels.
struct Kernels {
  const char* name;
  int64_t (*packed_size)(const Shape&);  // floats
  void (*pack)(const Shape&, const Weights&, float* packed);
  void (*forward)(const Forward&);
  void (*backward)(const Backward&);
  std::unique_ptr<Step> (*bind_step)(const StepBuffers&);
  int64_t (*packed_linear_size)(int64_t O, int64_t K);
  void (*pack_linear)(int64_t O, int64_t K, const float* w, const float* b, float* packed);
  void (*linear)(int64_t N, int64_t O, int64_t K, const float* packed, const float* x, float* y);  // y = b + x W^T
};

const Kernels& best_kernels();  // the best this machine runs; ANAPHORA_ARCH overrides

// Under zoneout a cell with memories saves them once more, as the next step meets them; and a cell that saves nothing,
// since its way back needs no more than its output, saves its output before zoneout blended it.
constexpr int64_t saved_slots(int64_t slots, int64_t memories, const Noise& noise) {
  if (memories) return slots + (noise.keep_h || noise.keep_c ? memories : 0);
  return slots + (!slots && noise.keep_h ? 1 : 0);
}
inline int64_t saved_slots(CellKind cell, const Noise& noise) {
  return saved_slots(traits(cell).saved_slots, traits(cell).memories, noise);
}

}  // namespace anaphora
