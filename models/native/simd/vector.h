// One vector of floats, W lanes wide, on AVX2 or AVX-512: the only file that knows both. Compiled once per instruction set, in a namespace of
// its own (AK_ISA), so that the linker cannot mix them up.
//
// max and min return their second argument when either is NaN (as the instructions do); exp relies on it to let NaN through.
#pragma once
#include <immintrin.h>
#include <cstring>

#include "../runtime.h"

namespace ak::AK_ISA {

#if defined(__AVX512F__)

using vf = __m512;
using vi = __m512i;
constexpr int W = 16;

inline __mmask16 lanes(int64_t n) { return static_cast<__mmask16>((1u << n) - 1); }
inline vf set(float x) { return _mm512_set1_ps(x); }
inline vf load(const float* p) { return _mm512_loadu_ps(p); }
inline vf load(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(lanes(n), p); }
inline void store(float* p, vf x) { _mm512_storeu_ps(p, x); }
inline void store(float* p, vf x, int64_t n) { _mm512_mask_storeu_ps(p, lanes(n), x); }
inline void stream(float* p, vf x) { _mm512_stream_ps(p, x); }  // past the cache; p is aligned to the vector
inline vf fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
inline vf max(vf a, vf b) { return _mm512_max_ps(a, b); }
inline vf min(vf a, vf b) { return _mm512_min_ps(a, b); }
inline vf sqrt(vf a) { return _mm512_sqrt_ps(a); }
inline vf round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline vf times_power_of_two(vf x, vf n) { return _mm512_scalef_ps(x, n); }  // n whole, and both powers normal
inline vf first(vf x, int64_t n) { return _mm512_maskz_mov_ps(lanes(n), x); }                            // other lanes 0
inline vf where_above(vf x, vf bound, vf then) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, bound, _CMP_GT_OQ), then); }  // else 0
inline vi bits(vf x) { return _mm512_castps_si512(x); }
inline vi plus(vi a, vi b) { return _mm512_add_epi32(a, b); }
inline void store(uint32_t* p, vi x) { _mm512_storeu_si512(p, x); }

using vd = __m512d;  // half a vector, in double
inline vd low(vf x) { return _mm512_cvtps_pd(_mm512_castps512_ps256(x)); }
inline vd high(vf x) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)); }
inline vd square(vd x, vd sum) { return _mm512_fmadd_pd(x, x, sum); }
inline void store(double* p, vd x) { _mm512_storeu_pd(p, x); }
inline vf first(vf x, int64_t n, vf other) { return _mm512_mask_mov_ps(other, lanes(n), x); }

// bf16 → float is a shift; 16 bf16 come zero-extended in 32-bit lanes.
inline vi widen(__m256i h) { return _mm512_cvtepu16_epi32(h); }
inline vf load(const bf16* p) { return _mm512_castsi512_ps(_mm512_slli_epi32(widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))), 16)); }
inline vf load(const bf16* p, int64_t n) { return _mm512_castsi512_ps(_mm512_slli_epi32(widen(_mm256_maskz_loadu_epi16(lanes(n), p)), 16)); }

#if defined(__AVX512BF16__)
inline __m256i narrow(vf x) { return (__m256i)_mm512_cvtneps_pbh(x); }
#else
inline __m256i narrow(vf x) {
    const vi u = _mm512_castps_si512(x);
    const vi odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    const vi rounded = _mm512_srli_epi32(_mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))), 16);
    const vi quiet = _mm512_or_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(0x40));
    return _mm512_cvtepi32_epi16(_mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), quiet));
}
#endif
inline void store(bf16* p, vf x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(x)); }
inline void store(bf16* p, vf x, int64_t n) { _mm256_mask_storeu_epi16(p, lanes(n), narrow(x)); }
inline vf round_to_bf16(vf x) { return _mm512_castsi512_ps(_mm512_slli_epi32(widen(narrow(x)), 16)); }

// A pair of rows as W cells: the low half from `even`, the high half from `odd`.
inline vf pair_up(__m256i even, __m256i odd) { return _mm512_castsi512_ps(_mm512_or_si512(widen(even), _mm512_slli_epi32(widen(odd), 16))); }

// Sums lanes in a fixed tree.
inline float sum(vf x) {
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
inline float largest(vf x) { return _mm512_reduce_max_ps(x); }

inline void transpose(vf (&r)[W]) {
    vf t[W];
    for (int i = 0; i < W; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < W; i += 4) {
        const auto d = [&](int j) { return _mm512_castps_pd(t[i + j]); };
        r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(d(0), d(2)));
        r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(d(0), d(2)));
        r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(d(1), d(3)));
        r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(d(1), d(3)));
    }
    for (int i = 0; i < 4; ++i) {
        t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
    }
    for (int i = 0; i < 8; ++i) {
        r[i] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
    }
}

