#include "runtime.h"

#include "kernels_table.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace ak {
namespace {

// Of a thread that was told no number: as many as the thread that loaded the library had.
const int ambient_threads = omp_get_max_threads();
thread_local int own_threads = 0;

}  // namespace

int threads() { return own_threads > 0 ? own_threads : ambient_threads; }
void set_threads(int count) { own_threads = count > 0 ? count : 1; }

int64_t l2_floats() {
    static const int64_t floats = [] {
        const int64_t bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);  // 0 or less where the system does not know
        return (bytes > 0 ? bytes : int64_t{512} << 10) / static_cast<int64_t>(sizeof(float));
    }();
    return floats;
}

void* Buffer::reserve(size_t bytes) {
    if (bytes <= capacity) return memory;
    constexpr size_t huge = size_t{2} << 20;
    const size_t alignment = bytes >= huge ? huge : 64, size = (bytes + alignment - 1) / alignment * alignment;
    void* fresh = std::aligned_alloc(alignment, size);
    if (!fresh) throw std::bad_alloc();
    if (alignment == huge) madvise(fresh, size, MADV_HUGEPAGE);  // advice: where it is refused, pages are small and that is all
    std::free(memory);
    memory = fresh;
    capacity = size;
    return memory;
}

Buffer& scratch(Slot slot) {
    thread_local Buffer buffers[static_cast<int>(Slot::count)];
    return buffers[static_cast<int>(slot)];
}

}  // namespace ak

void ak_token_rows::begin(int64_t lane_count, int64_t row_count, const int64_t* ids) {
    for (int64_t token : tokens) places[static_cast<size_t>(token)] = -1;
    tokens.clear();
    lanes = lane_count;
    for (int64_t i = 0; i < row_count; ++i) {
        int32_t& place = places[static_cast<size_t>(ids[i])];
        if (place >= 0) continue;
        place = static_cast<int32_t>(tokens.size());
        tokens.push_back(ids[i]);
    }
    rows.floats(lanes * count() * width);
}
