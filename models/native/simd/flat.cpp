// Flat vectors: conversion, and sums with what is to be known of them.
#include <algorithm>
#include <vector>

#include "checksum.h"
#include "kernels.h"

namespace ak::AK_ISA {
namespace {

constexpr int64_t grain = 32768;  // elements handed to a thread at once

// A sum of squares in double: lanes on their own, added in order at the end.
struct Squares {
    double lanes[2 * W] = {};

    void add(const float* x) {
        for (int l = 0; l < 2 * W; ++l) lanes[l] += static_cast<double>(x[l]) * x[l];
    }
    double total(int64_t count, const float* rest) {
        for (int64_t l = 0; l < count; ++l) lanes[l] += static_cast<double>(rest[l]) * rest[l];
        double total = 0;
        for (double lane : lanes) total += lane;
        return total;
    }
};

double squares(int64_t count, const float* x) {
    Squares sum;
    int64_t i = 0;
    for (; i + 2 * W <= count; i += 2 * W) sum.add(x + i);
    return sum.total(count - i, x + i);
}

struct Part {
    double squares = 0;
    LaneSums left, right, to;
};

// One part of `sum`, in one go. What is streamed is not going to be read here, so it need not pass through the cache.
template <bool Adds, bool Squared>
Part sum_part(int64_t count, const float* left, const float* right, float* to, bool streams) {
    Squares squares;
    Checksum of_left, of_right, of_sum;
    alignas(64) float both[2 * W];
    const auto step = [&](int64_t i, int half, auto... n) {
        const vf a = load(left + i, n...);
        vf x = a;
        of_left.add(a);
        if constexpr (Adds) {
            const vf b = load(right + i, n...);
            x = a + b;
            of_right.add(b);
            of_sum.add(x);
            if (streams && sizeof...(n) == 0) stream(to + i, x);
            else store(to + i, x, n...);
        }
        if constexpr (Squared) store(both + half, x);
    };
    int64_t i = 0;
    for (; i + 2 * W <= count; i += 2 * W) {
        step(i, 0);
        step(i + W, W);
        if constexpr (Squared) squares.add(both);
    }
    const int64_t rest = count - i;
    int half = 0;
    for (; i < count; i += W, half += W) {
        if (i + W <= count) step(i, half);
        else step(i, half, count - i);
    }
    if (streams) _mm_sfence();
    return {Squared ? squares.total(rest, both) : 0, of_left.lanes(), of_right.lanes(), of_sum.lanes()};
}

}  // namespace

void convert(int64_t count, const float* from, void* to_bf16) {
    auto* to = static_cast<bf16*>(to_bf16);
    parallel_ranges(count, grain, [&](int64_t begin, int64_t end, int) {
        each(end - begin, [&](int64_t i, auto... n) { store(to + begin + i, load(from + begin + i, n...), n...); });
    });
}

// Blocks of 2^20 elements, cut further so that small vectors occupy all threads.
double sum_squares(int64_t count, const float* x) {
    constexpr int64_t block = int64_t{1} << 20, part = int64_t{1} << 16, parts = block / part;
    std::vector<double> sums(static_cast<size_t>(ceil_div(count, part)));
    parallel_ranges(count, part, [&](int64_t begin, int64_t end, int) { sums[begin / part] = squares(end - begin, x + begin); });
    double total = 0;
    for (int64_t first = 0; first < static_cast<int64_t>(sums.size()); first += parts) {
        double of_block = 0;
        const int64_t last = std::min<int64_t>(first + parts, sums.size());
        for (int64_t i = first; i < last; ++i) of_block += sums[i];
        total += of_block;
    }
    return total;
}

// A sum that goes into memory of its own is streamed. Blocks are cut into parts; a cell's share of a part that it holds alone is the part's.
void sum(int64_t count, const float* left, const float* right, float* to, const ak_sum_report& report) {
    constexpr int64_t block = int64_t{1} << 20, part = int64_t{1} << 16, parts_of_block = block / part;
    const bool streams = right && to != left && to != right && reinterpret_cast<uintptr_t>(to) % sizeof(vf) == 0;
    const bool squared = report.block_squares || report.cells > 0;
    const auto one = right ? (squared ? sum_part<true, true> : sum_part<true, false>) : (squared ? sum_part<false, true> : sum_part<false, false>);
    const int64_t parts = ceil_div(count, part);
    std::vector<Part> done(static_cast<size_t>(parts));
    // What cell c has of part p is at p + c: one of the two grows from each piece to the next.
    std::vector<double> pieces(static_cast<size_t>(report.cells > 0 ? parts + report.cells : 0));
    const int64_t* const cells_end = report.cell_ends + report.cells;
    const auto cell_at = [&](int64_t element) { return std::upper_bound(report.cell_ends, cells_end, element) - report.cell_ends; };
    const auto work = [&](int64_t p, int) {
        const int64_t begin = p * part, end = std::min(begin + part, count);
        done[p] = one(end - begin, left + begin, right ? right + begin : nullptr, right ? to + begin : nullptr, streams);
        if (report.cells == 0) return;
        int64_t cell = cell_at(begin);
        if (report.cell_ends[cell] >= end) {
            pieces[p + cell] = done[p].squares;
            return;
        }
        for (int64_t from = begin; from < end; ++cell) {
            const int64_t last = std::min(report.cell_ends[cell], end);
            pieces[p + cell] = squares(last - from, (right ? to : left) + from);
            from = last;
        }
    };
    if (report.parallel) parallel(parts, work);
    else for (int64_t p = 0; p < parts; ++p) work(p, 0);

    for (int64_t first = 0; first < parts; first += parts_of_block) {
        Part of_block;
        for (int64_t p = first; p < std::min(first + parts_of_block, parts); ++p) {
            of_block.squares += done[p].squares;
            of_block.left.add(done[p].left);
            of_block.right.add(done[p].right);
            of_block.to.add(done[p].to);
        }
        const int64_t b = first / parts_of_block;
        if (report.block_squares) report.block_squares[b] = of_block.squares;
        if (report.left_checksums) report.left_checksums[b] = of_block.left.fold();
        if (report.right_checksums) report.right_checksums[b] = of_block.right.fold();
        if (report.to_checksums) report.to_checksums[b] = of_block.to.fold();
    }
    for (int64_t cell = 0, from = 0; cell < report.cells; from = report.cell_ends[cell++]) {
        report.cell_squares[cell] = 0;
        for (int64_t p = from / part; p * part < report.cell_ends[cell]; ++p) report.cell_squares[cell] += pieces[p + cell];
    }
}

// Cut into parts as sums are, and the parts of all shared by all threads: each vector alone may be too short for them.
void checksums(int64_t vectors, const float* const* x, const int64_t* counts, uint64_t* found) {
    constexpr int64_t block = int64_t{1} << 20, part = int64_t{1} << 16;
    struct Piece {
        const float* x;
        int64_t count, block;
    };
    std::vector<Piece> pieces;
    int64_t blocks = 0;
    for (int64_t v = 0; v < vectors; blocks += ceil_div(counts[v++], block))
        for (int64_t i = 0; i < counts[v]; i += part) pieces.push_back({x[v] + i, std::min(part, counts[v] - i), blocks + i / block});
    std::vector<Part> done(pieces.size());
    parallel(static_cast<int64_t>(pieces.size()), [&](int64_t p, int) { done[p] = sum_part<false, false>(pieces[p].count, pieces[p].x, nullptr, nullptr, false); });
    std::vector<LaneSums> sums(static_cast<size_t>(blocks));
    for (size_t p = 0; p < pieces.size(); ++p) sums[pieces[p].block].add(done[p].left);
    for (int64_t b = 0; b < blocks; ++b) found[b] = sums[b].fold();
}

}  // namespace ak::AK_ISA
