// Tokens drawn from logits by the inverse of the cumulative distribution. Nothing is sorted: what is kept of the likeliest is found by bisection.
#include <algorithm>
#include <cmath>

#include "../kernels.h"
#include "kernels.h"
#include "log_sum_exp.h"

namespace ak::AK_ISA {
namespace {

constexpr int64_t block = 256;              // ids whose weights are summed by themselves: order depends on nothing but the id
constexpr float least_weight = 1.3e-38f;    // below it exp stays at its lower end
constexpr float deepest = 128;              // weights are 0 for logits further below the largest

struct Candidate {
    float logit, weight;
};

// Kept are logits above it, and of those equal to it the first few.
struct Cut {
    float logit;
    int64_t equal;
};

// The fewest of the likeliest candidates whose measures add up to the goal, or all. Equal logits have equal measures. Destroys the candidates, of which
// the largest logit is `top`.
template <class Measure>
Cut cut_at(double goal, float top, Candidate* candidates, int64_t count, const Measure& measure) {
    float below = top - deepest, most = top;  // the last logit kept is in (below, most], as are the remaining candidates
    double above = 0;                         // the measure of those above `most`
    for (;;) {
        const float middle = static_cast<float>((static_cast<double>(below) + most) / 2);
        if (middle <= below || middle >= most) break;
        double upper = 0;
        for (int64_t i = 0; i < count; ++i) upper += candidates[i].logit > middle ? measure(candidates[i]) : 0;
        const bool is_upper = above + upper >= goal;
        int64_t left = 0;
        for (int64_t i = 0; i < count; ++i) {
            const Candidate candidate = candidates[i];
            candidates[left] = candidate;
            left += (candidate.logit > middle) == is_upper;
        }
        count = left;
        if (is_upper) below = middle;
        else most = middle, above += upper;
    }
    int64_t equal = 0;
    while (equal < count && above < goal) above += measure(candidates[equal++]);
    return {most, equal};
}

// One row: the ids below `count`, at their temperature and under their penalty.
class Distribution {
public:
    static int64_t floats(int64_t count) { return round_up(4 * count + ceil_div(count, block) + 2, W); }

    Distribution(const ak_sampling& options, float inverse_temperature, const float* from, float* memory)
        : count(options.pieces), logits(memory), weights(logits + count), sums(weights + count),
          candidates(reinterpret_cast<Candidate*>(sums + ceil_div(count, block))) {
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

    // e^(logit − top), summed over blocks.
    void weigh(double min_p) {
        const vf least = set(std::max(least_weight, static_cast<float>(min_p)));
        each(count, [&](int64_t i, auto... n) { store(weights + i, at_least(exp(load(logits + i, n...) - set(top)), least), n...); });
        add_up();
    }
    void keep_top_k(int64_t k) {
        if (k < collect()) keep(cut_at(static_cast<double>(k), top, candidates, found, [](const Candidate&) { return 1.0; }));
    }
    void keep_top_p(double p) {
        collect();
        keep(cut_at(p * total, top, candidates, found, [](const Candidate& candidate) { return static_cast<double>(candidate.weight); }));
    }

    int64_t draw(double uniform) const {
        double left = uniform * total;
        const int64_t begin = first_beyond(left, sums, ceil_div(count, block)) * block;
        return begin + first_beyond(left, weights + begin, std::min(block, count - begin));
    }
    float log_probability(int64_t id) const { return static_cast<float>(logits[id] - top - log(total)); }

private:
    // The first at which the weights add up to more than `left`, of which what those before it have left remains. Where rounding has left more than all
    // together: the last that is not 0.
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

    int64_t collect() {
        found = 0;
        for (int64_t i = 0; i < count; ++i) {
            candidates[found] = {logits[i], weights[i]};
            found += weights[i] > 0;
        }
        return found;
    }

    void keep(Cut cut) {
        for (int64_t i = 0; i < count; ++i)
            if (!(logits[i] > cut.logit) && !(logits[i] == cut.logit && cut.equal-- > 0)) weights[i] = 0;
        add_up();
    }

    void add_up() {
        total = 0;
        for (int64_t i = 0; i < count; i += block) {
            vf of_block = set(0);
            each(std::min(block, count - i), [&](int64_t j, auto... n) { of_block = of_block + load(weights + i + j, n...); });
            total += sums[i / block] = sum(of_block);
        }
    }

    int64_t count, found = 0;
    float *logits, *weights, *sums;
    Candidate* candidates;
    float top;
    double total = 0;
};

ak_sampled sample_row(int64_t vocabulary, const float* logits, const ak_sampling& options, float* memory) {
    const bool is_greedy = options.temperature == 0;
    const float inverse_temperature = is_greedy ? 1 : static_cast<float>(1 / options.temperature);
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
