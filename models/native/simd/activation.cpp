// GELU, and SwiGLU (Shazeer 2020, arXiv:2002.05202), over whole tensors. GELU beside a product is done at the edges of its tiles (ends.h).
#include "../kernels.h"
#include "kernels.h"
#include <algorithm>

#include "gelu.h"

namespace ak::AK_ISA {
namespace {

constexpr int64_t grain = 16384;  // elements handed to a thread at once

template <class T>
void gelu(int64_t count, const T* x, T* y) {
    parallel_ranges(count, grain, [&](int64_t begin, int64_t end, int) {
        each(end - begin, [&](int64_t i, auto... n) {
            store(y + begin + i, gelu_of(load(x + begin + i, n...)), n...);
        });
    });
}

template <class T>
void gelu_gradient(int64_t count, const T* x, const T* dy, T* dx) {
    parallel_ranges(count, grain, [&](int64_t begin, int64_t end, int) {
        each(end - begin, [&](int64_t i, auto... n) {
            store(dx + begin + i, load(dy + begin + i, n...) * gelu_slope(load(x + begin + i, n...)), n...);
        });
    });
}

template <class T>
void swiglu(int64_t rows, int64_t width, const T* gate_up, T* y) {
    parallel_ranges(rows, std::max<int64_t>(1, grain / width), [&](int64_t begin, int64_t end, int) {
        for (int64_t row = begin; row < end; ++row) {
            const T *gate = gate_up + row * 2 * width, *up = gate + width;
            each(width, [&](int64_t i, auto... n) {
                const vf g = load(gate + i, n...);
                store(y + row * width + i, g * sigmoid(g) * load(up + i, n...), n...);
            });
        }
    });
}

template <class T>
void swiglu_gradient(int64_t rows, int64_t width, const T* gate_up, const T* dy, T* d_gate_up) {
    parallel_ranges(rows, std::max<int64_t>(1, grain / width), [&](int64_t begin, int64_t end, int) {
        for (int64_t row = begin; row < end; ++row) {
            const T *gate = gate_up + row * 2 * width, *up = gate + width;
            T *d_gate = d_gate_up + row * 2 * width, *d_up = d_gate + width;
            each(width, [&](int64_t i, auto... n) {
                const vf g = load(gate + i, n...), u = load(up + i, n...), d = load(dy + row * width + i, n...), s = sigmoid(g);
                store(d_gate + i, d * u * s * fma(g, set(1) - s, set(1)), n...);
                store(d_up + i, d * g * s, n...);
            });
        }
    });
}

}  // namespace

void gelu_forward(int64_t count, const void* x, void* y, int dtype) {
    if (dtype == ak_bf16) gelu(count, static_cast<const bf16*>(x), static_cast<bf16*>(y));
    else gelu(count, static_cast<const float*>(x), static_cast<float*>(y));
}

void gelu_backward(int64_t count, const void* x, const void* dy, void* dx, int dtype) {
    if (dtype == ak_bf16) gelu_gradient(count, static_cast<const bf16*>(x), static_cast<const bf16*>(dy), static_cast<bf16*>(dx));
    else gelu_gradient(count, static_cast<const float*>(x), static_cast<const float*>(dy), static_cast<float*>(dx));
}

void swiglu_forward(int64_t rows, int64_t width, const void* gate_up, void* y, int dtype) {
    if (dtype == ak_bf16) swiglu(rows, width, static_cast<const bf16*>(gate_up), static_cast<bf16*>(y));
    else swiglu(rows, width, static_cast<const float*>(gate_up), static_cast<float*>(y));
}

void swiglu_backward(int64_t rows, int64_t width, const void* gate_up, const void* dy, void* d_gate_up, int dtype) {
    if (dtype == ak_bf16)
        swiglu_gradient(rows, width, static_cast<const bf16*>(gate_up), static_cast<const bf16*>(dy), static_cast<bf16*>(d_gate_up));
    else swiglu_gradient(rows, width, static_cast<const float*>(gate_up), static_cast<const float*>(dy), static_cast<float*>(d_gate_up));
}

}  // namespace ak::AK_ISA
