// Attention of a few queries to the keys of one text (after Dao et al. 2022, arXiv:2205.14135): their scores stay in cache and are never stored. Keys and
// values are packed in blocks of positions, as tiles read them. Everything is aligned by the position in the text, and what a row does not see adds 0 to its
// sums, so its bits depend on nothing but what it sees. Only 0·NaN and 0·∞ are not 0: a value that is not finite reaches the rows of the same tile (at most MR
// queries, MR keys in the backward; and the other one of a pair in bf16) beside those that see it. One that no row of the tile sees, or of another text, reaches none.
#pragma once
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "../visibility.h"
#include "math.h"
#include "tile.h"

namespace ak::AK_ISA {

static_assert(ak_kv_block % NR == 0, "a block of keys is whole panels");

// Keys or values of a text, one block after the other, or in the places that a table gives.
struct Blocks {
    const float* base;
    int64_t stride;
    const int32_t* table = nullptr;

    const float* of(int64_t key) const { return base + (table ? table[key / ak_kv_block] : key / ak_kv_block) * stride; }
};

constexpr float lane_numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// Which of W neighbouring keys a row sees: lanes [0, sinks) and [begin, end), all, or none.
struct SomeLanes {
    int64_t sinks, begin, end;

    SomeLanes(const Keys& seen, int64_t key) : sinks(within(seen.sinks - key)), begin(within(seen.begin - key)), end(within(seen.end - key)) {}
    static int64_t within(int64_t lane) { return std::clamp<int64_t>(lane, 0, W); }
    vf keep(vf x, vf other = set(0)) const { return first(x, sinks, first(other, begin, first(x, end, other))); }
};
struct AllLanes {
    static vf keep(vf x, vf = set(0)) { return x; }
};
struct NoLanes {
    static vf keep(vf, vf other = set(0)) { return other; }
};

template <class D>
struct Attention {
    using T = typename D::T;
    using Cell = typename D::Cell;
    // Probabilities and their gradients, in rows that a tile can read as A: bf16 pairs, or floats (rounded where the dtype is bf16).
    using P = std::conditional_t<Cell::depth == 2, bf16, float>;
    static constexpr int depth = Cell::depth;
    static constexpr int64_t block_cells = ak_kv_block / depth;

    int64_t width;    // of a head
    float scale;
    bool has_slopes;
    int64_t longest;  // text

    int64_t ld = round_up(longest, ak_kv_block);  // between rows of scores
    int64_t width_cells = ceil_div(width, depth), a_ld = round_up(width_cells, W), width_panels = ceil_div(width, NR), padded = width_panels * NR;
    int64_t score_block = ak_kv_block * width_cells, sum_block = block_cells * padded;  // floats of a block, packed for scores or for sums
    float factor = has_slopes ? 1 : scale;                                              // what scores still are to be multiplied by

    // Asks for a row of a head. Rows are pages apart, which hardware does not prefetch; the passes over probabilities leave memory idle meanwhile.
    void near(const T* from) const {
        for (int64_t i = 0; i < width; i += 64 / static_cast<int64_t>(sizeof(T))) __builtin_prefetch(from + i);
    }

    // [count, width] as B of a product that sums over the width: a block is [panels of keys][width_cells][NR].
    void pack_for_scores(const T* from, int64_t from_ld, int64_t count, float* to) const {
        for (int64_t j = 0; j < count; j += NR) pack_along<D>(from + j * from_ld, from_ld, std::min<int64_t>(NR, count - j), width, to + j * width_cells, NR);
    }
    // As B of a product that sums over the rows: [panels of the width][cells][NR],
    void pack_rows(const T* from, int64_t from_ld, int64_t count, int64_t cells, float* to) const {
        for (int64_t p = 0; p < width_panels; ++p) pack_down<D>(from + p * NR, from_ld, std::min<int64_t>(NR, width - p * NR), count, to + p * cells * NR, NR);
    }
    // and such blocks.
    void pack_for_sums(const T* from, int64_t from_ld, int64_t count, float* to) const {
        for (int64_t j = 0; j < count; j += ak_kv_block)
            pack_rows(from + j * from_ld, from_ld, std::min<int64_t>(ak_kv_block, count - j), block_cells, to + j / ak_kv_block * sum_block);
    }

    // A row of a head as a row of A.
    void copy(const T* from, float* to) const {
        for (int64_t i = 0; i < width; i += W * depth) store(to + i / depth, Source<D, T>::along(from + i, width - i));
    }
    // Neighbouring rows as A: in place where elements are whole cells and rows do not fall on each other in the L1 cache, else copied.
    RowsA rows_of(const T* from, int64_t from_ld, int64_t rows, float* copies) const {
        if (sizeof(T) * depth == sizeof(float) && width % depth == 0 && from_ld % depth == 0 && from_ld * sizeof(T) % 2048 != 0)
            return {reinterpret_cast<const float*>(from), from_ld / depth};
        for (int64_t r = 0; r < rows; ++r) copy(from + r * from_ld, copies + r * a_ld);
        return {copies, a_ld};
    }

