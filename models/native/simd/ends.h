// How the sums of a tile begin, and where they go: into a matrix, with bias and residual, or along the tree over lanes.
#pragma once
#include <algorithm>

#include "gelu.h"
#include "tile.h"

namespace ak::AK_ISA {

// Rows of y whose sums over each lane alone are kept beside y: row r at [lane][places[r]][columns of y], unless its place is negative.
struct KeptRows {
    const int32_t* places;
    int64_t count;
    float* rows;
};

// Where a product goes: y = A·B, with bias and residual; or y += A·B. GELU is computed of y as it is stored: as if in a pass of its own.
struct Output {
    void* y;
    int64_t ld;
    bool is_bf16 = false;
    bool add = false;  // to what y (float32) holds
    const float* bias = nullptr;
    const float* residual = nullptr;
    void* gelu = nullptr;          // of y's type: receives GELU of y
    const void* before = nullptr;  // of y's type: the argument of a GELU; y is then multiplied by its slope there
    const KeptRows* kept = nullptr;

    bool is_plain() const { return !is_bf16 && !bias && !residual && !gelu && !before; }
    // What else a tile touches at the same place as y; y itself where there is nothing.
    const void* beside() const { return residual ? residual : gelu ? gelu : before ? before : y; }
};

// The corner of y that a tile covers. `left` columns remain from `column` on: a whole panel, or less at the right edge of y.
struct Corner {
    const Output& out;
    int64_t row, column, left;

    template <int Rows, class Body>
    inline __attribute__((always_inline)) void each_vector(Sums<Rows>& sums, const Body& body) const {
        const int64_t at = row * out.ld + column;
        if (left >= NR) for_all<Rows>(sums, [&](int r, int v, vf& sum) { body(sum, v * W, at + r * out.ld + v * W); });
        else
            for_all<Rows>(sums, [&](int r, int v, vf& sum) {
                const int64_t n = left - v * W;
                if (n > 0) body(sum, v * W, at + r * out.ld + v * W, n < W ? n : W);
            });
    }
};

// The lines of y, and of what lies beside it, that the next tile will touch. They lie whole rows apart, so no hardware foresees them, and without this
// every tile would wait for memory at its end. Asked for by the last byte of each vector: where y is not aligned, a vector's first line is the
// last of the panel before and near already.
struct NextTile {
    const char *y = nullptr, *beside = nullptr;
    int64_t row_bytes = 0, vector_bytes = 0, vectors = 0;

    NextTile() = default;
    NextTile(const Output& out, int64_t row, int64_t rows, int64_t column) : vector_bytes(W * (out.is_bf16 ? 2 : 4)), vectors(rows * NV) {
        const int64_t size = out.is_bf16 ? 2 : 4, at = (row * out.ld + column) * size;
        row_bytes = out.ld * size;
        y = static_cast<const char*>(out.y) + at;
        beside = static_cast<const char*>(out.beside()) + at;
    }
    inline __attribute__((always_inline)) void prefetch(int64_t i) const {
        if (i >= vectors) return;
        const int64_t at = i / NV * row_bytes + (i % NV + 1) * vector_bytes - 1;
        __builtin_prefetch(y + at, 1);
        __builtin_prefetch(beside + at, 0);
    }
};

// Lines of an operand that are going to be read from memory, asked for into the L2 cache: `count` of them, `stride` bytes apart, at every `every`th
// group of cells before group `end`, each time `step` bytes further.
struct Coming {
    const char* at = nullptr;
    int64_t end = 0, every = 1, step = 0, count = 0, stride = 0;

    inline __attribute__((always_inline)) void prefetch(int64_t i) const {
        if (i >= end || i % every != 0) return;
        const char* from = at + i / every * step;
        for (int64_t r = 0; r < count; ++r) _mm_prefetch(from + r * stride, _MM_HINT_T1);
    }
};

// How a tile's sums begin: at 0, from where they rest between two parts of the summed dimension, or from y. Chosen at run time, so that the
// micro-kernel is compiled once for all.
struct Begin {
    Corner corner;
    const float* rest;
    int64_t rest_ld;
    enum { zero, from_rest, from_y } how;
    NextTile next;
    Coming a, b;
    int64_t first_group = 0;  // of the tile, where the tile is summed lane by lane

