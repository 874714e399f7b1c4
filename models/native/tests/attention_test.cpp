// Attention over packed texts, with heads that share keys and values, and every mask: forward and backward against a reference in double precision, and the
// bits of a text alone and in a pack.
#include <algorithm>
#include <numeric>

#include "checks.h"

namespace {

struct Texts {
    std::vector<int64_t> lengths, ends, prefixes;

    Texts(const std::vector<int64_t>& lengths, const Mask& mask) : lengths(lengths), ends(lengths.size()), prefixes(lengths.size()) {
        std::partial_sum(lengths.begin(), lengths.end(), ends.begin());
        if (mask.prefixes)
            for (size_t i = 0; i < lengths.size(); ++i) prefixes[i] = static_cast<int64_t>(generator() % static_cast<uint64_t>(lengths[i] + 1));
    }
    int64_t rows() const { return ends.back(); }
    // Equal lengths without prefixes in the short form.
    ak_segments segments() const {
        const bool is_equal = std::count(lengths.begin(), lengths.end(), lengths[0]) == static_cast<int64_t>(lengths.size());
        const bool is_causal = std::count(prefixes.begin(), prefixes.end(), 0) == static_cast<int64_t>(prefixes.size());
        return {static_cast<int64_t>(lengths.size()), is_equal ? nullptr : ends.data(), is_causal ? nullptr : prefixes.data()};
    }
};

// Adds one head of one text to what is wanted. Rows of qkv and of out begin at q, k, v and o.
struct Wanted {
    const Doubles &x, &d;
    Doubles &out, &lse, &d_qkv;

    void add(const Mask& mask, int64_t length, int64_t prefix, int64_t w, double scale, double slope, int64_t row, int64_t out_row, int64_t q, int64_t k, int64_t v,
             int64_t o, int64_t l) const {
        for (int64_t t = 0; t < length; ++t) {
            std::vector<int64_t> keys;
            for (int64_t s = 0; s < length; ++s)
                if (mask.sees(t, s, prefix)) keys.push_back(s);
            Doubles p, dp;
            for (int64_t s : keys) {
                double score = slope * static_cast<double>(s - t), dout_v = 0;
                for (int64_t i = 0; i < w; ++i) {
                    score += scale * x[q + t * row + i] * x[k + s * row + i];
                    dout_v += d[o + t * out_row + i] * x[v + s * row + i];
                }
                p.push_back(score), dp.push_back(dout_v);
            }
            const double most = *std::max_element(p.begin(), p.end());
            double total = 0, delta = 0;
            for (double& e : p) total += e = std::exp(e - most);
            for (size_t j = 0; j < p.size(); ++j) delta += (p[j] /= total) * dp[j];
            lse[l + t] = most + std::log(total);
            for (size_t j = 0; j < p.size(); ++j)
                for (int64_t i = 0; i < w; ++i) {
                    const int64_t s = keys[j];
                    const double ds = scale * p[j] * (dp[j] - delta);
                    out[o + t * out_row + i] += p[j] * x[v + s * row + i];
                    d_qkv[v + s * row + i] += p[j] * d[o + t * out_row + i];
                    d_qkv[q + t * row + i] += ds * x[k + s * row + i];
                    d_qkv[k + s * row + i] += ds * x[q + t * row + i];
                }
        }
    }
};

}  // namespace

void attention(const std::vector<int64_t>& lengths, int64_t H, int64_t K, int64_t w, const Mask& mask, int dtype) {
    const Texts texts(lengths, mask);
    const int64_t rows = texts.rows(), row = (H + 2 * K) * w, out_row = H * w;
    const double scale = 1 / std::sqrt(static_cast<double>(w));
    const auto slopes = slopes_of(H);
    Tensor qkv = noise(rows * row, dtype), dout = noise(rows * out_row, dtype), out(rows * out_row, dtype), lse(H * rows), dqkv(rows * row, dtype);
    const Doubles x = qkv.doubles(), d = dout.doubles();
    Doubles out_wanted(rows * out_row), lse_wanted(H * rows), d_wanted(rows * row);
    const Wanted wanted{x, d, out_wanted, lse_wanted, d_wanted};
    for (size_t i = 0; i < lengths.size(); ++i)
        for (int64_t h = 0; h < H; ++h) {
            const int64_t kv = h / (H / K), begin = texts.ends[i] - lengths[i];
            wanted.add(mask, lengths[i], texts.prefixes[i], w, scale, mask.slopes ? slopes[h] : 0, row, out_row, begin * row + h * w, begin * row + (H + kv) * w,
                       begin * row + (H + K + kv) * w, begin * out_row + h * w, h * rows + begin);
        }
    const ak_segments segments = texts.segments();
    const ak_attention_mask given = {mask.window, mask.sinks, mask.slopes ? slopes.data() : nullptr};
    call(ak_attention_forward(rows, H, K, w, qkv.data(), scale, &segments, &given, out.data(), lse.floats(), dtype));
    call(ak_attention_backward(rows, H, K, w, qkv.data(), out.data(), lse.floats(), dout.data(), scale, &segments, &given, dqkv.data(), dtype));
    const std::string name = named("", {static_cast<int64_t>(lengths.size()), rows, H, K, w}, dtype) + mask.name();
    // A slope makes scores large, and the error of a score is the relative error of its probability. Rounding errors of a sum grow like the root of its length.
    const double longest = static_cast<double>(*std::max_element(lengths.begin(), lengths.end()));
    const double of_scores = mask.slopes ? slopes[0] * longest * 0x1p-23 : 0;
    compare("attention forward" + name, out, out_wanted, tolerance(dtype) + of_scores);
    compare("attention lse" + name, lse, lse_wanted, 1e-5);
    compare("attention backward" + name, dqkv, d_wanted, (dtype == ak_bf16 ? 5e-2 : 2e-5) * std::sqrt(std::max(1.0, longest / 128)) + of_scores);
}

