// Every kernel beside the physical limit that holds it: the rate of multiply-adds for products and attention, the bandwidth of memory for the rest.
//   kernel_bench [bf16|fp32|both] [threads = all] [seconds per kernel = 0.5] [part of a kernel's name]
// Limits are measured first, in the same way as the kernels: the best of many repetitions. A kernel that finds its data in caches may exceed 100 %.
#include <immintrin.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "../kernels.h"

namespace {

using Clock = std::chrono::steady_clock;
double patience = 0.5;

double best_seconds(const std::function<void()>& call) {
    call();
    double best = 1e9;
    const auto start = Clock::now();
    for (int i = 0; i < 3 || std::chrono::duration<double>(Clock::now() - start).count() < patience; ++i) {
        const auto begin = Clock::now();
        call();
        best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    return best;
}

// ---- Limits ----------------------------------------------------------------------------------------------------------------------------------

constexpr int64_t rounds = 4000000, chains = 12;  // as long as a large product takes: a processor is faster for a shorter time

// Chains of multiply-adds in registers, enough of them to hide the latency. The compiler must neither see through the loop nor move a sum to memory.
#define AK_ALL(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11)
#define AK_START(c) auto sum##c = one - one;
#define AK_STEP(c)            \
    sum##c = add(one, sum##c); \
    asm volatile("" : "+v"(sum##c));
#define AK_RATE(name, isa, type, multiply_add, per_instruction)             \
    __attribute__((target(isa), noinline)) double name(float x) {           \
        type one;                                                           \
        for (auto& lane : reinterpret_cast<float(&)[sizeof one / 4]>(one)) lane = x; \
        const auto add = [](type a, type sum) __attribute__((target(isa), always_inline)) { return multiply_add; }; \
        AK_ALL(AK_START)                                                    \
        for (int64_t i = 0; i < rounds; ++i) { AK_ALL(AK_STEP) }            \
        return static_cast<double>(rounds * chains * (per_instruction));    \
    }
AK_RATE(fma_256, "avx2,fma", __m256, _mm256_fmadd_ps(a, a, sum), 16)
AK_RATE(fma_512, "avx512f", __m512, _mm512_fmadd_ps(a, a, sum), 32)
AK_RATE(pairs_512, "avx512f,avx512bf16", __m512, _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)a), 64)

double flops_limit(int dtype, int threads) {
    const std::string name = ak_description();
    const auto rate = name == "x86-64-v3" ? fma_256 : dtype == ak_bf16 && name == "x86-64-v4+bf16" ? pairs_512 : fma_512;
    std::vector<double> flops(static_cast<size_t>(threads));
    const double seconds = best_seconds([&] {
#pragma omp parallel for num_threads(threads)
        for (int t = 0; t < threads; ++t) flops[static_cast<size_t>(t)] = rate(1.1f);
    });
    return flops[0] * threads / seconds;
}

// Of a vector far larger than the caches: bytes read per second.
double bandwidth_limit() {
    const std::vector<float> x(int64_t{64} << 20, 1.0f);
    volatile double sum;
    const double seconds = best_seconds([&] { sum = ak_sum_squares(static_cast<int64_t>(x.size()), x.data()); });
    return static_cast<double>(x.size() * sizeof(float)) / seconds;
}

// ---- Kernels ---------------------------------------------------------------------------------------------------------------------------------

struct Bench {
    int dtype, threads;
    double flops, bytes;  // per second: the limits
    std::string wanted;

    int64_t size() const { return dtype == ak_bf16 ? 2 : 4; }
    std::vector<char> activations(int64_t count) const {
        std::vector<char> x(static_cast<size_t>(count * size()));
        std::mt19937 generator(1);
        for (int64_t i = 0; i < count; ++i) {
            const float value = static_cast<float>(generator() % 2001) * 1e-3f - 1;
            uint32_t bits;
            std::memcpy(&bits, &value, 4);
            if (dtype == ak_bf16) bits >>= 16;
            std::memcpy(&x[static_cast<size_t>(i * size())], dtype == ak_bf16 ? reinterpret_cast<char*>(&bits) : reinterpret_cast<const char*>(&value), static_cast<size_t>(size()));
        }
        return x;
    }
    void report(const std::string& name, double work, double limit, const char* unit, const std::function<int()>& call) const {
        if (name.find(wanted) == std::string::npos) return;
        const double rate = work / best_seconds([&] {
            if (call() != 0) std::fprintf(stderr, "%s: %s\n", name.c_str(), ak_error()), std::exit(1);
        });
        std::printf("  %-58s %7.0f %s  %5.1f %%\n", name.c_str(), rate * 1e-9, unit, 100 * rate / limit);
        std::fflush(stdout);
    }
    void products(const std::string& name, double work, const std::function<int()>& call) const { report(name, work, flops, "GFLOP/s", call); }
    void passes(const std::string& name, double work, const std::function<int()>& call) const { report(name, work, bytes, "GB/s   ", call); }

    void linear(const char* of, int64_t rows, int64_t in, int64_t out) const {
        const std::string shape = std::string(of) + ", " + std::to_string(rows) + " rows " + std::to_string(in) + " -> " + std::to_string(out);
        if (("forward " + shape + " input gradient weight gradient").find(wanted) == std::string::npos) return;
        const std::vector<float> w(static_cast<size_t>(in * out), 0.01f);
        std::vector<float> dw(w.size());
        const auto x = activations(rows * in), dy = activations(rows * out);
        auto y = activations(rows * out), dx = activations(rows * in);
        ak_linear* layer = ak_linear_new(in, out, dtype);
        ak_linear_pack(layer, w.data());
        const double work = 2.0 * static_cast<double>(rows * in * out);
        products("forward " + shape, work, [&] { return ak_linear_forward(layer, rows, x.data(), nullptr, nullptr, y.data(), dtype); });
        products("input gradient " + shape, work, [&] { return ak_linear_input_gradient(layer, rows, dy.data(), dx.data()); });
        products("weight gradient " + shape, work, [&] { return ak_linear_weight_gradient(layer, rows, 1, dy.data(), x.data(), dw.data(), nullptr, 0); });
        passes("packing " + shape, static_cast<double>(in * out * (4 + 2 * size())), [&] { return ak_linear_pack(layer, w.data()); });
        ak_linear_free(layer);
    }

    void head(int64_t rows, int64_t width, int64_t vocabulary) const {
        const std::string shape = std::to_string(rows) + " rows of " + std::to_string(width) + ", vocabulary " + std::to_string(vocabulary);
        if (("head with gradient, " + shape).find(wanted) == std::string::npos) return;
        const std::vector<float> w(static_cast<size_t>(width * vocabulary), 0.01f);
        std::vector<float> dw(w.size()), loss(static_cast<size_t>(rows));
        const std::vector<int64_t> targets(static_cast<size_t>(rows), 3);
        const auto x = activations(rows * width);
        auto dx = activations(rows * width);
        ak_linear* layer = ak_linear_new(width, vocabulary, dtype);
        ak_linear_pack(layer, w.data());
        ak_objective objective = {};
        objective.scale = 1;
        const ak_head_rows results = {loss.data(), nullptr, nullptr};
        const double work = 2.0 * static_cast<double>(rows * width * vocabulary);
        products("head, " + shape, work, [&] { return ak_head(layer, rows, x.data(), targets.data(), &objective, &results, nullptr, nullptr, 0, 1, nullptr); });
        products("head with gradient, " + shape, 3 * work,
                 [&] { return ak_head(layer, rows, x.data(), targets.data(), &objective, &results, dx.data(), dw.data(), 0, 1, nullptr); });
        ak_linear_free(layer);
    }

    void attention(int64_t batch, int64_t time, int64_t heads, int64_t width) const {
        const std::string shape = std::to_string(batch) + " x " + std::to_string(time) + ", " + std::to_string(heads) + " heads of " + std::to_string(width);
        const int64_t rows = batch * time;
        const auto qkv = activations(rows * 3 * heads * width), dout = activations(rows * heads * width);
        auto out = activations(rows * heads * width), dqkv = activations(rows * 3 * heads * width);
        std::vector<float> lse(static_cast<size_t>(rows * heads));
        const ak_segments texts = {batch, nullptr, nullptr};
        const double pairs = static_cast<double>(batch * heads * time * (time + 1) / 2 * width);
        products("attention, " + shape, 4 * pairs, [&] {
            return ak_attention_forward(rows, heads, heads, width, qkv.data(), 0.1, &texts, nullptr, out.data(), lse.data(), dtype);
        });
        products("attention backward, " + shape, 10 * pairs, [&] {
            return ak_attention_backward(rows, heads, heads, width, qkv.data(), out.data(), lse.data(), dout.data(), 0.1, &texts, nullptr, dqkv.data(), dtype);
        });
    }

    void elementwise(int64_t rows, int64_t width) const {
        const std::string shape = std::to_string(rows) + " rows of " + std::to_string(width);
        const std::vector<float> x(static_cast<size_t>(rows * width), 0.5f), weight(static_cast<size_t>(width), 1.0f);
        std::vector<float> mean(static_cast<size_t>(rows)), rstd(static_cast<size_t>(rows)), dx(x.size()), dweight(weight), dbias(weight);
        const auto wide = activations(rows * 4 * width), d = activations(rows * width);
        auto y = activations(rows * 4 * width);
        const double count = static_cast<double>(rows * width), each = static_cast<double>(size());
        passes("layer norm, " + shape, count * (4 + each), [&] {
            return ak_layer_norm_forward(rows, width, x.data(), weight.data(), weight.data(), 1e-5, y.data(), dtype, mean.data(), rstd.data());
        });
        passes("layer norm backward, " + shape, count * (12 + each), [&] {
            return ak_layer_norm_backward(rows, 1, width, d.data(), dtype, x.data(), weight.data(), mean.data(), rstd.data(), x.data(), dx.data(), dweight.data(), dbias.data(), 0);
        });
        passes("GELU, " + shape + " x 4", 4 * count * 2 * each, [&] { return ak_gelu_forward(rows * 4 * width, wide.data(), y.data(), dtype); });
        passes("GELU backward, " + shape + " x 4", 4 * count * 3 * each, [&] { return ak_gelu_backward(rows * 4 * width, wide.data(), y.data(), y.data(), dtype); });
    }

    void optimizer(int64_t count) const {
        std::vector<float> w(static_cast<size_t>(count), 0.1f), g(w), m(w), v(w);
        const ak_adamw_constants constants = {0.9f, 0.95f, 1e-8f, 0.1f, 0.05f, 0};
        const ak_adamw_range whole = {count, 1, 1e-4f, 0.1f, 0};
        passes("AdamW, " + std::to_string(count) + " weights", static_cast<double>(count) * 28,
               [&] { return ak_adamw(count, w.data(), g.data(), m.data(), v.data(), &constants, 1, &whole, nullptr, nullptr); });
    }
};

void run(int dtype, int threads, const std::string& wanted) {
    ak_set_threads(threads);
    const Bench bench = {dtype, threads, flops_limit(dtype, threads), bandwidth_limit(), wanted};
    std::printf("%s, %s, %d threads; limits: %.0f GFLOP/s, %.1f GB/s read\n", ak_description(), dtype == ak_bf16 ? "bf16" : "fp32", threads, bench.flops * 1e-9, bench.bytes * 1e-9);
    bench.linear("10.9M", 2048, 384, 1536);
    bench.linear("10.9M", 2048, 1536, 384);
    bench.linear("124M", 1024, 768, 2304);
    bench.linear("124M", 1024, 768, 768);
    bench.linear("124M", 1024, 768, 3072);
    bench.linear("124M", 1024, 3072, 768);
    bench.linear("355M", 1024, 1024, 4096);
    bench.linear("355M", 1024, 4096, 1024);
    for (int64_t rows : {1, 4, 16, 64}) bench.linear("124M, few rows", rows, 768, 3072);
    bench.head(1024, 768, 50257);
    bench.attention(8, 256, 6, 64);
    bench.attention(1, 1024, 12, 64);
    bench.attention(1, 4096, 6, 64);
    bench.elementwise(1024, 768);
    bench.optimizer(int64_t{16} << 20);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string dtypes = argc > 1 ? argv[1] : "both";
    const int threads = argc > 2 ? std::atoi(argv[2]) : omp_get_num_procs();
    if (argc > 3) patience = std::atof(argv[3]);
    const std::string wanted = argc > 4 ? argv[4] : "";
    if (threads < 1 || patience <= 0 || (dtypes != "both" && dtypes != "bf16" && dtypes != "fp32")) {
        std::fprintf(stderr, "kernel_bench: use kernel_bench [bf16|fp32|both] [threads] [seconds per kernel] [part of a kernel's name]\n");
        return 2;
    }
    for (int dtype : {ak_bf16, ak_f32})
        if (dtypes == "both" || dtypes == (dtype == ak_bf16 ? "bf16" : "fp32")) run(dtype, threads, wanted);
    return 0;
}
