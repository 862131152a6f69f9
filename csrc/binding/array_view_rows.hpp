// The places of the rows, in the caller's index arrays: checked, and cut where a reset begins another sequence.
#pragma once
#include <string>
#include <vector>

#include "binding/array_view.hpp"
#include "kernels.h"

namespace anaphora {

using Index = ArrayView<const int64_t>;

inline RowIndex index_of(const Index& time_offset, const Index& row_offset, const Index& lengths, int64_t N) {
  for (const Index* each : {&time_offset, &row_offset, &lengths})
    if (each->ndim() != 1)
      throw nanobind::value_error("time_offset (T,), row_offset (B,), lengths (B,): expected vectors");
  const RowIndex index{static_cast<int64_t>(time_offset.shape(0)), static_cast<int64_t>(row_offset.shape(0)),
                       time_offset.data(), row_offset.data(), lengths.data()};
  if (static_cast<int64_t>(lengths.shape(0)) != index.B)
    throw nanobind::value_error("lengths: expected one for each row");
  const auto far = [N](int64_t offset) { return offset < -N || offset > N; };  // two that are near add up to a number
  int64_t lowest = 0, highest = -1;
  for (int64_t t = 0; t < index.T; ++t) {
    lowest = t && lowest < index.time_offset[t] ? lowest : index.time_offset[t];
    highest = t && highest > index.time_offset[t] ? highest : index.time_offset[t];
    if (!t) lowest = highest = index.time_offset[0];
  }
  for (int64_t b = 0; b < index.B; ++b) {
    const int64_t length = index.lengths[b];
    if (length < 0 || length > index.T)
      throw nanobind::value_error(("lengths: expected 0 to " + std::to_string(index.T) + ", got " +
                                   std::to_string(length) + " in row " + std::to_string(b))
                                      .c_str());
    if (!length) continue;
    const int64_t row = index.row_offset[b];
    const bool near = !far(row) && !far(lowest) && !far(highest);
    if (near && row + lowest >= 0 && row + highest < N) continue;
    for (int64_t t = 0; t < length; ++t) {
      const int64_t time = index.time_offset[t];
      if (!far(row) && !far(time) && row + time >= 0 && row + time < N) continue;
      const std::string line =
          far(row) || far(time) ? std::to_string(row) + " + " + std::to_string(time) : std::to_string(row + time);
      throw nanobind::value_error(("lines: step " + std::to_string(t) + " of row " + std::to_string(b) +
                                   " lies in line " + line + " of " + std::to_string(N))
                                      .c_str());
    }
  }
  return index;
}

// Every reset, a boolean by line, begins a segment of its row; a row without steps is one segment without steps.
// Returns one array of row_offset (S,), lengths (S,), and for each row its first and its last segment (B,) (B,); None
// where nothing is reset. The index needs one stride in time: a packed sequence has none.
inline nanobind::object cut(const Index& time_offset, const Index& row_offset, const Index& lengths,
                            const ArrayView<const bool>& reset) {
  if (reset.ndim() != 1) throw nanobind::value_error("reset: expected a vector, a boolean for each line");
  const RowIndex index = index_of(time_offset, row_offset, lengths, reset.shape(0));
  std::vector<int64_t> offset, steps, first, last;
  bool any = false;
  for (int64_t b = 0; b < index.B; ++b) {
    const int64_t row = index.row_offset[b], length = index.lengths[b];
    first.push_back(static_cast<int64_t>(steps.size()));
    int64_t begun = 0;
    const auto end_at = [&](int64_t t) {
      offset.push_back(length ? row + index.time_offset[begun] : row);
      steps.push_back(t - begun);
      begun = t;
    };
    for (int64_t t = 0; t < length; ++t) {
      if (!reset.data()[row + index.time_offset[t]]) continue;
      any = true;
      if (t) end_at(t);
    }
    end_at(length);
    last.push_back(static_cast<int64_t>(steps.size()) - 1);
  }
  if (!any) return nanobind::none();
  auto* joined = new std::vector<int64_t>(offset);
  for (const auto* part : {&steps, &first, &last}) joined->insert(joined->end(), part->begin(), part->end());
  const nanobind::capsule owner(joined, [](void* p) noexcept { delete static_cast<std::vector<int64_t>*>(p); });
  return nanobind::ndarray<nanobind::numpy, int64_t>(joined->data(), {joined->size()}, owner).cast();
}

}  // namespace anaphora
