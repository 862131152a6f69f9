// The cell of three_memories.hpp. Like arch.cpp, this file is compiled once for each instruction set.
#include "laws/three_memories.hpp"

#include "cells/stage.hpp"
#include "engine/arch_name.hpp"
#include "engine/backward_pass.hpp"
#include "engine/forward_pass.hpp"
#include "engine/pack.hpp"

namespace anaphora {
namespace {

struct ThreeMemoriesSlots {
  enum : int { i, f, g, o, gates, c = gates, n, m, saved };
  enum Memory : int { memory_c, memory_n, memory_m, memories };
};

struct ThreeMemoriesStage : GateStage<0, 1, 2, 3> {
  using S = ThreeMemoriesSlots;
  using Terms = List<Term<Factor::input, Matrix::w_ih, S::i, S::f, S::g, S::o>,
                     HeadTerm<Factor::state, Matrix::w_hh, S::i, S::f, S::g, S::o>>;

  template <bool Save>
  static ANAPHORA_INLINE void finish(const Vec* pre, const ForwardRow& row, UnitGroup at) {
    const Vec i = sigmoid(pre[S::i]), f = sigmoid(pre[S::f]), g = tanh(pre[S::g]), o = sigmoid(pre[S::o]);
    const Vec c = fma(f, at.load(row.c, S::memory_c), mul(i, g));
    const Vec n = fma(f, at.load(row.c, S::memory_n), i);
    const Vec m = fma(o, sub(at.load(row.c, S::memory_m), c), c);
    at.store(row.c, S::memory_c, c);
    at.store(row.c, S::memory_n, n);
    at.store(row.c, S::memory_m, m);
    at.store(row.y, mul(o, tanh(fma(n, m, c))));
    if (!Save) return;
    const Vec all[] = {i, f, g, o, c, n, m};
    for (int slot = 0; slot < S::saved; ++slot) at.store(row.saved, slot, all[slot]);
  }
  static ANAPHORA_INLINE void back(const BackwardRow& row, UnitGroup at) {
    const Vec one = fill(1.0f);
    const Vec i = at.load(row.saved, S::i), f = at.load(row.saved, S::f), g = at.load(row.saved, S::g),
              o = at.load(row.saved, S::o), c = at.load(row.saved, S::c), n = at.load(row.saved, S::n),
              m = at.load(row.saved, S::m);
    const Vec squashed = tanh(fma(n, m, c)), dh = at.load(row.dh);
    const Vec d_sum = mul(mul(dh, o), sub(one, mul(squashed, squashed)));
    const Vec dm = fma(d_sum, n, at.load(row.dc, S::memory_m));
    const Vec dn = fma(d_sum, m, at.load(row.dc, S::memory_n));
    const Vec dc = fma(dm, sub(one, o), add(d_sum, at.load(row.dc, S::memory_c)));
    const Vec d_o = fma(dm, sub(at.load(row.c_before, S::memory_m), c), mul(dh, squashed));
    const Vec d_f = fma(dc, at.load(row.c_before, S::memory_c), mul(dn, at.load(row.c_before, S::memory_n)));
    at.store(row.d_pre, S::i, mul(fma(dc, g, dn), mul(i, sub(one, i))));
    at.store(row.d_pre, S::f, mul(d_f, mul(f, sub(one, f))));
    at.store(row.d_pre, S::g, mul(mul(dc, i), sub(one, mul(g, g))));
    at.store(row.d_pre, S::o, mul(d_o, mul(o, sub(one, o))));
    at.store(row.dc, S::memory_c, mul(dc, f));
    at.store(row.dc, S::memory_n, mul(dn, f));
    at.store(row.dc, S::memory_m, mul(dm, o));
  }
};

struct ThreeMemories : CellDefaults {
  using S = ThreeMemoriesSlots;
  static constexpr int gates = S::gates, saved_slots = S::saved, memories = S::memories;
  using Stages = List<ThreeMemoriesStage>;
};
static_assert(agrees<ThreeMemories>(three_memories));

void backward(const Backward& call) { BackwardPass<ThreeMemories>(call).run(); }
std::unique_ptr<Step> bind_step(const StepBuffers& of) { return std::make_unique<OneStep<ThreeMemories>>(of); }

}  // namespace

extern const Kernels ANAPHORA_FOR_ARCH(three_memories);
const Kernels ANAPHORA_FOR_ARCH(three_memories) = {ANAPHORA_ARCH_TEXT,
                                                   packed_floats<ThreeMemories>,
                                                   pack_cell<ThreeMemories>,
                                                   run_forward<ThreeMemories>,
                                                   backward,
                                                   bind_step,
                                                   nullptr,
                                                   nullptr,
                                                   nullptr};

}  // namespace anaphora
