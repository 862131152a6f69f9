// bias + x W of the first stage, formed ahead for many steps of a few rows: one by one the rows would leave the tile
// empty. The order of each sum, and so its bits, stay.
#pragma once
#include "engine/block_rows.hpp"
#include "engine/thread_team.hpp"
#include "engine/tile.hpp"

namespace anaphora {
namespace {

template <class Stages>
struct FirstOf;
template <class First, class... Rest>
struct FirstOf<List<First, Rest...>> {
  using type = First;
};

template <class Cell>
class InputSums {
 public:
  static constexpr int64_t few_rows = 3;

  InputSums(const BlockRows<Cell>& rows, const Call& call, const float* packed)
      : rows_(rows),
        call_(call),
        packed_(packed),
        layout_{call.shape},
        width_(layout_.panels().vectors() * Stage::slots * lanes),
        sums_(rows.count() <= few_rows ? steps_ahead * rows.count() * width_ : 0) {}

  // Before step s of a walk over [from, to).
  void prepare(int64_t s, int64_t from, int64_t to, ThreadTeam::Member& member) {
    if ((s - from) % steps_ahead) return;
    member.phase([&](int part, int parts) {
      const Range panels(layout_.panels().count(), part, parts);
      for (int64_t i = 0; i < rows_.count(); ++i) {
        const int64_t end = rows_.length(i) < to ? rows_.length(i) : to;
        const int64_t steps = end - s < steps_ahead ? end - s : steps_ahead;
        for (int64_t p = panels.begin; p < panels.end && steps > 0; ++p) form(i, s, steps, p);
      }
    });
  }
  // Of the step-th step of such a walk.
  const float* of(int64_t i, int64_t step) const { return place(i, step % steps_ahead); }

 private:
  using Stage = typename FirstOf<typename Cell::Stages>::type;
  static constexpr int64_t steps_ahead = 24;

  float* place(int64_t i, int64_t step) const { return sums_.data() + (i * steps_ahead + step) * width_; }

  void form(int64_t i, int64_t s, int64_t steps, int64_t p) {
    for_tiles(steps, [&](int64_t first, int n) {
      ForwardRow rows[tile_rows];
      float* out[tile_rows];
      for (int r = 0; r < n; ++r) {
        rows[r].factor[static_cast<int>(Factor::input)] =
            call_.x + rows_.line(rows_.row(i), s + first + r) * call_.shape.I;
        out[r] = place(i, first + r);
      }
      with_count<tile_rows>(n, [&](auto R) {
        with_count<PackedLayout<Stage>::width>(layout_.panels().at(p).vectors, [&](auto W) {
          tile_ahead<Stage, decltype(R)::value, decltype(W)::value>(rows, out, call_.shape, p, packed_);
        });
      });
    });
  }

  const BlockRows<Cell>& rows_;
  const Call& call_;
  const float* packed_;
  const PackedLayout<Stage> layout_;
  const int64_t width_;
  Buffer<float> sums_;
};

}  // namespace
}  // namespace anaphora
