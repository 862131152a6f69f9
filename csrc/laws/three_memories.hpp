// A cell for the laws alone: three memories, and a recurrent product by heads, as an sLSTM has (Beck et al. 2024,
// arXiv:2405.04517). It shows that neither needs a change of the walk.
//
//   i, f, o = sigmoid(W x + b_ih + U h + b_hh)      g = tanh(the same)      U block-diagonal
//   c' = f c + i g      n' = f n + i      m' = o m + (1 - o) c'
//   h' = o tanh(c' + n' m')
#pragma once
#include "kernels.h"

namespace anaphora {

inline constexpr CellTraits three_memories = {CellKind{}, "three_memories", 4, 7, 0, 3};

extern const Kernels three_memories_baseline, three_memories_avx2, three_memories_avx512,
    three_memories_neon;  // those that are built

}  // namespace anaphora