void random_attention(int dtype) {
    const auto draw = [](int64_t from, int64_t to) { return from + static_cast<int64_t>(generator() % static_cast<uint64_t>(to - from + 1)); };
    std::vector<int64_t> lengths(static_cast<size_t>(draw(1, 4)));
    for (int64_t& length : lengths) length = draw(1, draw(1, 600));
    const int64_t kv_heads = draw(1, 3);
    attention(lengths, kv_heads * draw(1, 3), kv_heads, draw(1, 70), {draw(0, 1) * draw(1, 130), draw(0, 1) * draw(1, 80), draw(0, 1) == 1, draw(0, 2) == 0}, dtype);
}

// A text's bits are the same alone, and first, last or in the middle of a pack, on any number of threads.
void attention_bits(const Mask& mask, int dtype) {
    const int64_t H = 4, K = 2, w = 20, row = (H + 2 * K) * w, out_row = H * w, length = 301, size = Tensor::size(dtype);
    const auto slopes = slopes_of(H);
    const ak_attention_mask given = {mask.window, mask.sinks, mask.slopes ? slopes.data() : nullptr};
    const Tensor qkv = noise(length * row, dtype), dout = noise(length * out_row, dtype);
    const int64_t prefix = mask.prefixes ? 77 : 0;

    // The text's own part of everything that is computed, with `before` rows of another text before it and `after` behind.
    const auto bits = [&](int64_t before, int64_t after) {
        const int64_t rows = before + length + after;
        std::vector<int64_t> ends, prefixes;
        if (before > 0) ends.push_back(before), prefixes.push_back(mask.prefixes ? before : 0);
        ends.push_back(before + length), prefixes.push_back(prefix);
        if (after > 0) ends.push_back(rows), prefixes.push_back(0);
        Tensor x = noise(rows * row, dtype), d = noise(rows * out_row, dtype), out(rows * out_row, dtype), lse(H * rows), dx(rows * row, dtype);
        std::memcpy(&x.bytes[before * row * size], qkv.bytes.data(), length * row * size);
        std::memcpy(&d.bytes[before * out_row * size], dout.bytes.data(), length * out_row * size);
        const ak_segments segments = {static_cast<int64_t>(ends.size()), ends.data(), prefixes.data()};
        call(ak_attention_forward(rows, H, K, w, x.data(), 0.3, &segments, &given, out.data(), lse.floats(), dtype));
        call(ak_attention_backward(rows, H, K, w, x.data(), out.data(), lse.floats(), d.data(), 0.3, &segments, &given, dx.data(), dtype));
        std::vector<unsigned char> own;
        const auto keep = [&](const Tensor& from, int64_t first, int64_t count, int64_t of_size) {
            own.insert(own.end(), &from.bytes[first * of_size], &from.bytes[first * of_size] + count * of_size);
        };
        keep(out, before * out_row, length * out_row, size);
        for (int64_t h = 0; h < H; ++h) keep(lse, h * rows + before, length, sizeof(float));
        keep(dx, before * row, length * row, size);
        return own;
    };
    ak_set_threads(1);
    const auto alone = bits(0, 0);
    bool same = true;
    for (int threads : {1, 2, 3}) {
        ak_set_threads(threads);
        for (int64_t before : {0, 1, 45})
            for (int64_t after : {0, 1, 200}) same &= bits(before, after) == alone;
    }
    ak_set_threads(2);
    report(same, named("attention: bits of a text alone and in a pack", {}, dtype) + mask.name());
}
