// Token and position embeddings.
#include <algorithm>

#include "kernels.h"
#include "reduction.h"

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
void embedding_backward(int64_t batch, int64_t time, int64_t width, int64_t vocabulary, const int64_t* tokens, const int64_t* positions, const float* dx,
                        float token_scale, float* d_token, float* d_position, bool accumulate_tokens, bool accumulate_positions, int64_t lanes, ak_token_rows* token_rows) {
    const auto clear = [&](float* x, int64_t count, int64_t begin, int64_t end) {
        for (int64_t i = 0; i < count; ++i) std::fill(x + i * width + begin, x + i * width + end, 0.0f);
    };
    // to(l, token): where lane l adds the rows of a token.
    const auto add_rows = [&](int64_t begin, int64_t end, const auto& to) {
        for (int64_t row = 0; row < batch * time; ++row) {
            float* sum = to(row / (batch * time / lanes), tokens[row]);
            each(end - begin, [&](int64_t i, auto... n) {
                const int64_t j = begin + i;
                store(sum + j, load(sum + j, n...) + set(token_scale) * load(dx + row * width + j, n...), n...);
            });
        }
    };
    parallel_ranges(width, 4 * W, [&](int64_t begin, int64_t end, int) {
        if (!accumulate_tokens) clear(d_token, vocabulary, begin, end);
        if (lanes == 1) return add_rows(begin, end, [&](int64_t, int64_t token) { return d_token + token * width; });
        const int64_t count = token_rows->count();
        const auto row = [&](int64_t lane, int64_t place) { return token_rows->rows.data() + (lane * count + place) * width; };
        if (!accumulate_tokens) clear(row(0, 0), lanes * count, begin, end);
        add_rows(begin, end, [&](int64_t lane, int64_t token) { return row(lane, token_rows->places[static_cast<size_t>(token)]); });
        for (int64_t place = 0; place < count; ++place)
            each(end - begin, [&](int64_t i, auto... n) {
                store(d_token + token_rows->tokens[static_cast<size_t>(place)] * width + begin + i,
                      over_lanes(lanes, [&](int64_t lane) { return load(row(lane, place) + begin + i, n...); }), n...);
            });
    });
    if (!d_position) return;
    if (positions)
        return parallel_ranges(width, 4 * W, [&](int64_t begin, int64_t end, int) {
            for (int64_t row = 0; row < batch * time; ++row)
                each(end - begin, [&](int64_t i, auto... n) {
                    float* to = d_position + positions[row] * width + begin + i;
                    store(to, load(to, n...) + load(dx + row * width + begin + i, n...), n...);
                });
        });
    const int64_t lane_batch = batch / lanes;
    parallel_ranges(time, 8, [&](int64_t begin, int64_t end, int) {
        for (int64_t t = begin; t < end; ++t)
            each(width, [&](int64_t i, auto... n) {
                float* to = d_position + t * width + i;
                store(to, over_lanes(lanes, [&](int64_t lane) {
                    vf total = accumulate_positions ? load(to, n...) : set(0);
                    for (int64_t b = lane * lane_batch; b < (lane + 1) * lane_batch; ++b) total = total + load(dx + (b * time + t) * width + i, n...);
                    return total;
                }), n...);
            });
    });
}

}  // namespace ak::AK_ISA
