// Rotary positions.
#include "kernels.h"
#include "vector.h"

namespace ak::AK_ISA {
namespace {

template <class T>
void rotate(int64_t rows, int64_t heads, int64_t width, int64_t row_width, T* x, const int64_t* positions, int64_t table_rows, const float* cos, const float* sin,
            bool inverse) {
    const int64_t half = width / 2;
    const vf sign = set(inverse ? -1 : 1);
    parallel_ranges(rows, 16, [&](int64_t begin, int64_t end, int) {
        for (int64_t row = begin; row < end; ++row)
            for (int64_t h = 0; h < heads; ++h) {
                T *a = x + row * row_width + h * width, *b = a + half;
                const int64_t angle = (positions ? positions[row] : row % table_rows) * half;
                each(half, [&](int64_t i, auto... n) {
                    const vf c = load(cos + angle + i, n...), s = load(sin + angle + i, n...) * sign, u = load(a + i, n...), v = load(b + i, n...);
                    store(a + i, u * c - v * s, n...);
                    store(b + i, v * c + u * s, n...);
                });
            }
    });
}

}  // namespace

void rope(int64_t rows, int64_t heads, int64_t head_width, int64_t row_width, void* x, const int64_t* positions, int64_t table_rows, const float* cos,
          const float* sin, bool inverse, int dtype) {
    if (dtype == ak_bf16) rotate(rows, heads, head_width, row_width, static_cast<bf16*>(x), positions, table_rows, cos, sin, inverse);
    else rotate(rows, heads, head_width, row_width, static_cast<float*>(x), positions, table_rows, cos, sin, inverse);
}

}  // namespace ak::AK_ISA
