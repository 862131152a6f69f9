// One vector of float32 lanes, the same few operations on every instruction set.
//
// Tails are padded lanes: `load(p, n)` reads n <= lanes values and fills the rest with zero, `store(p, v, n)` writes n.
// A fused multiply-add is explicit; where the machine has none (baseline x86-64) it is a product and a sum, and so
// other bits.
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#else
#error "anaphora needs x86-64 or arm64"
#endif

#define ANAPHORA_INLINE inline __attribute__((always_inline))
#define ANAPHORA_APART __attribute__((noinline))  // a register tile: optimised by itself, its sums stay in registers

namespace anaphora {
namespace {

// sum_lanes(v) adds the upper half of the lanes to the lower one until one is left.
#if !defined(__aarch64__)
ANAPHORA_INLINE float sum_of_four(__m128 v) {
  const __m128 two = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
#endif

#if defined(__AVX512F__)

using Vec = __m512;
constexpr int lanes = 16;
constexpr int tile_rows = 6;  // 6 rows x 4 vectors of sums, 4 of weights, 1 of x: 29 of 32 registers

ANAPHORA_INLINE __mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
ANAPHORA_INLINE Vec load(const float* p) { return _mm512_loadu_ps(p); }
ANAPHORA_INLINE Vec load(const float* p, int n) { return _mm512_maskz_loadu_ps(first(n), p); }
ANAPHORA_INLINE void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
ANAPHORA_INLINE void store(float* p, Vec v, int n) { _mm512_mask_storeu_ps(p, first(n), v); }
ANAPHORA_INLINE Vec fill(float a) { return _mm512_set1_ps(a); }
ANAPHORA_INLINE Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
ANAPHORA_INLINE Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
ANAPHORA_INLINE Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
ANAPHORA_INLINE Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
ANAPHORA_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
ANAPHORA_INLINE Vec minimum(Vec limit, Vec x) { return _mm512_min_ps(limit, x); }
ANAPHORA_INLINE Vec maximum(Vec limit, Vec x) { return _mm512_max_ps(limit, x); }
ANAPHORA_INLINE Vec positive(Vec x, Vec then) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GT_OQ), then);
}
ANAPHORA_INLINE Vec magnitude(Vec x) { return _mm512_abs_ps(x); }
ANAPHORA_INLINE Vec with_sign(Vec size, Vec of) { return _mm512_or_ps(size, _mm512_and_ps(of, _mm512_set1_ps(-0.0f))); }
ANAPHORA_INLINE Vec if_less(Vec a, Vec b, Vec then, Vec otherwise) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), otherwise, then);
}
ANAPHORA_INLINE Vec power_of_two(Vec shifted) {
  return _mm512_castsi512_ps(
      _mm512_add_epi32(_mm512_slli_epi32(_mm512_castps_si512(shifted), 23), _mm512_set1_epi32(0x3f800000)));
}
ANAPHORA_INLINE float sum_lanes(Vec v) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  return sum_of_four(_mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1)));
}

#elif defined(__AVX2__)

using Vec = __m256;
constexpr int lanes = 8;
constexpr int tile_rows = 3;  // 3 rows x 4 vectors of sums, 3 of x, 1 of weights: 16 of 16 registers

