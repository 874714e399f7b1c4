// Causal attention with heads that share keys and values, forward and backward.
#include "checks.h"

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
