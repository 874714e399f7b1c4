// Attention of whole texts, forward and backward. One (text, key head) is one piece of work, so gradients of keys and values need no sharing.
#include "attention.h"

#include <utility>

#include "kernels.h"

namespace ak::AK_ISA {
namespace {

constexpr int64_t block_rows = 8 * MR;  // queries whose share of the gradients of keys and values is summed at once
constexpr int64_t part_keys = 256;      // ... for these keys: all that is read and written meanwhile stays in the L2 cache

struct Segment {
    int64_t begin, length, prefix;
};

Segment segment(int64_t rows, const ak_segments& segments, int64_t i) {
    const int64_t begin = segments.ends ? (i > 0 ? segments.ends[i - 1] : 0) : rows / segments.count * i;
    return {begin, (segments.ends ? segments.ends[i] : rows / segments.count * (i + 1)) - begin, segments.prefixes ? segments.prefixes[i] : 0};
}
int64_t longest(int64_t rows, const ak_segments& segments) {
    int64_t most = 0;
    for (int64_t i = 0; i < segments.count; ++i) most = std::max(most, segment(rows, segments, i).length);
    return most;
}

template <class D>
struct Training {
    using T = typename D::T;
    using Cell = typename D::Cell;
    using P = typename Attention<D>::P;
    using Query = typename Attention<D>::Query;
    static constexpr int depth = Cell::depth;

    int64_t rows, heads, kv_heads, width;
    const T* qkv;
    float scale;
    const ak_segments& segments;
    const ak_attention_mask& mask;

    int64_t row = (heads + 2 * kv_heads) * width, out_row = heads * width, group = heads / kv_heads;
    Attention<D> head{width, scale, mask.slopes != nullptr, longest(rows, segments)};
    int64_t blocks = head.ld / ak_kv_block, ld = head.ld, padded = head.padded;

    const T* query(const Segment& text, int64_t h, int64_t t) const { return qkv + (text.begin + t) * row + h * width; }
    int64_t key(const Segment& text, int64_t kv) const { return text.begin * row + (heads + kv) * width; }
    int64_t value(const Segment& text, int64_t kv) const { return text.begin * row + (heads + kv_heads + kv) * width; }

    // The queries of a tile that begins with position t; returns how many. Their results go to rows of `to`.
    int64_t queries(const Segment& text, int64_t h, int64_t t, T* to, int64_t to_row, Query* tile) const {
        const int64_t count = std::min<int64_t>(MR, text.length - t);
        for (int64_t r = 0; r < count; ++r)
            tile[r] = {to + (text.begin + t + r) * to_row + h * width, t + r, keys_seen(mask, t + r, text.prefix), mask.slopes ? mask.slopes[h] : 0};
        return count;
    }

    void forward(T* out, float* lse) const {
        const int64_t k_floats = blocks * head.score_block, v_floats = blocks * head.sum_block, a_floats = MR * head.a_ld;
        const int64_t floats = k_floats + v_floats + a_floats + head.attend_floats();
        float* memory = scratch(Slot::blocks).floats(floats * threads());
        parallel(segments.count * kv_heads, [&](int64_t task, int thread) {
            const Segment text = segment(rows, segments, task / kv_heads);
            const int64_t kv = task % kv_heads;
            float *k = memory + thread * floats, *v = k + k_floats, *a = v + v_floats;
            head.pack_for_scores(qkv + key(text, kv), row, text.length, k);
            head.pack_for_sums(qkv + value(text, kv), row, text.length, v);
            for (int64_t h = kv * group; h < (kv + 1) * group; ++h)
                for (int64_t t = 0; t < text.length; t += MR) {
                    Query tile[MR];
                    const int64_t count = queries(text, h, t, out, out_row, tile);
                    head.attend(head.rows_of(query(text, h, t), row, count, a), tile, count, {k, head.score_block}, {v, head.sum_block}, a + a_floats,
                                lse + h * rows + text.begin + t, [&](int64_t r) { head.near(query(text, h, t + MR + r)); });
                }
        });
    }

