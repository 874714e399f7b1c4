// What runs over flat vectors: conversion, sums with their squares and checksums, AdamW.
#include "checks.h"

namespace {

constexpr int64_t block = int64_t{1} << 20;

// As simd/checksum.h describes it, word by word.
std::vector<uint64_t> checksums(const float* x, int64_t count) {
    std::vector<uint64_t> sums;
    for (int64_t first = 0; first < count; first += block) {
        uint32_t lanes[8] = {};
        for (int64_t i = first; i < std::min(first + block, count); ++i) {
            uint32_t word;
            std::memcpy(&word, x + i, sizeof word);
            lanes[i % 8] += word;
        }
        uint64_t hash = 0;
        for (uint32_t lane : lanes) {
            hash ^= lane;
            hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93u;
            hash = (hash ^ (hash >> 29)) * 0x9E3779B97F4A7C15u;
            hash ^= hash >> 32;
        }
        sums.push_back(hash);
    }
    return sums;
}

std::vector<uint64_t> checksums(Tensor& x) { return checksums(x.floats(), x.count); }

double in_order(const Doubles& parts) {
    double all = 0;
    for (double part : parts) all += part;
    return all;
}

struct Report {
    Doubles squares, cell_squares;
    std::vector<uint64_t> left, right, to;
    std::vector<int64_t> cell_ends;

