#include "engine/processors.hpp"

#include <sched.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace anaphora {
namespace {

// Whole processors of a quota of `quota` microseconds in `period`, rounded up; 0 for no limit.
int whole(long long quota, long long period) {
  return quota > 0 && period > 0 ? static_cast<int>((quota + period - 1) / period) : 0;
}

int limit_of(const std::string& folder, bool unified) {
  long long quota = 0, period = 0;
  if (unified) {
    std::ifstream(folder + "/cpu.max") >> quota >> period;  // "max 100000" leaves 0: no limit
  } else {
    std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;
    std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  }
  return whole(quota, period);
}

// The least limit from a group up to the root; 0 for none.
int limit_along(const std::string& root, std::string group, bool unified) {
  int least = 0;
  for (;;) {
    const int here = limit_of(root + group, unified);
    if (here && (!least || here < least)) least = here;
    const size_t slash = group.rfind('/');
    if (slash == std::string::npos) return least;
    group.erase(slash);
  }
}

int cgroup_limit() {
  int least = 0;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "4:cpu,cpuacct:/path", or "0::/path" for the unified tree
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",", group = line.substr(second + 1);
    const bool unified = names == ",,";
    if (!unified && names.find(",cpu,") == std::string::npos) continue;
    const int limit = limit_along(unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu", group, unified);
    if (limit && (!least || limit < least)) least = limit;
  }
  return least;
}

}  // namespace

Processors processors() {
  if (const char* text = std::getenv("ANAPHORA_THREADS")) {
    int n = 0;
    std::istringstream words(text);
    if (!(words >> n) || !words.eof() || n < 1)
      throw std::runtime_error("ANAPHORA_THREADS is '" + std::string(text) +
                               "': expected a whole number, 1 or more; set one or unset the variable");
    return {n, "ANAPHORA_THREADS"};
  }
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                      : static_cast<int>(std::thread::hardware_concurrency());
  if (n < 1) n = 1;
  const int limit = cgroup_limit();
  if (limit && limit < n) return {limit, "the cgroup's processor limit"};
  return {n, "the processors this process may use"};
}

}  // namespace anaphora
