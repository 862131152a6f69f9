// Scratch memory that is kept between calls: fresh pages cost more than the arithmetic of a small batch.
//
// Blocks are aligned to 64 bytes and come back when their holder goes. Blocks that came back are kept up to a bound,
// the rest freed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace anaphora {

void* borrow(size_t bytes);
void give_back(void* block);

// Room for `count` values of one type, not initialised. An empty buffer has no memory: its data is null.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64, "a value that needs no constructor");

 public:
  Buffer() = default;
  explicit Buffer(int64_t count)
      : data_(count > 0 ? static_cast<T*>(borrow(static_cast<size_t>(count) * sizeof(T))) : nullptr) {}
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~Buffer() {
    if (data_) give_back(data_);
  }
  T* data() const { return data_; }

 private:
  T* data_ = nullptr;
};

}  // namespace anaphora