    explicit Report(int64_t count, std::vector<int64_t> ends = {}) : cell_ends(std::move(ends)) {
        const size_t blocks = static_cast<size_t>((count + block - 1) / block);
        squares.resize(blocks), left.resize(blocks), right.resize(blocks), to.resize(blocks), cell_squares.resize(cell_ends.size());
    }
    ak_sum_report wanted(int64_t parallel = 0) {
        return {squares.data(), left.data(), right.data(), to.data(), static_cast<int64_t>(cell_ends.size()), cell_ends.data(), cell_squares.data(), parallel};
    }
};

void sums(int64_t count) {
    Tensor left = noise(count), right = noise(count), total(count), in_place = left, added(count);
    for (int64_t i = 0; i < count; ++i) added.floats()[i] = left.at(i) + right.at(i);
    Report of_sum(count), of_aligned(count), of_left(count);
    auto wanted = of_sum.wanted();
    call(ak_sum(count, left.floats(), right.floats(), total.floats(), &wanted));

    // Once more where the result is aligned for streaming, whatever the allocator gave above, and by all threads.
    std::vector<float> room(static_cast<size_t>(count) + 16);
    float* aligned = room.data() + (64 - reinterpret_cast<uintptr_t>(room.data()) % 64) % 64 / sizeof(float);
    wanted = of_aligned.wanted(1);
    call(ak_sum(count, left.floats(), right.floats(), aligned, &wanted));
    report(std::memcmp(aligned, total.data(), static_cast<size_t>(count) * sizeof(float)) == 0 && of_aligned.squares == of_sum.squares &&
               of_aligned.left == of_sum.left && of_aligned.right == of_sum.right && of_aligned.to == of_sum.to,
           named("a streamed sum by all threads has the bits of one that is neither", {count}, ak_f32));
    report(of_sum.left == checksums(left) && of_sum.right == checksums(right) && of_sum.to == checksums(total), named("checksums of a sum", {count}, ak_f32));

    wanted = of_left.wanted();
    call(ak_sum(count, left.floats(), nullptr, nullptr, &wanted));
    report(of_left.left == of_sum.left, named("checksums of one vector", {count}, ak_f32));
    ak_sum_report nothing = {};
    call(ak_sum(count, in_place.floats(), right.floats(), in_place.floats(), &nothing));
    report(total.bytes == added.bytes && in_place.bytes == added.bytes, named("sum has the bits of one addition per element", {count}, ak_f32));
    report(in_order(of_sum.squares) == ak_sum_squares(count, total.floats()) && in_order(of_left.squares) == ak_sum_squares(count, left.floats()),
           named("squares of blocks, in order, have the bits of the sum of squares", {count}, ak_f32));

    // Cells: some within a part, some over several, some that end with a block.
    std::vector<int64_t> ends;
    for (int64_t end : std::initializer_list<int64_t>{1, 17, 1000, 65536, 65600, 200000, block, block + 1}) {
        if (end < count) ends.push_back(end);
    }
    ends.push_back(count);
    Report of_cells(count, ends);
    wanted = of_cells.wanted(1);
    call(ak_sum(count, left.floats(), right.floats(), total.floats(), &wanted));
    bool agree = of_cells.squares == of_sum.squares;
    for (size_t c = 0; c < ends.size(); ++c) {
        double squares = 0;
        for (int64_t i = c ? ends[c - 1] : 0; i < ends[c]; ++i) squares += static_cast<double>(total.at(i)) * total.at(i);
        agree = agree && std::fabs(of_cells.cell_squares[c] - squares) <= 1e-12 * squares;
    }
    report(agree, named("squares of cells", {count}, ak_f32));
}

void many_at_once(int64_t count) {
    const int64_t counts[] = {count, 1, 3 * count / 2 + 5, 16};
    std::vector<Tensor> vectors;
    std::vector<const float*> x;
    std::vector<uint64_t> wanted;
    for (int64_t n : counts) {
        vectors.push_back(noise(n));
        const auto sums = checksums(vectors.back());
        wanted.insert(wanted.end(), sums.begin(), sums.end());
    }
    for (auto& vector : vectors) x.push_back(vector.floats());
    std::vector<uint64_t> found(wanted.size());
    call(ak_checksums(4, x.data(), counts, found.data()));
    report(found == wanted, named("checksums of many vectors at once", {count}, ak_f32));
}

void every_bit_counts(int64_t count) {
    Tensor x = noise(count);
    Report before(count), after(count);
    auto wanted = before.wanted();
    call(ak_sum(count, x.floats(), nullptr, nullptr, &wanted));
    wanted = after.wanted(1);
    bool found = true;
    for (int i = 0; i < 200; ++i) {
        const size_t byte = generator() % (static_cast<size_t>(count) * sizeof(float));
        const auto bit = static_cast<unsigned char>(1u << (i < 32 ? i % 8 : generator() % 8));
        x.bytes[byte] ^= bit;
        call(ak_sum(count, x.floats(), nullptr, nullptr, &wanted));
        for (size_t b = 0; b < before.left.size(); ++b) found = found && (before.left[b] != after.left[b]) == (b == byte / sizeof(float) / block);
        x.bytes[byte] ^= bit;
    }
    report(found, named("a flipped bit changes the checksum of its block and of no other", {count}, ak_f32));
}

void adamw(int64_t count) {
    Tensor w = noise(count), g = noise(count), m = noise(count, ak_f32, 0.1f), v = noise(count);
    for (int64_t i = 0; i < count; ++i) v.put(i, i % 5 == 4 ? 0 : v.at(i) * v.at(i));
    const float epsilon = 1e-8f, b1 = 0.9f, b2 = 0.95f, c1 = 0.271f, c2 = 0.142625f;
    std::vector<ak_adamw_range> ranges;
    if (count > 40000) ranges = {{16, 0.7f, 1e-2f, 0.1f, 0}, {40000, 0.35f, 2e-2f, 0, 0}};
    ranges.push_back({count, 0.7f, 1e-2f, 0.1f, 0});
    for (float spike : {0.0f, 0.5f}) {
        const ak_adamw_constants constants = {b1, b2, epsilon, c1, c2, spike};
        Doubles w_wanted(count), m_wanted(count), v_wanted(count), ratios(ranges.size());
        double changed = 0, weights = 0;
        for (int64_t i = 0, r = 0; i < count; ++i) {
            if (i == ranges[r].end) ++r;
            double gg = static_cast<double>(ranges[r].clip) * g.at(i);
            if (spike > 0 && v.at(i) > 0 && gg * gg > spike * v.at(i)) gg = std::copysign(std::sqrt(spike * static_cast<double>(v.at(i))), gg);
            m_wanted[i] = b1 * m.at(i) + (1.0 - b1) * gg;
            v_wanted[i] = b2 * v.at(i) + (1.0 - b2) * gg * gg;
            w_wanted[i] = w.at(i) * (1.0 - static_cast<double>(ranges[r].lr) * ranges[r].decay) -
                          ranges[r].lr * (m_wanted[i] / c1) / (std::sqrt(v_wanted[i] / c2) + epsilon);
            changed += (w_wanted[i] - w.at(i)) * (w_wanted[i] - w.at(i));
            weights += w_wanted[i] * w_wanted[i];
            ratios[r] += gg * gg / std::max(v_wanted[i] / c2, 1e-16);
        }
        for (size_t r = 0; r < ranges.size(); ++r) {
            const int64_t from = r ? ranges[r - 1].end : 0;
            const double ratio = ak_adamw_ratio(ranges[r].end - from, g.floats() + from, v.floats() + from, &constants, ranges[r].clip);
            report(std::fabs(ratio - ratios[r]) <= 1e-5 * ratios[r], named("adamw ratio", {count, from}, ak_f32));
        }
        const size_t blocks = static_cast<size_t>((count + block - 1) / block);
        std::vector<uint64_t> expected, found(ak_adamw_checksums * blocks);
        const auto expect = [&](Tensor& x) {
            const auto sums = checksums(x);
            expected.insert(expected.end(), sums.begin(), sums.end());
        };
        for (auto* x : {&w, &g, &m, &v}) expect(*x);
        Tensor w2 = w, m2 = m, v2 = v;
        std::vector<uint64_t> previewed(found.size());
        double update = 0, preview = 0;
        call(ak_adamw_preview(count, w2.floats(), g.floats(), m2.floats(), v2.floats(), &constants, static_cast<int64_t>(ranges.size()), ranges.data(), previewed.data(), &preview));
        report(w2.bytes == w.bytes && m2.bytes == m.bytes && v2.bytes == v.bytes, named("adamw preview writes nothing", {count}, ak_f32));
        call(ak_adamw(count, w2.floats(), g.floats(), m2.floats(), v2.floats(), &constants, static_cast<int64_t>(ranges.size()), ranges.data(), found.data(), &update));
        for (auto* x : {&w2, &m2, &v2}) expect(*x);
        compare(named("adamw weights", {count}, ak_f32), w2, w_wanted, 1e-6);
        compare(named("adamw first moment", {count}, ak_f32), m2, m_wanted, 1e-6);
        compare(named("adamw second moment", {count}, ak_f32), v2, v_wanted, 1e-6);
        report(found == expected, named("adamw checksums of what it read and wrote", {count}, ak_f32));
        // Weights are rounded, however little they change.
        report(std::fabs(update - changed) <= 1e-4 * changed + 4 * 6e-8 * std::sqrt(changed * weights), named("adamw size of the update", {count}, ak_f32));
        report(preview == update && previewed == found, named("adamw preview equals the update", {count}, ak_f32));
        Tensor w3 = w, m3 = m, v3 = v;
        call(ak_adamw(count, w3.floats(), g.floats(), m3.floats(), v3.floats(), &constants, static_cast<int64_t>(ranges.size()), ranges.data(), nullptr, nullptr));
        report(w3.bytes == w2.bytes && m3.bytes == m2.bytes && v3.bytes == v2.bytes, named("adamw unwatched has the same bits", {count}, ak_f32));
    }
}

}  // namespace

void flat(int64_t count) {
    Tensor w = noise(count), narrow(count, ak_bf16);
    Doubles rounded(count);
    double squares = 0;
    for (int64_t i = 0; i < count; ++i) {
        rounded[i] = from_bf16(to_bf16(w.at(i)));
        squares += static_cast<double>(w.at(i)) * w.at(i);
    }
    call(ak_convert(count, w.floats(), narrow.data()));
    compare(named("convert", {count}, ak_f32), narrow, rounded, 0);
    report(std::fabs(ak_sum_squares(count, w.floats()) - squares) <= 1e-12 * squares, named("sum of squares", {count}, ak_f32));
    sums(count);
    every_bit_counts(count);
    many_at_once(count);
    adamw(count);
}
