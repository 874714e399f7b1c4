// Cross-entropy through the output projection: logits of a chunk of rows at a time, in float32, gone when the chunk is done.
#include <algorithm>

#include "../kernels.h"
#include "kernels.h"
#include "log_sum_exp.h"

namespace ak::AK_ISA {
namespace {

// Rows per chunk: 16 MB of logits, an even number so that pairs of rows never straddle two chunks (which would change bits).
int64_t chunk_rows(int64_t vocabulary) { return std::max<int64_t>(64, round_up((int64_t{4} << 20) / vocabulary, 64)); }

// d = scale·(e^(logit − lse) − one-hot).
template <class T>
void gradient_row(int64_t vocabulary, const float* logits, int64_t target, float scale, float lse, T* d) {
    if (target < 0) {
        std::fill(d, d + vocabulary, T{});
        return;
    }
    each(vocabulary, [&](int64_t i, auto... n) { store(d + i, exp(load(logits + i, n...) - set(lse)) * set(scale), n...); });
    vf p = exp(set(logits[target]) - set(lse));
    store(d + target, (p - set(1)) * set(scale), 1);
}

template <class T>
void forward(const ak_linear& head, int64_t rows, const T* x, const int64_t* targets, float scale, float* row_loss, float* row_lse,
             T* d_logits) {
    const int64_t vocabulary = head.out, chunk = std::min(chunk_rows(vocabulary), rows);
    float* logits = scratch(Slot::logits).floats(chunk * vocabulary);
    for (int64_t from = 0; from < rows; from += chunk) {
        const int64_t count = std::min(chunk, rows - from);
        linear_forward(head, count, x + from * head.in, nullptr, nullptr, logits, ak_f32);
        parallel_ranges(count, 8, [&](int64_t begin, int64_t end, int) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t row = from + i, target = targets[row];
                const float* l = logits + i * vocabulary;
                row_lse[row] = target < 0 ? 0 : log_sum_exp(vocabulary, l, 1);
                row_loss[row] = target < 0 ? 0 : row_lse[row] - l[target];
                if (d_logits) gradient_row(vocabulary, l, target, scale, row_lse[row], d_logits + row * vocabulary);
            }
        });
    }
}

template <class T>
void backward(const ak_linear& head, int64_t rows, const T* x, const int64_t* targets, float scale, const float* row_lse,
              const T* d_logits, T* dx, float* dw, bool accumulate) {
    if (d_logits) {
        linear_input_gradient(head, rows, d_logits, dx);
        linear_weight_gradient(head, rows, d_logits, x, dw, nullptr, accumulate);
        return;
    }
    const int64_t vocabulary = head.out, chunk = std::min(chunk_rows(vocabulary), rows);
    float* logits = scratch(Slot::logits).floats(chunk * vocabulary);
    T* gradients = reinterpret_cast<T*>(scratch(Slot::gradients).floats(chunk * vocabulary));
    for (int64_t from = 0; from < rows; from += chunk) {
        const int64_t count = std::min(chunk, rows - from);
        linear_forward(head, count, x + from * head.in, nullptr, nullptr, logits, ak_f32);
        parallel_ranges(count, 8, [&](int64_t begin, int64_t end, int) {
            for (int64_t i = begin; i < end; ++i)
                gradient_row(vocabulary, logits + i * vocabulary, targets[from + i], scale, row_lse[from + i], gradients + i * vocabulary);
        });
        linear_input_gradient(head, count, gradients, dx + from * head.in);
        linear_weight_gradient(head, count, gradients, x + from * head.in, dw, nullptr, accumulate || from > 0);
    }
}

}  // namespace

void cross_entropy_forward(const ak_linear& head, int64_t rows, const void* x, const int64_t* targets, float scale, float* row_loss, float* row_lse,
                           void* d_logits) {
    if (head.dtype == ak_bf16)
        forward(head, rows, static_cast<const bf16*>(x), targets, scale, row_loss, row_lse, static_cast<bf16*>(d_logits));
    else forward(head, rows, static_cast<const float*>(x), targets, scale, row_loss, row_lse, static_cast<float*>(d_logits));
}

void cross_entropy_backward(const ak_linear& head, int64_t rows, const void* x, const int64_t* targets, float scale, const float* row_lse,
                            const void* d_logits, void* dx, float* dw, bool accumulate) {
    if (head.dtype == ak_bf16)
        backward(head, rows, static_cast<const bf16*>(x), targets, scale, row_lse, static_cast<const bf16*>(d_logits), static_cast<bf16*>(dx), dw,
                       accumulate);
    else
        backward(head, rows, static_cast<const float*>(x), targets, scale, row_lse, static_cast<const float*>(d_logits), static_cast<float*>(dx), dw,
                      accumulate);
}

}  // namespace ak::AK_ISA
