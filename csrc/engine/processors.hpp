// How many processors this process may use: what it was told, its affinity, and the limits of its cgroup and of those
// around it.
#pragma once
#include <string>

namespace anaphora {

struct Processors {
  int threads;
  std::string source;  // in words
};

Processors processors();  // throws std::runtime_error if ANAPHORA_THREADS is no number above 0

}  // namespace anaphora
