// New tensors.
#include "common.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Functions.h>

using namespace actortrain;

namespace {
at::Tensor leaf(at::Tensor tensor, int32_t requires_grad) {
    return requires_grad ? tensor.set_requires_grad(true) : tensor;
}
}  // namespace

#define SHAPE const int64_t *d, int64_t n
#define MADE int32_t dtype, int32_t device, int32_t index, int32_t requires_grad
#define OPTIONS options(dtype, device, index)
TENSOR_OP(tensor_empty, (SHAPE, MADE), leaf(at::empty(dims(d, n), OPTIONS), requires_grad))
TENSOR_OP(tensor_zeros, (SHAPE, MADE), leaf(at::zeros(dims(d, n), OPTIONS), requires_grad))
TENSOR_OP(tensor_ones, (SHAPE, MADE), leaf(at::ones(dims(d, n), OPTIONS), requires_grad))
TENSOR_OP(tensor_full, (SHAPE, ScalarValue value, MADE), leaf(at::full(dims(d, n), S(value), OPTIONS), requires_grad))
TENSOR_OP(tensor_rand, (SHAPE, void* generator, MADE), leaf(at::rand(dims(d, n), G(generator), OPTIONS), requires_grad))
TENSOR_OP(tensor_randn, (SHAPE, void* generator, MADE), leaf(at::randn(dims(d, n), G(generator), OPTIONS), requires_grad))
TENSOR_OP(tensor_randint, (int64_t low, int64_t high, SHAPE, void* generator, MADE),
          leaf(at::randint(low, high, dims(d, n), G(generator), OPTIONS), requires_grad))
TENSOR_OP(tensor_randperm, (int64_t count, void* generator, MADE), leaf(at::randperm(count, G(generator), OPTIONS), requires_grad))
TENSOR_OP(tensor_arange, (ScalarValue start, ScalarValue stop, ScalarValue step, MADE),
          leaf(at::arange(S(start), S(stop), S(step), OPTIONS), requires_grad))
TENSOR_OP(tensor_linspace, (ScalarValue start, ScalarValue stop, int64_t steps, MADE),
          leaf(at::linspace(S(start), S(stop), steps, OPTIONS), requires_grad))
TENSOR_OP(tensor_eye, (int64_t rows, int64_t columns, MADE), leaf(at::eye(rows, columns, OPTIONS), requires_grad))
TENSOR_OP(tensor_empty_like, (Handle a, MADE), leaf(at::empty_like(T(a), OPTIONS), requires_grad))
TENSOR_OP(tensor_zeros_like, (Handle a, MADE), leaf(at::zeros_like(T(a), OPTIONS), requires_grad))
TENSOR_OP(tensor_ones_like, (Handle a, MADE), leaf(at::ones_like(T(a), OPTIONS), requires_grad))
TENSOR_OP(tensor_full_like, (Handle a, ScalarValue value, MADE), leaf(at::full_like(T(a), S(value), OPTIONS), requires_grad))

// Copies the caller's elements, then converts and moves them where asked.
ACTORTRAIN_API Handle tensor_from_data(const void* data, int32_t source, SHAPE, MADE) {
    return guarded([&] {
        auto host = at::empty(dims(d, n), at::TensorOptions().dtype(static_cast<at::ScalarType>(source)));
        std::memcpy(host.data_ptr(), data, static_cast<size_t>(host.nbytes()));
        return give(leaf(host.to(OPTIONS), requires_grad));
    });
}

// Shares the caller's memory; released(context) is called when the last view of it is gone.
ACTORTRAIN_API Handle tensor_from_memory(void* data, SHAPE, int32_t dtype, void* context, void (*released)(void*)) {
    return guarded([&] {
        return give(at::from_blob(data, dims(d, n), [context, released](void*) { released(context); },
                                  at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype))));
    });
}

ACTORTRAIN_API void* generator_new(uint64_t seed, int32_t device, int32_t index) {
    return guarded([&]() -> void* {
        auto kind = static_cast<at::DeviceType>(device);
        auto made = kind == at::kCPU
            ? at::detail::createCPUGenerator(seed)
            : at::globalContext().defaultGenerator(at::Device(kind, static_cast<c10::DeviceIndex>(index))).clone();
        made.set_current_seed(seed);
        return new at::Generator(std::move(made));
    });
}
ACTORTRAIN_API void* generator_default() {
    return guarded([&]() -> void* { return new at::Generator(at::globalContext().defaultGenerator(at::Device(at::kCPU))); });
}
ACTORTRAIN_API void generator_free(void* generator) { delete static_cast<at::Generator*>(generator); }
STATUS_OP(generator_seed, (void* generator, uint64_t seed), static_cast<at::Generator*>(generator)->set_current_seed(seed))
STATUS_OP(generator_set_state, (void* generator, Handle state), static_cast<at::Generator*>(generator)->set_state(T(state)))
TENSOR_OP(generator_get_state, (void* generator), static_cast<at::Generator*>(generator)->get_state())
ACTORTRAIN_API uint64_t generator_initial_seed(void* generator) {
    return guarded([&] { return static_cast<at::Generator*>(generator)->current_seed(); });
}
STATUS_OP(seed_everything, (uint64_t seed), at::manual_seed(seed))