#else  // AVX2

using vf = __m256;
using vi = __m256i;
constexpr int W = 8;

inline vi lanes(int64_t n) { return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)); }
inline vf set(float x) { return _mm256_set1_ps(x); }
inline vf load(const float* p) { return _mm256_loadu_ps(p); }
inline vf load(const float* p, int64_t n) { return _mm256_maskload_ps(p, lanes(n)); }
inline void store(float* p, vf x) { _mm256_storeu_ps(p, x); }
inline void store(float* p, vf x, int64_t n) { _mm256_maskstore_ps(p, lanes(n), x); }
inline void stream(float* p, vf x) { _mm256_stream_ps(p, x); }
inline vf fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
inline vf max(vf a, vf b) { return _mm256_max_ps(a, b); }
inline vf min(vf a, vf b) { return _mm256_min_ps(a, b); }
inline vf sqrt(vf a) { return _mm256_sqrt_ps(a); }
inline vf round(vf a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline vf times_power_of_two(vf x, vf n) {
    return x * _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}
inline vf first(vf x, int64_t n) { return _mm256_and_ps(x, _mm256_castsi256_ps(lanes(n))); }
inline vf where_above(vf x, vf bound, vf then) { return _mm256_and_ps(then, _mm256_cmp_ps(x, bound, _CMP_GT_OQ)); }
inline vi bits(vf x) { return _mm256_castps_si256(x); }
inline vi plus(vi a, vi b) { return _mm256_add_epi32(a, b); }
inline void store(uint32_t* p, vi x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x); }

using vd = __m256d;
inline vd low(vf x) { return _mm256_cvtps_pd(_mm256_castps256_ps128(x)); }
inline vd high(vf x) { return _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)); }
inline vd square(vd x, vd sum) { return _mm256_fmadd_pd(x, x, sum); }
inline void store(double* p, vd x) { _mm256_storeu_pd(p, x); }
inline vf first(vf x, int64_t n, vf other) { return _mm256_blendv_ps(other, x, _mm256_castsi256_ps(lanes(n))); }

inline vi widen(__m128i h) { return _mm256_cvtepu16_epi32(h); }
inline vf load(const bf16* p) { return _mm256_castsi256_ps(_mm256_slli_epi32(widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))), 16)); }
inline vf load(const bf16* p, int64_t n) {
    bf16 copy[W] = {};
    std::memcpy(copy, p, static_cast<size_t>(n) * sizeof(bf16));
    return load(copy);
}
inline __m128i narrow(vf x) {
    const vi u = _mm256_castps_si256(x);
    const vi odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
    const vi rounded = _mm256_srli_epi32(_mm256_add_epi32(u, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
    const vi quiet = _mm256_or_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(0x40));
    const vi result = _mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)));
    return _mm_packus_epi32(_mm256_castsi256_si128(result), _mm256_extracti128_si256(result, 1));
}
inline void store(bf16* p, vf x) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), narrow(x)); }
inline void store(bf16* p, vf x, int64_t n) {
    bf16 copy[W];
    store(copy, x);
    std::memcpy(p, copy, static_cast<size_t>(n) * sizeof(bf16));
}
inline vf round_to_bf16(vf x) { return _mm256_castsi256_ps(_mm256_slli_epi32(widen(narrow(x)), 16)); }

inline float sum(vf x) {
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
inline float largest(vf x) {
    __m128 q = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

inline void transpose(vf (&r)[W]) {
    vf t[W];
    for (int i = 0; i < W; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < W; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; ++i) {
        t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
        t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
    }
    for (int i = 0; i < W; ++i) r[i] = t[i];
}

#endif

// Visits [0, count) W at a time: body(i, n...) where the last, shorter step passes its lane count along to load and store.
template <class Body>
inline __attribute__((always_inline)) void each(int64_t count, const Body& body) {
    int64_t i = 0;
    for (; i + W <= count; i += W) body(i);
    if (i < count) body(i, count - i);
}

// Sets the lanes beyond a shorter last step to 0, so that they add nothing to a sum.
inline vf first_lanes(vf x) { return x; }
inline vf first_lanes(vf x, int64_t n) { return first(x, n); }

}  // namespace ak::AK_ISA
