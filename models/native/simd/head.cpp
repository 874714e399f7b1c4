// The head: losses and log-probabilities of given tokens. Logits exist in float32 for a chunk of rows at a time; their gradient, in the type of the
// products, for as many rows as the bound allows, since the weight gradient is read and written once for each such chunk.
#include <algorithm>
#include <cmath>

#include "kernels.h"
#include "log_sum_exp.h"

namespace ak::AK_ISA {
namespace {

// Both depend on the shapes alone, and both are even, so that pairs of rows never straddle two chunks (which would change bits). 16 MB of logits, or 56
// rows: whole tiles of AVX-512.
int64_t logit_rows(int64_t vocabulary) { return std::max<int64_t>(56, round_up((int64_t{4} << 20) / vocabulary, 56)); }

// Chunks of about equal length.
int64_t gradient_rows(int64_t rows, int64_t vocabulary, int64_t element_size) {
    const int64_t most = std::max<int64_t>(64, ak_head_gradient_bytes / (vocabulary * element_size) / 64 * 64);
    return round_up(ceil_div(rows, ceil_div(rows, most)), 64);
}

// What is computed of one row.
class Row {
public:
    // z = logit·inverse, where the logits are capped first: soft_cap·tanh(raw / soft_cap), into `capped` [vocabulary].
    Row(int64_t vocabulary, const float* raw, float* capped, int64_t target, float inverse, const ak_objective& objective)
        : vocabulary(vocabulary), raw(raw), logits(objective.soft_cap != 0 ? capped : raw), target(target), inverse(inverse), objective(objective) {
        if (objective.soft_cap != 0) cap(capped);
        lse = log_sum_exp(vocabulary, logits, inverse);
    }

    float log_probability() const { return logits[target] * inverse - lse; }
    float entropy() const { return Shifted(*this).entropy; }
    float loss() const {
        float loss = lse - logits[target] * inverse;
        if (objective.label_smoothing != 0) {
            const float mean = total([](vf x) { return x; }) / static_cast<float>(vocabulary);
            loss = (1 - objective.label_smoothing) * loss + objective.label_smoothing * (lse - mean);
        }
        if (objective.z_loss != 0) loss += objective.z_loss * lse * lse;
        return loss;
    }

    // d [vocabulary] = gradient of weight·loss − entropy_weight·entropy with respect to the logits. With l = z − lse and p = e^l it is p·(a + b·l) + c, and
    // −weight·(1 − smoothing) more at the target; then through temperature and cap.
    template <class T>
    void gradient(float weight, float entropy_weight, T* d) const {
        if (entropy_weight == 0) return gradient(weight, 0, 0, [&](vf logit) { return max(set(-128), logit * set(inverse) - set(lse)); }, d);
        const Shifted z(*this);
        gradient(weight, entropy_weight, z.entropy, [&](vf logit) { return z.of(logit) - set(z.log_total); }, d);
    }

private:
    // The row with z counted from the largest down: nothing cancels, however large logits are that all share. A logit of −∞ counts nothing.
    struct Shifted {
        explicit Shifted(const Row& row) : top(largest(row.vocabulary, row.logits)), inverse(row.inverse) {
            vf all = set(0), of_z = set(0);
            each(row.vocabulary, [&](int64_t i, auto... n) {
                const vf z = of(load(row.logits + i, n...)), e = exp(z);
                all = all + first_lanes(e, n...);
                of_z = of_z + first_lanes(e * z, n...);
            });
            const float total = sum(all);
            log_total = static_cast<float>(log(total));
            entropy = log_total - sum(of_z) / total;
        }
        vf of(vf logit) const { return max(set(-87.3f), (logit - set(top)) * set(inverse)); }

        float top, inverse, log_total, entropy;
    };

    template <class LogProbability, class T>
    void gradient(float weight, float b, float entropy, const LogProbability& log_probability, T* d) const {
        const float a = 2 * weight * objective.z_loss * lse + b * entropy, c = -weight * objective.label_smoothing / static_cast<float>(vocabulary);
        const vf all = set(weight + a);
        each(vocabulary, [&](int64_t i, auto... n) {
            const vf l = log_probability(load(logits + i, n...)), p = exp(l);
            store(d + i, through(fma(p, fma(set(b), l, all), set(c)), load(raw + i, n...)), n...);
        });
        const vf l = log_probability(set(logits[target])), p = exp(l);
        const vf kept = (p - set(1 - objective.label_smoothing)) * set(weight);
        store(d + target, through(fma(p, fma(set(b), l, set(a)), kept + set(c)), set(raw[target])), 1);
    }

    void cap(float* capped) const {
        const vf most = set(objective.soft_cap), twice_inverse = set(2 / objective.soft_cap);
        each(vocabulary, [&](int64_t i, auto... n) {
            const vf e = exp(load(raw + i, n...) * twice_inverse);
            store(capped + i, most * ((e - set(1)) / (e + set(1))), n...);
        });
    }

