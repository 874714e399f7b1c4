// The micro-kernel: a tile of MR rows and NV vectors of columns, kept in registers while it walks along the summed dimension. Every element is
// one chain of multiply-adds in ascending order, so its bits depend neither on the tile it falls into nor on how rows are shared out.
#pragma once
#include <algorithm>

#include "operand.h"

namespace ak::AK_ISA {

// Registers: MR·NV sums, NV of B, one of A, out of 32 (AVX-512) or 16 (AVX2).
#if defined(__AVX512F__)
constexpr int MR = 14, NV = 2;
#else
constexpr int MR = 6, NV = 2;
#endif
constexpr int NR = NV * W;
constexpr int line_floats = 16;

// B, cell by cell. Packed: a panel [cells][NR].
struct Panel {
    const float* b;
    inline __attribute__((always_inline)) vf column(int v) const { return load(b + v * W); }
    inline __attribute__((always_inline)) void next() {
        for (int i = 0; i < NR; i += line_floats) _mm_prefetch(reinterpret_cast<const char*>(b + 12 * NR + i), _MM_HINT_T0);
        b += NR;
    }
};
// As it lies in a matrix whose rows run along the summed dimension; written to `panel` on the way, for the tiles to come.
template <class D, class T>
struct PanelInTheMaking {
    const T* row;
    int64_t ld;
    float* panel;
    inline __attribute__((always_inline)) vf column(int v) const {
        const vf x = Source<D, T>::down(row + v * W, row + ld + v * W);
        store(panel + v * W, x);
        return x;
    }
    inline __attribute__((always_inline)) void next() {
        for (int64_t d = 0; d < D::Cell::depth; ++d)
            for (int v = 0; v < NV; ++v) __builtin_prefetch(row + (rows_ahead + d) * ld + v * W);
        row += D::Cell::depth * ld;
        panel += NR;
    }
};

// sums += A·B over `cells`. A[row r][cell c] is a[r·row_step + c·cell_step]. Between groups of cells ahead(i), i = 0, 1, …, may ask for a line that will
// be wanted soon: spread out like this, misses do not hold up the operands at hand.
constexpr int64_t cell_group = 4;

// Chains of an element's sum: one, whatever the tile. In a tile of few rows, each addition then waits for the one before; ops/bench measures what that
// costs, against a library built with AK_FREE_ORDER.
#if defined(AK_FREE_ORDER)
template <int Rows>
constexpr int chains = Rows <= 2 ? 4 : Rows <= 4 ? 2 : 1;
#else
template <int Rows>
constexpr int chains = 1;
#endif

template <class Cell, int Rows, class B, class Ahead>
inline __attribute__((always_inline)) void multiply(int64_t cells, const float* a, int64_t row_step, int64_t cell_step, B b,
                                                    vf (&sums)[Rows][NV], const Ahead& ahead) {
    vf more[chains<Rows>][Rows][NV];  // beginning with the second chain's, at 1
    for (int i = 1; i < chains<Rows>; ++i)
        for (int r = 0; r < Rows; ++r)
            for (int v = 0; v < NV; ++v) more[i][r][v] = set(0);
    const auto one_cell = [&](vf (&sums)[Rows][NV]) __attribute__((always_inline)) {
        vf columns[NV];
#pragma GCC unroll 8
        for (int v = 0; v < NV; ++v) columns[v] = b.column(v);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
            const vf x = set(a[r * row_step]);
#pragma GCC unroll 8
            for (int v = 0; v < NV; ++v) sums[r][v] = Cell::multiply_add(x, columns[v], sums[r][v]);
        }
        a += cell_step;
        b.next();
    };
    int64_t c = 0;
    for (int64_t i = 0; c + cell_group <= cells; c += cell_group, ++i) {
        ahead(i);
#pragma GCC unroll 4
        for (int64_t j = 0; j < cell_group; ++j) one_cell(j % chains<Rows> == 0 ? sums : more[j % chains<Rows>]);
    }
    for (; c < cells; ++c) one_cell(sums);
    for (int i = 1; i < chains<Rows>; ++i)
        for (int r = 0; r < Rows; ++r)
            for (int v = 0; v < NV; ++v) sums[r][v] = sums[r][v] + more[i][r][v];
}

// A packed: [cells][MR]. A in rows: [row][row_step cells]. A in columns: [cell][cell_step rows].
struct PackedA {
    const float* a;
    static constexpr int64_t row_step = 1, cell_step = MR;
};
struct RowsA {
    const float* a;
    int64_t row_step;
    static constexpr int64_t cell_step = 1;
};
struct ColumnsA {
    const float* a;
    int64_t cell_step;
    static constexpr int64_t row_step = 1;
};

// The sums of a tile, for the functions below that begin and end it.
template <int Rows>
using Sums = vf[Rows][NV];

