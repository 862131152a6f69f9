// The threads: run `tasks` calls of f(argument, task) on all of them and come back when the last has ended.
//
// The calling thread works too. Workers wait a short while spinning, then asleep. A call made while another is under
// way (two Python threads), or from inside one, runs on its caller alone: results never depend on it. After fork the
// child begins with no workers and starts its own when it needs them.
//
// Two pools on the same cores fight: an OpenMP library lets its threads spin after each of its own jobs, and whoever
// wakes a thread of another pool then waits for a core. So where torch is in the process, its pool does our work too:
// share_threads().
#pragma once

namespace anaphora {

void parallel(int tasks, void (*f)(void*, int), void* argument);

int threads();
void set_threads(int n);       // n >= 1
bool share_threads();          // from now on, work on the process's OpenMP threads; false if it has none
const char* threads_source();  // in words: where the default came from

// parallel() for a callable.
template <class F>
void parallel(int tasks, const F& f) {
  parallel(tasks, [](void* callable, int task) { (*static_cast<const F*>(callable))(task); }, const_cast<F*>(&f));
}

}  // namespace anaphora