ANAPHORA_INLINE __m256i first(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
ANAPHORA_INLINE Vec load(const float* p) { return _mm256_loadu_ps(p); }
ANAPHORA_INLINE Vec load(const float* p, int n) { return n == lanes ? load(p) : _mm256_maskload_ps(p, first(n)); }
ANAPHORA_INLINE void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
ANAPHORA_INLINE void store(float* p, Vec v, int n) {
  if (n == lanes)
    store(p, v);
  else
    _mm256_maskstore_ps(p, first(n), v);
}
ANAPHORA_INLINE Vec fill(float a) { return _mm256_set1_ps(a); }
ANAPHORA_INLINE Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
ANAPHORA_INLINE Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
ANAPHORA_INLINE Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
ANAPHORA_INLINE Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
ANAPHORA_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
ANAPHORA_INLINE Vec minimum(Vec limit, Vec x) { return _mm256_min_ps(limit, x); }
ANAPHORA_INLINE Vec maximum(Vec limit, Vec x) { return _mm256_max_ps(limit, x); }
ANAPHORA_INLINE Vec positive(Vec x, Vec then) {
  return _mm256_and_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ), then);
}
ANAPHORA_INLINE Vec magnitude(Vec x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
ANAPHORA_INLINE Vec with_sign(Vec size, Vec of) { return _mm256_or_ps(size, _mm256_and_ps(of, _mm256_set1_ps(-0.0f))); }
ANAPHORA_INLINE Vec if_less(Vec a, Vec b, Vec then, Vec otherwise) {
  return _mm256_blendv_ps(otherwise, then, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
ANAPHORA_INLINE Vec power_of_two(Vec shifted) {
  return _mm256_castsi256_ps(
      _mm256_add_epi32(_mm256_slli_epi32(_mm256_castps_si256(shifted), 23), _mm256_set1_epi32(0x3f800000)));
}
ANAPHORA_INLINE float sum_lanes(Vec v) {
  return sum_of_four(_mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)));
}

#elif defined(__SSE2__)

using Vec = __m128;
constexpr int lanes = 4;
constexpr int tile_rows = 2;  // 2 rows x 4 vectors of sums; a product needs a register of its own here

ANAPHORA_INLINE Vec load(const float* p) { return _mm_loadu_ps(p); }
ANAPHORA_INLINE Vec load(const float* p, int n) {
  if (n == lanes) return load(p);
  float whole[lanes] = {0, 0, 0, 0};
  std::memcpy(whole, p, sizeof(float) * static_cast<size_t>(n));
  return load(whole);
}
ANAPHORA_INLINE void store(float* p, Vec v) { _mm_storeu_ps(p, v); }
ANAPHORA_INLINE void store(float* p, Vec v, int n) {
  if (n == lanes) return store(p, v);
  float whole[lanes];
  store(whole, v);
  std::memcpy(p, whole, sizeof(float) * static_cast<size_t>(n));
}
ANAPHORA_INLINE Vec fill(float a) { return _mm_set1_ps(a); }
ANAPHORA_INLINE Vec add(Vec a, Vec b) { return _mm_add_ps(a, b); }
ANAPHORA_INLINE Vec sub(Vec a, Vec b) { return _mm_sub_ps(a, b); }
ANAPHORA_INLINE Vec mul(Vec a, Vec b) { return _mm_mul_ps(a, b); }
ANAPHORA_INLINE Vec div(Vec a, Vec b) { return _mm_div_ps(a, b); }
ANAPHORA_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }
ANAPHORA_INLINE Vec minimum(Vec limit, Vec x) { return _mm_min_ps(limit, x); }
ANAPHORA_INLINE Vec maximum(Vec limit, Vec x) { return _mm_max_ps(limit, x); }
ANAPHORA_INLINE Vec positive(Vec x, Vec then) { return _mm_and_ps(_mm_cmpgt_ps(x, _mm_setzero_ps()), then); }
ANAPHORA_INLINE Vec magnitude(Vec x) { return _mm_andnot_ps(_mm_set1_ps(-0.0f), x); }
ANAPHORA_INLINE Vec with_sign(Vec size, Vec of) { return _mm_or_ps(size, _mm_and_ps(of, _mm_set1_ps(-0.0f))); }
ANAPHORA_INLINE Vec if_less(Vec a, Vec b, Vec then, Vec otherwise) {
  const Vec less = _mm_cmplt_ps(a, b);
  return _mm_or_ps(_mm_and_ps(less, then), _mm_andnot_ps(less, otherwise));
}
ANAPHORA_INLINE Vec power_of_two(Vec shifted) {
  return _mm_castsi128_ps(_mm_add_epi32(_mm_slli_epi32(_mm_castps_si128(shifted), 23), _mm_set1_epi32(0x3f800000)));
}
ANAPHORA_INLINE float sum_lanes(Vec v) { return sum_of_four(v); }

#else  // arm64

using Vec = float32x4_t;
constexpr int lanes = 4;
constexpr int tile_rows = 6;  // 6 rows x 4 vectors of sums, 4 of weights, 1 of x: 29 of 32 registers

