// libactortrain_process.so: what concerns libtorch and the process as a whole. It is loaded before libtorch and for all libraries to see, which is how the
// first function below takes effect. No header of libtorch is needed: its functions are asked for by name.
#include <dlfcn.h>
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

const char* call(const char* library, const char* function) {
    static thread_local std::string text;
    text.clear();
    if (void* handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD)) {
        if (auto* get = reinterpret_cast<std::string (*)()>(dlsym(handle, function))) text = get();
        dlclose(handle);
    }
    return text.c_str();
}

}  // namespace

// To be called once, after libtorch was loaded. Returns 1 when the process will end by _exit.
PROCESS_API int process_leave_without_destructors() { return on_exit(leave, nullptr) == 0; }

// Texts stay valid until the thread's next call; empty where libtorch is not loaded or lacks the function.
PROCESS_API const char* process_cpu_capability() { return call("libtorch_cpu.so", "_ZN2at18get_cpu_capabilityB5cxx11Ev"); }
PROCESS_API const char* process_mkl_version() { return call("libtorch_cpu.so", "_ZN2at15get_mkl_versionB5cxx11Ev"); }
PROCESS_API const char* process_onednn_version() { return call("libtorch_cpu.so", "_ZN2at18get_mkldnn_versionB5cxx11Ev"); }

// MKL's mode of conditional numerical reproducibility (mkl_cbwr_get of MKL_CBWR_ALL), or -1.
PROCESS_API int process_mkl_cbwr() {
    int mode = -1;
    if (void* handle = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD)) {
        if (auto* get = reinterpret_cast<int (*)(int)>(dlsym(handle, "mkl_serv_cbwr_get"))) mode = get(~0);
        dlclose(handle);
    }
    return mode;
}
