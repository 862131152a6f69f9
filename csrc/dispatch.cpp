// The choice at run time among the instruction sets that this build has.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels.h"

namespace anaphora {

extern const Kernels kernels_baseline, kernels_avx2, kernels_avx512, kernels_neon;  // those that are built

namespace {

struct Choice {
  const Kernels* kernels;
  bool runs;
};

const Kernels& pick() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  [[maybe_unused]] const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  [[maybe_unused]] const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                                       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                                       __builtin_cpu_supports("avx512vl");
#endif
  const Choice choices[] = {
#ifdef ANAPHORA_HAS_avx512
      {&kernels_avx512, avx512},
#endif
#ifdef ANAPHORA_HAS_avx2
      {&kernels_avx2, avx2},
#endif
#ifdef ANAPHORA_HAS_neon
      {&kernels_neon, true},
#endif
#ifdef ANAPHORA_HAS_baseline
      {&kernels_baseline, true},
#endif
  };
  const char* asked = std::getenv("ANAPHORA_ARCH");
  std::string known;
  for (const Choice& choice : choices) {
    if (choice.runs && (!asked || !*asked || std::string(asked) == choice.kernels->name)) return *choice.kernels;
    if (choice.runs) known += (known.empty() ? "" : ", ") + std::string(choice.kernels->name);
  }
  if (known.empty())
    throw std::runtime_error(
        "this build has no kernels for this processor: build anaphora on this machine "
        "(pip install . from its source)");
  throw std::runtime_error("ANAPHORA_ARCH is '" + std::string(asked) + "', but this machine runs " + known +
                           ": name one of them or unset the variable");
}

}  // namespace

const Kernels& best_kernels() {
  static const Kernels& picked = pick();
  return picked;
}

Step::~Step() = default;

}  // namespace anaphora
