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
    const int64_t blocks = (count + (int64_t{1} << 20) - 1) >> 20;
    Doubles of_sum(blocks), of_left(blocks);
    Tensor first = noise(count), total(count), in_place = first;
    call(ak_sum(count, first.floats(), g.floats(), total.floats(), of_sum.data()));
    // Once more where the result is aligned for streaming, whatever the allocator gave above.
    std::vector<float> room(static_cast<size_t>(count) + 16);
    float* aligned = room.data() + (64 - reinterpret_cast<uintptr_t>(room.data()) % 64) % 64 / sizeof(float);
    Doubles of_aligned(blocks);
    call(ak_sum(count, first.floats(), g.floats(), aligned, of_aligned.data()));
    report(std::memcmp(aligned, total.data(), static_cast<size_t>(count) * sizeof(float)) == 0 && of_aligned == of_sum,
           named("a streamed sum has the bits of one that is not", {count}, ak_f32));
    call(ak_sum(count, first.floats(), nullptr, nullptr, of_left.data()));
    call(ak_sum(count, in_place.floats(), g.floats(), in_place.floats(), nullptr));
    Tensor added = first;
    call(ak_add(count, added.floats(), g.floats()));
    const auto in_order = [](const Doubles& parts) {
        double all = 0;
        for (double part : parts) all += part;
        return all;
    };
    report(total.bytes == added.bytes && in_place.bytes == added.bytes, named("sum has the bits of add", {count}, ak_f32));
    report(in_order(of_sum) == ak_sum_squares(count, total.floats()) && in_order(of_left) == ak_sum_squares(count, first.floats()),
           named("squares of blocks, in order, have the bits of the sum of squares", {count}, ak_f32));
    call(ak_adamw(count, w.floats(), g.floats(), m.floats(), v.floats(), clip, lr, b1, b2, epsilon, decay, c1, c2));
    compare(named("adamw weights", {count}, ak_f32), w, w_wanted, 1e-6);
    compare(named("adamw first moment", {count}, ak_f32), m, m_wanted, 1e-6);
    compare(named("adamw second moment", {count}, ak_f32), v, v_wanted, 1e-6);
}
