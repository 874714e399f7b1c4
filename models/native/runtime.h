// What every kernel file shares: element types, parallel loops, scratch memory and the error that crosses the C boundary.
#pragma once
#include <omp.h>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace ak {

struct bf16 {
    uint16_t bits;
};

// Bad arguments; ak_error() shows the sentence.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Gradients can be computed of several lanes at once: of 2^n lanes, n at most this.
constexpr int max_lane_levels = 16;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// Threads of the parallel loops that the calling thread begins. The number is our own: OpenMP's belongs to libtorch, which uses the same runtime and is
// held to one thread where its bits count.
int threads();
void set_threads(int count);

// Room of a core's second-level cache.
int64_t l2_floats();

// Calls body(task, thread) for every task. Which thread runs a task is left to chance, so no result may depend on it. Always the whole
// team: a team of changing size makes libgomp rebuild it.
template <class Body>
void parallel(int64_t tasks, const Body& body) {
    if (tasks <= 1 || threads() == 1) {
        for (int64_t task = 0; task < tasks; ++task) body(task, 0);
        return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(threads())
    for (int64_t task = 0; task < tasks; ++task) body(task, omp_get_thread_num());
}

// Cuts [0, count) into pieces of `grain` (the last one shorter): body(begin, end, thread).
template <class Body>
void parallel_ranges(int64_t count, int64_t grain, const Body& body) {
    parallel(ceil_div(count, grain), [&](int64_t piece, int thread) {
        const int64_t begin = piece * grain;
        body(begin, begin + grain < count ? begin + grain : count, thread);
    });
}

// 64-byte aligned memory, in huge pages where it is large. Its content is undefined after it has grown.
class Buffer {
public:
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { std::free(memory); }

    void* reserve(size_t bytes);
    float* floats(int64_t count) { return static_cast<float*>(reserve(static_cast<size_t>(count) * sizeof(float))); }
    float* data() const { return static_cast<float*>(memory); }

private:
    void* memory = nullptr;
    size_t capacity = 0;
};

// Scratch of the calling thread, reused from call to call. Each use has a slot of its own, so that a function may hold two.
enum class Slot { blocks, partials, logits, gradients, weights, count };
Buffer& scratch(Slot slot);

}  // namespace ak