    // The scores of a tile's rows with a panel of keys.
    void scores(const RowsA& a, int64_t rows, const Blocks& keys, int64_t j, const StoreTo& to) const {
        tile<Cell>(rows, width_cells, a, Panel{panel(keys, j)}, StartAtZero{}, to);
    }

    // The scores of a tile's rows with the keys of a range; `to` begins with position 0.
    void scores(const RowsA& a, int64_t rows, const Blocks& keys, const Keys& range, const StoreTo& to) const {
        if (rows == 1) return scores_of_few<1>(a, keys, range, to);
        if (rows == 2) return scores_of_few<2>(a, keys, range, to);
        for (int64_t j = range.start(); j < range.end; j = range.from(j + NR)) scores(a, rows, keys, j, {to.to + j, to.ld});
    }
    template <int Rows>
    void scores_of_few(const RowsA& a, const Blocks& keys, const Keys& range, const StoreTo& to) const {
        for (int64_t j = range.start(), next; j < range.end; j = range.from(next)) {
            const int64_t end = j < range.sinks ? std::min(range.sinks, range.end) : range.end;
            with_panels<Rows>(ceil_div(end - j, NR), [&](auto count) {
                Sums<Rows> sums[count];
                const float* from[count];
                for (int i = 0; i < count; ++i) {
                    from[i] = panel(keys, j + i * NR);
                    StartAtZero().template operator()<Rows>(sums[i]);
                }
                multiply_abreast<Cell>(width_cells, a, from, sums);
                for (int i = 0; i < count; ++i) StoreTo{to.to + j + i * NR, to.ld}.template operator()<Rows>(sums[i]);
                next = j + count * NR;
            });
        }
    }
    const float* panel(const Blocks& keys, int64_t j) const { return keys.of(j) + j % ak_kv_block * width_cells; }

    // The cells of a range, as far as they lie in one block: body(cell, cells).
    template <class Body>
    static inline __attribute__((always_inline)) void by_block(const Keys& range, const Body& body) {
        for (int64_t j = range.start(), next; j < range.end; j = range.from(next)) {
            next = std::min(j / ak_kv_block * ak_kv_block + ak_kv_block, j < range.sinks ? std::min(range.sinks, range.end) : range.end);
            body(j / depth, ceil_div(next, depth) - j / depth);
        }
    }
    const float* cell_of(const Blocks& values, int64_t cell, int64_t panel) const {
        return values.of(cell * depth) + (panel * block_cells + cell % block_cells) * NR;
    }

    // Sums over the keys of a range of those over a wider one: begun there, or resting in memory before and after.
    struct Rest {
        float* sums;  // [rows, padded]
        bool is_first, is_last;
    };

    // Each to[row] = p [rows, p_ld cells] · values, times the row's factor; p begins with the range's first key.
    void weigh(const P* p, int64_t p_ld, int64_t rows, const Blocks& values, const Keys& range, const Rest& rest, T* const* to, const float* factors) const {
        const RowsA a{reinterpret_cast<const float*>(p), p_ld};
        if (rows == 1 && rest.is_first && rest.is_last) return weigh_few<1>(a, values, range, to, factors);
        if (rows == 2 && rest.is_first && rest.is_last) return weigh_few<2>(a, values, range, to, factors);
        for (int64_t panel = 0; panel < width_panels; ++panel)
            with_rows(rows, [&](auto n) { weigh_panel<n>(a.a, p_ld, values, range, panel, rest, to, factors); });
    }
    template <int Rows>
    __attribute__((noinline)) void weigh_few(const RowsA& p, const Blocks& values, const Keys& range, T* const* to, const float* factors) const {
        for (int64_t first = 0; first < width_panels; first += panels_abreast<Rows>)
            with_panels<Rows>(width_panels - first, [&](auto count) {
                Sums<Rows> sums[count];
                for (int i = 0; i < count; ++i) StartAtZero().template operator()<Rows>(sums[i]);
                by_block(range, [&](int64_t cell, int64_t cells) __attribute__((always_inline)) {
                    const float* from[count];
                    for (int i = 0; i < count; ++i) from[i] = cell_of(values, cell, first + i);
                    multiply_abreast<Cell>(cells, RowsA{p.a + cell - range.first / depth, p.row_step}, from, sums);
                });
                for (int i = 0; i < count; ++i) write<Rows>(sums[i], (first + i) * NR, to, factors);
            });
    }
    template <int Rows>
    __attribute__((noinline)) void weigh_panel(const float* p, int64_t p_ld, const Blocks& values, const Keys& range, int64_t panel, const Rest& rest,
                                               T* const* to, const float* factors) const {
        Sums<Rows> sums;
        const int64_t column = panel * NR;
        if (rest.is_first) StartAtZero{}.operator()<Rows>(sums);
        else LoadFrom{rest.sums + column, padded}.template operator()<Rows>(sums);
        by_block(range, [&](int64_t cell, int64_t cells) __attribute__((always_inline)) {
            multiply<Cell, Rows>(cells, p + cell - range.first / depth, p_ld, 1, Panel{cell_of(values, cell, panel)}, sums, [](int64_t) {});
        });
        if (!rest.is_last) return StoreTo{rest.sums + column, padded}.template operator()<Rows>(sums);
        write<Rows>(sums, column, to, factors);
    }
    template <int Rows>
    inline __attribute__((always_inline)) void write(Sums<Rows>& sums, int64_t column, T* const* to, const float* factors) const {
        for_all<Rows>(sums, [&](int r, int v, vf& sum) {
            const vf x = sum * set(factors[r]);
            const int64_t n = width - column - v * W;
            if (n >= W) store(to[r] + column + v * W, x);
            else if (n > 0) store(to[r] + column + v * W, x, n);
        });
    }

