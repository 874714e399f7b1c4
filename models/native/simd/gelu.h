// GELU (Hendrycks and Gimpel 2016, arXiv:1606.08415) in its tanh form, and its derivative.
#pragma once
#include "math.h"

namespace ak::AK_ISA {

inline vf sigmoid(vf x) { return set(1) / (set(1) + exp(set(0) - x)); }

// 0.5·(1 + tanh u) is sigmoid(2u): one exponential, and no cancellation for large negative u.
constexpr float two_c = 1.5957691216057308f;  // 2·√(2/π)
inline vf gelu_gate(vf x) { return sigmoid(x * fma(x * x, set(two_c * 0.044715f), set(two_c))); }

inline vf gelu_of(vf x) { return x * gelu_gate(x); }
inline vf gelu_slope(vf x) {
    const vf gate = gelu_gate(x), slope = fma(x * x, set(two_c * 3 * 0.044715f), set(two_c));  // of 2u
    return fma(x * slope, gate * (set(1) - gate), gate);
}

}  // namespace ak::AK_ISA
