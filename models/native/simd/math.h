// exp and log from polynomials of our own: the same bits on every machine of an instruction set, whatever its C library.
#pragma once
#include <cmath>

#include "vector.h"

namespace ak::AK_ISA {

// e^x, relative error below 2e-7 for −87.3 ≤ x ≤ 88.3; beyond it stays at the value of the nearer end. NaN stays NaN.
inline vf exp(vf x) {
    x = min(set(88.3f), max(set(-87.3f), x));
    const vf n = round(x * set(1.44269504f));
    vf r = fma(n, set(-0.693359375f), x);  // ln 2 in two parts, so that r is exact to the last bit
    r = fma(n, set(2.12194440e-4f), r);
    vf p = set(1.98756915e-4f);  // Cephes expf
    p = fma(p, r, set(1.39819995e-3f));
    p = fma(p, r, set(8.33345190e-3f));
    p = fma(p, r, set(4.16657960e-2f));
    p = fma(p, r, set(1.66666655e-1f));
    p = fma(p, r, set(5.00000012e-1f));
    p = fma(p, r * r, r + set(1.0f));
    return times_power_of_two(p, n);
}

// ln x for a positive float, one at a time: 2·artanh((m − 1)/(m + 1)) + e·ln 2. NaN and infinity stay.
inline double log(double x) {
    if (!(x > 0) || std::isinf(x)) return x == 0 ? -INFINITY : x < 0 ? NAN : x;
    uint64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    int exponent = static_cast<int>(bits >> 52) - 1023;
    bits = (bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull;
    double m;
    std::memcpy(&m, &bits, sizeof m);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        ++exponent;
    }
    const double s = (m - 1) / (m + 1), q = s * s;
    double series = 0;
    for (int i = 21; i >= 1; i -= 2) series = series * q + 1.0 / i;
    return 2 * s * series + exponent * 0.6931471805599453;
}

}  // namespace ak::AK_ISA
