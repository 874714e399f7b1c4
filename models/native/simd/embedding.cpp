// Token and position embeddings.
#include <algorithm>

#include "kernels.h"
#include "vector.h"

namespace ak::AK_ISA {

void embedding_forward(int64_t batch, int64_t time, int64_t width, const int64_t* tokens, const int64_t* positions, const float* token_weight,
                       const float* position_weight, float* x) {
    parallel_ranges(batch * time, 32, [&](int64_t begin, int64_t end, int) {
        for (int64_t row = begin; row < end; ++row) {
            const float* token = token_weight + tokens[row] * width;
            const float* position = position_weight ? position_weight + (positions ? positions[row] : row % time) * width : nullptr;
            each(width, [&](int64_t i, auto... n) {
                const vf t = load(token + i, n...);
                store(x + row * width + i, position ? t + load(position + i, n...) : t, n...);
            });
        }
    });
}

// A thread owns columns, not rows: a token may occur anywhere, and its rows are to be added in order.
void embedding_backward(int64_t batch, int64_t time, int64_t width, int64_t vocabulary, const int64_t* tokens, const float* dx, float token_scale,
                        float* d_token, float* d_position, bool accumulate_tokens, bool accumulate_positions) {
    parallel_ranges(width, 4 * W, [&](int64_t begin, int64_t end, int) {
        if (!accumulate_tokens)
            for (int64_t token = 0; token < vocabulary; ++token) std::fill(d_token + token * width + begin, d_token + token * width + end, 0.0f);
        for (int64_t row = 0; row < batch * time; ++row) {
            float* to = d_token + tokens[row] * width;
            each(end - begin, [&](int64_t i, auto... n) {
                const int64_t j = begin + i;
                store(to + j, load(to + j, n...) + set(token_scale) * load(dx + row * width + j, n...), n...);
            });
        }
    });
    if (!d_position) return;
    parallel_ranges(time, 8, [&](int64_t begin, int64_t end, int) {
        for (int64_t t = begin; t < end; ++t)
            each(width, [&](int64_t i, auto... n) {
                float* to = d_position + t * width + i;
                vf total = accumulate_positions ? load(to, n...) : set(0);
                for (int64_t b = 0; b < batch; ++b) total = total + load(dx + (b * time + t) * width + i, n...);
                store(to, total, n...);
            });
    });
}

}  // namespace ak::AK_ISA
