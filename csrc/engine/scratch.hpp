// Scratch memory that is kept between calls: fresh pages cost more than the arithmetic of a small batch.
//
// Blocks are aligned to 64 bytes and come back when their holder goes. What has come back is kept up to a bound, the
// rest freed.
#pragma once
#include <cstddef>

namespace anaphora {

void* borrow(size_t bytes);
void give_back(void* block);

class Scratch {
 public:
  explicit Scratch(size_t floats) : data_(floats ? static_cast<float*>(borrow(floats * sizeof(float))) : nullptr) {}
  ~Scratch() {
    if (data_) give_back(data_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  float* data() const { return data_; }

 private:
  float* data_;
};

}  // namespace anaphora