    static void put(P* to, vf x) {
        if constexpr (depth == 2) store(to, x);
        else store(to, D::rounded(x));
    }

    // A range of keys, W at a time: body(key, which lanes the row sees).
    template <class Body>
    static inline __attribute__((always_inline)) void visit(const Keys& range, const Keys& seen, const Body& body) {
        int64_t j = range.start();
        const int64_t end = std::min(seen.end, range.end);
        while (j < end) {
            body(j, SomeLanes(seen, j));
            j += W;
            for (const int64_t seen_to = j < seen.begin ? std::min(seen.sinks, end) : end; j + W <= seen_to; j += W) body(j, AllLanes());
            j = range.from(j);
        }
        for (; j < range.end; j += W) body(j, NoLanes());
    }

    struct Query {
        T* to;
        int64_t position;
        Keys seen;
        float slope;
    };

    // s = scale·s + slope·(key − position), where there are slopes; s begins with the range's first key.
    void add_slopes(const Query& query, const Keys& range, float* s) const {
        if (!has_slopes) return;
        for (int64_t j = range.start(); j < range.end; j = range.from(j + W)) {
            const vf distance = set(static_cast<float>(j - query.position)) + load(lane_numbers);
            float* at = s + j - range.first;
            store(at, fma(load(at), set(scale), distance * set(query.slope)));
        }
    }

    // p = e^(factor·s − largest), not yet divided by their sum, which is returned.
    float softmax(const float* s, const Keys& range, const Keys& seen, P* p, float* lse) const {
        vf most = set(-INFINITY);
        visit(range, seen, [&](int64_t j, auto lanes) { most = max(most, lanes.keep(load(s + j), set(-INFINITY))); });
        const float top = largest(most) * factor;
        vf total = set(0);
        visit(range, seen, [&](int64_t j, auto lanes) {
            const vf e = lanes.keep(exp(fma(load(s + j), set(factor), set(-top))));
            total = total + e;
            put(p + j, e);
        });
        const float all = sum(total);
        if (lse) *lse = static_cast<float>(top + log(all));
        return all;
    }

    // Floats of memory that attend uses.
    int64_t attend_floats() const { return 2 * MR * ld; }

    // The rows of A are at most MR queries, in ascending order of their positions. lse [rows] or null; ahead(r) is called between passes, to ask for lines that
    // will be wanted.
    template <class Ahead>
    void attend(const RowsA& a, const Query* queries, int64_t rows, const Blocks& keys, const Blocks& values, float* memory, float* lse, const Ahead& ahead) const {
        float* s = memory;
        P* p = reinterpret_cast<P*>(s + MR * ld);
        const Keys range = blocks_seen(queries[0].seen, queries[rows - 1].seen);
        scores(a, rows, keys, range, {s, ld});
        T* to[MR];
        float factors[MR];
        for (int64_t r = 0; r < rows; ++r) {
            ahead(r);
            near(to[r] = queries[r].to);
            add_slopes(queries[r], range, s + r * ld);
            factors[r] = 1.0f / softmax(s + r * ld, range, queries[r].seen, p + r * ld, lse ? lse + r : nullptr);
        }
        weigh(p, ld / depth, rows, values, keys_seen_by(queries[0].seen, queries[rows - 1].seen), {nullptr, true, true}, to, factors);
    }
};

}  // namespace ak::AK_ISA
