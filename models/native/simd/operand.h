// Operands of matrix products as the micro-kernel wants them: 32-bit cells, each one float, or two bf16 that are neighbours along the summed
// dimension (what vdpbf16ps multiplies). Where the CPU has no bf16 product, bf16 inputs become floats that were rounded to bf16.
#pragma once
#include <type_traits>

#include "vector.h"

namespace ak::AK_ISA {

struct Single {
    static constexpr int depth = 1;  // elements of the summed dimension per cell
#if defined(__AVX512F__)
    static vf multiply_add(vf a, vf b, vf sum) { return fma(a, b, sum); }
#else
    // The form of the instruction that leaves a and b as they are. Where it may choose, the compiler overwrites them, and for want of a seventeenth register
    // it copies sums about and spills some within the loop of a tile.
    static vf multiply_add(vf a, vf b, vf sum) {
        asm("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
        return sum;
    }
#endif
    static vf add(vf cells, vf sum) { return sum + cells; }  // one element after the other
};

struct F32 {
    using T = float;
    using Cell = Single;
    static vf rounded(vf x) { return x; }
};

#if defined(__AVX512BF16__)
struct Pair {
    static constexpr int depth = 2;
    static vf multiply_add(vf a, vf b, vf sum) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }
    static vf add(vf cells, vf sum) {
        const vi both = bits(cells);
        return sum + _mm512_castsi512_ps(_mm512_slli_epi32(both, 16)) + _mm512_castsi512_ps(_mm512_and_si512(both, _mm512_set1_epi32(0xffff0000)));
    }
    // Pairs of the first elements of one and of the other.
    static vf join(vf one, vf other) {
        return _mm512_castsi512_ps(_mm512_or_si512(_mm512_and_si512(bits(one), _mm512_set1_epi32(0xffff)), _mm512_slli_epi32(bits(other), 16)));
    }
};
struct BF16 {
    using T = bf16;
    using Cell = Pair;
};
#else
struct BF16 {
    using T = bf16;
    using Cell = Single;
    static vf rounded(vf x) { return round_to_bf16(x); }
};
#endif

// W cells at a time from memory of element type T. along: the summed dimension runs along memory, so they come from W·depth neighbouring elements, of
// which only the first n count and the rest are 0. down: it runs down the rows, so they come from W neighbouring columns of row p (and the next).
template <class D, class T>
struct Source {
    static vf along(const T* p) {
        if constexpr (std::is_same_v<T, float>) return D::rounded(load(p));
        else return load(p);
    }
    static vf along(const T* p, int64_t n) {
        if (n >= W) return along(p);
        if constexpr (std::is_same_v<T, float>) return D::rounded(load(p, n));
        else return load(p, n);
    }
    static vf down(const T* p, const T*, int64_t n) { return along(p, n); }
    static vf down(const T* p, const T*) { return along(p); }
};

#if defined(__AVX512BF16__)
template <>
struct Source<BF16, bf16> {
    static vf along(const bf16* p) { return _mm512_loadu_ps(p); }
    static vf along(const bf16* p, int64_t n) {
        return _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(n >= 32 ? ~0u : (1u << n) - 1, p));
    }
    // next null: the row count is odd, and the missing row is 0.
    static vf down(const bf16* p, const bf16* next) {
        const __m256i even = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
        return pair_up(even, next ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(next)) : _mm256_setzero_si256());
    }
    static vf down(const bf16* p, const bf16* next, int64_t n) {
        return pair_up(_mm256_maskz_loadu_epi16(lanes(n), p), next ? _mm256_maskz_loadu_epi16(lanes(n), next) : _mm256_setzero_si256());
    }
};
template <>
struct Source<BF16, float> {
    static vf along(const float* p) { return (vf)_mm512_cvtne2ps_pbh(load(p + W), load(p)); }
    static vf along(const float* p, int64_t n) {
        return n <= W ? (vf)_mm512_cvtne2ps_pbh(set(0), load(p, n)) : (vf)_mm512_cvtne2ps_pbh(load(p + W, n < 2 * W ? n - W : W), load(p));
    }
    static vf down(const float* p, const float* next) { return pair_up(narrow(load(p)), narrow(next ? load(next) : set(0))); }
    static vf down(const float* p, const float* next, int64_t n) { return pair_up(narrow(load(p, n)), narrow(next ? load(next, n) : set(0))); }
};
#endif

constexpr int64_t rows_ahead = 16;  // so far in advance a strip's lines are asked for: rows are pages apart, which hardware does not prefetch

// dst[cell][lane], `width` lanes per cell, from `count` ≤ width rows of a row-major matrix with `depth_count` elements along each: a transpose.
// Missing rows become 0.
template <class D, class T>
void pack_along(const T* src, int64_t ld, int64_t count, int64_t depth_count, float* dst, int64_t width) {
    constexpr int step = W * D::Cell::depth;
    for (int64_t row = 0; row < width; row += W) {
        const int64_t wanted = width - row < W ? width - row : W, there = count - row < wanted ? count - row : wanted;
        const T* from = src + row * ld;
        for (int64_t k = 0; k < depth_count; k += step) {
            const int64_t left = depth_count - k;
            vf block[W];
            for (int64_t r = 0; r < W; ++r) {
                __builtin_prefetch(from + (rows_ahead + r) * ld + k);
                if (r >= there) block[r] = set(0);
                else if (left >= step) block[r] = Source<D, T>::along(from + r * ld + k);
                else block[r] = Source<D, T>::along(from + r * ld + k, left);
            }
            transpose(block);
            const int64_t cells = left >= step ? W : ceil_div(left, D::Cell::depth);
            float* to = dst + k / D::Cell::depth * width + row;
            if (wanted == W)
                for (int64_t c = 0; c < cells; ++c) store(to + c * width, block[c]);
            else
                for (int64_t c = 0; c < cells; ++c) store(to + c * width, block[c], wanted);
        }
    }
}

// The same from a matrix whose rows run along the summed dimension: dst[cell][lane] from `depth_count` rows, `count` ≤ width columns.
template <class D, class T>
void pack_down(const T* src, int64_t ld, int64_t count, int64_t depth_count, float* dst, int64_t width) {
    constexpr int depth = D::Cell::depth;
    int64_t k = 0;
    // Narrow strips: whole vectors are read beyond the strip, as long as what follows still is the matrix, and written beyond the cell, as long as a
    // next cell overwrites it. Lanes past `count` then hold what no tile reads.
    if (width < W)
        for (; k + depth < depth_count && (depth_count - k - depth) * ld + count >= W; k += depth) {
            for (int d = 0; d < depth; ++d) __builtin_prefetch(src + (k + d + rows_ahead) * ld + count - 1);
            store(dst + k / depth * width, Source<D, T>::down(src + k * ld, src + (k + 1) * ld));
        }
    for (; k < depth_count; k += depth) {
        const T* row = src + k * ld;
        const T* next = depth == 2 && k + 1 < depth_count ? row + ld : nullptr;
        float* to = dst + k / depth * width;
        for (int64_t c = 0; c < width; c += W) {
            const int64_t there = count - c, wanted = width - c;
            const vf x = there >= W ? Source<D, T>::down(row + c, next ? next + c : nullptr)
                         : there > 0 ? Source<D, T>::down(row + c, next ? next + c : nullptr, there)
                                     : set(0);
            if (wanted >= W) store(to + c, x);
            else store(to + c, x, wanted);
        }
    }
}

}  // namespace ak::AK_ISA
