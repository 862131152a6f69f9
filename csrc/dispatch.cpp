// The table that picks at run time among the instruction sets this build has.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels.h"

namespace anaphora {

extern const Table table_baseline, table_avx2, table_avx512, table_neon;  // those of them that are built

namespace {

struct Choice {
  const Table* table;
  bool runs;
};

const Table& pick() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  [[maybe_unused]] const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  [[maybe_unused]] const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                                       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                                       __builtin_cpu_supports("avx512vl");
#endif
  const Choice choices[] = {
#ifdef ANAPHORA_HAS_avx512
      {&table_avx512, avx512},
#endif
#ifdef ANAPHORA_HAS_avx2
      {&table_avx2, avx2},
#endif
#ifdef ANAPHORA_HAS_neon
      {&table_neon, true},
#endif
#ifdef ANAPHORA_HAS_baseline
      {&table_baseline, true},
#endif
  };
  const char* asked = std::getenv("ANAPHORA_ARCH");
  std::string known;
  for (const Choice& choice : choices) {
    if (choice.runs && (!asked || !*asked || std::string(asked) == choice.table->name)) return *choice.table;
    if (choice.runs) known += (known.empty() ? "" : ", ") + std::string(choice.table->name);
  }
  throw std::runtime_error("ANAPHORA_ARCH is '" + std::string(asked) + "', but this machine runs " + known +
                           ": name one of them or unset the variable");
}

}  // namespace

const Table& table() {
  static const Table& picked = pick();
  return picked;
}

Step::~Step() = default;

Traits traits(CellKind cell) {
  switch (cell) {
    case CellKind::gru:
      return {3, 4, 0, false};
    case CellKind::gru_reset_before:
      return {3, 3, 0, false};
    case CellKind::gru_layer_norm:
      return {3, 10, 6, false};
    case CellKind::lstm:
    case CellKind::lstm_projected:
      return {4, 5, 0, true};
    case CellKind::lstm_peephole:
      return {4, 5, 3, true};
    case CellKind::lstm_coupled:
      return {3, 4, 0, true};
    case CellKind::lstm_layer_norm:
      return {4, 13, 10, true};
    default:
      return {1, 0, 0, false};
  }
}

int64_t saved_slots(CellKind cell, const Noise& noise) {
  const Traits of = traits(cell);
  const bool zoned = of.memory ? noise.keep_h || noise.keep_c : !of.saved_slots && noise.keep_h;
  return of.saved_slots + (zoned ? 1 : 0);
}

}  // namespace anaphora
