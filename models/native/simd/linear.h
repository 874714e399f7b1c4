// The three products of a linear layer, shared with the cross-entropy's output projection.
#pragma once
#include "../kernels.h"
#include "../kernels_table.h"
#include "gemm.h"

namespace ak::AK_ISA {

template <class D>
void multiply_forward(const ak_linear& linear, int64_t rows, const void* x, const Output& out) {
    using T = typename D::T;
    product<D>(rows, linear.out, linear.in, RowMajor<D, T>{static_cast<const T*>(x), linear.in}, linear.forward.data(), out);
}

template <class D>
void multiply_input_gradient(const ak_linear& linear, int64_t rows, const void* dy, void* dx) {
    using T = typename D::T;
    product<D>(rows, linear.in, linear.out, RowMajor<D, T>{static_cast<const T*>(dy), linear.out}, linear.gradient.data(),
               Output{dx, linear.in, std::is_same_v<T, bf16>});
}

// dw [out, in] (+)= dyᵀ·x: both operands run down the rows.
template <class D>
void multiply_weight_gradient(const ak_linear& linear, int64_t rows, const void* dy, const void* x, float* dw, bool accumulate) {
    using T = typename D::T;
    float* panels = scratch(Slot::panels).floats(packed_floats(rows, linear.in, D::Cell::depth));
    pack_panels_down<D>(static_cast<const T*>(x), linear.in, linear.in, rows, panels);
    product<D>(linear.out, linear.in, rows, ColumnMajor<D, T>{static_cast<const T*>(dy), linear.out}, panels, Output{dw, linear.in, false, accumulate});
}

}  // namespace ak::AK_ISA
