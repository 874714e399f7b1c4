// Tokens drawn from logits by the inverse of the cumulative distribution. Nothing is sorted: what is kept of the likeliest is found by bisection.
#include <algorithm>
#include <cmath>

#include "../kernels.h"
#include "kernels.h"
#include "log_sum_exp.h"

namespace ak::AK_ISA {
namespace {

constexpr int64_t block = 256;  // ids whose weights are summed by themselves: the order of additions depends on nothing but the id
constexpr float deepest = 128;  // logits further below the largest have a weight of 0

// One row: the ids below `count`, at their temperature and under their penalty.
class Distribution {
public:
    static int64_t floats(int64_t count) { return round_up(2 * count + ceil_div(count, block), W); }

    Distribution(const ak_sampling& options, float inverse_temperature, const float* from, float* memory)
        : count(options.pieces), logits(memory), weights(logits + count), sums(weights + count) {
        each(count, [&](int64_t i, auto... n) { store(logits + i, load(from + i, n...) * set(inverse_temperature), n...); });
        const float penalty = static_cast<float>(options.repetition_penalty);
        if (penalty != 1)
            for (int64_t i = 0; i < options.seen_count; ++i)
                if (const int64_t id = options.seen[i]; id < count)
                    logits[id] = (from[id] > 0 ? from[id] / penalty : from[id] * penalty) * inverse_temperature;
        top = largest(count, logits);
    }

    bool is_empty() const { return std::isinf(top); }
    int64_t likeliest() const { return std::find(logits, logits + count, top) - logits; }

    // e^(logit − top). The least that counts: min_p, and what exp cannot go below.
    void weigh(double min_p) {
        const float least = std::max(std::nextafter(static_cast<float>(min_p), 0.0f), 1.3e-38f);
        each(count, [&](int64_t i, auto... n) {
            const vf weight = exp(load(logits + i, n...) - set(top));
            store(weights + i, where_above(weight, set(least), weight), n...);
        });
        add_up();
    }
    void keep_top_k(int64_t k) {
        keep(static_cast<double>(k), [](vf weight) { return where_above(weight, set(0), set(1)); });
    }
    void keep_top_p(double p) {
        keep(p * total, [](vf weight) { return weight; });
    }

    int64_t draw(double uniform) const {
        double left = uniform * total;
        const int64_t begin = first_beyond(left, sums, ceil_div(count, block)) * block;
        return begin + first_beyond(left, weights + begin, std::min(block, count - begin));
    }
    float log_probability(int64_t id) const { return static_cast<float>(logits[id] - top - log(total)); }

private:
    // The first at which the weights add up to more than `left`; those before it are subtracted from `left`. Where rounding has made `left` more than all of
    // them, the last that is not 0.
    static int64_t first_beyond(double& left, const float* weights, int64_t count) {
        int64_t last = 0;
        for (int64_t i = 0; i < count; ++i) {
            if (!(weights[i] > 0)) continue;
            if (left < weights[i]) return i;
            left -= weights[i];
            last = i;
        }
        left = INFINITY;
        return last;
    }

    // Sets to 0 all weights but the fewest of the likeliest ids whose measures reach the goal.
    template <class Measure>
    void keep(double goal, const Measure& measure) {
        float below = std::min(top - deepest, std::nextafter(top, -INFINITY)), last = top;  // the last logit that is kept is in (below, last]
        for (;;) {
            const float middle = static_cast<float>((static_cast<double>(below) + last) / 2);
            if (middle <= below || middle >= last) break;
            (sum_above(middle, measure) >= goal ? below : last) = middle;
        }
        double missing = goal - sum_above(last, measure);  // of those equal to the last, as many are kept, in order of ids, as reach the goal
        each(count, [&](int64_t i, auto... n) { store(weights + i, where_above(load(logits + i, n...), set(below), load(weights + i, n...)), n...); });
        for (int64_t i = 0; i < count; ++i) {
            if (logits[i] != last) continue;
            if (missing <= 0) weights[i] = 0;
            missing -= largest(measure(set(weights[i])));
        }
        add_up();
    }

    template <class Measure>
    double sum_above(float bound, const Measure& measure) const {
        double all = 0;
        for (int64_t i = 0; i < count; i += block) {
            vf of_block = set(0);
            each(std::min(block, count - i), [&](int64_t j, auto... n) {
                const vf kept = where_above(load(logits + i + j, n...), set(bound), measure(load(weights + i + j, n...)));
                of_block = of_block + first_lanes(kept, n...);
            });
            all += sum(of_block);
        }
        return all;
    }

    void add_up() {
        total = 0;
        for (int64_t i = 0; i < count; i += block) {
            vf of_block = set(0);
            each(std::min(block, count - i), [&](int64_t j, auto... n) { of_block = of_block + load(weights + i + j, n...); });
            total += sums[i / block] = sum(of_block);
        }
    }

    int64_t count;
    float *logits, *weights, *sums;
    float top;
    double total = 0;
};

ak_sampled sample_row(int64_t vocabulary, const float* logits, const ak_sampling& options, float* memory) {
    const bool is_greedy = options.temperature == 0;
    const float inverse_temperature = is_greedy ? 1 : inverse_of(options.temperature);
    const float lse = log_sum_exp(vocabulary, logits, inverse_temperature);  // NaN where any logit is, or infinity
    Distribution distribution(options, inverse_temperature, logits, memory);
    if (std::isnan(lse) || distribution.is_empty()) return {-1, NAN, NAN};
    const auto result = [&](int64_t token, float drawn) { return ak_sampled{token, logits[token] * inverse_temperature - lse, drawn}; };
    if (is_greedy) return result(distribution.likeliest(), 0);
    distribution.weigh(options.min_p);
    if (options.top_k > 0) distribution.keep_top_k(options.top_k);
    if (options.top_p < 1) distribution.keep_top_p(options.top_p);
    const int64_t token = distribution.draw(options.uniform);
    return result(token, distribution.log_probability(token));
}

}  // namespace

void sample(int64_t rows, int64_t vocabulary, const float* logits, const ak_sampling* options, ak_sampled* sampled) {
    const int64_t floats = Distribution::floats(vocabulary);
    float* memory = scratch(Slot::blocks).floats(floats * threads());
    parallel(rows, [&](int64_t row, int thread) {
        sampled[row] = sample_row(vocabulary, logits + row * vocabulary, options[row], memory + thread * floats);
    });
}

}  // namespace ak::AK_ISA
