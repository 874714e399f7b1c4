// LayerNorm (Ba et al. 2016, arXiv:1607.06450) and RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467) over the last dimension.
#include <cmath>

#include "../kernels.h"
#include "kernels.h"
#include "reduction.h"

namespace ak::AK_ISA {
namespace {

constexpr int64_t grain = 16;  // rows handed to a thread at once

template <class Term>
float sum_over(int64_t width, const Term& term) {
    vf total = set(0);
    each(width, [&](int64_t i, auto... n) { total = total + first_lanes(term(i, n...), n...); });
    return sum(total);
}

template <bool HasMean, class Y>
void forward(int64_t rows, int64_t width, const float* x, const float* weight, const float* bias, float epsilon, Y* y, float* means, float* rstds) {
    const float per_element = 1.0f / static_cast<float>(width);
    parallel_ranges(rows, grain, [&](int64_t begin, int64_t end, int) {
        for (int64_t row = begin; row < end; ++row) {
            const float* from = x + row * width;
            Y* to = y + row * width;
            float mean = 0;
            if constexpr (HasMean) means[row] = mean = sum_over(width, [&](int64_t i, auto... n) { return load(from + i, n...); }) * per_element;
            const float variance = sum_over(width, [&](int64_t i, auto... n) {
                const vf d = load(from + i, n...) - set(mean);
                return d * d;
            }) * per_element;
            const float rstd = rstds[row] = 1.0f / std::sqrt(variance + epsilon);
            each(width, [&](int64_t i, auto... n) {
                const vf normal = (load(from + i, n...) - set(mean)) * set(rstd);
                const vf scaled = normal * load(weight + i, n...);
                if constexpr (HasMean) store(to + i, scaled + load(bias + i, n...), n...);
                else store(to + i, scaled, n...);
            });
        }
    });
}

// With n = (x − mean)·rstd and g = dy·weight: dx = rstd·(g − avg(g) − n·avg(g·n)), without avg(g) for RMSNorm.
template <bool HasMean, class DY>
void backward(int64_t rows, int64_t lanes, int64_t width, const DY* dy, const float* x, const float* weight, const float* means, const float* rstds,
              const float* residual_gradient, float* dx, float* dweight, float* dbias, bool accumulate) {
    const float per_element = 1.0f / static_cast<float>(width);
    const auto add = [&](int64_t row, float* sums) {
        const DY* from = dy + row * width;
        const float* at = x + row * width;
        const vf mean = set(HasMean ? means[row] : 0), rstd = set(rstds[row]);
        vf sum_g = set(0), sum_gn = set(0);
        each(width, [&](int64_t i, auto... n) {
            const vf d = load(from + i, n...), normal = (load(at + i, n...) - mean) * rstd, g = d * load(weight + i, n...);
            sum_g = sum_g + first_lanes(g, n...);
            sum_gn = sum_gn + first_lanes(g * normal, n...);
            store(sums + i, fma(d, normal, load(sums + i, n...)), n...);
            if constexpr (HasMean) store(sums + width + i, load(sums + width + i, n...) + d, n...);
        });
        const vf avg_g = set(HasMean ? sum(sum_g) * per_element : 0), avg_gn = set(sum(sum_gn) * per_element);
        each(width, [&](int64_t i, auto... n) {
            const vf normal = (load(at + i, n...) - mean) * rstd, g = load(from + i, n...) * load(weight + i, n...);
            vf d = (g - avg_g - normal * avg_gn) * rstd;
            const int64_t j = row * width + i;
            if (residual_gradient) d = d + load(residual_gradient + j, n...);
            store(dx + j, d, n...);
        });
    };
    if constexpr (HasMean) reduce_rows<2>(rows, lanes, width, {dweight, dbias}, accumulate, add);
    else reduce_rows<1>(rows, lanes, width, {dweight}, accumulate, add);
}

}  // namespace

void layer_norm_forward(int64_t rows, int64_t width, const float* x, const float* weight, const float* bias, float epsilon, void* y, int y_dtype,
                        float* mean, float* rstd) {
    if (y_dtype == ak_bf16) forward<true>(rows, width, x, weight, bias, epsilon, static_cast<bf16*>(y), mean, rstd);
    else forward<true>(rows, width, x, weight, bias, epsilon, static_cast<float*>(y), mean, rstd);
}

void layer_norm_backward(int64_t rows, int64_t lanes, int64_t width, const void* dy, int dy_dtype, const float* x, const float* weight, const float* mean,
                         const float* rstd, const float* residual_gradient, float* dx, float* dweight, float* dbias, bool accumulate) {
    if (dy_dtype == ak_bf16)
        backward<true>(rows, lanes, width, static_cast<const bf16*>(dy), x, weight, mean, rstd, residual_gradient, dx, dweight, dbias, accumulate);
    else backward<true>(rows, lanes, width, static_cast<const float*>(dy), x, weight, mean, rstd, residual_gradient, dx, dweight, dbias, accumulate);
}

void rms_norm_forward(int64_t rows, int64_t width, const float* x, const float* weight, float epsilon, void* y, int y_dtype, float* rstd) {
    if (y_dtype == ak_bf16) forward<false>(rows, width, x, weight, nullptr, epsilon, static_cast<bf16*>(y), nullptr, rstd);
    else forward<false>(rows, width, x, weight, nullptr, epsilon, static_cast<float*>(y), nullptr, rstd);
}

void rms_norm_backward(int64_t rows, int64_t lanes, int64_t width, const void* dy, int dy_dtype, const float* x, const float* weight, const float* rstd,
                       const float* residual_gradient, float* dx, float* dweight, bool accumulate) {
    if (dy_dtype == ak_bf16)
        backward<false>(rows, lanes, width, static_cast<const bf16*>(dy), x, weight, nullptr, rstd, residual_gradient, dx, dweight, nullptr, accumulate);
    else backward<false>(rows, lanes, width, static_cast<const float*>(dy), x, weight, nullptr, rstd, residual_gradient, dx, dweight, nullptr, accumulate);
}

}  // namespace ak::AK_ISA
