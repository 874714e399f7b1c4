// Sums over rows for the gradients of biases and norm weights: fixed blocks of rows, then the blocks in order.
#pragma once
#include <algorithm>

#include "vector.h"

namespace ak::AK_ISA {

constexpr int64_t reduction_block = 32;

// add(row, sums) adds one row's share to sums [Count, width]; the totals overwrite, or are added to, each non-null output [width].
template <int Count, class Add>
void reduce_rows(int64_t rows, int64_t width, float* const (&outputs)[Count], bool accumulate, const Add& add) {
    const int64_t blocks = ceil_div(rows, reduction_block), size = Count * width;
    float* partials = scratch(Slot::partials).floats(blocks * size);
    parallel(blocks, [&](int64_t block, int) {
        float* sums = partials + block * size;
        std::fill(sums, sums + size, 0.0f);
        const int64_t end = std::min((block + 1) * reduction_block, rows);
        for (int64_t row = block * reduction_block; row < end; ++row) add(row, sums);
    });
    parallel_ranges(width, 8 * W, [&](int64_t begin, int64_t end, int) {
        for (int k = 0; k < Count; ++k) {
            if (!outputs[k]) continue;
            each(end - begin, [&](int64_t i, auto... n) {
                float* out = outputs[k] + begin + i;
                vf total = accumulate ? load(out, n...) : set(0);
                for (int64_t block = 0; block < blocks; ++block) total = total + load(partials + block * size + k * width + begin + i, n...);
                store(out, total, n...);
            });
        }
    });
}

}  // namespace ak::AK_ISA
