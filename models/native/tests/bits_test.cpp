// The same bits on any number of threads, beside another caller, for a row alone, and as a chain of fused multiply-adds has them.
#include <algorithm>
#include <thread>

#include "checks.h"

// Everything once, its outputs as one string of bytes.
static std::vector<unsigned char> everything(int dtype) {
    generator.seed(7);
    std::vector<unsigned char> bits;
    const auto keep = [&](const Tensor& t) { bits.insert(bits.end(), t.bytes.begin(), t.bytes.end()); };
    for (int64_t rows : {1, 67, 512}) {
        const int64_t in = 200, out = 333;
        Tensor w = noise(out * in), x = noise(rows * in, dtype), b = noise(out), dy = noise(rows * out, dtype), y(rows * out, dtype), dx(rows * in, dtype), dw(out * in),
            db(out), loss(rows), entropy(rows);
        ak_linear* layer = ak_linear_new(in, out, dtype);
        call(ak_linear_pack(layer, w.floats()));
        call(ak_linear_forward(layer, rows, x.data(), b.floats(), nullptr, y.data(), dtype));
        call(ak_linear_input_gradient(layer, rows, dy.data(), dx.data()));
        call(ak_linear_weight_gradient(layer, rows, 1, dy.data(), x.data(), dw.floats(), db.floats(), 0));
        for (auto* t : {&y, &dx, &dw, &db}) keep(*t);
        const auto targets = ids(rows, out);
        ak_objective objective = {};
        objective.scale = 1, objective.label_smoothing = 0.1f;
        const ak_head_rows results = {loss.floats(), nullptr, entropy.floats()};
        call(ak_head(layer, rows, x.data(), targets.data(), &objective, &results, dx.data(), dw.floats(), 1, 1, nullptr));
        for (auto* t : {&loss, &entropy, &dx, &dw}) keep(*t);
        ak_linear_free(layer);
        Tensor nx = noise(rows * in), weight = noise(in), bias = noise(in), ny(rows * in, dtype), mean(rows), rstd(rows), ndx(rows * in), ndw(in), ndb(in),
               ndy = noise(rows * in, dtype);
        call(ak_layer_norm_forward(rows, in, nx.floats(), weight.floats(), bias.floats(), 1e-5, ny.data(), dtype, mean.floats(), rstd.floats()));
        call(ak_layer_norm_backward(rows, 1, in, ndy.data(), dtype, nx.floats(), weight.floats(), mean.floats(), rstd.floats(), nullptr, ndx.floats(), ndw.floats(),
                                    ndb.floats(), 0));
        for (auto* t : {&ny, &mean, &rstd, &ndx, &ndw, &ndb}) keep(*t);
        call(ak_gelu_backward(rows * in, ny.data(), ndy.data(), ny.data(), dtype));
        keep(ny);
        const auto tokens = ids(rows, 20);
        Tensor table = noise(20 * in), dp(rows * in);
        call(ak_embedding_backward(1, rows, in, 20, tokens.data(), nullptr, nx.floats(), 1, table.floats(), dp.floats(), 1, 0, 1, nullptr));
        keep(table);
    }
    Tensor qkv = noise(2 * 130 * 8 * 48, dtype), out(2 * 130 * 4 * 48, dtype), dout = noise(2 * 130 * 4 * 48, dtype), lse(2 * 4 * 130), dqkv(qkv.count, dtype);
    const ak_segments two = {2, nullptr, nullptr};
    call(ak_attention_forward(2 * 130, 4, 2, 48, qkv.data(), 0.2, &two, nullptr, out.data(), lse.floats(), dtype));
    call(ak_attention_backward(2 * 130, 4, 2, 48, qkv.data(), out.data(), lse.floats(), dout.data(), 0.2, &two, nullptr, dqkv.data(), dtype));
    for (auto* t : {&out, &lse, &dqkv}) keep(*t);
    Tensor big = noise(300000);
    const double squares = ak_sum_squares(big.count, big.floats());
    const auto* raw = reinterpret_cast<const unsigned char*>(&squares);
    bits.insert(bits.end(), raw, raw + sizeof squares);
    return bits;
}

