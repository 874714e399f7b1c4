// Every kernel beside the physical limit that holds it: the rate of multiply-adds or the bandwidth of memory, whichever allows less.
//   kernel_bench [bf16|fp32|both] [threads = all] [seconds per kernel = 0.5] [part of a kernel's name]
//   kernel_bench cases    checks that every kernel has a case, and measures nothing
// Limits are measured first, in the same way as the kernels: the best of many repetitions. What finds its data in the caches may exceed the limit of memory, and is
// marked.
#include "bench.h"

namespace {

std::string shape(std::initializer_list<std::pair<int64_t, const char*>> sizes) {
    std::string text;
    for (const auto& [size, of] : sizes) text += (text.empty() ? "" : " ") + std::to_string(size) + of;
    return text;
}

void linear(const Bench& bench, const std::string& of, int64_t rows, int64_t in, int64_t out) {
    const std::string shaped = of + ", " + shape({{rows, " rows"}, {in, " ->"}, {out, ""}});
    if (!bench.wants({"forward " + shaped, "forward with GELU " + shaped, "input gradient " + shaped, "input gradient through GELU " + shaped, "weight gradient " + shaped,
                      "packing " + shaped}))
        return;
    const std::vector<float> w(static_cast<size_t>(in * out), 0.01f);
    std::vector<float> dw(w.size());
    const auto x = bench.activations(rows * in), dy = bench.activations(rows * out);
    auto y = bench.activations(rows * out), active = y, dx = bench.activations(rows * in);
    ak_linear* layer = ak_linear_new(in, out, bench.dtype);
    ak_linear_pack(layer, w.data());
    const double size = static_cast<double>(bench.size()), weight = static_cast<double>(in * out), xs = size * static_cast<double>(rows * in), ys = size * static_cast<double>(rows * out);
    const double flops = 2.0 * static_cast<double>(rows) * weight, packed = bench.packed_size() * weight;
    bench.report("forward " + shaped, {flops, xs + packed, ys}, [&] { return run<ak_linear_forward>(layer, rows, x.data(), nullptr, nullptr, y.data(), bench.dtype); });
    bench.report("forward with GELU " + shaped, {flops, xs + packed, 2 * ys}, [&] { return run<ak_linear_forward_gelu>(layer, rows, x.data(), nullptr, y.data(), active.data()); });
    bench.report("input gradient " + shaped, {flops, ys + packed, xs}, [&] { return run<ak_linear_input_gradient>(layer, rows, dy.data(), dx.data()); });
    bench.report("input gradient through GELU " + shaped, {flops, ys + packed + xs, xs},
                 [&] { return run<ak_linear_input_gradient_gelu>(layer, rows, dy.data(), x.data(), dx.data()); });
    bench.report("weight gradient " + shaped, {flops, xs + ys, 4 * weight},
                 [&] { return run<ak_linear_weight_gradient>(layer, rows, 1, dy.data(), x.data(), dw.data(), nullptr, 0); });
    bench.report("packing " + shaped, {0, 4 * weight, packed}, [&] { return run<ak_linear_pack>(layer, w.data()); });
    ak_linear_free(layer);
}

// As in decoding: one weight after the other, more of them than caches hold.
void few_rows(const Bench& bench, int64_t rows, int64_t in, int64_t out) {
    const double weight = static_cast<double>(in * out), packed = bench.packed_size() * weight;
    const int64_t count = static_cast<int64_t>(4 * cache_bytes() / packed) + 1;
    const std::string name = "forward, few rows, " + shape({{rows, " rows"}, {in, " ->"}, {out, ""}}) + ", " + std::to_string(count) + " weights";
    if (!bench.wants({name})) return;
    const std::vector<float> w(static_cast<size_t>(in * out), 0.01f);
    const auto x = bench.activations(rows * in);
    auto y = bench.activations(rows * out);
    std::vector<ak_linear*> layers;
    for (int64_t i = 0; i < count; ++i) ak_linear_pack(layers.emplace_back(ak_linear_new(in, out, bench.dtype)), w.data());
    bench.report(name, {2.0 * static_cast<double>(rows * count) * weight, static_cast<double>(count) * packed, 0}, [&] {
        int status = 0;
        for (ak_linear* layer : layers) status |= run<ak_linear_forward>(layer, rows, x.data(), nullptr, nullptr, y.data(), bench.dtype);
        return status;
    });
    for (ak_linear* layer : layers) ak_linear_free(layer);
}

void head(const Bench& bench, int64_t rows, int64_t width, int64_t vocabulary) {
    const std::string shaped = shape({{rows, " rows of"}, {width, ", vocabulary"}, {vocabulary, ""}});
    if (!bench.wants({"head, " + shaped, "head with gradient, " + shaped})) return;
    const std::vector<float> w(static_cast<size_t>(width * vocabulary), 0.01f);
    std::vector<float> dw(w.size()), loss(static_cast<size_t>(rows));
    const std::vector<int64_t> targets(static_cast<size_t>(rows), 3);
    const auto x = bench.activations(rows * width);
    auto dx = bench.activations(rows * width);
    ak_linear* layer = ak_linear_new(width, vocabulary, bench.dtype);
    ak_linear_pack(layer, w.data());
    ak_objective objective = {};
    objective.scale = 1;
    const ak_head_rows results = {loss.data(), nullptr, nullptr};
    const double flops = 2.0 * static_cast<double>(rows * width * vocabulary);
    bench.report("head, " + shaped, {flops}, [&] { return run<ak_head>(layer, rows, x.data(), targets.data(), &objective, &results, nullptr, nullptr, 0, 1, nullptr); });
    bench.report("head with gradient, " + shaped, {3 * flops},
                 [&] { return run<ak_head>(layer, rows, x.data(), targets.data(), &objective, &results, dx.data(), dw.data(), 0, 1, nullptr); });
    ak_linear_free(layer);
}

// Texts of these lengths, packed; `window` 0: whole.
void attention(const Bench& bench, const std::string& of, const std::vector<int64_t>& lengths, int64_t heads, int64_t width, int64_t window = 0) {
    const std::string shaped = of + ", " + shape({{heads, " heads of"}, {width, ""}});
    if (!bench.wants({"attention, " + shaped, "attention backward, " + shaped})) return;
    int64_t rows = 0, pairs = 0;
    std::vector<int64_t> ends;
    for (int64_t length : lengths) {
        ends.push_back(rows += length);
        for (int64_t t = 0; t < length; ++t) pairs += window > 0 ? std::min(window, t + 1) : t + 1;
    }
    const auto qkv = bench.activations(rows * 3 * heads * width), dout = bench.activations(rows * heads * width);
    auto out = bench.activations(rows * heads * width), dqkv = bench.activations(rows * 3 * heads * width);
    std::vector<float> lse(static_cast<size_t>(rows * heads));
    const ak_segments texts = {static_cast<int64_t>(ends.size()), ends.data(), nullptr};
    const ak_attention_mask mask = {window, 0, nullptr};
    const double flops = static_cast<double>(pairs * heads * width);
    bench.report("attention, " + shaped, {4 * flops}, [&] {
        return run<ak_attention_forward>(rows, heads, heads, width, qkv.data(), 0.1, &texts, &mask, out.data(), lse.data(), bench.dtype);
    });
    bench.report("attention backward, " + shaped, {10 * flops}, [&] {
        return run<ak_attention_backward>(rows, heads, heads, width, qkv.data(), out.data(), lse.data(), dout.data(), 0.1, &texts, &mask, dqkv.data(), bench.dtype);
    });
}

// The next rows of some texts whose earlier ones are in the cache.
void cached_attention(const Bench& bench, int64_t texts, int64_t length, int64_t next, int64_t heads, int64_t width) {
    const std::string shaped = shape({{texts, " texts of"}, {length, ","}, {heads, " heads of"}, {width, ""}}), name = "cached attention, " + shape({{next, " rows each,"}}) + " " + shaped;
    if (!bench.wants({name, "copied blocks, " + shaped})) return;
    const int64_t blocks = (length + ak_kv_block - 1) / ak_kv_block;
    ak_kv* kv = ak_kv_new(1, texts * blocks, heads, width, bench.dtype);
    std::vector<int32_t> table(static_cast<size_t>(texts * blocks));
    for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<int32_t>(i);
    const auto qkv = bench.activations(texts * length * 3 * heads * width);
    auto out = bench.activations(texts * length * heads * width);
    const auto attend = [&](int64_t from, int64_t rows) {
        std::vector<ak_kv_run> runs;
        for (int64_t i = 0; i < texts; ++i) runs.push_back({rows, from, table.data() + i * blocks, blocks});
        return run<ak_kv_attention>(kv, 0, texts, runs.data(), heads, qkv.data(), 0.1, nullptr, out.data());
    };
    for (int64_t from = 0; from < length; from += ak_kv_block) attend(from, std::min<int64_t>(ak_kv_block, length - from));
    const double elements = static_cast<double>(texts * heads * width), seen = static_cast<double>(length) - static_cast<double>(next - 1) / 2;
    bench.report(name, {4 * elements * static_cast<double>(next) * seen, 2 * elements * static_cast<double>(length) * bench.packed_size(), 0},
                 [&] { return attend(length - next, next); });
    const double bytes = elements * static_cast<double>(length) * bench.packed_size();  // half of what there is: keys and values of half of the texts
    bench.report("copied blocks, " + shaped, {0, bytes, bytes}, [&] {
        int status = 0;
        for (int64_t i = 0, half = texts * blocks / 2; i < half; ++i) status |= run<ak_kv_copy_block>(kv, i, half + i);
        return status;
    });
    ak_kv_free(kv);
}

void sampling(const Bench& bench, int64_t rows, int64_t vocabulary) {
    const std::string shaped = shape({{rows, " rows of"}, {vocabulary, ""}});
    if (!bench.wants({"sampling, " + shaped, "sampling with top-k and top-p, " + shaped})) return;
    std::vector<float> logits(static_cast<size_t>(rows * vocabulary));
    for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i * 2654435761 % 4001) * 3e-3f;
    std::vector<ak_sampled> sampled(static_cast<size_t>(rows));
    const auto draw = [&](const char* name, double top_p, int64_t top_k) {
        const std::vector<ak_sampling> options(static_cast<size_t>(rows), {0.5, 0.8, top_p, 0, 1, top_k, vocabulary, nullptr, 0});
        bench.report(name + shaped, {0, 4.0 * static_cast<double>(rows * vocabulary), 0},
                     [&] { return run<ak_sample>(rows, vocabulary, logits.data(), options.data(), sampled.data()); });
    };
    draw("sampling, ", 1, 0);
    draw("sampling with top-k and top-p, ", 0.9, 50);
}

