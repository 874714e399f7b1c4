// Every kernel against a naive reference in double precision, for each instruction set this machine has; then bit-equality over thread counts,
// the aliasing that kernels.h promises, NaN, and refused arguments. Prints PASS or FAIL per check; exit code 1 on any FAIL.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "../kernels.h"

namespace {

using Doubles = std::vector<double>;
std::atomic<int> failures = 0;
std::string isa_name;

void report(bool passed, const std::string& what) {
    std::printf("%s %s: %s\n", passed ? "PASS" : "FAIL", isa_name.c_str(), what.c_str());
    failures += !passed;
}

void call(int status) {
    if (status != 0) {
        std::printf("FAIL %s: unexpected error: %s\n", isa_name.c_str(), ak_error());
        ++failures;
    }
}

uint16_t to_bf16(float x) {
    uint32_t u;
    std::memcpy(&u, &x, 4);
    if (std::isnan(x)) return static_cast<uint16_t>(u >> 16 | 0x40);
    return static_cast<uint16_t>((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

float from_bf16(uint16_t h) {
    const uint32_t u = static_cast<uint32_t>(h) << 16;
    float x;
    std::memcpy(&x, &u, 4);
    return x;
}

// A tensor of either dtype, as bytes; guard bytes behind it show a kernel that writes too far. The address sanitizer does it better without them.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t guard = 0;
#else
constexpr size_t guard = 64;
#endif
struct Tensor {
    int dtype;
    int64_t count;
    std::vector<unsigned char> bytes;

    Tensor(int64_t count, int dtype = ak_f32) : dtype(dtype), count(count), bytes(static_cast<size_t>(count * size(dtype)) + guard, 0xa5) {}
    static int size(int dtype) { return dtype == ak_bf16 ? 2 : 4; }
    void* data() { return bytes.data(); }
    float* floats() { return reinterpret_cast<float*>(bytes.data()); }
    float at(int64_t i) const {
        if (dtype == ak_bf16) {
            uint16_t h;
            std::memcpy(&h, &bytes[i * 2], 2);
            return from_bf16(h);
        }
        float x;
        std::memcpy(&x, &bytes[i * 4], 4);
        return x;
    }
    void put(int64_t i, float x) {
        if (dtype == ak_bf16) {
            const uint16_t h = to_bf16(x);
            std::memcpy(&bytes[i * 2], &h, 2);
        } else std::memcpy(&bytes[i * 4], &x, 4);
    }
    bool guarded() const {
        for (size_t i = bytes.size() - guard; i < bytes.size(); ++i)
            if (bytes[i] != 0xa5) return false;
        return true;
    }
    Doubles doubles() const {
        Doubles all(count);
        for (int64_t i = 0; i < count; ++i) all[i] = at(i);
        return all;
    }
};

thread_local std::mt19937 generator;

Tensor noise(int64_t count, int dtype = ak_f32, float spread = 1, float shift = 0) {
    std::normal_distribution<float> normal(shift, spread);
    Tensor t(count, dtype);
    for (int64_t i = 0; i < count; ++i) t.put(i, normal(generator));
    return t;
}

// The largest error, relative to the size of the values as a whole (root mean square).
void compare(const std::string& what, const Tensor& got, const Doubles& wanted, double tolerance) {
    double squares = 0, worst = 0;
    for (double w : wanted) squares += w * w;
    const double size = std::sqrt(squares / static_cast<double>(wanted.size())) + 1e-30;
    for (int64_t i = 0; i < got.count; ++i) {
        const double error = std::fabs(got.at(i) - wanted[i]) / std::max(size, std::fabs(wanted[i]));
        if (!(error <= worst)) worst = error;
    }
    const bool passed = worst <= tolerance && got.guarded();
    char text[64];
    std::snprintf(text, sizeof text, " (error %.1e of %.1e)", worst, tolerance);
    if (!passed) report(false, what + text + (got.guarded() ? "" : " and wrote past the end"));
    else report(true, what + text);
}

double tolerance(int dtype) { return dtype == ak_bf16 ? 2e-2 : 2e-5; }
std::string named(const char* what, std::initializer_list<int64_t> sizes, int dtype) {
    std::string text = what;
    for (int64_t size : sizes) text += " " + std::to_string(size);
    return text + (dtype == ak_bf16 ? " bf16" : " fp32");
}

// W as the products see it: rounded where the dtype is bf16.
Doubles seen(const Tensor& weight, int dtype) {
    Doubles all = weight.doubles();
    if (dtype == ak_bf16)
        for (double& w : all) w = from_bf16(to_bf16(static_cast<float>(w)));
    return all;
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
        return centred ? ak_layer_norm_backward(rows, width, dy.data(), dtype, x.floats(), w.floats(), mean.floats(), rstd.floats(), residual, dx, dw.floats(),
                                                db.floats(), accumulate)
                       : ak_rms_norm_backward(rows, width, dy.data(), dtype, x.floats(), w.floats(), rstd.floats(), residual, dx, dw.floats(), accumulate);
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

void activations(int64_t rows, int64_t width, int dtype) {
    const int64_t count = rows * width;
    Tensor x = noise(count, dtype, 3), dy = noise(count, dtype), y(count, dtype);
    Doubles y_wanted(count), dx_wanted(count);
    const double c = std::sqrt(2 / M_PI);
    for (int64_t i = 0; i < count; ++i) {
        const double a = x.at(i), t = std::tanh(c * (a + 0.044715 * a * a * a));
        y_wanted[i] = 0.5 * a * (1 + t);
        dx_wanted[i] = dy.at(i) * (0.5 * (1 + t) + 0.5 * a * (1 - t * t) * c * (1 + 3 * 0.044715 * a * a));
    }
    const double close = dtype == ak_bf16 ? 8e-3 : 2e-6;
    call(ak_gelu_forward(count, x.data(), y.data(), dtype));
    compare(named("gelu forward", {count}, dtype), y, y_wanted, close);
    call(ak_gelu_backward(count, x.data(), dy.data(), dy.data(), dtype));
    compare(named("gelu backward in place", {count}, dtype), dy, dx_wanted, close);

    Tensor gate_up = noise(2 * count, dtype, 2), d = noise(count, dtype);
    Doubles d_wanted(2 * count);
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t j = 0; j < width; ++j) {
            const int64_t at = r * 2 * width + j;
            const double g = gate_up.at(at), u = gate_up.at(at + width), s = 1 / (1 + std::exp(-g)), dd = d.at(r * width + j);
            y_wanted[r * width + j] = g * s * u;
            d_wanted[at] = dd * u * s * (1 + g * (1 - s));
            d_wanted[at + width] = dd * g * s;
        }
    call(ak_swiglu_forward(rows, width, gate_up.data(), y.data(), dtype));
    compare(named("swiglu forward", {rows, width}, dtype), y, y_wanted, close);
    call(ak_swiglu_backward(rows, width, gate_up.data(), d.data(), gate_up.data(), dtype));
    compare(named("swiglu backward in place", {rows, width}, dtype), gate_up, d_wanted, close);
}

void rope(int64_t batch, int64_t time, int64_t heads, int64_t width, int64_t row_width, int dtype) {
    Tensor x = noise(batch * time * row_width, dtype), cosine(time * width / 2), sine(time * width / 2);
    for (int64_t t = 0; t < time; ++t)
        for (int64_t i = 0; i < width / 2; ++i) {
            const double angle = static_cast<double>(t) / std::pow(10000.0, 2.0 * static_cast<double>(i) / static_cast<double>(width));
            cosine.put(t * width / 2 + i, static_cast<float>(std::cos(angle)));
            sine.put(t * width / 2 + i, static_cast<float>(std::sin(angle)));
        }
    const Doubles before = x.doubles();
    Doubles wanted = before;
    for (int64_t row = 0; row < batch * time; ++row)
        for (int64_t h = 0; h < heads; ++h)
            for (int64_t i = 0; i < width / 2; ++i) {
                const int64_t a = row * row_width + h * width + i, b = a + width / 2, angle = row % time * width / 2 + i;
                wanted[a] = before[a] * cosine.at(angle) - before[b] * sine.at(angle);
                wanted[b] = before[b] * cosine.at(angle) + before[a] * sine.at(angle);
            }
    call(ak_rope(batch, time, heads, width, row_width, x.data(), cosine.floats(), sine.floats(), 0, dtype));
    compare(named("rope", {batch, time, heads, width, row_width}, dtype), x, wanted, dtype == ak_bf16 ? 8e-3 : 1e-6);
    call(ak_rope(batch, time, heads, width, row_width, x.data(), cosine.floats(), sine.floats(), 1, dtype));
    compare(named("rope and back", {batch, time, heads, width, row_width}, dtype), x, before, dtype == ak_bf16 ? 2e-2 : 1e-6);
}

void attention(int64_t B, int64_t T, int64_t H, int64_t K, int64_t w, int dtype) {
    const int64_t row = (H + 2 * K) * w;
    const double scale = 1 / std::sqrt(static_cast<double>(w));
    Tensor qkv = noise(B * T * row, dtype), dout = noise(B * T * H * w, dtype), out(B * T * H * w, dtype), lse(B * H * T), dqkv(B * T * row, dtype);
    const Doubles x = qkv.doubles(), d = dout.doubles();
    Doubles out_wanted(B * T * H * w), lse_wanted(B * H * T), d_wanted(B * T * row);
    for (int64_t b = 0; b < B; ++b)
        for (int64_t h = 0; h < H; ++h) {
            const int64_t kv = h / (H / K);
            const auto q = [&](int64_t t) { return (b * T + t) * row + h * w; };
            const auto k = [&](int64_t t) { return (b * T + t) * row + (H + kv) * w; };
            const auto v = [&](int64_t t) { return (b * T + t) * row + (H + K + kv) * w; };
            for (int64_t t = 0; t < T; ++t) {
                Doubles p(t + 1), dp(t + 1);
                double most = -1e300, total = 0, delta = 0;
                for (int64_t s = 0; s <= t; ++s) {
                    for (int64_t i = 0; i < w; ++i) p[s] += scale * x[q(t) + i] * x[k(s) + i];
                    most = std::max(most, p[s]);
                }
                for (double& e : p) total += e = std::exp(e - most);
                lse_wanted[(b * H + h) * T + t] = most + std::log(total);
                const int64_t o = (b * T + t) * H * w + h * w;
                for (int64_t s = 0; s <= t; ++s) {
                    p[s] /= total;
                    for (int64_t i = 0; i < w; ++i) {
                        out_wanted[o + i] += p[s] * x[v(s) + i];
                        dp[s] += d[o + i] * x[v(s) + i];
                        d_wanted[v(s) + i] += p[s] * d[o + i];
                    }
                    delta += p[s] * dp[s];
                }
                for (int64_t s = 0; s <= t; ++s)
                    for (int64_t i = 0; i < w; ++i) {
                        const double ds = scale * p[s] * (dp[s] - delta);
                        d_wanted[q(t) + i] += ds * x[k(s) + i];
                        d_wanted[k(s) + i] += ds * x[q(t) + i];
                    }
            }
        }
    call(ak_attention_forward(B, T, H, K, w, qkv.data(), scale, out.data(), lse.floats(), dtype));
    compare(named("attention forward", {B, T, H, K, w}, dtype), out, out_wanted, tolerance(dtype));
    compare(named("attention lse", {B, T, H, K, w}, dtype), lse, lse_wanted, 1e-5);
    call(ak_attention_backward(B, T, H, K, w, qkv.data(), out.data(), lse.floats(), dout.data(), scale, dqkv.data(), dtype));
    compare(named("attention backward", {B, T, H, K, w}, dtype), dqkv, d_wanted, dtype == ak_bf16 ? 5e-2 : 2e-5);
}

std::vector<int64_t> ids(int64_t count, int64_t limit) {
    std::vector<int64_t> all(count);
    for (int64_t& id : all) id = static_cast<int64_t>(generator() % static_cast<uint64_t>(limit));
    return all;
}

void embedding(int64_t batch, int64_t time, int64_t width, int64_t vocabulary) {
    const int64_t rows = batch * time;
    const auto tokens = ids(rows, vocabulary);
    Tensor table = noise(vocabulary * width), positions = noise(time * width), x(rows * width), dx = noise(rows * width);
    Tensor d_token = noise(vocabulary * width), d_position(time * width);
    Doubles x_wanted(rows * width), dp_wanted(time * width), dt_wanted(vocabulary * width), dt_added = d_token.doubles();
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t i = 0; i < width; ++i) {
            const double d = dx.at(r * width + i);
            x_wanted[r * width + i] = static_cast<double>(table.at(tokens[r] * width + i)) + positions.at(r % time * width + i);
            dt_wanted[tokens[r] * width + i] += d;
            dt_added[tokens[r] * width + i] += d;
            dp_wanted[r % time * width + i] += d;
        }
    call(ak_embedding_forward(batch, time, width, tokens.data(), table.floats(), positions.floats(), x.floats()));
    compare(named("embedding forward", {batch, time, width, vocabulary}, ak_f32), x, x_wanted, 1e-6);
    call(ak_embedding_backward(batch, time, width, vocabulary, tokens.data(), dx.floats(), d_token.floats(), d_position.floats(), 1, 0));
    compare(named("embedding backward, accumulated", {batch, time, width, vocabulary}, ak_f32), d_token, dt_added, 2e-6);
    compare(named("position gradient", {batch, time, width, vocabulary}, ak_f32), d_position, dp_wanted, 2e-6);
    call(ak_embedding_backward(batch, time, width, vocabulary, tokens.data(), dx.floats(), d_token.floats(), nullptr, 0, 0));
    compare(named("embedding backward", {batch, time, width, vocabulary}, ak_f32), d_token, dt_wanted, 2e-6);
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

void flat(int64_t count) {
    Tensor w = noise(count), g = noise(count), m = noise(count, ak_f32, 0.1f), v = noise(count), other = noise(count), narrow(count, ak_bf16);
    for (int64_t i = 0; i < count; ++i) v.put(i, v.at(i) * v.at(i));
    Doubles rounded(count), sums(count), w_wanted(count), m_wanted(count), v_wanted(count);
    double squares = 0;
    const float clip = 0.7f, lr = 1e-2f, b1 = 0.9f, b2 = 0.95f, epsilon = 1e-8f, decay = 0.1f, c1 = 0.271f, c2 = 0.142625f;
    for (int64_t i = 0; i < count; ++i) {
        rounded[i] = from_bf16(to_bf16(w.at(i)));
        sums[i] = static_cast<double>(other.at(i)) + w.at(i);
        squares += static_cast<double>(g.at(i)) * g.at(i);
        const double gg = static_cast<double>(clip) * g.at(i);
        m_wanted[i] = b1 * m.at(i) + (1.0 - b1) * gg;
        v_wanted[i] = b2 * v.at(i) + (1.0 - b2) * gg * gg;
        w_wanted[i] = w.at(i) * (1.0 - static_cast<double>(lr) * decay) - lr * (m_wanted[i] / c1) / (std::sqrt(v_wanted[i] / c2) + epsilon);
    }
    call(ak_convert(count, w.floats(), narrow.data()));
    compare(named("convert", {count}, ak_f32), narrow, rounded, 0);
    call(ak_add(count, other.floats(), w.floats()));
    compare(named("add", {count}, ak_f32), other, sums, 1e-7);
    report(std::fabs(ak_sum_squares(count, g.floats()) - squares) <= 1e-12 * squares, named("sum of squares", {count}, ak_f32));
    call(ak_adamw(count, w.floats(), g.floats(), m.floats(), v.floats(), clip, lr, b1, b2, epsilon, decay, c1, c2));
    compare(named("adamw weights", {count}, ak_f32), w, w_wanted, 1e-6);
    compare(named("adamw first moment", {count}, ak_f32), m, m_wanted, 1e-6);
    compare(named("adamw second moment", {count}, ak_f32), v, v_wanted, 1e-6);
}

// Everything once, its outputs as one string of bytes.
std::vector<unsigned char> everything(int dtype) {
    generator.seed(7);
    std::vector<unsigned char> bits;
    const auto keep = [&](const Tensor& t) { bits.insert(bits.end(), t.bytes.begin(), t.bytes.end()); };
    for (int64_t rows : {1, 67, 512}) {
        const int64_t in = 200, out = 333;
        Tensor w = noise(out * in), x = noise(rows * in, dtype), b = noise(out), dy = noise(rows * out, dtype), y(rows * out, dtype), dx(rows * in, dtype), dw(out * in),
            db(out), loss(rows), lse(rows), d(rows * out, dtype);
        ak_linear* layer = ak_linear_new(in, out, dtype);
        call(ak_linear_pack(layer, w.floats()));
        call(ak_linear_forward(layer, rows, x.data(), b.floats(), nullptr, y.data(), dtype));
        call(ak_linear_input_gradient(layer, rows, dy.data(), dx.data()));
        call(ak_linear_weight_gradient(layer, rows, dy.data(), x.data(), dw.floats(), db.floats(), 0));
        for (auto* t : {&y, &dx, &dw, &db}) keep(*t);
        const auto targets = ids(rows, out);
        call(ak_cross_entropy_forward(layer, rows, x.data(), targets.data(), 1, loss.floats(), lse.floats(), d.data()));
        call(ak_cross_entropy_backward(layer, rows, x.data(), targets.data(), 1, lse.floats(), nullptr, dx.data(), dw.floats(), 1));
        for (auto* t : {&loss, &lse, &d, &dx, &dw}) keep(*t);
        ak_linear_free(layer);
        Tensor nx = noise(rows * in), weight = noise(in), bias = noise(in), ny(rows * in, dtype), mean(rows), rstd(rows), ndx(rows * in), ndw(in), ndb(in),
               ndy = noise(rows * in, dtype);
        call(ak_layer_norm_forward(rows, in, nx.floats(), weight.floats(), bias.floats(), 1e-5, ny.data(), dtype, mean.floats(), rstd.floats()));
        call(ak_layer_norm_backward(rows, in, ndy.data(), dtype, nx.floats(), weight.floats(), mean.floats(), rstd.floats(), nullptr, ndx.floats(), ndw.floats(),
                                    ndb.floats(), 0));
        for (auto* t : {&ny, &mean, &rstd, &ndx, &ndw, &ndb}) keep(*t);
        call(ak_gelu_backward(rows * in, ny.data(), ndy.data(), ny.data(), dtype));
        keep(ny);
        const auto tokens = ids(rows, 20);
        Tensor table = noise(20 * in), dp(rows * in);
        call(ak_embedding_backward(1, rows, in, 20, tokens.data(), nx.floats(), table.floats(), dp.floats(), 1, 0));
        keep(table);
    }
    Tensor qkv = noise(2 * 130 * 8 * 48, dtype), out(2 * 130 * 4 * 48, dtype), dout = noise(2 * 130 * 4 * 48, dtype), lse(2 * 4 * 130), dqkv(qkv.count, dtype);
    call(ak_attention_forward(2, 130, 4, 2, 48, qkv.data(), 0.2, out.data(), lse.floats(), dtype));
    call(ak_attention_backward(2, 130, 4, 2, 48, qkv.data(), out.data(), lse.floats(), dout.data(), 0.2, dqkv.data(), dtype));
    for (auto* t : {&out, &lse, &dqkv}) keep(*t);
    Tensor big = noise(300000);
    const double squares = ak_sum_squares(big.count, big.floats());
    const auto* raw = reinterpret_cast<const unsigned char*>(&squares);
    bits.insert(bits.end(), raw, raw + sizeof squares);
    return bits;
}

void same_bits(int dtype) {
    ak_set_threads(1);
    const auto one = everything(dtype);
    for (int threads : {1, 2, 3, 4, 7}) {
        ak_set_threads(threads);
        report(everything(dtype) == one, named("same bits on 1 thread and on", {threads}, dtype));
    }
    std::vector<unsigned char> beside[2];
    std::thread trainers[2];
    for (int i = 0; i < 2; ++i)
        trainers[i] = std::thread([&, i] {
            ak_set_threads(1 + i);
            beside[i] = everything(dtype);
        });
    for (auto& trainer : trainers) trainer.join();
    report(beside[0] == one && beside[1] == one, named("same bits on two calling threads at once", {}, dtype));
    ak_set_threads(2);
}

// A row's bits do not depend on which rows are computed beside it.
void same_bits_per_row(int dtype) {
    const int64_t rows = 100, in = 72, out = 90;
    Tensor w = noise(out * in), x = noise(rows * in, dtype), all(rows * out, dtype), one(out, dtype);
    ak_linear* layer = ak_linear_new(in, out, dtype);
    call(ak_linear_pack(layer, w.floats()));
    call(ak_linear_forward(layer, rows, x.data(), nullptr, nullptr, all.data(), dtype));
    bool same = true;
    for (int64_t r = 0; r < rows; ++r) {
        call(ak_linear_forward(layer, 1, x.bytes.data() + r * in * Tensor::size(dtype), nullptr, nullptr, one.data(), dtype));
        same &= std::memcmp(one.data(), all.bytes.data() + r * out * Tensor::size(dtype), out * Tensor::size(dtype)) == 0;
    }
    report(same, named("a row alone has the bits it has in company", {rows, in, out}, dtype));
    ak_linear_free(layer);
}

bool any_nan(const Tensor& t) {
    for (int64_t i = 0; i < t.count; ++i)
        if (std::isnan(t.at(i))) return true;
    return false;
}
bool is_nan(const Tensor& t, int64_t from, int64_t count) {
    for (int64_t i = from; i < from + count; ++i)
        if (!std::isnan(t.at(i))) return false;
    return true;
}

// Each operation gets one NaN and must show it wherever the mathematics does.
void nan_goes_through(int dtype) {
    const int64_t rows = 9, width = 40;
    Tensor x = noise(rows * width, dtype), y(rows * width, dtype), dy = noise(rows * width, dtype), wide = noise(rows * width);
    x.put(3 * width + 5, NAN);
    wide.put(3 * width + 5, NAN);
    Tensor w = noise(width * width), dw(width * width), mean(rows), rstd(rows), weight = noise(width), bias = noise(width), dx(rows * width), dweight(width), dbias(width);
    ak_linear* layer = ak_linear_new(width, width, dtype);
    call(ak_linear_pack(layer, w.floats()));
    call(ak_linear_forward(layer, rows, x.data(), nullptr, nullptr, y.data(), dtype));
    report(is_nan(y, 3 * width, width) && !std::isnan(y.at(0)), named("NaN through linear forward", {}, dtype));
    call(ak_linear_weight_gradient(layer, rows, dy.data(), x.data(), dw.floats(), nullptr, 0));
    report(std::isnan(dw.at(5)) && !std::isnan(dw.at(4)), named("NaN through linear weight gradient", {}, dtype));
    std::vector<int64_t> targets(rows, 2);
    Tensor loss(rows), lse(rows), d(rows * width, dtype);
    call(ak_cross_entropy_forward(layer, rows, x.data(), targets.data(), 1, loss.floats(), lse.floats(), d.data()));
    report(std::isnan(loss.at(3)) && !std::isnan(loss.at(2)) && is_nan(d, 3 * width, width), named("NaN through cross-entropy", {}, dtype));
    ak_linear_free(layer);
    w.put(7, NAN);
    layer = ak_linear_new(width, width, dtype);
    call(ak_linear_pack(layer, w.floats()));
    call(ak_linear_forward(layer, rows, dy.data(), nullptr, nullptr, y.data(), dtype));
    report(std::isnan(y.at(0)) && !std::isnan(y.at(1)), named("NaN of a weight through linear forward", {}, dtype));
    ak_linear_free(layer);
    call(ak_layer_norm_forward(rows, width, wide.floats(), weight.floats(), bias.floats(), 1e-5, y.data(), dtype, mean.floats(), rstd.floats()));
    report(is_nan(y, 3 * width, width), named("NaN through layer norm", {}, dtype));
    call(ak_layer_norm_backward(rows, width, dy.data(), dtype, wide.floats(), weight.floats(), mean.floats(), rstd.floats(), nullptr, dx.floats(), dweight.floats(),
                                dbias.floats(), 0));
    report(is_nan(dx, 3 * width, width) && is_nan(dweight, 0, width), named("NaN through layer norm backward", {}, dtype));
    call(ak_rms_norm_forward(rows, width, wide.floats(), weight.floats(), 1e-5, y.data(), dtype, rstd.floats()));
    report(is_nan(y, 3 * width, width), named("NaN through rms norm", {}, dtype));
    call(ak_gelu_forward(rows * width, x.data(), y.data(), dtype));
    report(std::isnan(y.at(3 * width + 5)), named("NaN through gelu", {}, dtype));
    call(ak_gelu_backward(rows * width, x.data(), dy.data(), y.data(), dtype));
    report(std::isnan(y.at(3 * width + 5)), named("NaN through gelu backward", {}, dtype));
    Tensor half(rows * width / 2, dtype);
    call(ak_swiglu_forward(rows, width / 2, x.data(), half.data(), dtype));
    report(std::isnan(half.at(3 * width / 2 + 5)), named("NaN through swiglu", {}, dtype));
    for (int part = 0; part < 3; ++part) {
        const int64_t T = 50, hd = 16;
        Tensor qkv = noise(T * 3 * hd, dtype), out(T * hd, dtype), dout = noise(T * hd, dtype), l(T), dqkv(qkv.count, dtype);
        qkv.put(20 * 3 * hd + part * hd + 3, NAN);
        call(ak_attention_forward(1, T, 1, 1, hd, qkv.data(), 0.25, out.data(), l.floats(), dtype));
        call(ak_attention_backward(1, T, 1, 1, hd, qkv.data(), out.data(), l.floats(), dout.data(), 0.25, dqkv.data(), dtype));
        const bool shown = part == 2 ? std::isnan(out.at(20 * hd + 3)) && std::isnan(out.at(49 * hd + 3)) : is_nan(out, 20 * hd, hd);
        report(shown && any_nan(dqkv), named("NaN through attention, in part", {part}, dtype));
    }
    Tensor m(64), v(64), g = noise(64), p = noise(64);
    for (int64_t i = 0; i < 64; ++i) m.put(i, 0), v.put(i, 0);
    g.put(33, NAN);
    call(ak_adamw(64, p.floats(), g.floats(), m.floats(), v.floats(), 1, 1e-3f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.1f, 0.05f));
    report(std::isnan(p.at(33)) && !std::isnan(p.at(32)) && std::isnan(ak_sum_squares(64, g.floats())), named("NaN through adamw and the norm", {}, dtype));
}

void refusals() {
    const auto refused = [](int status, const char* part) { return status != 0 && std::string(ak_error()).find(part) != std::string::npos; };
    Tensor x = noise(64);
    const std::vector<int64_t> bad = {0, 9};
    report(ak_linear_new(0, 4, ak_f32) == nullptr && refused(1, "in is 0"), "refuses a linear of no width");
    report(ak_linear_new(4, 4, 5) == nullptr && refused(1, "dtype 5"), "refuses an unknown dtype");
    ak_linear* layer = ak_linear_new(4, 4, ak_f32);
    report(refused(ak_linear_forward(layer, 1, x.data(), nullptr, nullptr, x.data(), ak_f32), "ak_linear_pack"), "refuses a linear without weight");
    call(ak_linear_pack(layer, x.floats()));
    report(refused(ak_linear_forward(layer, 1, x.data(), nullptr, x.floats(), x.data(), ak_bf16), "residual"), "refuses a bf16 residual");
    report(refused(ak_cross_entropy_forward(layer, 2, x.data(), bad.data(), 1, x.floats(), x.floats(), nullptr), "targets[1] is 9"), "refuses a target beyond the vocabulary");
    ak_linear_free(layer);
    report(refused(ak_attention_forward(1, 4, 3, 2, 4, x.data(), 1, x.data(), x.floats(), ak_f32), "evenly"), "refuses heads that do not divide");
    report(refused(ak_rope(1, 1, 1, 3, 3, x.data(), x.floats(), x.floats(), 0, ak_f32), "even head width"), "refuses to rotate an odd width");
    report(refused(ak_embedding_backward(1, 2, 4, 9, bad.data(), x.floats(), x.floats(), nullptr, 0, 0), "tokens[1] is 9"), "refuses a token beyond the vocabulary");
}

void suite(int isa, const char* name) {
    isa_name = name;
    if (ak_configure(isa) != 0) {
        std::printf("SKIP %s: %s\n", name, ak_error());
        return;
    }
    isa_name += std::string(" (") + ak_description() + ")";
    generator.seed(1);
    ak_set_threads(2);
    for (int dtype : {ak_f32, ak_bf16}) {
        for (int64_t rows : {1, 7, 256})
            for (int64_t in : {32, 40, 384}) linear(rows, in, in == 384 ? 1152 / 8 : in + 9, dtype);
        linear(3, 33, 1, dtype);
        linear(5, 1, 17, dtype);
        linear(17, 3001, 50, dtype);   // the summed dimension in parts
        linear(2300, 35, 19, dtype);   // ... of the weight gradient
        for (int64_t rows : {1, 7, 256})
            for (int64_t width : {3, 32, 40, 384, 391})
                for (bool centred : {true, false}) norm(rows, width, centred, dtype);
        activations(7, 41, dtype);
        activations(256, 384, dtype);
        rope(2, 9, 3, 16, 5 * 16, dtype);
        rope(1, 33, 2, 40, 80, dtype);
        for (int64_t width : {16, 40, 64, 128, 7}) {
            attention(2, 37, 4, 2, width, dtype);
            attention(1, 150, 2, 2, width, dtype);
        }
        attention(1, 256, 6, 6, 64, dtype);
        attention(1, 64, 6, 1, 32, dtype);
        attention(2, 1, 2, 1, 8, dtype);
        cross_entropy(7, 32, 50, dtype);
        cross_entropy(256, 40, 512, dtype);
        cross_entropy(130, 16, 50257 + (dtype == ak_bf16), dtype);
        same_bits(dtype);
        same_bits_per_row(dtype);
        nan_goes_through(dtype);
    }
    embedding(3, 7, 40, 11);
    embedding(2, 64, 391, 500);
    for (int64_t count : {1, 7, 64, 100001}) flat(count);
    flat((1 << 20) + 12345);
    refusals();
}

}  // namespace

int main() {
    suite(ak_isa_portable, "portable");
    suite(ak_isa_avx512, "avx512");
    suite(ak_isa_avx512_bf16, "avx512_bf16");
    suite(ak_isa_best, "best");
    std::printf(failures ? "%d checks FAILED\n" : "all checks passed\n", failures.load());
    return failures ? 1 : 0;
}
