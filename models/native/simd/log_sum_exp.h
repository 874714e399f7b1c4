// The normalizer of a row of logits.
#pragma once
#include <cmath>

#include "math.h"

namespace ak::AK_ISA {

// ln Σ e^(logit·inverse_temperature).
inline float log_sum_exp(int64_t vocabulary, const float* logits, float inverse_temperature) {
    const vf factor = set(inverse_temperature);
    vf most = set(-INFINITY);
    each(vocabulary, [&](int64_t i, auto... n) {
        const vf x = load(logits + i, n...) * factor;
        if constexpr (sizeof...(n) == 0) most = max(most, x);
        else most = max(most, first(x, n..., set(-INFINITY)));
    });
    const float top = largest(most);
    vf total = set(0);
    each(vocabulary, [&](int64_t i, auto... n) { total = total + first_lanes(exp(load(logits + i, n...) * factor - set(top)), n...); });
    return static_cast<float>(top + log(sum(total)));
}

}  // namespace ak::AK_ISA