void norms(const Bench& bench, int64_t rows, int64_t width) {
    const std::string shaped = shape({{rows, " rows of"}, {width, ""}});
    if (!bench.wants({"layer norm, " + shaped, "layer norm backward, " + shaped, "RMS norm, " + shaped, "RMS norm backward, " + shaped})) return;
    std::vector<float> x(static_cast<size_t>(rows * width)), weight(static_cast<size_t>(width), 1.0f);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 97) * 0.01f;
    std::vector<float> mean(static_cast<size_t>(rows)), rstd(mean), dx(x.size()), dweight(weight), dbias(weight);
    auto y = bench.activations(rows * width);
    const double count = static_cast<double>(rows * width), size = static_cast<double>(bench.size());
    const Work forward = {0, 4 * count, size * count}, backward = {0, (8 + size) * count, 4 * count};
    bench.report("layer norm, " + shaped, forward, [&] {
        return run<ak_layer_norm_forward>(rows, width, x.data(), weight.data(), weight.data(), 1e-5, y.data(), bench.dtype, mean.data(), rstd.data());
    });
    bench.report("layer norm backward, " + shaped, backward, [&] {
        return run<ak_layer_norm_backward>(rows, 1, width, y.data(), bench.dtype, x.data(), weight.data(), mean.data(), rstd.data(), x.data(), dx.data(), dweight.data(),
                                           dbias.data(), 0);
    });
    bench.report("RMS norm, " + shaped, forward,
                 [&] { return run<ak_rms_norm_forward>(rows, width, x.data(), weight.data(), 1e-5, y.data(), bench.dtype, rstd.data()); });
    bench.report("RMS norm backward, " + shaped, backward, [&] {
        return run<ak_rms_norm_backward>(rows, 1, width, y.data(), bench.dtype, x.data(), weight.data(), rstd.data(), x.data(), dx.data(), dweight.data(), 0);
    });
}

