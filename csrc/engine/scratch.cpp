#include "engine/scratch.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace anaphora {
namespace {

constexpr size_t header_bytes = 64;  // the block's size stands before it, on a line of its own
constexpr size_t huge_page_bytes = size_t{2} << 20;
constexpr size_t kept_bytes = size_t{256} << 20;  // what is kept for the next call at the most

struct Kept {
  std::mutex mutex;
  std::vector<char*> blocks;
  size_t bytes = 0;
};

Kept* all = nullptr;

// Never destroyed: a worker may give back a block while the process ends. A fork waits until the lock is free, so that
// the child finds it so.
Kept& kept() {
  static const int registered = [] {
    all = new Kept;
    return pthread_atfork([] { all->mutex.lock(); }, [] { all->mutex.unlock(); }, [] { all->mutex.unlock(); });
  }();
  (void)registered;
  return *all;
}

size_t& size_of(char* base) { return *reinterpret_cast<size_t*>(base); }

}  // namespace

void* borrow(size_t bytes) {
  {
    std::lock_guard<std::mutex> lock(kept().mutex);
    auto& blocks = kept().blocks;
    size_t best = blocks.size();
    for (size_t i = 0; i < blocks.size(); ++i) {
      const size_t size = size_of(blocks[i]);
      if (size >= bytes && size <= 2 * bytes + 4096 && (best == blocks.size() || size < size_of(blocks[best])))
        best = i;
    }
    if (best < blocks.size()) {
      char* base = blocks[best];
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(best));
      kept().bytes -= size_of(base);
      return base + header_bytes;
    }
  }
  const size_t unit = bytes >= huge_page_bytes ? huge_page_bytes : 64;
  const size_t whole = (bytes + header_bytes + unit - 1) / unit * unit;
  char* base = static_cast<char*>(std::aligned_alloc(unit, whole));
  if (!base) throw std::bad_alloc();
  if (unit == huge_page_bytes)
    madvise(base, whole, MADV_HUGEPAGE);  // a wish: where it is not granted all works the same
  size_of(base) = whole - header_bytes;
  return base + header_bytes;
}

void give_back(void* block) {
  char* base = static_cast<char*>(block) - header_bytes;
  std::vector<char*> dropped;  // what was kept longest makes room
  {
    std::lock_guard<std::mutex> lock(kept().mutex);
    auto& blocks = kept().blocks;
    kept().bytes += size_of(base);
    blocks.push_back(base);
    while (kept().bytes > kept_bytes) {
      kept().bytes -= size_of(blocks.front());
      dropped.push_back(blocks.front());
      blocks.erase(blocks.begin());
    }
  }
  for (char* old : dropped) std::free(old);
}

}  // namespace anaphora
