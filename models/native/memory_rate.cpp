// How fast memory is: the limit of every pass over data that no cache holds. Several streams side by side, since one alone does not keep memory busy.
#include <immintrin.h>

#include <algorithm>
#include <chrono>

#include "boundary.h"

namespace {

constexpr int64_t line = 16;           // floats
constexpr int64_t lines_ahead = 8;     // asked for in advance; hardware does not prefetch beyond a page
constexpr int64_t floats = 128 << 20;  // 512 MiB
using Pass = void (*)(float* at, int64_t count);

template <int Streams>
__attribute__((target("avx2"))) void read(float* at, int64_t count) {
    const int64_t length = count / Streams / line * line;
    __m256i all = _mm256_setzero_si256();
    for (int64_t i = 0; i < length; i += line)
#pragma GCC unroll 16
        for (int s = 0; s < Streams; ++s) {
            const float* from = at + s * length + i;
            _mm_prefetch(reinterpret_cast<const char*>(from + lines_ahead * line), _MM_HINT_T0);
            const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)), high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 8));
            all = _mm256_or_si256(all, _mm256_or_si256(low, high));
        }
    asm volatile("" ::"x"(all));  // is wanted
}

template <int Streams>
__attribute__((target("avx2"))) void update(float* at, int64_t count) {
    const int64_t length = count / Streams / line * line;
    const __m256 one = _mm256_set1_ps(1);
    for (int64_t i = 0; i < length; i += line)
#pragma GCC unroll 16
        for (int s = 0; s < Streams; ++s) {
            float* to = at + s * length + i;
            _mm_prefetch(reinterpret_cast<const char*>(to + lines_ahead * line), _MM_HINT_T0);
            _mm256_storeu_ps(to, _mm256_sub_ps(one, _mm256_loadu_ps(to)));
            _mm256_storeu_ps(to + 8, _mm256_sub_ps(one, _mm256_loadu_ps(to + 8)));
        }
}

// Its first half to the second, past the caches.
template <int Streams>
__attribute__((target("avx2"))) void copy(float* at, int64_t count) {
    const int64_t length = count / 2 / Streams / line * line, half = Streams * length;
    for (int64_t i = 0; i < length; i += line)
#pragma GCC unroll 16
        for (int s = 0; s < Streams; ++s) {
            const float* from = at + s * length + i;
            _mm_prefetch(reinterpret_cast<const char*>(from + lines_ahead * line), _MM_HINT_T0);
            _mm256_stream_ps(at + half + s * length + i, _mm256_loadu_ps(from));
            _mm256_stream_ps(at + half + s * length + i + 8, _mm256_loadu_ps(from + 8));
        }
    _mm_sfence();
}

double seconds_of(Pass pass, float* memory) {
    const int64_t count = floats / ak::threads() / line * line;
    const auto begin = std::chrono::steady_clock::now();
    ak::parallel(ak::threads(), [&](int64_t part, int) { pass(memory + part * count, count); });
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

extern "C" double ak_memory_rate(int writes, int repetitions) {
    double rate = __builtin_nan("");
    ak::guarded([&] {
        ak::kernels();  // there is AVX2
        ak::check_size("repetitions", repetitions);
        ak::Buffer buffer;
        float* memory = buffer.floats(floats);
        ak::parallel_ranges(floats, int64_t{1} << 20, [&](int64_t begin, int64_t end, int) { std::fill(memory + begin, memory + end, 1.0f); });
        const Pass reads[] = {read<1>, read<2>, read<4>, read<8>, read<16>}, updates[] = {update<1>, update<2>, update<4>, update<8>, copy<1>, copy<4>};
        double best = 1e9;
        for (int i = 0; i < repetitions; ++i)
            if (writes)
                for (Pass pass : updates) best = std::min(best, seconds_of(pass, memory) / (pass == updates[4] || pass == updates[5] ? 1 : 2));
            else
                for (Pass pass : reads) best = std::min(best, seconds_of(pass, memory));
        rate = static_cast<double>(floats * sizeof(float)) / best;
    });
    return rate;
}
