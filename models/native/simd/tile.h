// The micro-kernel: a tile of MR rows and NV vectors of columns, kept in registers while it walks along the summed dimension. Every element is
// one chain of multiply-adds in ascending order, so its bits depend neither on the tile it falls into nor on how rows are shared out.
#pragma once
#include "operand.h"

namespace ak::AK_ISA {

// Registers: MR·NV sums, NV of B, one of A, out of 32 (AVX-512) or 16 (AVX2).
#if defined(__AVX512F__)
constexpr int MR = 14, NV = 2;
#else
constexpr int MR = 6, NV = 2;
#endif
constexpr int NR = NV * W;

// sums += A·B over `cells`. A[row r][cell c] is a[r·row_step + c·cell_step]; B is a packed panel [cells][NR].
template <class Cell, int Rows>
inline __attribute__((always_inline)) void multiply(int64_t cells, const float* a, int64_t row_step, int64_t cell_step, const float* b,
                                                    vf (&sums)[Rows][NV]) {
    for (int64_t c = 0; c < cells; ++c) {
        vf columns[NV];
#pragma GCC unroll 8
        for (int v = 0; v < NV; ++v) columns[v] = load(b + v * W);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
            const vf x = set(a[r * row_step]);
#pragma GCC unroll 8
            for (int v = 0; v < NV; ++v) sums[r][v] = Cell::multiply_add(x, columns[v], sums[r][v]);
        }
        a += cell_step;
        b += NR;
    }
}

// A packed: [cells][MR]. A in rows: [row][row_step cells].
struct PackedA {
    const float* a;
    static constexpr bool packed = true;
};
struct RowsA {
    const float* a;
    int64_t row_step;
    static constexpr bool packed = false;
};

template <class Cell, int Rows, class A>
inline __attribute__((always_inline)) void multiply(int64_t cells, const A& a, const float* b, vf (&sums)[Rows][NV]) {
    if constexpr (A::packed) multiply<Cell, Rows>(cells, a.a, 1, MR, b, sums);
    else multiply<Cell, Rows>(cells, a.a, a.row_step, 1, b, sums);
}

// start(r, v) gives the sums to begin with, finish(r, v, sum) takes them.
template <class Cell, int Rows, class A, class Start, class Finish>
__attribute__((noinline)) void tile_of(int64_t cells, const A& a, const float* b, const Start& start, const Finish& finish) {
    vf sums[Rows][NV];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < NV; ++v) sums[r][v] = start(r, v);
    multiply<Cell, Rows>(cells, a, b, sums);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < NV; ++v) finish(r, v, sums[r][v]);
}

template <class Cell, class A, class Start, class Finish>
void tile(int64_t rows, int64_t cells, const A& a, const float* b, const Start& start, const Finish& finish) {
    switch (rows) {
#define AK_ROWS(n) \
    case n: return tile_of<Cell, n>(cells, a, b, start, finish);
        AK_ROWS(1) AK_ROWS(2) AK_ROWS(3) AK_ROWS(4) AK_ROWS(5) AK_ROWS(6)
#if defined(__AVX512F__)
        AK_ROWS(7) AK_ROWS(8) AK_ROWS(9) AK_ROWS(10) AK_ROWS(11) AK_ROWS(12) AK_ROWS(13) AK_ROWS(14)
#endif
#undef AK_ROWS
    }
}

}  // namespace ak::AK_ISA
