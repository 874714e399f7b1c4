// Losses, log-probabilities, entropies and gradients of the head, for objectives of every kind. The reference differentiates the objective by central
// differences in double precision, so it knows nothing of the formulas of the kernel.
#include <algorithm>

#include "checks.h"

namespace {

struct Rows {
    double loss, log_probability, entropy;
};

// Of one row of logits, as kernels.h defines them.
Rows of_logits(const Doubles& logits, int64_t target, double temperature, const ak_objective& objective) {
    Doubles z = logits;
    for (double& l : z) l = (objective.soft_cap > 0 ? objective.soft_cap * std::tanh(l / objective.soft_cap) : l) / temperature;
    const double most = *std::max_element(z.begin(), z.end());
    double total = 0, mean = 0, entropy = 0;
    for (double l : z) total += std::exp(l - most), mean += l / static_cast<double>(z.size());
    const double lse = most + std::log(total);
    for (double l : z) entropy -= std::exp(l - lse) * (l - lse);
    const double e = objective.label_smoothing;
    return {(1 - e) * (lse - z[target]) + e * (lse - mean) + objective.z_loss * lse * lse, z[target] - lse, entropy};
}

}  // namespace

void head(int64_t rows, int64_t width, int64_t vocabulary, int dtype, ak_objective objective, bool per_row) {
    Tensor w = noise(vocabulary * width, ak_f32, 0.2f), x = noise(rows * width, dtype);
    Tensor weights = noise(rows), temperatures = noise(rows), entropy_weights = noise(rows);
    for (int64_t r = 0; r < rows; ++r) temperatures.put(r, 0.5f + std::fabs(temperatures.at(r)));
    if (per_row) objective.weights = weights.floats(), objective.temperatures = temperatures.floats(), objective.entropy_weights = entropy_weights.floats();
    auto targets = ids(rows, vocabulary);
    for (int64_t r = 1; r < rows; r += 5) targets[r] = -1;

    const Doubles W = seen(w, dtype);
    Doubles loss_wanted(rows), log_probability_wanted(rows), entropy_wanted(rows), dx_wanted(rows * width), dw_wanted(vocabulary * width), logits(vocabulary);
    for (int64_t r = 0; r < rows; ++r) {
        if (targets[r] < 0) continue;
        for (int64_t v = 0; v < vocabulary; ++v) {
            logits[v] = 0;
            for (int64_t i = 0; i < width; ++i) logits[v] += x.at(r * width + i) * W[v * width + i];
        }
        const double temperature = per_row ? temperatures.at(r) : 1, weight = per_row ? weights.at(r) : objective.scale;
        const auto objective_of_row = [&] {
            const Rows row = of_logits(logits, targets[r], temperature, objective);
            return weight * row.loss - (per_row ? entropy_weights.at(r) : 0) * row.entropy;
        };
        const Rows row = of_logits(logits, targets[r], temperature, objective);
        loss_wanted[r] = row.loss, log_probability_wanted[r] = row.log_probability, entropy_wanted[r] = row.entropy;
        for (int64_t v = 0; v < vocabulary; ++v) {
            const double at = logits[v], step = 1e-4;
            logits[v] = at + step;
            const double above = objective_of_row();
            logits[v] = at - step;
            const double slope = (above - objective_of_row()) / (2 * step);
            logits[v] = at;
            for (int64_t i = 0; i < width; ++i) {
                dx_wanted[r * width + i] += slope * W[v * width + i];
                dw_wanted[v * width + i] += slope * x.at(r * width + i);
            }
        }
    }

    ak_linear* layer = ak_linear_new(width, vocabulary, dtype);
    call(ak_linear_pack(layer, w.floats()));
    Tensor loss(rows), log_probability(rows), entropy(rows), dx(rows * width, dtype), dw(vocabulary * width);
    const ak_head_rows results = {loss.floats(), log_probability.floats(), entropy.floats()};
    call(ak_head(layer, rows, x.data(), targets.data(), &objective, &results, dx.data(), dw.floats(), 0, 1, nullptr));
    const std::initializer_list<int64_t> sizes = {rows, width, vocabulary, per_row};
    compare(named("head loss", sizes, dtype), loss, loss_wanted, 1e-5);
    compare(named("head log-probability", sizes, dtype), log_probability, log_probability_wanted, 1e-5);
    compare(named("head entropy", sizes, dtype), entropy, entropy_wanted, 2e-5);
    const double close = dtype == ak_bf16 ? 3e-2 : 1e-4;
    compare(named("head dx", sizes, dtype), dx, dx_wanted, close);
    compare(named("head dw", sizes, dtype), dw, dw_wanted, close);

    Tensor alone(rows);
    const ak_head_rows one_result = {nullptr, alone.floats(), nullptr};
    call(ak_head(layer, rows, x.data(), targets.data(), &objective, &one_result, nullptr, nullptr, 0, 1, nullptr));
    report(alone.bytes == log_probability.bytes, named("head log-probability without a gradient: same bits", sizes, dtype));
    ak_linear_free(layer);
}

