#include "engine/row_blocks.hpp"

#include <algorithm>
#include <numeric>

namespace anaphora {

RowBlocks::RowBlocks(const RowIndex& index, int blocks) : order(static_cast<size_t>(index.B)) {
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return index.lengths[a] > index.lengths[b]; });

  const int64_t longest = index.B ? index.lengths[order[0]] : 0;
  before.assign(static_cast<size_t>(longest) + 1, 0);
  int64_t active = index.B;
  for (int64_t s = 0; s < longest; ++s) {
    while (active > 0 && index.lengths[order[static_cast<size_t>(active - 1)]] <= s) --active;
    before[static_cast<size_t>(s) + 1] = before[static_cast<size_t>(s)] + active;
  }

  blocks = static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(blocks, index.B)));
  std::vector<std::vector<int64_t>> divided(static_cast<size_t>(blocks));
  std::vector<int64_t> load(static_cast<size_t>(blocks), 0);
  for (int64_t q = 0; q < index.B; ++q) {
    const size_t least = static_cast<size_t>(std::min_element(load.begin(), load.end()) - load.begin());
    divided[least].push_back(q);
    load[least] += std::max<int64_t>(1, index.lengths[order[static_cast<size_t>(q)]]);
  }
  block_start.push_back(0);
  for (const auto& block : divided) {
    rows.insert(rows.end(), block.begin(), block.end());
    block_start.push_back(static_cast<int64_t>(rows.size()));
  }
}

RowBlocks::~RowBlocks() = default;

}  // namespace anaphora