    void backward(const T* out, const float* lse, const T* dout, T* dqkv) const {
        const int64_t score_floats = blocks * head.score_block, sum_floats = blocks * head.sum_block, a_floats = MR * head.a_ld, gradient = ld * padded;
        const int64_t cells = ceil_div(block_rows, depth), b_floats = cells * padded, part = std::min(part_keys, ld);
        const int64_t floats = round_up(2 * score_floats + sum_floats + 2 * a_floats + 2 * MR * part + 2 * gradient + 2 * block_rows * part + 2 * b_floats +
                                            block_rows * padded + cells * MR + W, W);
        float* memory = scratch(Slot::blocks).floats(floats * threads());
        parallel(segments.count * kv_heads, [&](int64_t task, int thread) {
            const Segment text = segment(rows, segments, task / kv_heads);
            const int64_t kv = task % kv_heads;
            float* next = memory + thread * floats;
            const auto take = [&](int64_t count) { return std::exchange(next, next + count); };
            float *k = take(score_floats), *v = take(score_floats), *k_sums = take(sum_floats), *q = take(a_floats), *d = take(a_floats);
            float *s = take(MR * part), *ds = take(MR * part), *dk = take(gradient), *dv = take(gradient);
            P *p_block = reinterpret_cast<P*>(take(block_rows * part)), *ds_block = reinterpret_cast<P*>(take(block_rows * part));
            float *q_block = take(b_floats), *d_block = take(b_floats), *dq = take(block_rows * padded), *a = take(cells * MR + W);
            head.pack_for_scores(qkv + key(text, kv), row, text.length, k);
            head.pack_for_scores(qkv + value(text, kv), row, text.length, v);
            head.pack_for_sums(qkv + key(text, kv), row, text.length, k_sums);
            float ones[MR];
            std::fill(ones, ones + MR, 1.0f);
            std::fill(dk, dk + text.length * padded, 0.0f);
            std::fill(dv, dv + text.length * padded, 0.0f);
            for (int64_t h = kv * group; h < (kv + 1) * group; ++h)
                for (int64_t t0 = 0; t0 < text.length; t0 += block_rows) {
                    const int64_t block = std::min(block_rows, text.length - t0);
                    const Keys block_range = blocks_seen(keys_seen(mask, t0, text.prefix), keys_seen(mask, t0 + block - 1, text.prefix));
                    const Queries seeing{t0, block, text.prefix, mask.window, mask.sinks};
                    float delta[block_rows];
                    for (int64_t i = 0, at = (text.begin + t0) * out_row + h * width; i < block; ++i, at += out_row) {
                        head.near(out + at + MR * out_row);
                        head.near(dout + at + MR * out_row);
                        delta[i] = dot(out + at, dout + at);
                    }
                    head.pack_rows(query(text, h, t0), row, block, cells, q_block);
                    head.pack_rows(dout + (text.begin + t0) * out_row + h * width, out_row, block, cells, d_block);
                    for (int64_t j = 0; j < block_range.end; j += part) {
                        const Keys block_part = block_range.within(j, j + part);
                        if (block_part.is_empty()) continue;
                        for (int64_t t = t0; t < t0 + block; t += MR) {
                            Query tile[MR];
                            T* to[MR];
                            const int64_t count = queries(text, h, t, dqkv, row, tile), at = (text.begin + t) * out_row + h * width;
                            const Keys now = blocks_seen(tile[0].seen, tile[count - 1].seen).within(j, j + part);
                            const Keys all = keys_seen_by(tile[0].seen, tile[count - 1].seen), seen_now = all.within(j, j + part);
                            P *p_rows = p_block + (t - t0) * part, *ds_rows = ds_block + (t - t0) * part;
                            const RowsA q_rows = head.rows_of(query(text, h, t), row, count, q), d_rows = head.rows_of(dout + at, out_row, count, d);
                            for (int64_t i = now.start(); i < now.end; i = now.from(i + NR)) {
                                head.scores(q_rows, count, {k, head.score_block}, i, {s + i - j, part});
                                head.scores(d_rows, count, {v, head.score_block}, i, {ds + i - j, part});
                            }
                            for (int64_t r = 0; r < count; ++r) {
                                head.near(query(text, h, t + MR + r));
                                head.near(to[r] = tile[r].to);
                                head.add_slopes(tile[r], now, s + r * part);
                                softmax_gradient(s + r * part, ds + r * part, lse[h * rows + text.begin + t + r], delta[t - t0 + r], block_part, tile[r].seen,
                                                 p_rows + r * part, ds_rows + r * part);
                            }
                            if (!seen_now.is_empty())
                                head.weigh(ds_rows, part / depth, count, {k_sums, head.sum_block}, seen_now,
                                           {dq + (t - t0) * padded, all.start() >= j, all.end <= j + part}, to, ones);
                        }
                        add_transposed(p_block, part, d_block, seeing, block_part, a, dv);
                        add_transposed(ds_block, part, q_block, seeing, block_part, a, dk);
                    }
                }
            write(dk, text.length, dqkv + key(text, kv));
            write(dv, text.length, dqkv + value(text, kv));
        });
    }

