// What the kernels' tests share: tensors with guard bytes, random fillings, comparison with a reference in double precision, and the tally.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "../kernels.h"

using Doubles = std::vector<double>;
inline std::atomic<int> failures = 0;
inline std::string isa_name;

inline void report(bool passed, const std::string& what) {
    std::printf("%s %s: %s\n", passed ? "PASS" : "FAIL", isa_name.c_str(), what.c_str());
    failures += !passed;
}

inline void call(int status) {
    if (status != 0) {
        std::printf("FAIL %s: unexpected error: %s\n", isa_name.c_str(), ak_error());
        ++failures;
    }
}

inline uint16_t to_bf16(float x) {
    uint32_t u;
    std::memcpy(&u, &x, 4);
    if (std::isnan(x)) return static_cast<uint16_t>(u >> 16 | 0x40);
    return static_cast<uint16_t>((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

inline float from_bf16(uint16_t h) {
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

inline thread_local std::mt19937 generator;

inline Tensor noise(int64_t count, int dtype = ak_f32, float spread = 1, float shift = 0) {
    std::normal_distribution<float> normal(shift, spread);
    Tensor t(count, dtype);
    for (int64_t i = 0; i < count; ++i) t.put(i, normal(generator));
    return t;
}

// The largest error, relative to the size of the values as a whole (root mean square).
inline void compare(const std::string& what, const Tensor& got, const Doubles& wanted, double tolerance) {
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

inline double tolerance(int dtype) { return dtype == ak_bf16 ? 2e-2 : 2e-5; }
inline std::string named(const char* what, std::initializer_list<int64_t> sizes, int dtype) {
    std::string text = what;
    for (int64_t size : sizes) text += " " + std::to_string(size);
    return text + (dtype == ak_bf16 ? " bf16" : " fp32");
}

// W as the products see it: rounded where the dtype is bf16.
inline Doubles seen(const Tensor& weight, int dtype) {
    Doubles all = weight.doubles();
    if (dtype == ak_bf16)
        for (double& w : all) w = from_bf16(to_bf16(static_cast<float>(w)));
    return all;
}

inline std::vector<int64_t> ids(int64_t count, int64_t limit) {
    std::vector<int64_t> all(count);
    for (int64_t& id : all) id = static_cast<int64_t>(generator() % static_cast<uint64_t>(limit));
    return all;
}

// What attention is limited to and biased by; prefixes are drawn.
struct Mask {
    int64_t window = 0, sinks = 0;
    bool slopes = false, prefixes = false;

    std::string name() const {
        return (window ? " window " + std::to_string(window) : "") + (sinks ? " sinks " + std::to_string(sinks) : "") + (slopes ? " slopes" : "") +
               (prefixes ? " prefixes" : "");
    }
    bool sees(int64_t query, int64_t key, int64_t prefix) const {
        return (key <= query || key < prefix) && (window == 0 || key > query - window || key < sinks);
    }
};
inline std::vector<float> slopes_of(int64_t heads) {
    std::vector<float> all(static_cast<size_t>(heads));
    for (int64_t h = 0; h < heads; ++h) all[static_cast<size_t>(h)] = std::exp2(-8.0f * static_cast<float>(h + 1) / static_cast<float>(heads));
    return all;
}

// The checks, by theme; each file's head says what it holds.
void linear(int64_t rows, int64_t in, int64_t out, int dtype);
void head(int64_t rows, int64_t width, int64_t vocabulary, int dtype, ak_objective objective, bool per_row);
void head_in_chunks(int dtype);
void entropy_of_shifted_logits(float offset);
void gradient_beyond_the_cap(float soft_cap);
void norm(int64_t rows, int64_t width, bool centred, int dtype);
void activations(int64_t rows, int64_t width, int dtype);
void rope(int64_t rows, int64_t time, int64_t heads, int64_t width, int64_t row_width, int dtype);
void rope_positions(int dtype);
void attention(const std::vector<int64_t>& lengths, int64_t H, int64_t K, int64_t w, const Mask& mask, int dtype);
void random_attention(int dtype);
void attention_bits(const Mask& mask, int dtype);
void cached_attention(int64_t H, int64_t K, int64_t w, const Mask& mask, int dtype);
void embedding(int64_t batch, int64_t time, int64_t width, int64_t vocabulary);
void flat(int64_t count);
void lanes_of_linear(int64_t lanes, int64_t lane_rows, int64_t in, int64_t out, int dtype);
void lanes_of_norm(int64_t lanes, int64_t lane_rows, int64_t width, int dtype);
void lanes_of_embedding(int64_t lanes, int64_t lane_batch, int64_t time, int64_t width, int64_t vocabulary, bool is_tied, int dtype);
void sampling(int64_t vocabulary);
void sampled_frequencies();
void sampled_log_probabilities(int64_t rows, int64_t width, int64_t vocabulary, int dtype);
void same_bits(int dtype);
void same_bits_per_row(int dtype);
void same_bits_as_chains(int64_t rows, int64_t in, int64_t out);
void nan_goes_through(int dtype);
void nan_stays_in_its_text(int dtype);
void nan_that_no_row_sees(int64_t sinks, int dtype);
void refusals();