// Of the inner width of an MLP, and of the queries and keys of one.
void activations(const Bench& bench, int64_t rows, int64_t width) {
    const std::string shaped = shape({{rows, " rows of"}, {width, ""}});
    if (!bench.wants({"GELU, " + shaped, "GELU backward, " + shaped, "SwiGLU, " + shaped, "SwiGLU backward, " + shaped, "rotation, " + shaped})) return;
    const int64_t count = rows * width, head = 64, time = 1024;
    auto wide = bench.activations(2 * count), y = bench.activations(count);
    std::vector<char> d(wide.size());
    const std::vector<float> cos(static_cast<size_t>(time * head / 2), 0.8f), sin(cos.size(), 0.6f);
    const double bytes = static_cast<double>(count * bench.size());
    bench.report("GELU, " + shaped, {0, bytes, bytes}, [&] { return run<ak_gelu_forward>(count, wide.data(), d.data(), bench.dtype); });
    bench.report("GELU backward, " + shaped, {0, 2 * bytes, bytes}, [&] { return run<ak_gelu_backward>(count, wide.data(), y.data(), d.data(), bench.dtype); });
    bench.report("SwiGLU, " + shaped, {0, 2 * bytes, bytes}, [&] { return run<ak_swiglu_forward>(rows, width, wide.data(), d.data(), bench.dtype); });
    bench.report("SwiGLU backward, " + shaped, {0, 3 * bytes, 2 * bytes}, [&] { return run<ak_swiglu_backward>(rows, width, wide.data(), y.data(), d.data(), bench.dtype); });
    bench.report("rotation, " + shaped, {0, bytes, bytes},
                 [&] { return run<ak_rope>(rows, width / head, head, width, y.data(), nullptr, time, cos.data(), sin.data(), 0, bench.dtype); });
}

