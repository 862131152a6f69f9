// The kernels' laws as a program of its own, without Python: for other compilers, sanitizers and arm64 under emulation.
//
//   anaphora_laws [rounds] [seed]      prints one line for each law; exit code 1 when one is broken
//
// A broken law names its seed: `anaphora_laws 1 SEED` draws it again. cases.hpp draws the cases, oracle.hpp knows the
// values, values.hpp, numbers.hpp and bits.hpp hold the laws.
#include <cstdlib>
#include <cstring>

#include "laws/bits.hpp"
#include "laws/numbers.hpp"
#include "laws/oracle_cells.hpp"
#include "laws/three_memories.hpp"
#include "laws/values.hpp"

namespace {

// The kernels of three_memories.hpp for the instruction set that all other cells run on.
const Kernels& three_memories_kernels() {
  const Kernels* found = nullptr;
  for (const Kernels* one : {
#ifdef ANAPHORA_HAS_avx512
           &three_memories_avx512,
#endif
#ifdef ANAPHORA_HAS_avx2
           &three_memories_avx2,
#endif
#ifdef ANAPHORA_HAS_neon
           &three_memories_neon,
#endif
#ifdef ANAPHORA_HAS_baseline
           &three_memories_baseline,
#endif
       })
    if (!std::strcmp(one->name, best_kernels().name)) found = one;
  return *found;
}

// Every cell of the table, and one that only the laws know.
std::vector<Subject> all_subjects() {
  std::vector<Subject> subjects;
  for (const CellTraits& of : cells)
    subjects.push_back(
        {std::string(of.name) + (of.projected ? " projected" : ""), of, &best_kernels(), equations_of(of.kind)});
  for (int64_t heads : {1, 2})
    subjects.push_back({three_memories.name + std::string(" in heads ") + std::to_string(heads), three_memories,
                        &three_memories_kernels(), three_memories_step, heads});
  return subjects;
}

struct Laws {
  Law values{"values = double loop"}, gradients{"gradients = the chain rule, entry by entry"},
      rule{"the chain rule = finite differences"}, alone{"a row alone = in its batch, bit for bit"},
      cut{"split = whole, bit for bit"}, steps{"step by step = whole, bit for bit"},
      threads{"any number of threads, bit for bit"}, segments{"gates walked again = gates kept, bit for bit"},
      none{"NaN stays in its own row"}, left{"what is left out changes nothing else"}, linear{"affine map"},
      units{"tanh and sigmoid, in units in the last place"}, tiny{"tiny numbers are zero, inside a call alone"},
      nothing{"nothing to do"};

  void judge(const Subject& subject) {
    for (int64_t directions : {1, 2}) {
      const BatchLayout layout = static_cast<BatchLayout>(any(0, 2));
      const int64_t most_units = seed % 2 ? 12 : 40;
      for (int64_t noise : {no_noise, a_mask, a_keep_h, a_keep_c, every_noise})
        values_and_gradients(values, gradients, rule,
                             random_case(subject, directions, layout, {most_units, 9, 6}, noise));
      each_alone(alone, random_case(subject, directions, layout, {70, 15, 8}));
      any_threads(threads, random_case(subject, directions, layout, {90, 20, 12}), {2, 3, 5, 16});
      any_segment(segments, random_case(subject, directions, layout, {70, 15, 12}), {1, 2, any(3, 12), 100});
      not_a_number(none, random_case(subject, directions, layout, {70, 15, 8}));
      left_out(left, random_case(subject, directions, layout, {40, 9, 6}));
    }
    for (int64_t piece : {1, 3})
      cut_in_time(cut, random_case(subject, 1, static_cast<BatchLayout>(any(0, 2)), {70, 15, 10}), piece);
    step_by_step(steps,
                 random_case(subject, 1, any(0, 1) ? BatchLayout::time_major : BatchLayout::batch_first, {70, 8, 10}));
    few_rows(threads, alone, subject, any(1, 2), static_cast<BatchLayout>(any(0, 2)));
    nothing_to_do(nothing, subject);
  }

  // The long laws, on one subject a round.
  void judge_long(const std::vector<Subject>& subjects) {
    const auto one = [&]() -> const Subject& {
      return subjects[at(any(0, static_cast<int64_t>(subjects.size()) - 1))];
    };
    long_rows(segments, threads, one());
    const Subject* subject = &one();
    while (!suits_long_sums(*subject)) subject = &one();
    long_sums(values, gradients, rule, *subject);
  }

  int report() const {
    int64_t checks = 0;
    for (const Law* law : {&values, &gradients, &rule, &alone, &cut, &steps, &threads, &segments, &none, &left, &linear,
                           &units, &tiny, &nothing}) {
      law->report();
      checks += law->checks;
    }
    std::printf("%s: %lld checks, %d broken\n", best_kernels().name, static_cast<long long>(checks), broken);
    return broken ? 1 : 0;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 3;
  const unsigned first = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1u;
  const std::vector<Subject> subjects = all_subjects();
  Laws laws;
  set_threads(2);
  for (int round = 0; round < rounds; ++round) {
    seed = first + static_cast<unsigned>(round);
    random_source.seed(seed);
    for (const Subject& subject : subjects) laws.judge(subject);
    laws.judge_long(subjects);
    for (int i = 0; i < 4; ++i) affine_maps(laws.linear);
    curves(laws.units);
    tiny_numbers(laws.tiny);
  }
  return laws.report();
}
