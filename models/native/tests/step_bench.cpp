// A whole training step of a GPT-2 on these kernels alone (forward, backward, clip, AdamW), with its time by part: shows where time goes.
//   step_bench [seconds per configuration = 4] [bf16|fp32|both] [threads = 0: 2 and 1] [layers width heads context batch vocabulary = 6 384 6 256 8 512]
// Prints tokens/s for fp32 and bf16 on one and two threads, best and median of the steps (the machine may be shared), the parts of the
// best step in milliseconds, and the rate of a bare product of the model's largest shape.
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "../kernels.h"

// Large vectors in huge pages, as libtorch has them for the program.
void* operator new(size_t bytes) {
    constexpr size_t huge = size_t{2} << 20;
    void* memory = bytes < huge ? std::malloc(bytes) : std::aligned_alloc(huge, (bytes + huge - 1) / huge * huge);
    if (!memory) throw std::bad_alloc();
    if (bytes >= huge) madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Shape {
    int64_t layers = 6, width = 384, heads = 6, context = 256, batch = 8, vocabulary = 512;
    int64_t rows() const { return batch * context; }
    double flops() const {  // of matrix products and attention, forward and backward
        const double linears = 12.0 * layers * width * width + vocabulary * width;
        return 6.0 * linears * rows() + 7.0 * layers * rows() * context * width;
    }
};

std::map<std::string, double> parts;
template <class Call>
void timed(const char* part, const Call& call) {
    const auto start = Clock::now();
    if (call() != 0) {
        std::fprintf(stderr, "%s: %s\n", part, ak_error());
        std::exit(1);
    }
    parts[part] += seconds_since(start);
}

class Model {
public:
    Model(const Shape& shape, int dtype) : shape(shape), dtype(dtype) {
        const int64_t D = shape.width, R = shape.rows(), V = shape.vocabulary;
        tokens_at = take(V * D), positions_at = take(shape.context * D);
        for (int64_t i = 0; i < shape.layers; ++i) {
            Block b;
            b.norm1 = take(D), b.norm1_bias = take(D);
            b.qkv = linear(D, 3 * D);
            b.output = linear(D, D);
            b.norm2 = take(D), b.norm2_bias = take(D);
            b.up = linear(D, 4 * D);
            b.down = linear(4 * D, D);
            blocks.push_back(b);
        }
        norm = take(D), norm_bias = take(D);
        head = ak_linear_new(D, V, dtype);
        weights.resize(total), gradients.resize(total), m.resize(total), v.resize(total);
        std::mt19937 generator(1);
        std::normal_distribution<float> normal(0, 0.02f);
        for (float& w : weights) w = normal(generator);
        for (auto& b : blocks)
            for (int64_t at : {b.norm1, b.norm2}) std::fill_n(&weights[at], D, 1.0f);
        std::fill_n(&weights[norm], D, 1.0f);
        for (int64_t i = 0; i < R; ++i) {
            tokens.push_back(static_cast<int64_t>(generator() % static_cast<uint64_t>(V)));
            targets.push_back((tokens.back() * 7 + 3) % V);
        }
        for (int64_t i = 0; i < shape.layers; ++i) {
            kept.emplace_back();
            Kept& k = kept.back();
            for (auto* x : {&k.x, &k.middle}) x->resize(R * D);
            for (auto* s : {&k.mean1, &k.rstd1, &k.mean2, &k.rstd2}) s->resize(R);
            k.lse.resize(R * shape.heads);
            k.normal1 = activations(D), k.qkv = activations(3 * D), k.attended = activations(D), k.normal2 = activations(D), k.up = activations(4 * D),
            k.active = activations(4 * D);
        }
        for (auto* x : {&x_last, &dx}) x->resize(R * D);
        for (auto* s : {&mean, &rstd, &loss}) s->resize(R);
        normal_last = activations(D), d_narrow = activations(D), d_narrow2 = activations(D), d_wide = activations(4 * D), d_qkv = activations(3 * D);
    }
    ~Model() {
        for (auto& b : blocks)
            for (const Linear* l : {&b.qkv, &b.output, &b.up, &b.down}) ak_linear_free(l->packed);
        ak_linear_free(head);
    }

    double step() {
        const int64_t D = shape.width, R = shape.rows(), B = shape.batch, T = shape.context, H = shape.heads, V = shape.vocabulary;
        const double scale = 1 / std::sqrt(static_cast<double>(D / H));
        const ak_segments texts = {B, nullptr, nullptr};
        timed("pack", [&] {
            for (auto& b : blocks)
                for (const Linear* l : {&b.qkv, &b.output, &b.up, &b.down})
                    if (ak_linear_pack(l->packed, &weights[l->weight])) return 1;
            return ak_linear_pack(head, &weights[tokens_at]);
        });
        timed("embedding", [&] { return ak_embedding_forward(B, T, D, tokens.data(), nullptr, &weights[tokens_at], &weights[positions_at], kept[0].x.data()); });
        for (size_t i = 0; i < blocks.size(); ++i) {
            const Block& b = blocks[i];
            Kept& k = kept[i];
            float* next = i + 1 < blocks.size() ? kept[i + 1].x.data() : x_last.data();
            norm_forward(b.norm1, k.x, k.normal1, k.mean1, k.rstd1);
            forward(b.qkv, k.normal1.data(), nullptr, k.qkv.data(), dtype);
            timed("attention", [&] { return ak_attention_forward(R, H, H, D / H, k.qkv.data(), scale, &texts, nullptr, k.attended.data(), k.lse.data(), dtype); });
            forward(b.output, k.attended.data(), k.x.data(), k.middle.data(), ak_f32);
            norm_forward(b.norm2, k.middle, k.normal2, k.mean2, k.rstd2);
            timed("GEMM forward", [&] { return ak_linear_forward_gelu(b.up.packed, R, k.normal2.data(), &weights[b.up.bias], k.up.data(), k.active.data()); });
            forward(b.down, k.active.data(), k.middle.data(), next, ak_f32);
        }
        norm_forward(norm, x_last, normal_last, mean, rstd);
        timed("loss", [&] {
            ak_objective objective = {};
            objective.scale = 1.0f / static_cast<float>(R);
            const ak_head_rows results = {loss.data(), nullptr, nullptr};
            return ak_head(head, R, normal_last.data(), targets.data(), &objective, &results, d_narrow.data(), &gradients[tokens_at], 0, 1, nullptr);
        });
        norm_backward(norm, d_narrow, x_last, mean, rstd, nullptr);
        for (size_t i = blocks.size(); i-- > 0;) {
            const Block& b = blocks[i];
            Kept& k = kept[i];
            narrow();
            weight_gradient(b.down, d_narrow.data(), k.active.data());
            timed("GEMM input gradient", [&] { return ak_linear_input_gradient_gelu(b.down.packed, R, d_narrow.data(), k.up.data(), d_wide.data()); });
            weight_gradient(b.up, d_wide.data(), k.normal2.data());
            input_gradient(b.up, d_wide.data(), d_narrow.data());
            norm_backward(b.norm2, d_narrow, k.middle, k.mean2, k.rstd2, dx.data());
            narrow();
            weight_gradient(b.output, d_narrow.data(), k.attended.data());
            input_gradient(b.output, d_narrow.data(), d_narrow2.data());
            timed("attention", [&] {
                return ak_attention_backward(R, H, H, D / H, k.qkv.data(), k.attended.data(), k.lse.data(), d_narrow2.data(), scale, &texts, nullptr, d_qkv.data(), dtype);
            });
            weight_gradient(b.qkv, d_qkv.data(), k.normal1.data());
            input_gradient(b.qkv, d_qkv.data(), d_narrow.data());
            norm_backward(b.norm1, d_narrow, k.x, k.mean1, k.rstd1, dx.data());
        }
        timed("embedding", [&] { return ak_embedding_backward(B, T, D, V, tokens.data(), nullptr, dx.data(), 1, &gradients[tokens_at], &gradients[positions_at], 1, 0, 1, nullptr); });
        timed("optimizer", [&] {
            const double length = std::sqrt(ak_sum_squares(total, gradients.data()));
            ++steps;
            const float clip = static_cast<float>(std::min(1.0, 1 / (length + 1e-6)));
            const ak_adamw_constants constants = {0.9f, 0.95f, 1e-8f, 1 - std::pow(0.9f, static_cast<float>(steps)), 1 - std::pow(0.95f, static_cast<float>(steps)), 0};
            const ak_adamw_range whole = {total, clip, 3e-4f, 0.1f, 0};
            checksums.resize(ak_adamw_checksums * static_cast<size_t>(total / (1 << 20) + 1));
            double update;
            return ak_adamw(total, weights.data(), gradients.data(), m.data(), v.data(), &constants, 1, &whole, checksums.data(), &update);
        });
        double sum = 0;
        for (float l : loss) sum += l;
        return sum / static_cast<double>(R);
    }

private:
    struct Linear {
        ak_linear* packed;
        int64_t weight, bias;
    };
    struct Block {
        int64_t norm1, norm1_bias, norm2, norm2_bias;
        Linear qkv, output, up, down;
    };
    struct Kept {
        std::vector<float> x, middle, mean1, rstd1, mean2, rstd2, lse;
        std::vector<char> normal1, qkv, attended, normal2, up, active;
    };

    int64_t take(int64_t count) { return total += count, total - count; }
    Linear linear(int64_t in, int64_t out) {
        const int64_t weight = take(in * out);
        return {ak_linear_new(in, out, dtype), weight, take(out)};
    }
    std::vector<char> activations(int64_t width) const { return std::vector<char>(static_cast<size_t>(shape.rows() * width * (dtype == ak_bf16 ? 2 : 4))); }

    void forward(const Linear& l, const void* x, const float* residual, void* y, int y_dtype) {
        timed("GEMM forward", [&] { return ak_linear_forward(l.packed, shape.rows(), x, &weights[l.bias], residual, y, y_dtype); });
    }
    void input_gradient(const Linear& l, const void* dy, void* to) {
        timed("GEMM input gradient", [&] { return ak_linear_input_gradient(l.packed, shape.rows(), dy, to); });
    }
    void weight_gradient(const Linear& l, const void* dy, const void* x) {
        timed("GEMM weight gradient", [&] { return ak_linear_weight_gradient(l.packed, shape.rows(), 1, dy, x, &gradients[l.weight], &gradients[l.bias], 0); });
    }
    void norm_forward(int64_t at, const std::vector<float>& x, std::vector<char>& y, std::vector<float>& means, std::vector<float>& rstds) {
        timed("norm", [&] {
            return ak_layer_norm_forward(shape.rows(), shape.width, x.data(), &weights[at], &weights[at + shape.width], 1e-5, y.data(), dtype, means.data(), rstds.data());
        });
    }
    void norm_backward(int64_t at, const std::vector<char>& dy, const std::vector<float>& x, const std::vector<float>& means, const std::vector<float>& rstds,
                       const float* residual) {
        timed("norm", [&] {
            return ak_layer_norm_backward(shape.rows(), 1, shape.width, dy.data(), dtype, x.data(), &weights[at], means.data(), rstds.data(), residual, dx.data(),
                                          &gradients[at], &gradients[at + shape.width], 0);
        });
    }
    // The gradient of the residual stream, in the dtype of the products.
    void narrow() {
        timed("convert", [&] {
            if (dtype == ak_bf16) return ak_convert(static_cast<int64_t>(dx.size()), dx.data(), d_narrow.data());
            std::memcpy(d_narrow.data(), dx.data(), dx.size() * sizeof(float));
            return 0;
        });
    }

    Shape shape;
    int dtype;
    int64_t total = 0, steps = 0, tokens_at, positions_at, norm, norm_bias;
    std::vector<Block> blocks;
    std::vector<Kept> kept;
    ak_linear* head;
    std::vector<float> weights, gradients, m, v, x_last, dx, mean, rstd, loss;
    std::vector<uint64_t> checksums;
    std::vector<char> normal_last, d_narrow, d_narrow2, d_wide, d_qkv;
    std::vector<int64_t> tokens, targets;
};

// GFLOP/s of the largest forward product alone, best of many.
double product_rate(const Shape& shape, int dtype) {
    const int64_t R = shape.rows(), D = shape.width;
    std::vector<float> w(4 * D * D, 0.01f), x(R * D, 0.01f), y(R * 4 * D);
    ak_linear* layer = ak_linear_new(D, 4 * D, dtype);
    ak_linear_pack(layer, w.data());
    double best = 1e9;
    for (int i = 0; i < 60; ++i) {
        const auto start = Clock::now();
        ak_linear_forward(layer, R, x.data(), nullptr, nullptr, y.data(), dtype);
        best = std::min(best, seconds_since(start));
    }
    ak_linear_free(layer);
    return 8e-9 * static_cast<double>(R * D * D) / best;
}

void run(const Shape& shape, int dtype, int threads, double seconds) {
    ak_set_threads(threads);
    Model model(shape, dtype);
    struct Step {
        double time;
        std::map<std::string, double> parts;
    };
    std::vector<Step> steps;
    const double first = model.step();
    double last = first;
    const auto start = Clock::now();
    while (steps.size() < 5 || seconds_since(start) < seconds) {
        parts.clear();
        const auto begin = Clock::now();
        last = model.step();
        steps.push_back({seconds_since(begin), parts});
    }
    std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.time < b.time; });
    const Step &best = steps.front(), &median = steps[steps.size() / 2];
    const double rows = static_cast<double>(shape.rows()), rate = product_rate(shape, dtype);
    std::printf("%s %d thread%s: best %.0f, median %.0f tokens/s; %.0f GFLOP/s of products in the best step, a bare product %.0f; loss %.3f -> %.3f\n",
                dtype == ak_bf16 ? "bf16" : "fp32", threads, threads > 1 ? "s" : "", rows / best.time, rows / median.time, shape.flops() / best.time * 1e-9, rate, first,
                last);
    double rest = best.time;
    for (const auto& [part, time] : best.parts) {
        std::printf("   %-22s %7.2f ms  %4.1f%%\n", part.c_str(), time * 1e3, 100 * time / best.time);
        rest -= time;
    }
    std::printf("   %-22s %7.2f ms\n", "rest", rest * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
    Shape shape;
    const double seconds = argc > 1 ? std::atof(argv[1]) : 4;
    const std::string dtypes = argc > 2 ? argv[2] : "both";
    const int only = argc > 3 ? std::atoi(argv[3]) : 0;
    int i = 4;
    for (int64_t* size : {&shape.layers, &shape.width, &shape.heads, &shape.context, &shape.batch, &shape.vocabulary})
        if (i < argc) *size = std::atoll(argv[i++]);
    std::printf("%s; parts are those of the best step\n", ak_description());
    for (int threads : {2, 1})
        for (int dtype : {ak_bf16, ak_f32})
            if ((only == 0 || only == threads) && (dtypes == "both" || dtypes == (dtype == ak_bf16 ? "bf16" : "fp32"))) run(shape, dtype, threads, seconds);
    return 0;
}
