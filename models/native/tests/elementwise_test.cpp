// Activations, rotary positions, embeddings, and what runs over flat vectors: conversion, sums, AdamW.
#include "checks.h"

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

static void angles(int64_t count, int64_t width, Tensor& cosine, Tensor& sine) {
    for (int64_t t = 0; t < count; ++t)
        for (int64_t i = 0; i < width / 2; ++i) {
            const double angle = static_cast<double>(t) / std::pow(10000.0, 2.0 * static_cast<double>(i) / static_cast<double>(width));
            cosine.put(t * width / 2 + i, static_cast<float>(std::cos(angle)));
            sine.put(t * width / 2 + i, static_cast<float>(std::sin(angle)));
        }
}

void rope(int64_t batch, int64_t time, int64_t heads, int64_t width, int64_t row_width, int dtype) {
    const int64_t rows = batch * time;
    Tensor x = noise(rows * row_width, dtype), cosine(time * width / 2), sine(time * width / 2);
    angles(time, width, cosine, sine);
    const Doubles before = x.doubles();
    Doubles wanted = before;
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t h = 0; h < heads; ++h)
            for (int64_t i = 0; i < width / 2; ++i) {
                const int64_t a = row * row_width + h * width + i, b = a + width / 2, angle = row % time * width / 2 + i;
                wanted[a] = before[a] * cosine.at(angle) - before[b] * sine.at(angle);
                wanted[b] = before[b] * cosine.at(angle) + before[a] * sine.at(angle);
            }
    call(ak_rope(rows, heads, width, row_width, x.data(), nullptr, time, cosine.floats(), sine.floats(), 0, dtype));
    compare(named("rope", {batch, time, heads, width, row_width}, dtype), x, wanted, dtype == ak_bf16 ? 8e-3 : 1e-6);
    call(ak_rope(rows, heads, width, row_width, x.data(), nullptr, time, cosine.floats(), sine.floats(), 1, dtype));
    compare(named("rope and back", {batch, time, heads, width, row_width}, dtype), x, before, dtype == ak_bf16 ? 2e-2 : 1e-6);
}

// Rows at positions of their own have the bits that they have in order.
void rope_positions(int dtype) {
    const int64_t time = 50, heads = 3, width = 24, row_width = 80, rows = 40, row_bytes = row_width * Tensor::size(dtype);
    Tensor ordered = noise(time * row_width, dtype), cosine(time * width / 2), sine(time * width / 2), x(rows * row_width, dtype);
    angles(time, width, cosine, sine);
    const auto positions = ids(rows, time);
    for (int64_t r = 0; r < rows; ++r) std::memcpy(&x.bytes[r * row_bytes], &ordered.bytes[positions[r] * row_bytes], row_bytes);
    call(ak_rope(time, heads, width, row_width, ordered.data(), nullptr, time, cosine.floats(), sine.floats(), 0, dtype));
    call(ak_rope(rows, heads, width, row_width, x.data(), positions.data(), time, cosine.floats(), sine.floats(), 0, dtype));
    bool same = true;
    for (int64_t r = 0; r < rows; ++r) same &= std::memcmp(&x.bytes[r * row_bytes], &ordered.bytes[positions[r] * row_bytes], row_bytes) == 0;
    report(same, named("rope at given positions", {rows, time}, dtype));
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
    call(ak_embedding_forward(batch, time, width, tokens.data(), nullptr, table.floats(), positions.floats(), x.floats()));
    compare(named("embedding forward", {batch, time, width, vocabulary}, ak_f32), x, x_wanted, 1e-6);
    const auto places = ids(rows, time);
    for (int64_t i = 0; i < rows * width; ++i)
        x_wanted[i] = static_cast<double>(table.at(tokens[i / width] * width + i % width)) + positions.at(places[i / width] * width + i % width);
    call(ak_embedding_forward(1, rows, width, tokens.data(), places.data(), table.floats(), positions.floats(), x.floats()));
    compare(named("embedding forward at given positions", {batch, time, width, vocabulary}, ak_f32), x, x_wanted, 1e-6);
    call(ak_embedding_backward(batch, time, width, vocabulary, tokens.data(), nullptr, dx.floats(), 1, d_token.floats(), d_position.floats(), 1, 0, 1, nullptr));
    compare(named("embedding backward, accumulated", {batch, time, width, vocabulary}, ak_f32), d_token, dt_added, 2e-6);
    compare(named("position gradient", {batch, time, width, vocabulary}, ak_f32), d_position, dp_wanted, 2e-6);
    call(ak_embedding_backward(batch, time, width, vocabulary, tokens.data(), nullptr, dx.floats(), 1, d_token.floats(), nullptr, 0, 0, 1, nullptr));
    compare(named("embedding backward", {batch, time, width, vocabulary}, ak_f32), d_token, dt_wanted, 2e-6);
    call(ak_embedding_backward(batch, time, width, vocabulary, tokens.data(), nullptr, dx.floats(), 0.25f, d_token.floats(), d_position.floats(), 0, 0, 1, nullptr));
    for (double& d : dt_wanted) d *= 0.25;
    compare(named("embedding backward, scaled", {batch, time, width, vocabulary}, ak_f32), d_token, dt_wanted, 2e-6);
    compare(named("position gradient beside a scaled one", {batch, time, width, vocabulary}, ak_f32), d_position, dp_wanted, 2e-6);
    Doubles placed(time * width);
    for (int64_t i = 0; i < rows * width; ++i) placed[places[i / width] * width + i % width] += dx.at(i);
    Tensor d_placed(time * width);
    call(ak_embedding_backward(1, rows, width, vocabulary, tokens.data(), places.data(), dx.floats(), 1, d_token.floats(), d_placed.floats(), 0, 1, 1,
                               nullptr));
    compare(named("gradient of given positions", {batch, time, width, vocabulary}, ak_f32), d_placed, placed, 2e-6);
}