    // d z / d raw = inverse·(1 − tanh²(raw / soft_cap)) = inverse·4e / (1 + e)², with e = e^(−2·|raw| / soft_cap): near the cap, where it vanishes, it is as
    // exact as elsewhere.
    vf through(vf d, vf raw) const {
        d = d * set(inverse);
        if (objective.soft_cap == 0) return d;
        const vf e = exp(max(raw, set(0) - raw) * set(-2 / objective.soft_cap)), sum = set(1) + e;
        return d * (set(4) * e / (sum * sum));
    }

    template <class Of>
    float total(const Of& of) const {
        vf all = set(0);
        each(vocabulary, [&](int64_t i, auto... n) { all = all + first_lanes(of(load(logits + i, n...) * set(inverse)), n...); });
        return sum(all);
    }

    const int64_t vocabulary;
    const float *const raw, *const logits;
    const int64_t target;
    const float inverse;  // of the temperature
    const ak_objective& objective;
    float lse;
};

template <class T>
struct Head {
    ak_linear& linear;
    int64_t rows;
    const T* x;
    const int64_t* targets;
    const ak_objective& objective;
    const ak_head_rows& results;

    // Rows [from, from + count); d [count, vocabulary] may be null.
    void logits(int64_t from, int64_t count, T* d) const {
        const int64_t vocabulary = linear.out, chunk = std::min(logit_rows(vocabulary), count);
        float* logits = scratch(Slot::logits).floats(chunk * vocabulary);
        for (int64_t begin = 0; begin < count; begin += chunk) {
            const int64_t now = std::min(chunk, count - begin);
            linear_forward(linear, now, x + (from + begin) * linear.in, nullptr, nullptr, logits, ak_f32, nullptr);
            float* capped = objective.soft_cap != 0 ? scratch(Slot::blocks).floats(vocabulary * threads()) : nullptr;
            parallel_ranges(now, 8, [&](int64_t first, int64_t end, int thread) {
                for (int64_t i = first; i < end; ++i)
                    row(from + begin + i, logits + i * vocabulary, capped + (capped ? thread * vocabulary : 0), d ? d + (begin + i) * vocabulary : nullptr);
            });
        }
    }

    // Lanes are added along their tree, so all of them are in one chunk.
    void with_gradient(T* dx, float* dw, bool accumulate, int64_t lanes, ak_token_rows* tokens) const {
        const int64_t chunk = lanes > 1 ? rows : std::min(gradient_rows(rows, linear.out, sizeof(T)), rows);
        T* d = reinterpret_cast<T*>(scratch(Slot::gradients).reserve(chunk * linear.out * sizeof(T)));
        for (int64_t from = 0; from < rows; from += chunk) {
            const int64_t count = std::min(chunk, rows - from);
            logits(from, count, d);
            linear_input_gradient(linear, count, d, nullptr, dx + from * linear.in);
            head_weight_gradient(linear, count, lanes, d, x + from * linear.in, dw, accumulate || from > 0, tokens);
        }
    }

private:
    void row(int64_t i, const float* logits, float* capped, T* d) const {
        const auto put = [i](float* to, float value) {
            if (to) to[i] = value;
        };
        if (targets[i] < 0) {
            for (float* to : {results.loss, results.log_probability, results.entropy}) put(to, 0);
            if (d) std::fill(d, d + linear.out, T{});
            return;
        }
        const Row row(linear.out, logits, capped, targets[i], objective.temperatures ? inverse_of(objective.temperatures[i]) : 1, objective);
        put(results.loss, row.loss());
        put(results.log_probability, row.log_probability());
        if (results.entropy) results.entropy[i] = row.entropy();
        if (d) row.gradient(objective.weights ? objective.weights[i] : objective.scale, objective.entropy_weights ? objective.entropy_weights[i] : 0, d);
    }
};

template <class T>
void head(ak_linear& linear, int64_t rows, const void* x, const int64_t* targets, const ak_objective& objective, const ak_head_rows& results,
          void* dx, float* dw, bool accumulate, int64_t lanes, ak_token_rows* tokens) {
    const Head<T> head{linear, rows, static_cast<const T*>(x), targets, objective, results};
    if (dx) head.with_gradient(static_cast<T*>(dx), dw, accumulate, lanes, tokens);
    else head.logits(0, rows, nullptr);
}

}  // namespace

void head(ak_linear& linear, int64_t rows, const void* x, const int64_t* targets, const ak_objective& objective, const ak_head_rows& results,
          void* dx, float* dw, bool accumulate, int64_t lanes, ak_token_rows* tokens) {
    if (linear.dtype == ak_bf16) head<bf16>(linear, rows, x, targets, objective, results, dx, dw, accumulate, lanes, tokens);
    else head<float>(linear, rows, x, targets, objective, results, dx, dw, accumulate, lanes, tokens);
}

}  // namespace ak::AK_ISA
