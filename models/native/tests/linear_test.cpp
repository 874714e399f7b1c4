// Linear layers and the head's cross-entropy: forward, the gradients of inputs, weights and biases, set and accumulated.
#include "checks.h"

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
    call(ak_linear_weight_gradient(layer, rows, dy.data(), x.data(), dw.floats(), db.floats(), 0));
    compare(named("linear weight gradient", {rows, in, out}, dtype), dw, dw_wanted, 2e-5);
    compare(named("linear bias gradient", {rows, in, out}, dtype), db, db_wanted, 2e-5);
    call(ak_linear_weight_gradient(layer, rows, dy.data(), x.data(), dw.floats(), db.floats(), 1));
    for (double& d : dw_wanted) d *= 2;
    for (double& d : db_wanted) d *= 2;
    compare(named("linear weight gradient, accumulated", {rows, in, out}, dtype), dw, dw_wanted, 2e-5);
    compare(named("linear bias gradient, accumulated", {rows, in, out}, dtype), db, db_wanted, 2e-5);
    ak_linear_free(layer);
}

void cross_entropy(int64_t rows, int64_t width, int64_t vocabulary, int dtype) {
    Tensor w = noise(vocabulary * width, ak_f32, 0.2f), x = noise(rows * width, dtype);
    auto targets = ids(rows, vocabulary);
    for (int64_t r = 1; r < rows; r += 5) targets[r] = -1;
    const float scale = 1.0f / static_cast<float>(rows);
    const Doubles W = seen(w, dtype);
    Doubles loss_wanted(rows), lse_wanted(rows), dx_wanted(rows * width), dw_wanted(vocabulary * width), d(vocabulary);
    for (int64_t r = 0; r < rows; ++r) {
        if (targets[r] < 0) continue;
        double most = -1e300, total = 0;
        for (int64_t v = 0; v < vocabulary; ++v) {
            d[v] = 0;
            for (int64_t i = 0; i < width; ++i) d[v] += x.at(r * width + i) * W[v * width + i];
            most = std::max(most, d[v]);
        }
        for (double l : d) total += std::exp(l - most);
        lse_wanted[r] = most + std::log(total);
        loss_wanted[r] = lse_wanted[r] - d[targets[r]];
        for (int64_t v = 0; v < vocabulary; ++v) {
            const double g = scale * (std::exp(d[v] - lse_wanted[r]) - (v == targets[r]));
            for (int64_t i = 0; i < width; ++i) {
                dx_wanted[r * width + i] += g * W[v * width + i];
                dw_wanted[v * width + i] += g * x.at(r * width + i);
            }
        }
    }
    ak_linear* head = ak_linear_new(width, vocabulary, dtype);
    call(ak_linear_pack(head, w.floats()));
    Tensor loss(rows), lse(rows), d_logits(rows * vocabulary, dtype), dx(rows * width, dtype), dw(vocabulary * width), dx2(rows * width, dtype),
        dw2(vocabulary * width);
    call(ak_cross_entropy_forward(head, rows, x.data(), targets.data(), scale, loss.floats(), lse.floats(), d_logits.data()));
    compare(named("cross-entropy loss", {rows, width, vocabulary}, dtype), loss, loss_wanted, 1e-5);
    compare(named("cross-entropy lse", {rows, width, vocabulary}, dtype), lse, lse_wanted, 1e-5);
    call(ak_cross_entropy_backward(head, rows, x.data(), targets.data(), scale, lse.floats(), d_logits.data(), dx.data(), dw.floats(), 0));
    const double close = dtype == ak_bf16 ? 3e-2 : 5e-5;
    compare(named("cross-entropy dx", {rows, width, vocabulary}, dtype), dx, dx_wanted, close);
    compare(named("cross-entropy dw", {rows, width, vocabulary}, dtype), dw, dw_wanted, close);
    call(ak_cross_entropy_backward(head, rows, x.data(), targets.data(), scale, lse.floats(), nullptr, dx2.data(), dw2.floats(), 0));
    report(dx.bytes == dx2.bytes && dw.bytes == dw2.bytes, named("cross-entropy backward, recomputed in chunks: same bits", {rows, width, vocabulary}, dtype));
    ak_linear_free(head);
}
