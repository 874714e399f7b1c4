// Matrix products in parallel over packed operands, and what is done with a finished tile.
#pragma once
#include <algorithm>

#include "tile.h"

namespace ak::AK_ISA {

// B, packed: panels of NR columns, each [cells][NR], zero-padded.
inline int64_t panel_floats(int64_t cells) { return cells * NR; }
inline int64_t packed_floats(int64_t depth_count, int64_t columns, int depth) { return ceil_div(columns, NR) * panel_floats(ceil_div(depth_count, depth)); }

// Where a product goes: y (+)= ..., with bias and residual.
struct Output {
    void* y;
    int64_t ld;
    bool is_bf16 = false;
    bool add = false;  // to what y (float32) holds
    const float* bias = nullptr;
    const float* residual = nullptr;
};

// A as the product reads it: pack(first row, rows, first element of the summed dimension, elements, to).
template <class D, class T>
struct RowMajor {  // [M, K]
    const T* a;
    int64_t ld;
    void pack(int64_t row, int64_t rows, int64_t k, int64_t count, float* to) const { pack_along<D, T>(a + row * ld + k, ld, rows, count, to, MR); }
};
template <class D, class T>
struct ColumnMajor {  // [K, M]
    const T* a;
    int64_t ld;
    void pack(int64_t row, int64_t rows, int64_t k, int64_t count, float* to) const { pack_down<D, T>(a + k * ld + row, ld, rows, count, to, MR); }
};

// y [M, N] = A·B. A block of rows of A is packed by the thread that multiplies it and stays in its L2 cache while the panels of B pass by.
// The summed dimension is cut into parts of `part` cells; between parts the sums rest in memory as float32, which changes no bit.
template <class D, class A>
void product(int64_t M, int64_t N, int64_t K, const A& a, const float* b, const Output& out) {
    using Cell = typename D::Cell;
    const int64_t cells = ceil_div(K, Cell::depth), panels = ceil_div(N, NR);
    const int64_t part = cells <= 1024 ? cells : 512;
    const bool parts = part < cells;
    // About 256 KB of A at a time, but at least three pieces of work per thread, so that an interrupted thread is helped out.
    int64_t block = std::clamp<int64_t>(65536 / part / MR, 1, 12);
    const int64_t tiles = ceil_div(M, MR);
    block = std::clamp<int64_t>(tiles / (3 * threads()), 1, block);
    const int64_t blocks = ceil_div(tiles, block);
    const int64_t splits = std::clamp<int64_t>(ceil_div(3 * threads(), blocks), 1, threads() == 1 ? 1 : panels);
    const bool sums_in_y = !out.is_bf16 && !out.bias && !out.residual;

    const int64_t a_floats = block * MR * part + W, partial_floats = parts && !sums_in_y ? block * MR * panels * NR : 0;
    float* packed = scratch(Slot::blocks).floats((a_floats + partial_floats) * threads());

    parallel(blocks * splits, [&](int64_t task, int thread) {
        float* mine = packed + thread * (a_floats + partial_floats);
        float* partial = mine + a_floats;
        const int64_t tile_begin = task / splits * block, tile_end = std::min(tile_begin + block, tiles);
        const int64_t split = task % splits, panel_begin = panels * split / splits, panel_end = panels * (split + 1) / splits;
        if (panel_begin == panel_end) return;
        for (int64_t c = 0; c < cells; c += part) {
            const int64_t now = std::min(part, cells - c);
            const bool is_first = c == 0, is_last = c + now == cells;
            for (int64_t t = tile_begin; t < tile_end; ++t)
                a.pack(t * MR, std::min<int64_t>(MR, M - t * MR), c * Cell::depth, std::min(now * Cell::depth, K - c * Cell::depth),
                       mine + (t - tile_begin) * MR * part);
            for (int64_t p = panel_begin; p < panel_end; ++p) {
                const float* panel = b + p * panel_floats(cells) + c * NR;
                const int64_t column = p * NR;
                for (int64_t t = tile_begin; t < tile_end; ++t) {
                    const int64_t row = t * MR;
                    float* const sums = sums_in_y ? nullptr : partial + ((t - tile_begin) * MR * panels + p) * NR;
                    const int64_t sums_ld = panels * NR;
                    const auto start = [&](int r, int v) {
                        const int64_t j = column + v * W, n = N - j;
                        if (is_first && !(out.add && sums_in_y)) return set(0);
                        if (!sums_in_y) return load(sums + r * sums_ld + v * W);
                        const float* y = static_cast<const float*>(out.y) + (row + r) * out.ld + j;
                        return n >= W ? load(y) : n > 0 ? load(y, n) : set(0);
                    };
                    const auto finish = [&](int r, int v, vf sum) {
                        const int64_t j = column + v * W, n = N - j, at = (row + r) * out.ld + j;
                        if (!is_last && !sums_in_y) return store(sums + r * sums_ld + v * W, sum);
                        if (n <= 0) return;
                        if (n >= W) {
                            if (out.bias) sum = sum + load(out.bias + j);
                            if (out.residual) sum = sum + load(out.residual + at);
                            if (out.is_bf16) store(static_cast<bf16*>(out.y) + at, sum);
                            else store(static_cast<float*>(out.y) + at, sum);
                        } else {
                            if (out.bias) sum = sum + load(out.bias + j, n);
                            if (out.residual) sum = sum + load(out.residual + at, n);
                            if (out.is_bf16) store(static_cast<bf16*>(out.y) + at, sum, n);
                            else store(static_cast<float*>(out.y) + at, sum, n);
                        }
                    };
                    tile<Cell>(std::min<int64_t>(MR, M - row), now, PackedA{mine + (t - tile_begin) * MR * part}, panel, start, finish);
                }
            }
        }
    });
}

// Packs B from a [columns, K] matrix (along) or a [K, columns] matrix (down), in parallel over panels.
template <class D, class T>
void pack_panels_along(const T* src, int64_t ld, int64_t columns, int64_t K, float* dst) {
    const int64_t size = panel_floats(ceil_div(K, D::Cell::depth));
    parallel(ceil_div(columns, NR), [&](int64_t p, int) {
        pack_along<D, T>(src + p * NR * ld, ld, std::min<int64_t>(NR, columns - p * NR), K, dst + p * size, NR);
    });
}
template <class D, class T>
void pack_panels_down(const T* src, int64_t ld, int64_t columns, int64_t K, float* dst) {
    const int64_t size = panel_floats(ceil_div(K, D::Cell::depth));
    parallel(ceil_div(columns, NR), [&](int64_t p, int) {
        pack_down<D, T>(src + p * NR, ld, std::min<int64_t>(NR, columns - p * NR), K, dst + p * size, NR);
    });
}

}  // namespace ak::AK_ISA
