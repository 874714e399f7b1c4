// Our matrix products beside oneDNN's (weights packed in the format it prefers, primitives made once) on the shapes of the benchmark model,
// alternately in one process: the reason why the kernels do without oneDNN. Built only where oneDNN is found.
//   onednn_bench [rounds = 20]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>
#include <vector>

#include "../kernels.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace {

using namespace dnnl;
using dims = memory::dims;
using type = memory::data_type;
using tag = memory::format_tag;

struct Product {  // y [m, n] = a [m, k] · b [k, n], as an inner product of oneDNN
    matmul primitive;
    std::unordered_map<int, memory> arguments;
};

Product matmul_of(const engine& e, stream& s, int64_t m, int64_t n, int64_t k, type in, type out, tag a_tag, bool pack_b) {
    const memory::desc a({m, k}, in, a_tag), b({k, n}, in, pack_b ? tag::any : tag::ab), plain({k, n}, in, tag::ab), y({m, n}, out, tag::ab);
    const matmul::primitive_desc pd({a, b, y}, e);
    memory plain_memory(plain, e), b_memory(pd.weights_desc(), e), a_memory(pd.src_desc(), e), y_memory(pd.dst_desc(), e);
    for (memory* each : {&plain_memory, &a_memory, &y_memory}) std::fill_n(static_cast<char*>(each->get_data_handle()), each->get_desc().get_size(), 0x3c);
    reorder(plain_memory, b_memory).execute(s, plain_memory, b_memory);
    s.wait();
    return {matmul(pd), {{DNNL_ARG_SRC, a_memory}, {DNNL_ARG_WEIGHTS, b_memory}, {DNNL_ARG_DST, y_memory}}};
}

template <class Call>
double time_of(const Call& call) {
    const auto start = std::chrono::steady_clock::now();
    call();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
    const engine e(engine::kind::cpu, 0);
    stream s(e);
    std::printf("GFLOP/s, best of %d alternating rounds: ours | oneDNN\n", rounds);
    for (int threads : {1, 2})
        for (int dtype : {ak_bf16, ak_f32})
            for (int64_t rows : {2048, 256})
                for (auto [in, out] : {std::pair<int64_t, int64_t>{384, 1152}, {384, 384}, {384, 1536}, {1536, 384}}) {
                    ak_set_threads(threads);
                    const type narrow = dtype == ak_bf16 ? type::bf16 : type::f32;
                    std::vector<float> w(in * out, 0.01f), dw(in * out), x(rows * in), y(rows * out);
                    ak_linear* layer = ak_linear_new(in, out, dtype);
                    ak_linear_pack(layer, w.data());
                    Product forward = matmul_of(e, s, rows, out, in, narrow, narrow, tag::ab, true);
                    Product input = matmul_of(e, s, rows, in, out, narrow, narrow, tag::ab, true);
                    Product weight = matmul_of(e, s, out, in, rows, narrow, type::f32, tag::ba, false);
                    double best[6] = {1, 1, 1, 1, 1, 1};
                    for (int round = 0; round < rounds; ++round) {
                        const auto theirs = [&](Product& p) {
                            return time_of([&] {
                                p.primitive.execute(s, p.arguments);
                                s.wait();
                            });
                        };
                        const double times[6] = {time_of([&] { ak_linear_forward(layer, rows, x.data(), nullptr, nullptr, y.data(), dtype); }), theirs(forward),
                                                 time_of([&] { ak_linear_input_gradient(layer, rows, y.data(), x.data()); }), theirs(input),
                                                 time_of([&] { ak_linear_weight_gradient(layer, rows, 1, y.data(), x.data(), dw.data(), nullptr, 0); }), theirs(weight)};
                        for (int i = 0; i < 6; ++i) best[i] = std::min(best[i], times[i]);
                    }
                    const double work = 2e-9 * static_cast<double>(rows * in * out);
                    std::printf("%s, %d thread(s), %4ld rows, %4ld -> %4ld: forward %3.0f | %3.0f, input gradient %3.0f | %3.0f, weight gradient %3.0f | %3.0f\n",
                                dtype == ak_bf16 ? "bf16" : "fp32", threads, rows, in, out, work / best[0], work / best[1], work / best[2], work / best[3], work / best[4],
                                work / best[5]);
                    ak_linear_free(layer);
                }
    return 0;
}
