// Sums over rows for the gradients of biases and norm weights: fixed blocks of rows, then the blocks in order; then lanes along their tree.
#pragma once
#include <algorithm>

#include "vector.h"

namespace ak::AK_ISA {

constexpr int64_t reduction_block = 32;

// The sum over lanes, of(lane) each: neighbours are added, then pairs, then pairs of pairs. So the trainers' lane tree adds whole gradients.
template <class Of>
vf over_lanes(int64_t lanes, const Of& of) {
    vf waiting[max_lane_levels + 1];
    for (int64_t lane = 0; lane < lanes; ++lane) {
        vf sum = of(lane);
        int level = 0;
        for (; lane >> level & 1; ++level) sum = waiting[level] + sum;
        waiting[level] = sum;
    }
    return waiting[__builtin_ctzll(static_cast<uint64_t>(lanes))];
}

// add(row, sums) adds one row's share to sums [Count, width]; the totals overwrite, or are added to, each non-null output [width].
template <int Count, class Add>
void reduce_rows(int64_t rows, int64_t lanes, int64_t width, float* const (&outputs)[Count], bool accumulate, const Add& add) {
    const int64_t lane_rows = rows / lanes, lane_blocks = ceil_div(lane_rows, reduction_block), size = Count * width;
    float* partials = scratch(Slot::partials).floats(lanes * lane_blocks * size);
    parallel(lanes * lane_blocks, [&](int64_t block, int) {
        float* sums = partials + block * size;
        std::fill(sums, sums + size, 0.0f);
        const int64_t lane = block / lane_blocks, begin = lane * lane_rows + block % lane_blocks * reduction_block;
        for (int64_t row = begin, end = std::min(begin + reduction_block, (lane + 1) * lane_rows); row < end; ++row) add(row, sums);
    });
    parallel_ranges(width, 8 * W, [&](int64_t begin, int64_t end, int) {
        for (int k = 0; k < Count; ++k) {
            if (!outputs[k]) continue;
            each(end - begin, [&](int64_t i, auto... n) {
                float* out = outputs[k] + begin + i;
                const float* from = partials + k * width + begin + i;
                store(out, over_lanes(lanes, [&](int64_t lane) {
                    vf total = accumulate ? load(out, n...) : set(0);
                    for (int64_t block = lane * lane_blocks; block < (lane + 1) * lane_blocks; ++block) total = total + load(from + block * size, n...);
                    return total;
                }), n...);
            });
        }
    });
}

}  // namespace ak::AK_ISA