void embedding(const Bench& bench, int64_t batch, int64_t time, int64_t width, int64_t vocabulary) {
    const std::string shaped = shape({{batch * time, " rows of"}, {width, ", vocabulary"}, {vocabulary, ""}});
    if (!bench.wants({"embedding, " + shaped, "embedding backward, " + shaped})) return;
    std::vector<int64_t> tokens(static_cast<size_t>(batch * time));
    for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int64_t>(i * 2654435761 % static_cast<size_t>(vocabulary));
    std::vector<float> weight(static_cast<size_t>(vocabulary * width), 0.1f), d_weight(weight), positions(static_cast<size_t>(time * width)), x(static_cast<size_t>(batch * time * width));
    const double bytes = 4.0 * static_cast<double>(batch * time * width);
    bench.report("embedding, " + shaped, {0, bytes, bytes},
                 [&] { return run<ak_embedding_forward>(batch, time, width, tokens.data(), nullptr, weight.data(), positions.data(), x.data()); });
    bench.report("embedding backward, " + shaped, {0, 2 * bytes, bytes}, [&] {
        return run<ak_embedding_backward>(batch, time, width, vocabulary, tokens.data(), nullptr, x.data(), 1.0f, d_weight.data(), positions.data(), 1, 1, 1, nullptr);
    });
}

void flat_vectors(const Bench& bench, int64_t count) {
    const std::string shaped = std::to_string(count) + " elements";
    if (!bench.wants({"conversion to bf16, " + shaped, "sum of squares, " + shaped, "sum of two vectors, " + shaped, "checksums, " + shaped, "AdamW, " + shaped,
                      "preview of AdamW, " + shaped, "ratio of AdamW, " + shaped}))
        return;
    std::vector<float> w(static_cast<size_t>(count), 0.1f), g(w), m(w), v(w);
    const double elements = static_cast<double>(count);
    const ak_adamw_constants constants = {0.9f, 0.95f, 1e-8f, 0.1f, 0.05f, 0};
    const ak_adamw_range whole = {count, 1, 1e-4f, 0.1f, 0};
    const ak_sum_report report = {nullptr, nullptr, nullptr, nullptr, 0, nullptr, nullptr, 1};
    const float* vectors[] = {w.data()};
    std::vector<uint64_t> found(static_cast<size_t>(count >> 20) + 1);
    bench.report("conversion to bf16, " + shaped, {0, 4 * elements, 2 * elements}, [&] { return run<ak_convert>(count, w.data(), v.data()); });
    std::fill(v.begin(), v.end(), 0.1f);
    bench.report("sum of squares, " + shaped, {0, 4 * elements, 0}, [&] { return run<ak_sum_squares>(count, w.data()) > 0 ? 0 : 1; });
    bench.report("sum of two vectors, " + shaped, {0, 8 * elements, 4 * elements}, [&] { return run<ak_sum>(count, w.data(), g.data(), m.data(), &report); });
    bench.report("checksums, " + shaped, {0, 4 * elements, 0}, [&] { return run<ak_checksums>(1, vectors, &count, found.data()); });
    bench.report("AdamW, " + shaped, {0, 16 * elements, 12 * elements},
                 [&] { return run<ak_adamw>(count, w.data(), g.data(), m.data(), v.data(), &constants, 1, &whole, nullptr, nullptr); });
    bench.report("preview of AdamW, " + shaped, {0, 16 * elements, 0},
                 [&] { return run<ak_adamw_preview>(count, w.data(), g.data(), m.data(), v.data(), &constants, 1, &whole, nullptr, nullptr); });
    bench.report("ratio of AdamW, " + shaped, {0, 8 * elements, 0}, [&] { return run<ak_adamw_ratio>(count, g.data(), v.data(), &constants, 1.0f) > 0 ? 0 : 1; });
}

