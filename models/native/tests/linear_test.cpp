// Linear layers and the head's cross-entropy: forward, the gradients of inputs, weights and biases, set and accumulated.
#include "checks.h"

// GELU at the edges of products has the bits of passes of its own; and the second input gradient, with the weight packed, those of the first.
static void gelu_at_the_edges(ak_linear* layer, int64_t rows, int64_t in, int64_t out, Tensor& x, Tensor& b, Tensor& dy, Tensor& dx) {
    const int dtype = x.dtype;
    Tensor y(rows * out, dtype), active(rows * out, dtype), y_alone(rows * out, dtype), active_alone(rows * out, dtype);
    call(ak_linear_forward_gelu(layer, rows, x.data(), b.floats(), y.data(), active.data()));
    call(ak_linear_forward(layer, rows, x.data(), b.floats(), nullptr, y_alone.data(), dtype));
    call(ak_gelu_forward(rows * out, y_alone.data(), active_alone.data(), dtype));
    report(y.bytes == y_alone.bytes && active.bytes == active_alone.bytes, named("linear forward with GELU has the bits of GELU after it", {rows, in, out}, dtype));

    float* words;
    Tensor again(rows * in, dtype), d_before(rows * in, dtype), before = noise(rows * in, dtype), d_alone(rows * in, dtype);
    const bool was_packed = ak_linear_packed(layer, 1, &words) > 0;
    call(ak_linear_input_gradient(layer, rows, dy.data(), again.data()));
    report(!was_packed && ak_linear_packed(layer, 1, &words) > 0 && again.bytes == dx.bytes,
           named("linear input gradient again, from a packed weight, has the same bits", {rows, in, out}, dtype));
    call(ak_linear_input_gradient_gelu(layer, rows, dy.data(), before.data(), d_before.data()));
    call(ak_gelu_backward(rows * in, before.data(), dx.data(), d_alone.data(), dtype));
    report(d_before.bytes == d_alone.bytes, named("linear input gradient through GELU has the bits of GELU's gradient after it", {rows, in, out}, dtype));
}

void linear(int64_t rows, int64_t in, int64_t out, int dtype) {
    Tensor w = noise(out * in, ak_f32, 1 / std::sqrt(static_cast<float>(in))), x = noise(rows * in, dtype), b = noise(out), r = noise(rows * out);
    Tensor dy = noise(rows * out, dtype);
    ak_linear* layer = ak_linear_new(in, out, dtype);
    call(ak_linear_pack(layer, w.floats()));
    const Doubles W = seen(w, dtype), X = x.doubles(), DY = dy.doubles();
    Doubles product(rows * out), with_all(rows * out), dx_wanted(rows * in), dw_wanted(out * in), db_wanted(out);
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t o = 0; o < out; ++o) {
            double sum = 0;
            for (int64_t k = 0; k < in; ++k) sum += X[i * in + k] * W[o * in + k];
            product[i * out + o] = sum;
            with_all[i * out + o] = sum + b.at(o) + r.at(i * out + o);
            const double d = DY[i * out + o];
            db_wanted[o] += d;
            for (int64_t k = 0; k < in; ++k) {
                dx_wanted[i * in + k] += d * W[o * in + k];
                dw_wanted[o * in + k] += d * X[i * in + k];
            }
        }
    Tensor y(rows * out, dtype), dx(rows * in, dtype), dw(out * in), db(out);
    call(ak_linear_forward(layer, rows, x.data(), nullptr, nullptr, y.data(), dtype));
    compare(named("linear forward", {rows, in, out}, dtype), y, product, tolerance(dtype));
    call(ak_linear_forward(layer, rows, x.data(), b.floats(), r.floats(), r.data(), ak_f32));
    compare(named("linear forward, bias, residual in place", {rows, in, out}, dtype), r, with_all, 2e-5);
    call(ak_linear_input_gradient(layer, rows, dy.data(), dx.data()));
    compare(named("linear input gradient", {rows, in, out}, dtype), dx, dx_wanted, tolerance(dtype));
    gelu_at_the_edges(layer, rows, in, out, x, b, dy, dx);
    call(ak_linear_weight_gradient(layer, rows, 1, dy.data(), x.data(), dw.floats(), db.floats(), 0));
    compare(named("linear weight gradient", {rows, in, out}, dtype), dw, dw_wanted, 2e-5);
    compare(named("linear bias gradient", {rows, in, out}, dtype), db, db_wanted, 2e-5);
    call(ak_linear_weight_gradient(layer, rows, 1, dy.data(), x.data(), dw.floats(), db.floats(), 1));
    for (double& d : dw_wanted) d *= 2;
    for (double& d : db_wanted) d *= 2;
    compare(named("linear weight gradient, accumulated", {rows, in, out}, dtype), dw, dw_wanted, 2e-5);
    compare(named("linear bias gradient, accumulated", {rows, in, out}, dtype), db, db_wanted, 2e-5);
    ak_linear_free(layer);
}
