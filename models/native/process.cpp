// libactortrain_process.so: what concerns libtorch and the process as a whole. It is loaded before libtorch and for all libraries to see, which is how the
// first function below takes effect. No header of libtorch is needed: its functions are asked for by name.
#include <dlfcn.h>
#include <strings.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#define PROCESS_API extern "C" __attribute__((visibility("default")))

// MKL inside libtorch asks this before it takes AVX-512 kernels, and of itself says no on AMD processors: 155 instead of 360 GFLOP/s. What the processor can
// do it still asks cpuid.
PROCESS_API int mkl_serv_intel_cpu_true() { return 1; }

namespace {

// A thread inside libtorch while static destructors run ends in a crash. Handlers run in reverse order of their registration, so this one comes before the
// destructors of every library that was loaded before it.
void leave(int status, void*) {
    std::fflush(nullptr);
    _exit(status);
}

// A function of libtorch's CPU library, which contains MKL and oneDNN; null where it is not loaded or lacks it.
template <class Function>
Function* find(const char* name) {
    void* handle = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
    if (!handle) return nullptr;
    auto* function = reinterpret_cast<Function*>(dlsym(handle, name));
    dlclose(handle);
    return function;
}

const char* keep(const std::string& text) {
    static thread_local std::string kept;
    kept = text;
    return kept.c_str();
}

const char* call(const char* name) {
    auto* get = find<std::string()>(name);
    return keep(get ? get() : "");
}

// MKLVersion of mkl_types.h.
struct MklVersion {
    int major, minor, update;
    const char *status, *build, *processor, *platform;
};

MklVersion mkl_version() {
    MklVersion version{0, 0, 0, "", "", "", ""};
    if (auto* get = find<void(MklVersion*)>("mkl_serv_get_version")) get(&version);
    return version;
}

}  // namespace

// To be called once, after libtorch was loaded. Returns 1 when the process will end by _exit.
PROCESS_API int process_leave_without_destructors() { return on_exit(leave, nullptr) == 0; }

// Texts stay valid until the thread's next call; empty where libtorch is not loaded or lacks the function.
PROCESS_API const char* process_cpu_capability() { return call("_ZN2at18get_cpu_capabilityB5cxx11Ev"); }
PROCESS_API const char* process_onednn_version() { return call("_ZN2at18get_mkldnn_versionB5cxx11Ev"); }

PROCESS_API const char* process_mkl_version() {
    const MklVersion version = mkl_version();
    return keep(std::to_string(version.major) + "." + std::to_string(version.minor) + "." + std::to_string(version.update) + " build " + version.build);
}

// The processors whose code MKL takes, in its words.
PROCESS_API const char* process_mkl_processor() { return keep(mkl_version().processor); }

// MKL's mode of conditional numerical reproducibility, as MKL_CBWR names it.
PROCESS_API const char* process_mkl_cbwr() {
    static const char* const branches[] = {"OFF",    "OFF", "AUTO", "COMPATIBLE", "SSE2",   "",       "SSSE3",        "SSE4_1",
                                           "SSE4_2", "AVX", "AVX2", "AVX512_MIC", "AVX512", "AVX512_MIC_E1", "AVX512_E1"};
    constexpr int all = ~0, strict = 0x10000, count = sizeof branches / sizeof *branches;
    auto* get = find<int(int)>("mkl_serv_cbwr_get");
    const int mode = get ? get(all) : -1, branch = mode & ~strict;
    return keep((branch >= 0 && branch < count ? branches[branch] : std::to_string(mode)) + std::string(mode > 0 && mode & strict ? ",STRICT" : ""));
}

// The instruction set that oneDNN takes, which it tells nobody: the best of this CPU that the environment allows, by the names of ONEDNN_MAX_CPU_ISA.
PROCESS_API const char* process_onednn_isa() {
    __builtin_cpu_init();
    const struct { const char* name; bool has; } levels[] = {
        {"SSE41", true},
        {"AVX", bool(__builtin_cpu_supports("avx"))},
        {"AVX2", bool(__builtin_cpu_supports("avx2"))},
        {"AVX2_VNNI", bool(__builtin_cpu_supports("avxvnni"))},
        {"AVX2_VNNI_2", false},  // has nothing for the types that are used here
        {"AVX512_CORE", bool(__builtin_cpu_supports("avx512dq"))},
        {"AVX512_CORE_VNNI", bool(__builtin_cpu_supports("avx512vnni"))},
        {"AVX512_CORE_BF16", bool(__builtin_cpu_supports("avx512bf16"))},
        {"AVX512_CORE_FP16", bool(__builtin_cpu_supports("avx512fp16"))},
        {"AVX512_CORE_AMX", bool(__builtin_cpu_supports("amx-bf16"))},
    };
    const char* limit = std::getenv("ONEDNN_MAX_CPU_ISA");
    if (!limit) limit = std::getenv("DNNL_MAX_CPU_ISA");
    const char* best = "";
    for (const auto& level : levels) {
        if (level.has) best = level.name;
        if (limit && strcasecmp(limit, level.name) == 0) break;
    }
    return best;
}
