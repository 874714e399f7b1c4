// What kernel_bench measures with: time, the limits of processor and memory, and which of the library's functions have a case.
#pragma once
#include <dlfcn.h>
#include <elf.h>
#include <immintrin.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../kernels.h"

using Clock = std::chrono::steady_clock;
inline double patience = 0.5;

inline double best_seconds(const std::function<void()>& call) {
    call();
    double best = 1e9;
    const auto start = Clock::now();
    for (int i = 0; i < 3 || std::chrono::duration<double>(Clock::now() - start).count() < patience; ++i) {
        const auto begin = Clock::now();
        call();
        best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    return best;
}

// ---- Limits ----------------------------------------------------------------------------------------------------------------------------------

constexpr int64_t rounds = 4000000, chains = 12;  // as long as a large product takes: a processor is faster for a shorter time

// Chains of multiply-adds in registers, enough of them to hide the latency. The compiler must neither see through the loop nor move a sum to memory.
#define AK_ALL(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11)
#define AK_START(c) auto sum##c = one - one;
#define AK_STEP(c)            \
    sum##c = add(one, sum##c); \
    asm volatile("" : "+v"(sum##c));
#define AK_RATE(name, isa, type, multiply_add, per_instruction)             \
    __attribute__((target(isa), noinline)) inline double name(float x) {           \
        type one;                                                           \
        for (auto& lane : reinterpret_cast<float(&)[sizeof one / 4]>(one)) lane = x; \
        const auto add = [](type a, type sum) __attribute__((target(isa), always_inline)) { return multiply_add; }; \
        AK_ALL(AK_START)                                                    \
        for (int64_t i = 0; i < rounds; ++i) { AK_ALL(AK_STEP) }            \
        return static_cast<double>(rounds * chains * (per_instruction));    \
    }
AK_RATE(fma_256, "avx2,fma", __m256, _mm256_fmadd_ps(a, a, sum), 16)
AK_RATE(fma_512, "avx512f", __m512, _mm512_fmadd_ps(a, a, sum), 32)
AK_RATE(pairs_512, "avx512f,avx512bf16", __m512, _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)a), 64)

inline double flops_limit(int dtype, int threads) {
    const std::string name = ak_description();
    const auto rate = name == "x86-64-v3" ? fma_256 : dtype == ak_bf16 && name == "x86-64-v4+bf16" ? pairs_512 : fma_512;
    std::vector<double> flops(static_cast<size_t>(threads));
    const double seconds = best_seconds([&] {
#pragma omp parallel for num_threads(threads)
        for (int t = 0; t < threads; ++t) flops[static_cast<size_t>(t)] = rate(1.1f);
    });
    return flops[0] * threads / seconds;
}

// Room of the largest cache, by the kernel: the C library's answer is wrong on some virtual machines.
inline double cache_bytes() {
    double most = 1 << 20;
    for (int level = 0; level < 8; ++level) {
        std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(level) + "/size");
        double kilobytes = 0;
        if (file >> kilobytes) most = std::max(most, kilobytes * 1024);
    }
    return most;
}

// ---- Cases -------------------------------------------------------------------------------------------------------------------------------------

// Functions of the library that some case calls.
inline std::set<void*>& measured() {
    static std::set<void*> all;
    return all;
}
template <auto function>
struct Measured {
    static const bool noted;
};
template <auto function>
const bool Measured<function>::noted = measured().insert(reinterpret_cast<void*>(function)).second;

// How a case calls a kernel; that it is in the source is enough to be noted, before main.
template <auto kernel, class... Arguments>
auto run(Arguments... arguments) {
    static_cast<void>(Measured<kernel>::noted);
    return kernel(arguments...);
}

// Functions that compute nothing: they choose, make, end, look up or measure.
inline const std::set<std::string> no_kernels = {"ak_configure",  "ak_description",    "ak_error",           "ak_set_threads",      "ak_memory_rate",
                                                 "ak_linear_new", "ak_linear_free",    "ak_linear_packed",   "ak_token_rows_new",   "ak_token_rows_free",
                                                 "ak_kv_new",     "ak_kv_free",        "ak_token_rows_begin"};