// Calls body(r, v, sums[r][v]) for all, unrolled, so that the sums stay in registers.
template <int Rows, class Body>
inline __attribute__((always_inline)) void for_all(Sums<Rows>& sums, const Body& body) {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < NV; ++v) body(r, v, sums[r][v]);
}

struct StartAtZero {
    void ahead(int64_t) const {}
    template <int Rows>
    inline __attribute__((always_inline)) void operator()(Sums<Rows>& sums) const {
        for_all<Rows>(sums, [](int, int, vf& sum) { sum = set(0); });
    }
};
// Whole tiles of float32, in padded memory.
struct LoadFrom {
    const float* from;
    int64_t ld;
    void ahead(int64_t) const {}
    template <int Rows>
    inline __attribute__((always_inline)) void operator()(Sums<Rows>& sums) const {
        for_all<Rows>(sums, [&](int r, int v, vf& sum) { sum = load(from + r * ld + v * W); });
    }
};
struct StoreTo {
    float* to;
    int64_t ld;
    template <int Rows>
    inline __attribute__((always_inline)) void operator()(Sums<Rows>& sums) const {
        for_all<Rows>(sums, [&](int r, int v, vf& sum) { store(to + r * ld + v * W, sum); });
    }
};

// start(sums) gives the sums to begin with, start.ahead(i) asks for lines on the way, finish(sums) takes the sums.
template <class Cell, int Rows, class A, class B, class Start, class Finish>
__attribute__((noinline)) void tile_of(int64_t cells, A a, B b, const Start& start, const Finish& finish) {
    Sums<Rows> sums;
    start.template operator()<Rows>(sums);
    multiply<Cell, Rows>(cells, a.a, a.row_step, a.cell_step, b, sums, [&](int64_t i) __attribute__((always_inline)) { start.ahead(i); });
    finish.template operator()<Rows>(sums);
}

// Calls body(rows) with the number of rows of a tile as a constant.
template <class Body>
void with_rows(int64_t rows, const Body& body) {
    switch (rows) {
#define AK_ROWS(n) \
    case n: return body(std::integral_constant<int, n>());
        AK_ROWS(1) AK_ROWS(2) AK_ROWS(3) AK_ROWS(4) AK_ROWS(5) AK_ROWS(6)
#if defined(__AVX512F__)
        AK_ROWS(7) AK_ROWS(8) AK_ROWS(9) AK_ROWS(10) AK_ROWS(11) AK_ROWS(12) AK_ROWS(13) AK_ROWS(14)
#endif
#undef AK_ROWS
    }
}

// Tiles of few rows are few chains, of which each addition waits for the one before. So neighbouring panels are walked along at once; how many:
template <int Rows>
constexpr int panels_abreast = Rows == 1 ? 4 : Rows == 2 ? 2 : 1;

// Calls body(count) with min(left, panels_abreast<Rows>) as a constant.
template <int Rows, class Body>
void with_panels(int64_t left, const Body& body) {
    switch (std::min<int64_t>(left, panels_abreast<Rows>)) {
        case 1: return body(std::integral_constant<int, 1>());
        case 2: return body(std::integral_constant<int, 2>());
        case 3: return body(std::integral_constant<int, 3>());
        default: return body(std::integral_constant<int, panels_abreast<Rows>>());
    }
}

// sums[i] += A·(the panel at from[i]) over `cells`; leaves from[i] behind them.
template <class Cell, int Count, int Rows>
inline __attribute__((always_inline)) void multiply_abreast(int64_t cells, RowsA a, const float* (&from)[Count], Sums<Rows> (&sums)[Count]) {
    constexpr int64_t cells_ahead = 12;
    for (int64_t c = 0; c < cells; ++c) {
        vf x[Rows];
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r) x[r] = set(a.a[c + r * a.row_step]);
#pragma GCC unroll 4
        for (int i = 0; i < Count; ++i)
#pragma GCC unroll 8
            for (int v = 0; v < NV; ++v) {
                const float* column = from[i] + c * NR + v * W;
                _mm_prefetch(reinterpret_cast<const char*>(column + cells_ahead * NR), _MM_HINT_T0);
#pragma GCC unroll 4
                for (int r = 0; r < Rows; ++r) sums[i][r][v] = Cell::multiply_add(x[r], load(column), sums[i][r][v]);
            }
    }
    for (int i = 0; i < Count; ++i) from[i] += cells * NR;
}

template <class Cell, class A, class B, class Start, class Finish>
void tile(int64_t rows, int64_t cells, A a, B b, const Start& start, const Finish& finish) {
    with_rows(rows, [&](auto n) { tile_of<Cell, n>(cells, a, b, start, finish); });
}

}  // namespace ak::AK_ISA