ANAPHORA_INLINE Vec load(const float* p) { return vld1q_f32(p); }
ANAPHORA_INLINE Vec load(const float* p, int n) {
  if (n == lanes) return load(p);
  float whole[lanes] = {0, 0, 0, 0};
  std::memcpy(whole, p, sizeof(float) * static_cast<size_t>(n));
  return load(whole);
}
ANAPHORA_INLINE void store(float* p, Vec v) { vst1q_f32(p, v); }
ANAPHORA_INLINE void store(float* p, Vec v, int n) {
  if (n == lanes) return store(p, v);
  float whole[lanes];
  store(whole, v);
  std::memcpy(p, whole, sizeof(float) * static_cast<size_t>(n));
}
ANAPHORA_INLINE Vec fill(float a) { return vdupq_n_f32(a); }
ANAPHORA_INLINE Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
ANAPHORA_INLINE Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
ANAPHORA_INLINE Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
ANAPHORA_INLINE Vec div(Vec a, Vec b) { return vdivq_f32(a, b); }
ANAPHORA_INLINE Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
ANAPHORA_INLINE Vec minimum(Vec limit, Vec x) { return vminq_f32(limit, x); }
ANAPHORA_INLINE Vec maximum(Vec limit, Vec x) { return vmaxq_f32(limit, x); }
ANAPHORA_INLINE Vec positive(Vec x, Vec then) {
  return vreinterpretq_f32_u32(vandq_u32(vcgtq_f32(x, vdupq_n_f32(0)), vreinterpretq_u32_f32(then)));
}
ANAPHORA_INLINE Vec magnitude(Vec x) { return vabsq_f32(x); }
ANAPHORA_INLINE Vec with_sign(Vec size, Vec of) { return vbslq_f32(vdupq_n_u32(0x80000000u), of, size); }
ANAPHORA_INLINE Vec if_less(Vec a, Vec b, Vec then, Vec otherwise) {
  return vbslq_f32(vcltq_f32(a, b), then, otherwise);
}
ANAPHORA_INLINE Vec power_of_two(Vec shifted) {
  return vreinterpretq_f32_s32(vaddq_s32(vshlq_n_s32(vreinterpretq_s32_f32(shifted), 23), vdupq_n_s32(0x3f800000)));
}
ANAPHORA_INLINE float sum_lanes(Vec v) {
  const float32x2_t two = vadd_f32(vget_low_f32(v), vget_high_f32(v));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

#endif

ANAPHORA_INLINE void add_to(float* p, Vec v, int n, bool onto) { store(p, onto ? add(load(p, n), v) : v, n); }

constexpr int tile_vectors = 4;  // vectors side by side in a register tile

ANAPHORA_INLINE int lanes_from(int64_t u, int64_t units) {
  return units - u < lanes ? static_cast<int>(units - u) : lanes;
}

// Calls f(u, n) for every group of n <= lanes units from u.
template <class F>
ANAPHORA_INLINE void each(int64_t units, F f) {
  for (int64_t u = 0; u < units; u += lanes) f(u, lanes_from(u, units));
}

// e^x = 2^n (1 + p), n = round(x / ln 2), p = e^r - 1 on |r| <= ln 2 / 2.
// p's polynomial is minimax there (found by Lawson's reweighted least squares): relative error of e^x below 4e-9 before
// rounding.
struct Exponential {
  Vec scale, p;
};

ANAPHORA_INLINE Exponential exponential(Vec x) {
  const Vec magic = fill(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer, held in the low bits
  const Vec shifted = fma(x, fill(1.44269504f), magic);
  const Vec n = sub(shifted, magic);
  Vec r = fma(n, fill(-0.693359375f), x);  // ln 2 in two parts, the first exact in 9 bits
  r = fma(n, fill(2.12194440e-4f), r);
  Vec q = fill(0.00139506022f);
  q = fma(q, r, fill(0.00836895313f));
  q = fma(q, r, fill(0.0416662060f));
  q = fma(q, r, fill(0.166665182f));
  q = fma(q, r, fill(0.5f));
  return {power_of_two(shifted), fma(mul(r, r), q, r)};
}

// 1 / (1 + e^-x). Error at most 2.5 units in the last place (every float tried); NaN stays NaN.
ANAPHORA_INLINE Vec sigmoid(Vec x) {
  const Vec z = maximum(fill(-87.0f), minimum(fill(87.0f), sub(fill(0.0f), x)));
  const Exponential e = exponential(z);
  return div(fill(1.0f), add(fill(1.0f), fma(e.scale, e.p, e.scale)));
}

// With m = e^{2|x|} - 1:  m / (m + 2) for small x, which keeps their relative precision;  1 - 2 / (m + 2) for others,
// which keeps that of 1 - tanh, on which the gradient depends. Error at most 2.7 units in the last place, 0.6 above
// |x| = 2 (every float tried, with and without a fused multiply-add).
ANAPHORA_INLINE Vec tanh(Vec x) {
  const Vec size = magnitude(x);
  const Exponential e = exponential(minimum(fill(87.0f), add(size, size)));
  const Vec m = fma(e.scale, e.p, sub(e.scale, fill(1.0f))), limit = fill(0.55f);
  const Vec above = if_less(size, limit, m, fill(-2.0f)), start = if_less(size, limit, fill(0.0f), fill(1.0f));
  return with_sign(add(start, div(above, add(m, fill(2.0f)))), x);
}

// Numbers under 1.2e-38 slow every unit down a hundredfold: flush them to zero while a kernel computes, then put the
// mode back.
class FlushDenormals {
 public:
#if defined(__aarch64__)
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(before_ | (uint64_t{1} << 24)));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(before_)); }

 private:
  uint64_t before_;
#else
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040u); }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#endif
};

}  // namespace
}  // namespace anaphora
