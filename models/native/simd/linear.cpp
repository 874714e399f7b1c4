// Linear layers: weights packed once, products with the bias, the residual and the conversion done on tiles still in registers.
#include "gemm.h"
#include "kernels.h"

namespace ak::AK_ISA {
namespace {

template <class D>
void pack(ak_linear& linear, const float* weight) {
    constexpr int depth = D::Cell::depth;
    linear.forward_floats = packed_floats(linear.in, linear.out, depth);
    pack_panels_along<D>(weight, linear.in, linear.out, linear.in, linear.forward.floats(linear.forward_floats));
    linear.weight = weight;
    linear.gradient_floats = linear.passes = 0;
}

template <class D>
void multiply_forward(const ak_linear& linear, int64_t rows, const void* x, const Output& out) {
    using T = typename D::T;
    product<D>(rows, linear.out, linear.in, RowMajor<D, T>{static_cast<const T*>(x), linear.in},
               PackedB<D>{linear.forward.data(), ceil_div(linear.in, D::Cell::depth)}, out);
}

// A weight is packed for good from the second pass on. Before, it is packed for the moment, into memory that all weights share, unless it is so large that the
// product had better take it as it lies.
constexpr int64_t most_for_the_moment = int64_t{16} << 20;  // floats

template <class D>
void multiply_input_gradient(ak_linear& linear, int64_t rows, const void* dy, const void* before, void* dx) {
    using T = typename D::T;
    const int64_t cells = ceil_div(linear.out, D::Cell::depth), floats = packed_floats(linear.out, linear.in, D::Cell::depth);
    const RowMajor<D, T> a{static_cast<const T*>(dy), linear.out};
    Output out{dx, linear.in, std::is_same_v<T, bf16>};
    out.before = before;
    const bool is_kept = linear.passes > 1;
    if (!is_kept && floats > most_for_the_moment)
        return product<D>(rows, linear.in, linear.out, a, UnpackedB<D, float>{linear.weight, linear.in}, out);
    float* panels = (is_kept ? linear.gradient : scratch(Slot::weights)).floats(floats);
    if (linear.gradient_floats == 0) pack_panels_down<D>(linear.weight, linear.in, linear.in, linear.out, panels);
    if (is_kept) linear.gradient_floats = floats;
    product<D>(rows, linear.in, linear.out, a, PackedB<D>{panels, cells}, out);
}

// dw [out, in] (+)= dyᵀ·x: both operands run down the rows. db is summed while dy is packed, unless it has to be summed lane by lane.
template <class D>
void multiply_weight_gradient(const ak_linear& linear, int64_t rows, int64_t lanes, const void* dy, const void* x, float* dw, float* db, bool accumulate,
                              const KeptRows* kept) {
    using T = typename D::T;
    const T* d = static_cast<const T*>(dy);
    if (db && lanes > 1) {
        reduce_rows<1>(rows, lanes, linear.out, {db}, false, [&](int64_t row, float* sums) {
            each(linear.out, [&](int64_t i, auto... n) { store(sums + i, load(sums + i, n...) + load(d + row * linear.out + i, n...), n...); });
        });
        db = nullptr;
    }
    if (db && !accumulate) std::fill(db, db + linear.out, 0.0f);
    Output out{dw, linear.in, false, accumulate};
    out.kept = kept;
    product<D>(linear.out, linear.in, rows, ColumnMajor<D, T>{d, linear.out, db}, UnpackedB<D, T>{static_cast<const T*>(x), linear.in}, out, lanes);
}

}  // namespace

void linear_pack(ak_linear& linear, const float* weight) {
    if (linear.dtype == ak_bf16) pack<BF16>(linear, weight);
    else pack<F32>(linear, weight);
}

void linear_forward(const ak_linear& linear, int64_t rows, const void* x, const float* bias, const float* residual, void* y, int y_dtype, void* gelu) {
    Output out{y, linear.out, y_dtype == ak_bf16};
    out.bias = bias;
    out.residual = residual;
    out.gelu = gelu;
    if (linear.dtype == ak_bf16) multiply_forward<BF16>(linear, rows, x, out);
    else multiply_forward<F32>(linear, rows, x, out);
}

void linear_input_gradient(ak_linear& linear, int64_t rows, const void* dy, const void* before, void* dx) {
    if (linear.dtype == ak_bf16) multiply_input_gradient<BF16>(linear, rows, dy, before, dx);
    else multiply_input_gradient<F32>(linear, rows, dy, before, dx);
}

void linear_weight_gradient(const ak_linear& linear, int64_t rows, int64_t lanes, const void* dy, const void* x, float* dw, float* db, bool accumulate) {
    if (linear.dtype == ak_bf16) multiply_weight_gradient<BF16>(linear, rows, lanes, dy, x, dw, db, accumulate, nullptr);
    else multiply_weight_gradient<F32>(linear, rows, lanes, dy, x, dw, db, accumulate, nullptr);
}

void head_weight_gradient(const ak_linear& linear, int64_t rows, int64_t lanes, const void* dy, const void* x, float* dw, bool accumulate,
                          ak_token_rows* tokens) {
    const KeptRows rows_of_tokens = tokens ? KeptRows{tokens->places.data(), tokens->count(), tokens->rows.data()} : KeptRows{};
    const KeptRows* kept = tokens ? &rows_of_tokens : nullptr;
    if (linear.dtype == ak_bf16) multiply_weight_gradient<BF16>(linear, rows, lanes, dy, x, dw, nullptr, accumulate, kept);
    else multiply_weight_gradient<F32>(linear, rows, lanes, dy, x, dw, nullptr, accumulate, kept);
}

}  // namespace ak::AK_ISA