    float dot(const T* x, const T* y) const {
        vf total = set(0);
        each(width, [&](int64_t i, auto... n) { total = total + first_lanes(load(x + i, n...) * load(y + i, n...), n...); });
        return sum(total);
    }

    // p = e^(factor·s − lse); gradient of the products of queries and keys: scale·p·(dp − delta). Both are 0 where the row does not see a key of the range, with
    // whose first key all begin.
    void softmax_gradient(const float* s, const float* dp, float lse, float delta, const Keys& range, const Keys& seen, P* p, P* ds) const {
        head.visit(range, seen, [&](int64_t key, auto lanes) {
            const int64_t j = key - range.first;
            const vf e = lanes.keep(exp(fma(load(s + j), set(head.factor), set(-lse))));
            head.put(p + j, e);
            head.put(ds + j, lanes.keep(e * (load(dp + j) - set(delta)) * set(scale)));
        });
    }

    // A block of queries, and those of them that see any of some neighbouring keys.
    struct Queries {
        int64_t begin, count, prefix, window, sinks;

        int64_t first(int64_t key) const { return key < prefix ? 0 : std::max<int64_t>(0, key - begin); }
        int64_t end(int64_t first_key, int64_t last_key) const { return window == 0 || first_key < sinks ? count : std::min(count, last_key + window - begin); }
    };

    // sums [keys, padded] += pᵀ·B over the block's queries that see the key; rows of p begin with the range's first key.
    void add_transposed(const P* p, int64_t p_ld, const float* b, const Queries& queries, const Keys& range, float* a, float* sums) const {
        for (int64_t j = range.start(), next; j < range.end; j = range.from(next)) {
            next = std::min<int64_t>(j + MR, j < range.sinks ? range.sinks : range.end);
            const int64_t count = next - j, end = queries.end(j, next - 1);
            const int64_t skipped = queries.first(j) / depth, cells = ceil_div(end, depth) - skipped;
            if (cells <= 0) continue;
            const P* from = p + skipped * depth * p_ld + j - range.first;
            if constexpr (depth == 2) pack_down<D>(from, p_ld, count, end - skipped * depth, a, MR);
            for (int64_t panel = 0; panel < head.width_panels; ++panel) {
                float* to = sums + j * padded + panel * NR;
                const Panel panel_b{b + (panel * ceil_div(block_rows, depth) + skipped) * NR};
                if constexpr (depth == 2) tile<Cell>(count, cells, PackedA{a}, panel_b, LoadFrom{to, padded}, StoreTo{to, padded});
                else tile<Cell>(count, cells, ColumnsA{from, p_ld}, panel_b, LoadFrom{to, padded}, StoreTo{to, padded});  // rows of p are cells as they lie
            }
        }
    }

    void write(const float* sums, int64_t count, T* to) const {
        for (int64_t t = 0; t < count; ++t) {
            head.near(to + (t + MR) * row);
            each(width, [&](int64_t i, auto... n) { store(to + t * row + i, load(sums + t * padded + i, n...), n...); });
        }
    }
};

}  // namespace

void attention_forward(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, float scale, const ak_segments& segments,
                       const ak_attention_mask& mask, void* out, float* lse, int dtype) {
    if (dtype == ak_bf16)
        Training<BF16>{rows, heads, kv_heads, head_width, static_cast<const bf16*>(qkv), scale, segments, mask}.forward(static_cast<bf16*>(out), lse);
    else Training<F32>{rows, heads, kv_heads, head_width, static_cast<const float*>(qkv), scale, segments, mask}.forward(static_cast<float*>(out), lse);
}

void attention_backward(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, const void* out, const float* lse, const void* dout,
                        float scale, const ak_segments& segments, const ak_attention_mask& mask, void* dqkv, int dtype) {
    if (dtype == ak_bf16)
        Training<BF16>{rows, heads, kv_heads, head_width, static_cast<const bf16*>(qkv), scale, segments, mask}.backward(
            static_cast<const bf16*>(out), lse, static_cast<const bf16*>(dout), static_cast<bf16*>(dqkv));
    else
        Training<F32>{rows, heads, kv_heads, head_width, static_cast<const float*>(qkv), scale, segments, mask}.backward(
            static_cast<const float*>(out), lse, static_cast<const float*>(dout), static_cast<float*>(dqkv));
}

}  // namespace ak::AK_ISA