void measure(int dtype, int threads, const std::string& wanted) {
    ak_set_threads(threads);
    const Bench bench = {dtype, threads, flops_limit(dtype, threads), ak_memory_rate(0, 10), ak_memory_rate(1, 10), wanted};
    std::printf("%s, %s, %d threads; limits: %.0f GFLOP/s, %.1f GB/s read, %.1f GB/s read and written; caches of %.0f MB\n", ak_description(),
                dtype == ak_bf16 ? "bf16" : "fp32", threads, bench.flops * 1e-9, bench.read * 1e-9, bench.update * 1e-9, cache_bytes() / (1 << 20));
    linear(bench, "10.9M", 2048, 384, 1536);
    linear(bench, "10.9M", 2048, 1536, 384);
    linear(bench, "124M", 1024, 768, 2304);
    linear(bench, "124M", 1024, 768, 768);
    linear(bench, "124M", 1024, 768, 3072);
    linear(bench, "124M", 1024, 3072, 768);
    linear(bench, "355M", 1024, 1024, 4096);
    linear(bench, "355M", 1024, 4096, 1024);
    for (int64_t rows : {1, 2, 4, 8, 16, 32, 64}) few_rows(bench, rows, 768, 3072);
    head(bench, 1024, 768, 50257);
    attention(bench, "8 x 256", std::vector<int64_t>(8, 256), 6, 64);
    attention(bench, "1 x 1024", {1024}, 12, 64);
    attention(bench, "1 x 4096", {4096}, 6, 64);
    attention(bench, "1 x 4096, window 512", {4096}, 6, 64, 512);
    attention(bench, "packed texts of 7 to 1900", {7, 1900, 250, 31, 1024, 3, 700, 181}, 6, 64);
    cached_attention(bench, 16, 1024, 1, 12, 64);
    cached_attention(bench, 16, 1024, 2, 12, 64);
    cached_attention(bench, 1, 4096, 256, 12, 64);
    sampling(bench, 512, 50257);
    norms(bench, 1024, 768);
    norms(bench, 32768, 768);
    activations(bench, 1024, 3072);
    activations(bench, 16384, 3072);
    embedding(bench, 32, 1024, 768, 50257);
    flat_vectors(bench, int64_t{48} << 20);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string dtypes = argc > 1 ? argv[1] : "both";
    if (!every_kernel_is_measured()) return 1;
    if (dtypes == "cases") return 0;
    const int threads = argc > 2 ? std::atoi(argv[2]) : omp_get_num_procs();
    if (argc > 3) patience = std::atof(argv[3]);
    const std::string wanted = argc > 4 ? argv[4] : "";
    if (threads < 1 || patience <= 0 || (dtypes != "both" && dtypes != "bf16" && dtypes != "fp32")) {
        std::fprintf(stderr, "kernel_bench: use kernel_bench [bf16|fp32|both] [threads] [seconds per kernel] [part of a kernel's name], or kernel_bench cases\n");
        return 2;
    }
    for (int dtype : {ak_bf16, ak_f32})
        if (dtypes == "both" || dtypes == (dtype == ak_bf16 ? "bf16" : "fp32")) measure(dtype, threads, wanted);
    return 0;
}
