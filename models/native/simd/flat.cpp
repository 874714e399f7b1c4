// Flat vectors: conversion, sums, and AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) in one pass.
#include <algorithm>
#include <vector>

#include "kernels.h"
#include "vector.h"

namespace ak::AK_ISA {
namespace {

constexpr int64_t grain = 32768;  // elements handed to a thread at once

// A sum of squares in double: lanes on their own, added in order at the end.
struct Squares {
    double lanes[2 * W] = {};

    void add(const float* x) {
        for (int l = 0; l < 2 * W; ++l) lanes[l] += static_cast<double>(x[l]) * x[l];
    }
    double total(int64_t count, const float* rest) {
        for (int64_t l = 0; l < count; ++l) lanes[l] += static_cast<double>(rest[l]) * rest[l];
        double total = 0;
        for (double lane : lanes) total += lane;
        return total;
    }
};

double squares(int64_t count, const float* x) {
    Squares sum;
    int64_t i = 0;
    for (; i + 2 * W <= count; i += 2 * W) sum.add(x + i);
    return sum.total(count - i, x + i);
}

// to = left + right and the sum of its squares in one go; what is written is not going to be read here, so it need not pass through the cache.
double streamed_sum(int64_t count, const float* left, const float* right, float* to) {
    Squares sum;
    alignas(64) float both[2 * W];
    int64_t i = 0;
    for (; i + 2 * W <= count; i += 2 * W) {
        for (int half = 0; half < 2 * W; half += W) {
            const vf x = load(left + i + half) + load(right + i + half);
            stream(to + i + half, x);
            store(both + half, x);
        }
        sum.add(both);
    }
    for (int64_t l = i; l < count; ++l) to[l] = left[l] + right[l];
    _mm_sfence();
    return sum.total(count - i, to + i);
}

}  // namespace

void convert(int64_t count, const float* from, void* to_bf16) {
    auto* to = static_cast<bf16*>(to_bf16);
    parallel_ranges(count, grain, [&](int64_t begin, int64_t end, int) {
        each(end - begin, [&](int64_t i, auto... n) { store(to + begin + i, load(from + begin + i, n...), n...); });
    });
}

void add(int64_t count, float* into, const float* other) {
    parallel_ranges(count, grain, [&](int64_t begin, int64_t end, int) {
        each(end - begin, [&](int64_t i, auto... n) {
            store(into + begin + i, load(into + begin + i, n...) + load(other + begin + i, n...), n...);
        });
    });
}

// Blocks of 2^20 elements, cut further so that small vectors occupy all threads.
double sum_squares(int64_t count, const float* x) {
    constexpr int64_t block = int64_t{1} << 20, part = int64_t{1} << 16, parts = block / part;
    std::vector<double> sums(static_cast<size_t>(ceil_div(count, part)));
    parallel_ranges(count, part, [&](int64_t begin, int64_t end, int) { sums[begin / part] = squares(end - begin, x + begin); });
    double total = 0;
    for (int64_t first = 0; first < static_cast<int64_t>(sums.size()); first += parts) {
        double of_block = 0;
        const int64_t last = std::min<int64_t>(first + parts, sums.size());
        for (int64_t i = first; i < last; ++i) of_block += sums[i];
        total += of_block;
    }
    return total;
}

// A sum that goes into memory of its own is streamed; one that takes an operand's is squared while it is still in the cache.
void sum(int64_t count, const float* left, const float* right, float* to, double* block_squares) {
    constexpr int64_t block = int64_t{1} << 20, part = int64_t{1} << 16;
    const bool streams = right && to != left && to != right && reinterpret_cast<uintptr_t>(to) % sizeof(vf) == 0;
    for (int64_t first = 0; first < count; first += block) {
        const int64_t last = std::min(first + block, count);
        double of_block = 0;
        for (int64_t begin = first; begin < last; begin += part) {
            const int64_t length = std::min(part, last - begin);
            if (streams) {
                of_block += streamed_sum(length, left + begin, right + begin, to + begin);
                continue;
            }
            if (right) each(length, [&](int64_t i, auto... n) { store(to + begin + i, load(left + begin + i, n...) + load(right + begin + i, n...), n...); });
            if (block_squares) of_block += squares(length, (right ? to : left) + begin);
        }
        if (block_squares) block_squares[first / block] = of_block;
    }
}

void adamw(int64_t count, float* w, const float* g, float* m, float* v, float clip, float lr, float beta1, float beta2, float epsilon, float decay,
           float correction1, float correction2) {
    const vf keep = set(1 - lr * decay), step = set(lr / correction1), per_correction2 = set(1 / correction2);
    parallel_ranges(count, grain, [&](int64_t begin, int64_t end, int) {
        each(end - begin, [&](int64_t i, auto... n) {
            const int64_t j = begin + i;
            const vf gradient = load(g + j, n...) * set(clip);
            const vf first_moment = fma(set(beta1), load(m + j, n...), set(1 - beta1) * gradient);
            const vf second_moment = fma(set(beta2), load(v + j, n...), set(1 - beta2) * gradient * gradient);
            store(m + j, first_moment, n...);
            store(v + j, second_moment, n...);
            store(w + j, load(w + j, n...) * keep - step * first_moment / (sqrt(second_moment * per_correction2) + set(epsilon)), n...);
        });
    });
}

}  // namespace ak::AK_ISA
