// ln Σ e^(logit / temperature) of a row, for losses and for sampling alike: their log-probabilities are equal to the bit.
#pragma once
#include <cmath>

#include "math.h"

namespace ak::AK_ISA {

// What logits are multiplied by at a temperature.
inline float inverse_of(double temperature) { return 1 / static_cast<float>(temperature); }

inline float largest(int64_t count, const float* x) {
    vf most = set(-INFINITY);
    each(count, [&](int64_t i, auto... n) {
        const vf a = load(x + i, n...);
        if constexpr (sizeof...(n) == 0) most = max(most, a);
        else most = max(most, first(a, n..., set(-INFINITY)));
    });
    return largest(most);
}

inline float log_sum_exp(int64_t vocabulary, const float* logits, float inverse_temperature) {
    const float top = largest(vocabulary, logits);
    vf total = set(0);
    each(vocabulary, [&](int64_t i, auto... n) {
        total = total + first_lanes(exp((load(logits + i, n...) - set(top)) * set(inverse_temperature)), n...);
    });
    return static_cast<float>(top * inverse_temperature + log(sum(total)));
}

}  // namespace ak::AK_ISA
