// Laws about bits: a row's result depends on nothing but the row.
#pragma once
#include "laws/runs.hpp"

namespace {

Floats part(const Floats& values, int64_t directions, int64_t rows, int64_t b, int64_t width) {
  Floats one;
  for (int64_t d = 0; d < directions && !values.empty(); ++d)
    one.insert(one.end(), values.begin() + (d * rows + b) * width, values.begin() + (d * rows + b + 1) * width);
  return one;
}

Floats rows_of(const Case& c, const Floats& lines, int64_t b, int64_t width) {
  if (lines.empty()) return {};
  Case only = c;
  for (int64_t other = 0; other < c.B(); ++other)
    if (other != b) only.lengths[at(other)] = 0;
  return gather(only, lines, width);
}

// The values of one row have the bits they have in another result, in which the row may stand elsewhere.
void row_the_same(Law& law, const Case& c, const Result& got, int64_t b, const Case& other, const Result& expected,
                  int64_t place_there) {
  const Shape& s = c.shape;
  const auto compare = [&](const Floats& ours, const Floats& theirs, int64_t width, const char* name) {
    law.same(part(ours, s.D, c.B(), b, width), part(theirs, s.D, other.B(), place_there, width), name);
  };
  const int64_t width = s.D * s.P;
  law.same(rows_of(c, got.y, b, width), rows_of(other, expected.y, place_there, width), "y");
  compare(got.h_n, expected.h_n, s.P, "h_n");
  compare(got.c_n, expected.c_n, c.memory_width(), "c_n");
  law.same(rows_of(c, got.gradients[0], b, s.I), rows_of(other, expected.gradients[0], place_there, s.I), "dx");
  compare(got.gradients[1], expected.gradients[1], s.P, "dh0");
  compare(got.gradients[2], expected.gradients[2], c.memory_width(), "dc0");
}

// A row alone, laid out on its own, has the bits it had in the batch: output, states, and gradients of input and state.
void each_alone(Law& law, const Case& c) {
  const Result whole = run(c, true);
  const Shape& s = c.shape;
  for (int64_t b = 0; b < c.B(); ++b) {
    Case one = c;
    one.lengths = {c.lengths[at(b)]};
    lay_out(one, BatchLayout::ragged, one.lengths[0]);
    one.arrays[0] = rows_of(c, c.arrays[0], b, s.I);
    one.dy = rows_of(c, c.dy, b, s.D * s.P);
    one.arrays[1] = part(c.arrays[1], s.D, c.B(), b, s.P);
    one.arrays[2] = part(c.arrays[2], s.D, c.B(), b, c.memory_width());
    one.dh_n = part(c.dh_n, s.D, c.B(), b, s.P);
    one.dc_n = part(c.dc_n, s.D, c.B(), b, c.memory_width());
    one.mask = part(c.mask, s.D, c.B(), b, s.P);
    if (!c.one_h) one.keep_h = rows_of(c, c.keep_h, b, s.D * s.P);
    if (!c.one_c) one.keep_c = rows_of(c, c.keep_c, b, s.D * c.memory_width());
    row_the_same(law, one, run(one, true), 0, c, whole, b);
  }
}

// Cut anywhere in time, the state carried over: the same bits as in one go. Pieces of one step are the streaming case.
void cut_in_time(Law& law, const Case& c, int64_t piece) {
  const Result whole = run(c, false);
  Case now = c;
  Floats y(whole.y.size(), untouched);
  for (int64_t from = 0; from < c.T(); from += piece) {
    const int64_t to = std::min(c.T(), from + piece);
    now.time.assign(c.time.begin() + from, c.time.begin() + to);
    for (int64_t b = 0; b < c.B(); ++b) now.lengths[at(b)] = std::clamp<int64_t>(c.lengths[at(b)] - from, 0, to - from);
    const Result r = run(now, false);
    for (size_t i = 0; i < y.size(); ++i)
      if (r.y[i] != untouched) y[i] = r.y[i];
    now.arrays[1] = r.h_n;
    now.arrays[2] = r.c_n;
  }
  law.same(y, whole.y, "y");
  law.same(now.arrays[1], whole.h_n, "h_n");
  law.same(now.arrays[2], whole.c_n, "c_n");
}

// Step after step over the same buffers: the same bits as in one go. A row past its end goes on with what is in
// padding.
void step_by_step(Law& law, Case c) {
  c.mask.clear();
  if (!c.one_h) c.keep_h.clear();
  if (!c.one_c) c.keep_c.clear();
  const Result whole = run(c, false);
  const Shape& s = c.shape;
  const auto at_first = [&](const Floats& given, int64_t width) {
    return given.empty() ? Floats(at(c.B() * width), 0.0f) : given;
  };
  Floats x(at(c.B() * s.I)), y(at(c.B() * s.P)), h = at_first(c.arrays[1], s.P);
  Floats memory = at_first(c.arrays[2], c.memory_width());
  const Kernels& kernels = *c.subject->kernels;
  const Buffer<float> packed(kernels.packed_size(s));
  kernels.pack(s, weights_of(c, 0), packed.data());
  const auto step =
      kernels.bind_step({s, c.B(), packed.data(), x.data(), h.data(), wanted(memory), y.data(), c.noise()});
  const auto row = [](const Floats& values, int64_t i, int64_t width) {
    return values.empty() ? Floats{} : Floats(values.begin() + i * width, values.begin() + (i + 1) * width);
  };
  for (int64_t t = 0; t < c.T(); ++t) {
    for (int64_t b = 0; b < c.B(); ++b) std::copy_n(c.arrays[0].begin() + c.line(t, b) * s.I, s.I, x.begin() + b * s.I);
    step->run();
    for (int64_t b = 0; b < c.B(); ++b) {
      if (t < c.lengths[at(b)]) law.same(row(y, b, s.P), row(whole.y, c.line(t, b), s.P), "y");
      if (t != c.lengths[at(b)] - 1) continue;
      law.same(row(h, b, s.P), row(whole.h_n, b, s.P), "h");
      law.same(row(memory, b, c.memory_width()), row(whole.c_n, b, c.memory_width()), "c");
    }
  }
}

void any_threads(Law& law, const Case& c, const std::vector<int>& counts) {
  set_threads(1);
  const Result one = run(c, true);
  for (int n : counts) {
    set_threads(n);
    all_the_same(law, run(c, true), one, " on " + std::to_string(n) + " threads");
  }
  set_threads(2);
}

// Gates walked again, segment by segment, have the bits of gates that were kept.
void any_segment(Law& law, Case c, const std::vector<int64_t>& steps) {
  c.segment = 0;
  const Result whole = run(c, true);
  for (int64_t segment : steps) {
    c.segment = segment;
    all_the_same(law, run(c, true), whole, " by segments of " + std::to_string(segment));
  }
}

// More lines than backward walks in one chunk, 1 Mi gradients of gates: no bit shows where a chunk ended.
void long_rows(Law& segments, Law& threads, const Subject& subject) {
  const Shape shape = drawn_shape(subject, any(30, 36) / subject.heads, 1, any_size(9), any(1, 2));
  const int64_t T = (int64_t{9} << 17) / (subject.traits.gates * shape.H);
  Case c = drawn(subject, shape, BatchLayout::ragged, any(1, 3), T, any_noise());
  any_segment(segments, c, {any(1, 50), any(51, T)});
  any_threads(threads, c, {2});
}

// A number that is none, in one step of one row: every other row keeps its bits, and in its own row all that comes
// after it, in the order of each direction's walk, is none either.
void not_a_number(Law& law, const Case& c) {
  const Result before = run(c, true);
  const Shape& s = c.shape;
  int64_t hit = 0;
  while (c.lengths[at(hit)] == 0) ++hit;
  const int64_t t = any(0, c.lengths[at(hit)] - 1);
  Case poisoned = c;
  poisoned.arrays[0][at(c.line(t, hit) * s.I + any(0, s.I - 1))] = poison;
  const Result after = run(poisoned, true);
  for (int64_t b = 0; b < c.B(); ++b)
    if (b != hit) row_the_same(law, poisoned, after, b, c, before, b);
  for (int64_t d = 0; d < s.D; ++d)
    for (int64_t step = 0; step < c.lengths[at(hit)]; ++step)
      for (int64_t p = 0; p < s.P; ++p) {
        const size_t i = at((c.line(step, hit) * s.D + d) * s.P + p);
        const bool reached = d ? step <= t : step >= t;
        law.hold(reached ? std::isnan(after.y[i]) : after.y[i] == before.y[i], "y of the row that is hit");
      }
  if (c.subject->is(CellKind::rnn_relu)) return;  // which lets no gradient through where its output is none
  for (int64_t i = 0; i < s.I; ++i)
    law.hold(std::isnan(after.gradients[0][at(c.line(t, hit) * s.I + i)]), "dx of the step that is hit is a number;");
}

// Fewer rows than threads, so many units that threads share a row's, so many steps that it is worth waking them (4 M
// multiply-adds): its bits don't tell.
void few_rows(Law& threads, Law& alone, const Subject& subject, int64_t directions, BatchLayout layout) {
  const int64_t H = any(100, 160) / subject.heads;
  const Shape shape = drawn_shape(subject, H, H / 2, any_size(20), directions);
  const int64_t B = any(1, 5), weights = subject.traits.gates * shape.H * (shape.I + shape.P);
  Case c = drawn(subject, shape, layout, B, 9000000 / ((B + 1) * weights) + 1, any_noise());
  if (any(0, 3)) {  // what reaches beyond a unit on its own is one thread's
    for (Floats* lines : {&c.mask, &c.keep_h, &c.keep_c}) lines->clear();
    c.clip = 0.0f;
    c.segment = 0;
  }
  any_threads(threads, c, {2, 5, 7, 16});
  each_alone(alone, c);
}

Floats without_signs_of_zeros(Floats values) {
  for (float& v : values) v += 0.0f;
  return values;
}

// Outputs that are not asked for change nothing in the others, and a gradient that does not arrive counts as zeros.
void left_out(Law& law, const Case& c) {
  const Result all = run(c, true), plain = run(c, false);
  law.same(plain.y, all.y, "y without saved");
  law.same(plain.h_n, all.h_n, "h_n without saved");
  law.same(plain.c_n, all.c_n, "c_n without saved");
  for (int left = 0; left < 4; ++left) {
    Asked asked;
    (left == 0 ? asked.dx : left == 1 ? asked.dweights : left == 2 ? asked.dh0 : asked.dc0) = false;
    const Result some = run(c, true, asked);
    for (size_t a = 0; a < all.gradients.size(); ++a) {
      const bool absent = left == 1 ? a >= arrays_before : a == (left == 0 ? size_t{0} : at(left) - 1);
      law.same(some.gradients[a], absent ? Floats(all.gradients[a].size(), untouched) : all.gradients[a],
               std::string("with some left out, the gradient of ") + name_of_array(a));
    }
  }
  for (int left = 0; left < 3; ++left) {
    Case zeros = c;
    Asked asked;
    (left == 0 ? asked.dy : left == 1 ? asked.dh_n : asked.dc_n) = false;
    Floats& d = left == 0 ? zeros.dy : left == 1 ? zeros.dh_n : zeros.dc_n;
    std::fill(d.begin(), d.end(), 0.0f);
    const Result without = run(c, true, asked), with = run(zeros, true);
    for (size_t a = 0; a < with.gradients.size(); ++a)
      law.same(without_signs_of_zeros(without.gradients[a]), without_signs_of_zeros(with.gradients[a]),
               std::string("with zeros left out, the gradient of ") + name_of_array(a));
  }
}

// No rows, no steps, no lengths: nothing happens, states stay as they came, weight gradients are zero.
void nothing_to_do(Law& law, const Subject& subject) {
  for (const std::vector<int64_t>& lengths : {std::vector<int64_t>{}, std::vector<int64_t>{0, 0, 0}}) {
    Case c = random_case(subject, 2, BatchLayout::ragged, {9, 1, 1});
    const int64_t rows = 2 * static_cast<int64_t>(lengths.size());
    c.lengths = lengths;
    lay_out(c, BatchLayout::ragged, 0);
    for (Floats* lines : {&c.arrays[0], &c.dy, &c.mask, &c.keep_h, &c.keep_c}) lines->clear();
    c.arrays[1] = numbers(rows * c.shape.P, 1.0);
    c.arrays[2] = numbers(rows * c.memory_width(), 1.0);
    c.dh_n = numbers(rows * c.shape.P, 1.0);
    c.dc_n = numbers(rows * c.memory_width(), 1.0);
    const Result r = run(c, true);
    law.same(r.h_n, c.arrays[1], "h_n");
    law.same(r.c_n, c.arrays[2], "c_n");
    law.same(r.gradients[1], c.dh_n, "dh0");
    law.same(r.gradients[2], c.dc_n, "dc0");
    for (size_t a = arrays_before; a < r.gradients.size(); ++a)
      law.same(r.gradients[a], Floats(r.gradients[a].size(), 0.0f), name_of_array(a));
  }
}

}  // namespace
