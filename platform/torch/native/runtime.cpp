// The library as a whole: its errors, threads, what it was built with, and how a process leaves it.
#include "common.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <unistd.h>

namespace actortrain {

namespace {
thread_local std::string pending, reported;
thread_local bool failed = false;
}  // namespace

void set_error(std::string message) {
    pending = std::move(message);
    failed = true;
}

}  // namespace actortrain

using namespace actortrain;

// This thread's last error, or null; reading it clears it. The text stays valid until the next error is read.
ACTORTRAIN_API const char* last_error() {
    if (!failed) return nullptr;
    failed = false;
    reported = std::move(pending);
    return reported.c_str();
}

ACTORTRAIN_API void set_num_threads(int32_t count) { at::set_num_threads(count); }
ACTORTRAIN_API int32_t get_num_threads() { return at::get_num_threads(); }
STATUS_OP(set_num_interop_threads, (int32_t count), at::set_num_interop_threads(count))
ACTORTRAIN_API int32_t get_num_interop_threads() { return static_cast<int32_t>(at::get_num_interop_threads()); }
ACTORTRAIN_API void set_deterministic(int32_t value) { at::globalContext().setDeterministicAlgorithms(value != 0, false); }

ACTORTRAIN_API int32_t cuda_device_count() {
    return guarded([&]() -> int32_t {
        return at::globalContext().hasCUDA() ? static_cast<int32_t>(at::detail::getCUDAHooks().getNumGPUs()) : 0;
    });
}
STATUS_OP(cuda_synchronize, (int32_t index), at::detail::getCUDAHooks().deviceSynchronize(
    static_cast<c10::DeviceIndex>(index < 0 ? at::detail::getCUDAHooks().current_device() : index)))

ACTORTRAIN_API const char* torch_version() { return TORCH_VERSION; }
ACTORTRAIN_API const char* torch_configuration() {
    static const std::string text = at::show_config();
    return text.c_str();
}
ACTORTRAIN_API const char* torch_onednn_version() {
    static const std::string text = at::get_mkldnn_version();
    return text.c_str();
}

namespace {
// libtorch_cpu's own view of a symbol: what its relocations were bound to.
void* seen_by_torch(const char* symbol) {
    if (void* global = dlsym(RTLD_DEFAULT, symbol)) return global;
    Dl_info info;
    if (!dladdr(reinterpret_cast<void*>(&at::get_num_threads), &info)) return nullptr;
    void* torch = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    return torch ? dlsym(torch, symbol) : nullptr;
}
}  // namespace

// The file that provides the symbol to libtorch, or null.
ACTORTRAIN_API const char* provider_of(const char* symbol) {
    Dl_info info;
    void* address = seen_by_torch(symbol);
    return address && dladdr(address, &info) ? info.dli_fname : nullptr;
}
// OpenBLAS's name for the kernels it chose, or null with another BLAS.
ACTORTRAIN_API const char* blas_core() {
    auto* name = reinterpret_cast<char* (*)()>(seen_by_torch("openblas_get_corename"));
    return name ? name() : nullptr;
}
// dnnl_cpu_isa_t of the kernels oneDNN may use, or 0 when it is linked in statically or absent.
ACTORTRAIN_API int32_t onednn_isa() {
    auto* isa = reinterpret_cast<int (*)()>(seen_by_torch("dnnl_get_effective_cpu_isa"));
    return isa ? isa() : 0;
}
ACTORTRAIN_API const char* torch_library() {
    Dl_info info;
    return dladdr(reinterpret_cast<void*>(&at::get_num_threads), &info) ? info.dli_fname : nullptr;
}

namespace {
// A thread inside libtorch while its static destructors run ends in a crash. Handlers run in reverse order of their
// registration, so this one, registered when libtorch is loaded, comes before all of its destructors.
void leave(int status, void*) {
    std::fflush(nullptr);
    _exit(status);
}
}  // namespace

ACTORTRAIN_API int32_t leave_without_destructors() { return on_exit(leave, nullptr) == 0; }
