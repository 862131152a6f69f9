#include "pool.hpp"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace anaphora {
namespace {

constexpr int spins =
    2000;  // about 20 us: longer than the gap between two kernels of one layer, too short to take a core from anyone

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  asm volatile("yield");
#endif
}

struct Job {
  void (*f)(void*, int);
  void* argument;
  int tasks;
  std::atomic<int> next{0}, done{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error;  // the first task's that failed, thrown again on the caller's thread
};

struct Pool {
  std::mutex mutex;  // guards `job`, `ticket` against sleepers, and the workers
  std::condition_variable wake;
  std::atomic<unsigned> ticket{0};  // counts jobs: a worker runs each job once
  Job* job = nullptr;
  int inside = 0;  // workers that hold a pointer to the job
  int workers = 0;
};

Pool* pool = new Pool;  // never destroyed: its workers end with the process
std::atomic<bool> busy{false};
std::atomic<int> wanted{0};

// GOMP_parallel(f, argument, threads, flags) of the OpenMP library that is already in the process, or null.
using Team = void (*)(void (*)(void*), void*, unsigned, unsigned);
std::atomic<Team> team{nullptr};

void work(Job& job) {
  for (int task = job.next.fetch_add(1); task < job.tasks; task = job.next.fetch_add(1)) {
    try {
      job.f(job.argument, task);
    } catch (...) {
      if (!job.failed.exchange(true)) job.error = std::current_exception();
    }
    job.done.fetch_add(1, std::memory_order_release);
  }
}

void worker(Pool* own) {
  unsigned seen = 0;
  for (;;) {
    for (int i = 0; i < spins && own->ticket.load(std::memory_order_acquire) == seen; ++i) relax();
    Job* job;
    {
      std::unique_lock<std::mutex> lock(own->mutex);
      own->wake.wait(lock, [&] { return own->ticket.load() != seen; });
      seen = own->ticket.load();
      job = own->job;
      if (job) ++own->inside;
    }
    if (!job) continue;
    work(*job);
    std::lock_guard<std::mutex> lock(own->mutex);
    --own->inside;
  }
}

void run_on_workers(Job& job, int helpers) {
  Pool& own = *pool;
  {
    std::lock_guard<std::mutex> lock(own.mutex);
    try {
      for (; own.workers < helpers; ++own.workers) std::thread(worker, &own).detach();
    } catch (const std::system_error&) {
      // The system gives no more threads: those there are, the caller at least, do it all.
    }
    own.job = &job;
    own.ticket.fetch_add(1, std::memory_order_release);
  }
  own.wake.notify_all();
  work(job);
  while (job.done.load(std::memory_order_acquire) < job.tasks) relax();
  for (;;) {
    std::lock_guard<std::mutex> lock(own.mutex);
    own.job = nullptr;
    if (!own.inside) return;
  }
}

void after_fork_in_child() {
  pool = new Pool;  // the parent's workers do not exist here, and its locks may be held for ever
  team.store(nullptr);
  busy.store(false);
}

int first_number(const char* path, long long* a, long long* b) {
  FILE* file = std::fopen(path, "r");
  if (!file) return 0;
  const int n = std::fscanf(file, "%lld %lld", a, b);
  std::fclose(file);
  return n;
}

struct Default {
  int n = 1;
  std::string source;

  Default() {
    if (const char* text = std::getenv("ANAPHORA_THREADS")) {
      n = std::atoi(text);
      if (n >= 1) {
        source = "ANAPHORA_THREADS";
        return;
      }
    }
    cpu_set_t set;
    n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                    : static_cast<int>(std::thread::hardware_concurrency());
    if (n < 1) n = 1;
    source = "the processors this process may use";
    long long quota = 0, period = 0;
    if (first_number("/sys/fs/cgroup/cpu.max", &quota, &period) != 2)
      if (first_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", &quota, &period) < 1 ||
          first_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us", &period, &period) < 1)
        quota = 0;
    if (quota > 0 && period > 0 && (quota + period - 1) / period < n) {
      n = static_cast<int>((quota + period - 1) / period);
      source = "the cgroup's processor limit";
    }
  }
};

const Default& standard() {
  static const Default value;
  return value;
}

}  // namespace

int threads() {
  const int n = wanted.load();
  return n ? n : standard().n;
}

void set_threads(int n) { wanted.store(n); }

bool share_threads() {
  team.store(reinterpret_cast<Team>(dlsym(RTLD_DEFAULT, "GOMP_parallel")));
  return team.load() != nullptr;
}

const char* threads_source() { return wanted.load() ? "set_threads" : standard().source.c_str(); }

void parallel(int tasks, void (*f)(void*, int), void* argument) {
  bool idle = false;
  if (tasks < 2 || threads() < 2 || !busy.compare_exchange_strong(idle, true)) {
    for (int task = 0; task < tasks; ++task) f(argument, task);
    return;
  }
  static const int registered = pthread_atfork(nullptr, nullptr, after_fork_in_child);
  (void)registered;
  Job job;
  job.f = f;
  job.argument = argument;
  job.tasks = tasks;
  const int n = tasks < threads() ? tasks : threads();
  if (const Team shared = team.load())
    shared([](void* all) { work(*static_cast<Job*>(all)); }, &job, static_cast<unsigned>(n), 0);
  else
    run_on_workers(job, n - 1);
  busy.store(false);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace anaphora
