// Causal attention in tiles of queries (after Dao et al. 2022, arXiv:2205.14135): scores of a few queries against all their keys stay in
// cache and are never stored. One (sequence, key head) is one piece of work, so gradients of keys and values need no sharing.
#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "../kernels.h"
#include "kernels.h"
#include "math.h"
#include "tile.h"

namespace ak::AK_ISA {
namespace {

constexpr int64_t block_rows = 8 * MR;  // queries whose share of the gradients of keys and values is summed at once

template <class D>
struct Attention {
    using T = typename D::T;
    using Cell = typename D::Cell;
    // Probabilities and their gradients, in rows that a tile can read as A: bf16 pairs, or floats (rounded where the dtype is bf16).
    using P = std::conditional_t<Cell::depth == 2, bf16, float>;
    static constexpr int depth = Cell::depth;

    int64_t batch, time, heads, kv_heads, width;
    const T* qkv;
    float scale;

    int64_t row = (heads + 2 * kv_heads) * width;             // elements between rows of qkv
    int64_t out_row = heads * width;
    int64_t group = heads / kv_heads;
    int64_t keys = round_up(time, NR);                        // padded row of scores
    int64_t width_cells = ceil_div(width, depth), copy_step = round_up(width_cells, W), key_cells = keys / depth, width_panels = ceil_div(width, NR), padded = width_panels * NR;

    const T* query(int64_t b, int64_t h) const { return qkv + b * time * row + h * width; }
    const T* key(int64_t b, int64_t h) const { return qkv + b * time * row + (heads + h) * width; }
    const T* value(int64_t b, int64_t h) const { return qkv + b * time * row + (heads + kv_heads + h) * width; }

    // Asks for a row of a head. Rows are pages apart, which hardware does not prefetch; the passes over probabilities leave memory idle meanwhile.
    void near(const T* from) const {
        for (int64_t i = 0; i < width; i += 64 / static_cast<int64_t>(sizeof(T))) __builtin_prefetch(from + i);
    }

    // [time, width] as B of a product that sums over the width (scores), or over time.
    void pack_for_scores(const T* from, float* to) const {
        for (int64_t j = 0; j < time; j += NR)
            pack_along<D>(from + j * row, row, std::min<int64_t>(NR, time - j), width, to + j * width_cells, NR);
    }
    void pack_for_sums(const T* from, int64_t ld, int64_t rows, int64_t cells, float* to) const {
        for (int64_t p = 0; p < width_panels; ++p)
            pack_down<D>(from + p * NR, ld, std::min<int64_t>(NR, width - p * NR), rows, to + p * cells * NR, NR);
    }

    // Rows [rows, width] as A: in place where elements are whole cells and rows do not fall on each other in the L1 cache, else copied.
    RowsA rows_of(const T* from, int64_t ld, int64_t rows, float* copy) const {
        if (sizeof(T) * depth == sizeof(float) && width % depth == 0 && ld % depth == 0 && ld * sizeof(T) % 2048 != 0)
            return {reinterpret_cast<const float*>(from), ld / depth};
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t i = 0; i < width; i += W * depth) store(copy + r * copy_step + i / depth, Source<D, T>::along(from + r * ld + i, width - i));
        return {copy, copy_step};
    }

    // scores [rows, keys] of one tile of queries against the first `count` keys.
    void scores(const RowsA& a, const float* b, int64_t rows, int64_t count, float* to) const {
        for (int64_t j = 0; j < count; j += NR)
            tile<Cell>(rows, width_cells, a, Panel{b + j * width_cells}, StartAtZero{}, StoreTo{to + j, keys});
    }