void same_bits(int dtype) {
    ak_set_threads(1);
    const auto one = everything(dtype);
    for (int threads : {1, 2, 3, 4, 7}) {
        ak_set_threads(threads);
        report(everything(dtype) == one, named("same bits on 1 thread and on", {threads}, dtype));
    }
    std::vector<unsigned char> beside[2];
    std::thread trainers[2];
    for (int i = 0; i < 2; ++i)
        trainers[i] = std::thread([&, i] {
            ak_set_threads(1 + i);
            beside[i] = everything(dtype);
        });
    for (auto& trainer : trainers) trainer.join();
    report(beside[0] == one && beside[1] == one, named("same bits on two calling threads at once", {}, dtype));
    ak_set_threads(2);
}

// A row's bits do not depend on which rows are computed beside it.
void same_bits_per_row(int dtype) {
    const int64_t rows = 100, in = 72, out = 90;
    Tensor w = noise(out * in), x = noise(rows * in, dtype), all(rows * out, dtype), one(out, dtype);
    ak_linear* layer = ak_linear_new(in, out, dtype);
    call(ak_linear_pack(layer, w.floats()));
    call(ak_linear_forward(layer, rows, x.data(), nullptr, nullptr, all.data(), dtype));
    bool same = true;
    for (int64_t r = 0; r < rows; ++r) {
        call(ak_linear_forward(layer, 1, x.bytes.data() + r * in * Tensor::size(dtype), nullptr, nullptr, one.data(), dtype));
        same &= std::memcmp(one.data(), all.bytes.data() + r * out * Tensor::size(dtype), out * Tensor::size(dtype)) == 0;
    }
    report(same, named("a row alone has the bits it has in company", {rows, in, out}, dtype));
    ak_linear_free(layer);
}

// Float32 products, bit by bit: every element is one chain of fused multiply-adds along the summed dimension, whatever the cuts and tiles.
void same_bits_as_chains(int64_t rows, int64_t in, int64_t out) {
    Tensor w = noise(out * in), x = noise(rows * in), b = noise(out), r = noise(rows * out), dy = noise(rows * out);
    Tensor y(rows * out), dx(rows * in), dw(out * in), db(out);
    ak_linear* layer = ak_linear_new(in, out, ak_f32);
    call(ak_linear_pack(layer, w.floats()));
    bool same = true;
    const auto expect = [&](const Tensor& got, int64_t i, float wanted) { same &= std::memcmp(&got.bytes[i * 4], &wanted, 4) == 0; };
    const auto chain = [](float sum, int64_t count, const float* a, int64_t a_step, const float* b, int64_t b_step) {
        for (int64_t i = 0; i < count; ++i) sum = std::fmaf(a[i * a_step], b[i * b_step], sum);
        return sum;
    };
    call(ak_linear_forward(layer, rows, x.data(), b.floats(), r.floats(), y.data(), ak_f32));
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t o = 0; o < out; ++o) expect(y, i * out + o, chain(0, in, x.floats() + i * in, 1, w.floats() + o * in, 1) + b.at(o) + r.at(i * out + o));
    report(same, named("linear forward: bits of a chain", {rows, in, out}, ak_f32));

    call(ak_linear_input_gradient(layer, rows, dy.data(), dx.data()));
    same = true;
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t k = 0; k < in; ++k) expect(dx, i * in + k, chain(0, out, dy.floats() + i * out, 1, w.floats() + k, in));
    report(same, named("linear input gradient: bits of a chain", {rows, in, out}, ak_f32));

    std::vector<float> dw_wanted(out * in), db_wanted(out);
    for (int accumulate : {0, 1}) {
        call(ak_linear_weight_gradient(layer, rows, 1, dy.data(), x.data(), dw.floats(), db.floats(), accumulate));
        same = true;
        for (int64_t o = 0; o < out; ++o) {
            for (int64_t k = 0; k < in; ++k) {
                float& wanted = dw_wanted[o * in + k];
                wanted = chain(wanted, rows, dy.floats() + o, out, x.floats() + k, in);
                expect(dw, o * in + k, wanted);
            }
            for (int64_t begin = 0; begin < rows; begin += 32) {  // sums of 32 rows, added in order
                float of_block = 0;
                for (int64_t i = begin; i < std::min(begin + 32, rows); ++i) of_block += dy.at(i * out + o);
                db_wanted[o] += of_block;
            }
            expect(db, o, db_wanted[o]);
        }
        report(same, named("linear weight and bias gradient: bits of chains", {rows, in, out, accumulate}, ak_f32));
    }
    ak_linear_free(layer);
}
