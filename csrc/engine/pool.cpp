#include "engine/pool.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "engine/processors.hpp"

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
  std::atomic<int> inside{
      0};  // workers that hold a pointer to the job; they come in under the mutex, and leave without
  int workers = 0;
};

Pool* pool = new Pool;  // never destroyed: its workers end with the process
std::atomic<bool> busy{false};
std::atomic<int> wanted{0};

// GOMP_parallel(f, argument, threads, flags) of the OpenMP library that is already in the process, or null.
using Team = void (*)(void (*)(void*), void*, unsigned, unsigned);
std::atomic<Team> team{nullptr};
std::atomic<int (*)()> torch_most{nullptr};  // omp_get_max_threads, which torch.set_num_threads sets

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
      if (job) own->inside.fetch_add(1);
    }
    if (!job) continue;
    work(*job);
    own->inside.fetch_sub(1, std::memory_order_release);
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
  {
    std::lock_guard<std::mutex> lock(own.mutex);
    own.job = nullptr;
  }
  while (own.inside.load(std::memory_order_acquire)) relax();
}

void after_fork_in_child() {
  pool = new Pool;  // the parent's workers do not exist here, and its locks may be held for ever
  team.store(nullptr);
  busy.store(false);
}

// When the library is loaded: a child may be forked before the first call here, and after torch's threads exist.
const int registered = pthread_atfork(nullptr, nullptr, after_fork_in_child);

const Processors& standard() {
  static const Processors value = processors();
  return value;
}

}  // namespace

int threads() {
  if (const int n = wanted.load()) return n;
  const auto most = torch_most.load();
  return most && most() < standard().threads ? most() : standard().threads;
}

void set_threads(int n) { wanted.store(n); }

bool share_threads() {
  torch_most.store(reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads")));
  team.store(reinterpret_cast<Team>(dlsym(RTLD_DEFAULT, "GOMP_parallel")));
  return team.load() != nullptr;
}

const char* threads_source() {
  if (wanted.load()) return "set_threads";
  return threads() < standard().threads ? "torch.get_num_threads" : standard().source.c_str();
}

void parallel(int tasks, void (*f)(void*, int), void* argument) {
  bool idle = false;
  if (tasks < 2 || threads() < 2 || !busy.compare_exchange_strong(idle, true)) {
    for (int task = 0; task < tasks; ++task) f(argument, task);
    return;
  }
  Job job;
  job.f = f;
  job.argument = argument;
  job.tasks = tasks;
  if (const Team shared = team.load())  // always as many as torch asks for: a team of another size is formed anew
    shared([](void* all) { work(*static_cast<Job*>(all)); }, &job, static_cast<unsigned>(threads()), 0);
  else
    run_on_workers(job, (tasks < threads() ? tasks : threads()) - 1);
  busy.store(false);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace anaphora