    inline __attribute__((always_inline)) void ahead(int64_t i) const {
        i += first_group;
        next.prefetch(i);
        a.prefetch(i);
        b.prefetch(i);
    }
    template <int Rows>
    inline __attribute__((always_inline)) void operator()(Sums<Rows>& sums) const {
        if (how == from_rest) return LoadFrom{rest, rest_ld}.template operator()<Rows>(sums);
        StartAtZero().template operator()<Rows>(sums);
        if (how == from_y)
            corner.each_vector<Rows>(sums, [&](vf& sum, int64_t, int64_t at, auto... n) { sum = load(static_cast<const float*>(corner.out.y) + at, n...); });
    }
};

// The tree over lanes within a tile: sums of lanes wait in [levels][MR][NR] for their neighbours'.
struct LaneTile {
    float* waiting;
    int64_t lane, lanes;  // of those that are added here
    int64_t number;       // of the lane among all
    bool adds_to_y;       // which holds the lanes before these

    // False while the sum waits.
    template <int Rows>
    inline __attribute__((always_inline)) bool add(Sums<Rows>& sums, const Corner& corner) const {
        if (const KeptRows* kept = corner.out.kept) keep<Rows>(sums, corner, *kept);
        int level = 0;
        for (; lane >> level & 1; ++level)
            for_all<Rows>(sums, [&](int r, int v, vf& sum) { sum = load(at(level, r, v)) + sum; });
        if (lane + 1 < lanes) {
            for_all<Rows>(sums, [&](int r, int v, vf& sum) { store(at(level, r, v), sum); });
            return false;
        }
        if (adds_to_y)
            corner.each_vector<Rows>(sums, [&](vf& sum, int64_t, int64_t i, auto... n) { sum = load(static_cast<const float*>(corner.out.y) + i, n...) + sum; });
        return true;
    }

private:
    float* at(int level, int r, int v) const { return waiting + (level * MR + r) * NR + v * W; }

    template <int Rows>
    inline __attribute__((always_inline)) void keep(Sums<Rows>& sums, const Corner& corner, const KeptRows& kept) const {
        for_all<Rows>(sums, [&](int r, int v, vf& sum) {
            const int64_t place = kept.places[corner.row + r], n = corner.left - v * W;
            if (place < 0 || n <= 0) return;
            float* to = kept.rows + (number * kept.count + place) * corner.out.ld + corner.column + v * W;
            if (n >= W) store(to, sum);
            else store(to, sum, n);
        });
    }
};

// ... and where they go: to rest, or to y with all that is added.
struct Finish {
    Corner corner;
    float* rest;
    int64_t rest_ld;
    bool to_rest;
    const LaneTile* lane;

    template <int Rows>
    inline __attribute__((always_inline)) void operator()(Sums<Rows>& sums) const {
        if (lane && !lane->add<Rows>(sums, corner)) return;
        if (to_rest) return StoreTo{rest, rest_ld}.template operator()<Rows>(sums);
        const Output& out = corner.out;
        if (out.bias) corner.each_vector<Rows>(sums, [&](vf& sum, int64_t j, int64_t, auto... n) { sum = sum + load(out.bias + corner.column + j, n...); });
        if (out.residual) corner.each_vector<Rows>(sums, [&](vf& sum, int64_t, int64_t at, auto... n) { sum = sum + load(out.residual + at, n...); });
        if (out.is_bf16) write<Rows>(sums, static_cast<bf16*>(out.y));
        else write<Rows>(sums, static_cast<float*>(out.y));
    }

private:
    static vf stored(vf x, const bf16*) { return round_to_bf16(x); }
    static vf stored(vf x, const float*) { return x; }

    template <int Rows, class T>
    inline __attribute__((always_inline)) void write(Sums<Rows>& sums, T* y) const {
        const Output& out = corner.out;
        if (out.gelu || out.before) return write_gelu<Rows>(sums, y);
        corner.each_vector<Rows>(sums, [&](vf& sum, int64_t, int64_t at, auto... n) { store(y + at, sum, n...); });
    }
    // Apart, so that the registers of tiles without it hold nothing else.
    template <int Rows, class T>
    __attribute__((noinline)) void write_gelu(Sums<Rows>& sums, T* y) const {
        const Output& out = corner.out;
        if (out.before)
            corner.each_vector<Rows>(sums, [&](vf& sum, int64_t, int64_t at, auto... n) {
                store(y + at, stored(sum, y) * gelu_slope(load(static_cast<const T*>(out.before) + at, n...)), n...);
            });
        else
            corner.each_vector<Rows>(sums, [&](vf& sum, int64_t, int64_t at, auto... n) {
                store(y + at, sum, n...);
                store(static_cast<T*>(out.gelu) + at, gelu_of(stored(sum, y)), n...);
            });
    }
};

}  // namespace ak::AK_ISA