// Logits that share a large offset lose nothing of their entropy and its gradient.
void entropy_of_shifted_logits(float offset) {
    const int64_t rows = 9, width = 17, vocabulary = 67;
    Tensor w = noise(vocabulary * width, ak_f32, 0.3f), x = noise(rows * width), dx(rows * width), dw(vocabulary * width), entropy(rows), ones(rows), zeros(rows);
    Tensor rounded(rows * vocabulary), temperatures(rows);
    for (int64_t v = 0; v < vocabulary; ++v) w.put(v * width + width - 1, 16);
    for (int64_t r = 0; r < rows; ++r) x.put(r * width + width - 1, offset / 16), ones.put(r, 1), zeros.put(r, 0), temperatures.put(r, 0.6f + 0.1f * static_cast<float>(r));
    ak_linear* layer = ak_linear_new(width, vocabulary, ak_f32);
    call(ak_linear_pack(layer, w.floats()));
    call(ak_linear_forward(layer, rows, x.data(), nullptr, nullptr, rounded.data(), ak_f32));
    Tensor found(rows * (width - 1));
    Doubles entropy_wanted(rows), dx_wanted(found.count);
    for (int64_t r = 0; r < rows; ++r) {
        Doubles logits(vocabulary), l(vocabulary);
        double total = 0;
        for (int64_t v = 0; v < vocabulary; ++v) {
            logits[v] = (static_cast<double>(rounded.at(r * vocabulary + v)) - offset) / temperatures.at(r);
            total += std::exp(logits[v]);
        }
        for (int64_t v = 0; v < vocabulary; ++v) l[v] = logits[v] - std::log(total), entropy_wanted[r] -= std::exp(l[v]) * l[v];
        for (int64_t v = 0; v < vocabulary; ++v)
            for (int64_t i = 0; i < width - 1; ++i) dx_wanted[r * (width - 1) + i] += std::exp(l[v]) * (l[v] + entropy_wanted[r]) / temperatures.at(r) * w.at(v * width + i);
    }
    const auto targets = ids(rows, vocabulary);
    ak_objective objective = {};
    objective.weights = zeros.floats(), objective.entropy_weights = ones.floats(), objective.temperatures = temperatures.floats();
    const ak_head_rows results = {nullptr, nullptr, entropy.floats()};
    call(ak_head(layer, rows, x.data(), targets.data(), &objective, &results, dx.data(), dw.floats(), 0, 1, nullptr));
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t i = 0; i < width - 1; ++i) found.put(r * (width - 1) + i, dx.at(r * width + i));
    compare("entropy of logits that share " + std::to_string(offset), entropy, entropy_wanted, 2e-6);
    compare("and its gradient", found, dx_wanted, 1e-5);
    ak_linear_free(layer);
}

// Logits far beyond the cap: their gradient is small, and every element of it is exact to its last bits but a few.
void gradient_beyond_the_cap(float soft_cap) {
    const int64_t vocabulary = 41;  // the weight is the identity: x are the logits, dx is their gradient
    Tensor w(vocabulary * vocabulary), x(vocabulary), dx(vocabulary), dw(vocabulary * vocabulary);
    for (int64_t i = 0; i < w.count; ++i) w.put(i, i % (vocabulary + 1) == 0 ? 1 : 0);
    for (int64_t v = 0; v < vocabulary; ++v) x.put(v, soft_cap * (static_cast<float>(v) - 20) * 0.37f);
    const std::vector<int64_t> targets = {25};
    ak_objective objective = {};
    objective.scale = 1, objective.soft_cap = soft_cap;
    const ak_head_rows results = {};
    ak_linear* layer = ak_linear_new(vocabulary, vocabulary, ak_f32);
    call(ak_linear_pack(layer, w.floats()));
    call(ak_head(layer, 1, x.data(), targets.data(), &objective, &results, dx.data(), dw.floats(), 0, 1, nullptr));
    ak_linear_free(layer);
    double total = 0, worst = 0;
    for (int64_t v = 0; v < vocabulary; ++v) total += std::exp(soft_cap * std::tanh(x.at(v) / static_cast<double>(soft_cap)));
    for (int64_t v = 0; v < vocabulary; ++v) {
        const double u = x.at(v) / static_cast<double>(soft_cap), p = std::exp(soft_cap * std::tanh(u)) / total, wanted = (p - (v == targets[0])) / (std::cosh(u) * std::cosh(u));
        worst = std::max(worst, std::fabs(dx.at(v) - wanted) / std::fabs(wanted));
    }
    report(worst < 1e-5, "gradient of logits up to 7.4 soft caps of " + std::to_string(soft_cap) + ", relative error " + std::to_string(worst * 1e6) + "e-6");
}

// Rows beyond the bound of the gradient's memory are cut into chunks; the weight gradient is one chain over all of them nevertheless.
void head_in_chunks(int dtype) {
    const int64_t width = 8, vocabulary = dtype == ak_bf16 ? 500001 : 240001, rows = 300;  // chunks of 64 or 128 rows
    Tensor w = noise(vocabulary * width, ak_f32, 0.2f), x = noise(rows * width, dtype);
    const auto targets = ids(rows, vocabulary);
    ak_linear* layer = ak_linear_new(width, vocabulary, dtype);
    call(ak_linear_pack(layer, w.floats()));
    Tensor loss(rows), dx(rows * width, dtype), dw(vocabulary * width), loss2(rows), dx2(rows * width, dtype), dw2(vocabulary * width);
    ak_objective objective = {};
    objective.scale = 1.0f / rows;
    const ak_head_rows results = {loss.floats(), nullptr, nullptr};
    call(ak_head(layer, rows, x.data(), targets.data(), &objective, &results, dx.data(), dw.floats(), 0, 1, nullptr));
    for (int64_t from = 0, count; from < rows; from += count) {
        count = std::min<int64_t>(30, rows - from);
        const ak_head_rows part = {loss2.floats() + from, nullptr, nullptr};
        call(ak_head(layer, count, x.bytes.data() + from * width * Tensor::size(dtype), targets.data() + from, &objective, &part,
                     dx2.bytes.data() + from * width * Tensor::size(dtype), dw2.floats(), from > 0, 1, nullptr));
    }
    report(loss.bytes == loss2.bytes && dx.bytes == dx2.bytes && dw.bytes == dw2.bytes, named("head in chunks and in calls: same bits", {rows, width, vocabulary}, dtype));
    ak_linear_free(layer);
}