    // to [rows, width] = p [rows, count keys] · B, each row times its factor.
    struct Weighed {
        T* to;
        int64_t ld, left;
        const float* factors;
        template <int Rows>
        inline __attribute__((always_inline)) void operator()(Sums<Rows>& sums) const {
            for_all<Rows>(sums, [&](int r, int v, vf& sum) {
                const vf x = sum * set(factors[r]);
                const int64_t n = left - v * W;
                if (n >= W) store(to + r * ld + v * W, x);
                else if (n > 0) store(to + r * ld + v * W, x, n);
            });
        }
    };
    void weigh(const P* p, const float* b, int64_t rows, int64_t count, T* to, int64_t ld, const float* factors) const {
        for (int64_t j = 0; j < width_panels; ++j)
            tile<Cell>(rows, ceil_div(count, depth), RowsA{reinterpret_cast<const float*>(p), key_cells}, Panel{b + j * key_cells * NR}, StartAtZero{},
                       Weighed{to + j * NR, ld, width - j * NR, factors});
    }

    static void put(P* to, vf x) {
        if constexpr (depth == 2) store(to, x);
        else store(to, D::rounded(x));
    }

    // A row's keys up to `end`, W at a time: body(j, x) with how many of the W lanes are keys that the query sees (others must become 0).
    template <class Body>
    static void visit(int64_t seen, int64_t end, const Body& body) {
        for (int64_t j = 0; j < end; j += W) body(j, std::clamp<int64_t>(seen - j, 0, W));
    }

    void forward(T* out, float* lse) const {
        const int64_t k_floats = keys * width_cells, v_floats = key_cells * padded, q_floats = copy_step * MR;
        const int64_t floats = round_up(k_floats + v_floats + q_floats + 2 * MR * keys, W);
        float* memory = scratch(Slot::blocks).floats(floats * threads());
        parallel(batch * kv_heads, [&](int64_t task, int thread) {
            const int64_t b = task / kv_heads, kv = task % kv_heads;
            float *k = memory + thread * floats, *v = k + k_floats, *q = v + v_floats, *s = q + q_floats;
            P* p = reinterpret_cast<P*>(s + MR * keys);
            pack_for_scores(key(b, kv), k);
            pack_for_sums(value(b, kv), row, time, key_cells, v);
            for (int64_t h = kv * group; h < (kv + 1) * group; ++h)
                for (int64_t t = 0; t < time; t += MR) {
                    const int64_t rows = std::min<int64_t>(MR, time - t), end = t + rows;
                    scores(rows_of(query(b, h) + t * row, row, rows, q), k, rows, end, s);
                    float factors[MR];
                    for (int64_t r = 0; r < rows; ++r) {
                        near(query(b, h) + (t + MR + r) * row);
                        near(out + (b * time + t + r) * out_row + h * width);
                        factors[r] = 1.0f / softmax(s + r * keys, p + r * keys, t + r + 1, end, lse[(b * heads + h) * time + t + r]);
                    }
                    weigh(p, v, rows, end, out + (b * time + t) * out_row + h * width, out_row, factors);
                }
        });
    }

    // p = e^(scale·s − largest), not yet divided by their sum, which is returned.
    float softmax(const float* s, P* p, int64_t seen, int64_t end, float& lse) const {
        vf most = set(-INFINITY);
        visit(seen, seen, [&](int64_t j, int64_t n) { most = max(most, first(load(s + j), n, set(-INFINITY))); });
        const float top = largest(most) * scale;
        vf total = set(0);
        visit(seen, end, [&](int64_t j, int64_t n) {
            const vf e = first(exp(fma(load(s + j), set(scale), set(-top))), n);
            total = total + e;
            put(p + j, e);
        });
        const float all = sum(total);
        lse = static_cast<float>(top + log(all));
        return all;
    }

