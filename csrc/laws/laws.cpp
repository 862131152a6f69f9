// The kernels' laws as a program of its own, without Python: for other compilers, sanitizers and arm64 under emulation.
//
//   anaphora_laws [rounds] [seed]      prints one line for each law; exit code 1 when one is broken
//
// What breaks names its seed: `anaphora_laws 1 SEED` draws it again. cases.hpp draws the cases, oracle.hpp
// knows what comes out, values.hpp, numbers.hpp and bits.hpp hold the laws.
#include <cstdlib>

#include "laws/bits.hpp"
#include "laws/numbers.hpp"
#include "laws/values.hpp"

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 3;
  const unsigned first = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1u;
  Law values{"values = double loop"}, gradients{"gradients = the chain rule, entry by entry"},
      rule{"the chain rule = finite differences"}, alone{"a row alone = in its batch, bit for bit"},
      cut{"split = whole, bit for bit"}, steps{"step by step = whole, bit for bit"},
      threads{"any number of threads, bit for bit"}, segments{"gates walked again = gates kept, bit for bit"},
      none{"NaN stays in its own row"}, left{"what is left out changes nothing else"}, linear{"affine map"},
      units{"tanh and sigmoid, in units in the last place"}, tiny{"tiny numbers are zero, inside a call alone"},
      nothing{"nothing to do"};
  set_threads(2);
  for (int round = 0; round < rounds; ++round) {
    seed = first + static_cast<unsigned>(round);
    random_source.seed(seed);
    for (int kind = 0; kind < cell_count; ++kind) {
      const CellKind cell = static_cast<CellKind>(kind);
      for (int64_t directions : {1, 2}) {
        const BatchLayout layout = static_cast<BatchLayout>(any(0, 2));
        const int64_t most_units = seed % 2 ? 12 : 40;
        for (int64_t noise : {no_noise, a_mask, a_keep_h, a_keep_c, every_noise})
          values_and_gradients(values, gradients, rule,
                               random_case(cell, directions, layout, {most_units, 9, 6}, noise));
        each_alone(alone, random_case(cell, directions, layout, {70, 15, 8}));
        any_threads(threads, random_case(cell, directions, layout, {90, 20, 12}), {2, 3, 5, 16});
        any_segment(segments, random_case(cell, directions, layout, {70, 15, 12}), {1, 2, any(3, 12), 100});
        not_a_number(none, random_case(cell, directions, layout, {70, 15, 8}));
        left_out(left, random_case(cell, directions, layout, {40, 9, 6}));
      }
      for (int64_t piece : {1, 3})
        cut_in_time(cut, random_case(cell, 1, static_cast<BatchLayout>(any(0, 2)), {70, 15, 10}), piece);
      step_by_step(steps,
                   random_case(cell, 1, any(0, 1) ? BatchLayout::time_major : BatchLayout::batch_first, {70, 8, 10}));
      few_rows(threads, alone, cell, any(1, 2), static_cast<BatchLayout>(any(0, 2)));
      nothing_to_do(nothing, cell);
    }
    long_rows(segments, threads, static_cast<CellKind>(any(0, cell_count - 1)));
    long_sums(values, gradients, rule);
    for (int i = 0; i < 4; ++i) affine_maps(linear);
    curves(units);
    tiny_numbers(tiny);
  }
  int64_t checks = 0;
  for (const Law* law : {&values, &gradients, &rule, &alone, &cut, &steps, &threads, &segments, &none, &left, &linear,
                         &units, &tiny, &nothing}) {
    law->report();
    checks += law->checks;
  }
  std::printf("%s: %lld checks, %d broken\n", table().name, static_cast<long long>(checks), broken);
  return broken ? 1 : 0;
}
