// Layer norm and RMS norm, forward and backward.
#include "checks.h"

void norm(int64_t rows, int64_t width, bool centred, int dtype) {
    const double epsilon = 1e-5;
    Tensor x = noise(rows * width, ak_f32, 2, 0.5f), w = noise(width, ak_f32, 0.3f, 1), b = noise(width), dy = noise(rows * width, dtype), r = noise(rows * width);
    Doubles y_wanted(rows * width), dx_wanted(rows * width), dw_wanted(width), db_wanted(width);
    for (int64_t i = 0; i < rows; ++i) {
        double mean = 0, variance = 0, avg_g = 0, avg_gn = 0;
        if (centred)
            for (int64_t j = 0; j < width; ++j) mean += x.at(i * width + j) / static_cast<double>(width);
        for (int64_t j = 0; j < width; ++j) variance += std::pow(x.at(i * width + j) - mean, 2) / static_cast<double>(width);
        const double rstd = 1 / std::sqrt(variance + epsilon);
        for (int64_t j = 0; j < width; ++j) {
            const double n = (x.at(i * width + j) - mean) * rstd, d = dy.at(i * width + j), g = d * w.at(j);
            y_wanted[i * width + j] = n * w.at(j) + (centred ? b.at(j) : 0);
            dw_wanted[j] += d * n;
            db_wanted[j] += d;
            avg_g += centred ? g / static_cast<double>(width) : 0;
            avg_gn += g * n / static_cast<double>(width);
        }
        for (int64_t j = 0; j < width; ++j) {
            const double n = (x.at(i * width + j) - mean) * rstd, g = dy.at(i * width + j) * w.at(j);
            dx_wanted[i * width + j] = rstd * (g - avg_g - n * avg_gn) + r.at(i * width + j);
        }
    }
    Tensor y(rows * width, dtype), mean(rows), rstd(rows), dw(width), db(width), plain(rows * width);
    const auto forward = [&] {
        return centred ? ak_layer_norm_forward(rows, width, x.floats(), w.floats(), b.floats(), epsilon, y.data(), dtype, mean.floats(), rstd.floats())
                       : ak_rms_norm_forward(rows, width, x.floats(), w.floats(), epsilon, y.data(), dtype, rstd.floats());
    };
    const auto backward = [&](const float* residual, float* dx, int accumulate) {
        return centred ? ak_layer_norm_backward(rows, 1, width, dy.data(), dtype, x.floats(), w.floats(), mean.floats(), rstd.floats(), residual, dx, dw.floats(),
                                                db.floats(), accumulate)
                       : ak_rms_norm_backward(rows, 1, width, dy.data(), dtype, x.floats(), w.floats(), rstd.floats(), residual, dx, dw.floats(), accumulate);
    };
    const char* kind = centred ? "layer norm" : "rms norm";
    call(forward());
    compare(named((std::string(kind) + " forward").c_str(), {rows, width}, dtype), y, y_wanted, dtype == ak_bf16 ? 1e-2 : 1e-5);
    call(backward(r.floats(), r.floats(), 0));
    compare(named((std::string(kind) + " backward, residual in place").c_str(), {rows, width}, dtype), r, dx_wanted, 1e-4);
    compare(named((std::string(kind) + " weight gradient").c_str(), {rows, width}, dtype), dw, dw_wanted, 2e-5);
    if (centred) compare(named("layer norm bias gradient", {rows, width}, dtype), db, db_wanted, 2e-5);
    call(backward(nullptr, plain.floats(), 1));
    for (double& d : dw_wanted) d *= 2;
    compare(named((std::string(kind) + " weight gradient, accumulated").c_str(), {rows, width}, dtype), dw, dw_wanted, 2e-5);
}