    void backward(const T* out, const float* lse, const T* dout, T* dqkv) const {
        const int64_t k_floats = keys * width_cells, sums_floats = key_cells * padded, a_floats = copy_step * MR;
        const int64_t block_cells = ceil_div(block_rows, depth), block_floats = block_cells * padded, gradient = keys * padded;
        const int64_t floats = round_up(2 * k_floats + sums_floats + 2 * a_floats + 2 * MR * keys + 2 * block_rows * keys + 2 * block_floats +
                                            block_cells * MR + W + 2 * gradient, W);
        float* memory = scratch(Slot::blocks).floats(floats * threads());
        parallel(batch * kv_heads, [&](int64_t task, int thread) {
            const int64_t b = task / kv_heads, kv = task % kv_heads;
            float* next = memory + thread * floats;
            const auto take = [&](int64_t count) { return std::exchange(next, next + count); };
            float *k = take(k_floats), *v = take(k_floats), *k_sums = take(sums_floats), *q = take(a_floats), *d = take(a_floats);
            float *s = take(MR * keys), *ds = take(MR * keys), *dk = take(gradient), *dv = take(gradient);
            P *p_block = reinterpret_cast<P*>(take(block_rows * keys)), *ds_block = reinterpret_cast<P*>(take(block_rows * keys));
            float *q_block = take(block_floats), *d_block = take(block_floats), *a = take(block_cells * MR + W);
            pack_for_scores(key(b, kv), k);
            pack_for_scores(value(b, kv), v);
            pack_for_sums(key(b, kv), row, time, key_cells, k_sums);
            float ones[MR];
            std::fill(ones, ones + MR, 1.0f);
            std::fill(dk, dk + gradient, 0.0f);
            std::fill(dv, dv + gradient, 0.0f);
            for (int64_t h = kv * group; h < (kv + 1) * group; ++h)
                for (int64_t t0 = 0; t0 < time; t0 += block_rows) {
                    const int64_t block = std::min(block_rows, time - t0), block_end = t0 + block;
                    for (int64_t t = t0; t < block_end; t += MR) {
                        const int64_t rows = std::min<int64_t>(MR, time - t), end = t + rows, at = (b * time + t) * out_row + h * width;
                        P *p_rows = p_block + (t - t0) * keys, *ds_rows = ds_block + (t - t0) * keys;
                        scores(rows_of(query(b, h) + t * row, row, rows, q), k, rows, end, s);
                        scores(rows_of(dout + at, out_row, rows, d), v, rows, end, ds);
                        for (int64_t r = 0; r < rows; ++r) {
                            near(query(b, h) + (t + MR + r) * row);
                            near(dout + at + (MR + r) * out_row);
                            near(out + at + (MR + r) * out_row);
                            near(dqkv + (query(b, h) - qkv) + (t + r) * row);
                            softmax_gradient(s + r * keys, ds + r * keys, lse[(b * heads + h) * time + t + r],
                                             dot(out + at + r * out_row, dout + at + r * out_row), t + r + 1, end, block_end, p_rows + r * keys,
                                             ds_rows + r * keys);
                        }
                        weigh(ds_rows, k_sums, rows, end, dqkv + (query(b, h) - qkv) + t * row, row, ones);
                    }
                    pack_for_sums(query(b, h) + t0 * row, row, block, block_cells, q_block);
                    pack_for_sums(dout + (b * time + t0) * out_row + h * width, out_row, block, block_cells, d_block);
                    add_transposed(p_block, d_block, t0, block, block_cells, a, dv);
                    add_transposed(ds_block, q_block, t0, block, block_cells, a, dk);
                }
            write(dk, dqkv + (key(b, kv) - qkv));
            write(dv, dqkv + (value(b, kv) - qkv));
        });
    }

    static float dot(const T* x, const T* y, int64_t count) {
        vf total = set(0);
        each(count, [&](int64_t i, auto... n) { total = total + first_lanes(load(x + i, n...) * load(y + i, n...), n...); });
        return sum(total);
    }
    float dot(const T* x, const T* y) const { return dot(x, y, width); }

    // p = e^(scale·s − lse); gradient of the scaled scores: scale·p·(dp − delta). Keys beyond `seen` become 0, as far as the block's end.
    void softmax_gradient(const float* s, const float* dp, float lse, float delta, int64_t seen, int64_t end, int64_t block_end, P* p, P* ds) const {
        visit(seen, end, [&](int64_t j, int64_t n) {
            const vf e = first(exp(fma(load(s + j), set(scale), set(-lse))), n);
            put(p + j, e);
            put(ds + j, first(e * (load(dp + j) - set(delta)) * set(scale), n));
        });
        for (int64_t j = round_up(end, W); j < block_end; j += W) {
            put(p + j, set(0));
            put(ds + j, set(0));
        }
    }

