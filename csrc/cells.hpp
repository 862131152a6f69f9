// The table of cells: each cell in numbers. The engine, the binding and Python read it from here.
//
// A new cell is a name in CellKind and a row in `cells`, in the same order. arch.cpp asserts that the row and the cell
// agree.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace anaphora {

enum class CellKind : int {
  rnn_tanh,
  rnn_relu,
  gru,
  gru_reset_before,
  gru_layer_norm,
  lstm,
  lstm_projected,
  lstm_peephole,
  lstm_coupled,
  lstm_layer_norm
};

struct CellTraits {
  CellKind kind;
  const char* name;        // in Python; a cell and its projected form share one
  int64_t gates;           // G: the weights have G*H rows
  int64_t saved_slots;     // values of each unit that forward saves per line: first the gates, then the memories, then
                           // others; zoneout may add some (kernels.h)
  int64_t own;             // V: vectors of size H beside weights and biases
  int64_t memories;        // M: vectors of size H that a row carries from step to step beside h
  bool projected = false;  // whether it has w_hr
};

//   kind, name, gates, saved slots, own vectors, memories
inline constexpr CellTraits cells[] = {
    {CellKind::rnn_tanh, "rnn_tanh", 1, 0, 0, 0},
    {CellKind::rnn_relu, "rnn_relu", 1, 0, 0, 0},
    {CellKind::gru, "gru", 3, 4, 0, 0},
    {CellKind::gru_reset_before, "gru_reset_before", 3, 3, 0, 0},
    {CellKind::gru_layer_norm, "gru_layer_norm", 3, 10, 6, 0},
    {CellKind::lstm, "lstm", 4, 5, 0, 1},
    {CellKind::lstm_projected, "lstm", 4, 5, 0, 1, true},
    {CellKind::lstm_peephole, "lstm_peephole", 4, 5, 3, 1},
    {CellKind::lstm_coupled, "lstm_coupled", 3, 4, 0, 1},
    {CellKind::lstm_layer_norm, "lstm_layer_norm", 4, 13, 10, 1},
};
inline constexpr size_t cell_count = sizeof cells / sizeof cells[0];

// A kind without a row is no constant expression: it does not compile.
constexpr const CellTraits& traits(CellKind kind) { return cells[static_cast<size_t>(kind)]; }

constexpr bool rows_in_order() {
  for (size_t i = 0; i < cell_count; ++i)
    if (static_cast<size_t>(cells[i].kind) != i) return false;
  return true;
}
static_assert(rows_in_order(), "cells: one row for each CellKind, in the same order");

// Python reads one row for each name.
constexpr bool names_agree() {
  for (const CellTraits& one : cells)
    for (const CellTraits& other : cells)
      if (std::string_view(one.name) == other.name &&
          (one.gates != other.gates || one.saved_slots != other.saved_slots || one.own != other.own ||
           one.memories != other.memories || (&one != &other && one.projected == other.projected)))
        return false;
  return true;
}
static_assert(names_agree(), "cells: rows of one name differ in kind and projected alone");

}  // namespace anaphora