// What the library exports by the names of its table of symbols.
inline std::vector<std::string> exported() {
    Dl_info library = {};
    dladdr(reinterpret_cast<void*>(&ak_error), &library);
    void* handle = dlopen("libactortrain_kernels.so", RTLD_NOW | RTLD_NOLOAD);
    if (void* error = handle ? dlsym(handle, "ak_error") : nullptr) dladdr(error, &library);
    std::ifstream file(library.dli_fname, std::ios::binary);
    const std::vector<char> image((std::istreambuf_iterator<char>(file)), {});
    std::vector<std::string> names;
    if (image.size() < sizeof(Elf64_Ehdr)) return names;
    const auto* head = reinterpret_cast<const Elf64_Ehdr*>(image.data());
    const auto* sections = reinterpret_cast<const Elf64_Shdr*>(image.data() + head->e_shoff);
    for (int i = 0; i < head->e_shnum; ++i) {
        if (sections[i].sh_type != SHT_DYNSYM) continue;
        const auto* symbols = reinterpret_cast<const Elf64_Sym*>(image.data() + sections[i].sh_offset);
        const char* text = image.data() + sections[sections[i].sh_link].sh_offset;
        for (uint64_t k = 0; k < sections[i].sh_size / sizeof *symbols; ++k)
            if (symbols[k].st_shndx != SHN_UNDEF && std::strncmp(text + symbols[k].st_name, "ak_", 3) == 0) names.push_back(text + symbols[k].st_name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

// Prints the kernels that no case calls; true if there are none.
inline bool every_kernel_is_measured() {
    const std::vector<std::string> names = exported();
    bool is_whole = names.size() > no_kernels.size();
    if (!is_whole) std::fprintf(stderr, "kernel_bench: the functions of the library were not found\n");
    for (const std::string& name : names)
        if (no_kernels.count(name) == 0 && measured().count(dlsym(RTLD_DEFAULT, name.c_str())) == 0) {
            std::fprintf(stderr, "kernel_bench: %s has no case\n", name.c_str());
            is_whole = false;
        }
    return is_whole;
}

// What a call cannot do without: multiply-adds count as two; bytes are those that it must read and write once.
struct Work {
    double flops = 0, read = 0, written = 0;
};

struct Bench {
    int dtype, threads;
    double flops, read, update;  // per second: the limits; of bytes read, and of bytes read and written
    std::string wanted;

    int64_t size() const { return dtype == ak_bf16 ? 2 : 4; }
    // Of an element of a packed weight or of a key in a cache.
    double packed_size() const { return dtype == ak_bf16 && std::strcmp(ak_description(), "x86-64-v4+bf16") == 0 ? 2 : 4; }

    std::vector<char> activations(int64_t count) const {
        std::vector<char> x(static_cast<size_t>(count * size()));
        for (int64_t i = 0; i < count; ++i) {
            const float value = static_cast<float>(i * 2654435761 % 2001) * 1e-3f - 1;
            uint32_t bits;
            std::memcpy(&bits, &value, 4);
            if (dtype == ak_bf16) bits >>= 16;
            std::memcpy(&x[static_cast<size_t>(i * size())], &bits, static_cast<size_t>(size()));
        }
        return x;
    }
    bool wants(std::initializer_list<std::string> names) const {
        return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return name.find(wanted) != std::string::npos; });
    }

    // The least time that the limits allow: either of them, whichever is longer.
    double least_seconds(const Work& work) const {
        const double both = std::min(work.read, work.written);
        return std::max(work.flops / flops, 2 * both / update + (work.read - both) / read + (work.written - both) / update);
    }
    void report(const std::string& name, const Work& work, const std::function<int()>& call) const {
        if (!wants({name})) return;
        const double seconds = best_seconds([&] {
            if (call() != 0) std::fprintf(stderr, "%s: %s\n", name.c_str(), ak_error()), std::exit(1);
        });
        const bool is_product = least_seconds(work) == work.flops / flops;
        const double rate = (is_product ? work.flops : work.read + work.written) / seconds;
        std::printf("  %-66s %7.1f %s  %5.1f %%%s\n", name.c_str(), rate * 1e-9, is_product ? "GFLOP/s" : "GB/s   ", 100 * least_seconds(work) / seconds,
                    !is_product && work.read + work.written <= cache_bytes() ? ", in the caches" : "");
        std::fflush(stdout);
    }
};