    // sums [keys, padded] += pᵀ·B over the block's queries that see the key.
    void add_transposed(const P* p, const float* b, int64_t t0, int64_t block, int64_t block_cells, float* a, float* sums) const {
        const int64_t count = t0 + block;
        for (int64_t j = 0; j < count; j += MR) {
            const int64_t rows = std::min<int64_t>(MR, count - j);
            const int64_t skipped = j > t0 ? (j - t0) / depth : 0, cells = ceil_div(block, depth) - skipped;  // earlier queries do not see key j
            const P* from = p + skipped * depth * keys + j;
            if constexpr (depth == 2) pack_down<D>(from, keys, rows, block - skipped * depth, a, MR);
            for (int64_t panel = 0; panel < width_panels; ++panel) {
                float* to = sums + j * padded + panel * NR;
                const Panel panel_b{b + (panel * block_cells + skipped) * NR};
                if constexpr (depth == 2) tile<Cell>(rows, cells, PackedA{a}, panel_b, LoadFrom{to, padded}, StoreTo{to, padded});
                else tile<Cell>(rows, cells, ColumnsA{from, keys}, panel_b, LoadFrom{to, padded}, StoreTo{to, padded});  // rows of p are cells as they lie
            }
        }
    }

    void write(const float* sums, T* to) const {
        for (int64_t t = 0; t < time; ++t) {
            near(to + (t + MR) * row);
            each(width, [&](int64_t i, auto... n) { store(to + t * row + i, load(sums + t * padded + i, n...), n...); });
        }
    }
};

template <class T>
void rotate(int64_t batch, int64_t time, int64_t heads, int64_t width, int64_t row_width, T* x, const float* cos, const float* sin, bool inverse) {
    const int64_t half = width / 2;
    const vf sign = set(inverse ? -1 : 1);
    parallel_ranges(batch * time, 16, [&](int64_t begin, int64_t end, int) {
        for (int64_t row = begin; row < end; ++row)
            for (int64_t h = 0; h < heads; ++h) {
                T *a = x + row * row_width + h * width, *b = a + half;
                const int64_t angle = row % time * half;
                each(half, [&](int64_t i, auto... n) {
                    const vf c = load(cos + angle + i, n...), s = load(sin + angle + i, n...) * sign, u = load(a + i, n...), v = load(b + i, n...);
                    store(a + i, u * c - v * s, n...);
                    store(b + i, v * c + u * s, n...);
                });
            }
    });
}

}  // namespace

void attention_forward(int64_t batch, int64_t time, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, float scale, void* out,
                       float* lse, int dtype) {
    if (dtype == ak_bf16)
        Attention<BF16>{batch, time, heads, kv_heads, head_width, static_cast<const bf16*>(qkv), scale}.forward(static_cast<bf16*>(out), lse);
    else Attention<F32>{batch, time, heads, kv_heads, head_width, static_cast<const float*>(qkv), scale}.forward(static_cast<float*>(out), lse);
}

void attention_backward(int64_t batch, int64_t time, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, const void* out,
                        const float* lse, const void* dout, float scale, void* dqkv, int dtype) {
    if (dtype == ak_bf16)
        Attention<BF16>{batch, time, heads, kv_heads, head_width, static_cast<const bf16*>(qkv), scale}.backward(
            static_cast<const bf16*>(out), lse, static_cast<const bf16*>(dout), static_cast<bf16*>(dqkv));
    else
        Attention<F32>{batch, time, heads, kv_heads, head_width, static_cast<const float*>(qkv), scale}.backward(
            static_cast<const float*>(out), lse, static_cast<const float*>(dout), static_cast<float*>(dqkv));
}

void rope(int64_t batch, int64_t time, int64_t heads, int64_t head_width, int64_t row_width, void* x, const float* cos, const float* sin, bool inverse,
          int dtype) {
    if (dtype == ak_bf16) rotate(batch, time, heads, head_width, row_width, static_cast<bf16*>(x), cos, sin, inverse);
    else rotate(batch, time, heads, head_width, row_width, static_cast<float*>(x), cos, sin, inverse);
}

}  // namespace ak::AK_ISA
