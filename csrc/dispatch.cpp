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
  if (known.empty()) throw std::runtime_error("this build has no kernels that this processor runs: build them here");
  throw std::runtime_error("ANAPHORA_ARCH is '" + std::string(asked) + "', but this machine runs " + known +
                           ": name one of them or unset the variable");
}

}  // namespace

const Table& table() {
  static const Table& picked = pick();
  return picked;
}

Step::~Step() = default;

}  // namespace anaphora
