// Gradients: the engine's entry points, grad modes, and functions whose forward and backward are managed code.
#include "common.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/custom_class.h>

using namespace actortrain;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

ACTORTRAIN_API int32_t grad_mode_enabled() { return at::GradMode::is_enabled(); }
ACTORTRAIN_API void grad_mode_set(int32_t enabled) { at::GradMode::set_enabled(enabled != 0); }
ACTORTRAIN_API int32_t inference_mode_enabled() { return c10::InferenceMode::is_enabled(); }
ACTORTRAIN_API void* inference_mode_new(int32_t enabled) {
    return guarded([&]() -> void* { return new c10::InferenceMode(enabled != 0); });
}
ACTORTRAIN_API void inference_mode_free(void* guard) { delete static_cast<c10::InferenceMode*>(guard); }

ACTORTRAIN_API int32_t tensor_is_leaf(Handle a) { return T(a).is_leaf(); }
ACTORTRAIN_API int32_t tensor_retains_grad(Handle a) { return T(a).retains_grad(); }
STATUS_OP(tensor_retain_grad, (Handle a), T(a).retain_grad())
STATUS_OP(tensor_set_requires_grad, (Handle a, int32_t value), T(a).set_requires_grad(value != 0))
STATUS_OP(tensor_requires_grad_, (Handle a, int32_t value), T(a).requires_grad_(value != 0))
// Null where there is no gradient.
ACTORTRAIN_API Handle tensor_grad(Handle a) {
    return guarded([&] { return give(T(a).grad()); });
}
STATUS_OP(tensor_set_grad, (Handle a, Handle grad), T(a).mutable_grad() = grad ? T(grad) : at::Tensor())
STATUS_OP(tensor_set_data, (Handle a, Handle source), T(a).set_data(T(source)))
STATUS_OP(tensor_detach_, (Handle a), T(a).detach_())

STATUS_OP(autograd_backward,
          (const Handle* tensors, int64_t n, const Handle* grads, int64_t m, int32_t retain_graph, int32_t create_graph,
           const Handle* inputs, int64_t k),
          torch::autograd::backward(list(tensors, n), list(grads, m), retain_graph != 0, create_graph != 0, list(inputs, k)))

// out receives one handle per input, null where the input was not reached (allow_unused).
ACTORTRAIN_API int32_t autograd_grad(const Handle* outputs, int64_t n, const Handle* inputs, int64_t k, const Handle* grads, int64_t m,
                                     int32_t retain_graph, int32_t create_graph, int32_t allow_unused, Handle* out) {
    return guarded([&]() -> int32_t {
        auto made = torch::autograd::grad(list(outputs, n), list(inputs, k), list(grads, m), retain_graph != 0, create_graph != 0, allow_unused != 0);
        for (auto& grad : made) *out++ = give(std::move(grad));
        return 1;
    });
}

// ---- functions written in managed code ----

namespace {

// forward: fills *outputs (room for a managed array the callback allocates through managed_outputs) and returns 1, or 0 after an exception.
// backward: reads n gradients (null where undefined), fills m handles it gives away.
struct ManagedCallbacks {
    int32_t (*forward)(void* state, AutogradContext* context, variable_list* outputs);
    int32_t (*backward)(void* state, AutogradContext* context, const Handle* grads, int64_t n, Handle* out, int64_t m);
    void (*release)(void* state);
    const char* (*error)();
};

// Keeps the managed state alive for as long as the graph can call its backward.
struct ManagedState : torch::CustomClassHolder {
    ManagedState(void* state, const ManagedCallbacks& callbacks, int64_t inputs) : state(state), callbacks(callbacks), inputs(inputs) {}
    ~ManagedState() override { callbacks.release(state); }
    void* state;
    ManagedCallbacks callbacks;
    int64_t inputs;
};

const char* const state_key = "actortrain.state";

struct ManagedFunction : torch::autograd::Function<ManagedFunction> {
    static variable_list forward(AutogradContext* context, at::TensorList inputs, c10::intrusive_ptr<ManagedState> state) {
        variable_list outputs;
        if (!state->callbacks.forward(state->state, context, &outputs)) throw std::runtime_error(state->callbacks.error());
        context->saved_data[state_key] = c10::IValue::make_capsule(std::move(state));
        return outputs;
    }

    static variable_list backward(AutogradContext* context, variable_list grads) {
        auto held = context->saved_data.at(state_key).toCapsule();
        auto* state = static_cast<ManagedState*>(held.get());
        std::vector<Handle> given, returned(static_cast<size_t>(state->inputs), nullptr);
        for (auto& grad : grads) given.push_back(grad.defined() ? grad.unsafeGetTensorImpl() : nullptr);
        const bool done = state->callbacks.backward(state->state, context, given.data(), static_cast<int64_t>(given.size()), returned.data(), state->inputs);
        variable_list results;
        for (auto handle : returned)
            results.push_back(handle ? at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(handle)) : at::Tensor());
        if (!done) throw std::runtime_error(state->callbacks.error());
        // Function::apply takes the managed state as one more argument, which has no gradient.
        results.emplace_back();
        return results;
    }
};

}  // namespace

// Takes a new reference to the tensor behind the handle, which the caller keeps.
ACTORTRAIN_API Handle tensor_share(Handle a) {
    return guarded([&] { return give(at::Tensor(T(a))); });
}

ACTORTRAIN_API int32_t function_add_output(variable_list* outputs, Handle output) {
    return guarded([&]() -> int32_t { outputs->push_back(output ? T(output) : at::Tensor()); return 1; });
}
STATUS_OP(function_save, (AutogradContext* context, const Handle* tensors, int64_t n), context->save_for_backward(list(tensors, n)))
STATUS_OP(function_mark_dirty, (AutogradContext* context, const Handle* tensors, int64_t n), context->mark_dirty(list(tensors, n)))
STATUS_OP(function_mark_non_differentiable, (AutogradContext* context, const Handle* tensors, int64_t n),
          context->mark_non_differentiable(list(tensors, n)))
STATUS_OP(function_materialize_grads, (AutogradContext* context, int32_t value), context->set_materialize_grads(value != 0))
// Null entries stand for tensors that were saved as null.
ACTORTRAIN_API int32_t function_saved(AutogradContext* context, Handle* out, int64_t room) {
    return guarded([&]() -> int32_t {
        auto saved = context->get_saved_variables();
        TORCH_CHECK(static_cast<int64_t>(saved.size()) <= room, "more saved tensors than expected");
        for (auto& tensor : saved) *out++ = give(std::move(tensor));
        return 1;
    });
}

// Runs a managed forward under the graph. out has room for `room` outputs; the number of outputs + 1 comes back, or 0.
ACTORTRAIN_API int64_t function_apply(const Handle* inputs, int64_t n, void* state, const ManagedCallbacks* callbacks, Handle* out, int64_t room) {
    return guarded([&]() -> int64_t {
        auto holder = c10::make_intrusive<ManagedState>(state, *callbacks, n);
        const auto tensors = list(inputs, n);
        // A TensorList, not a vector: apply looks for gradients in the one only.
        auto outputs = ManagedFunction::apply(at::TensorList(tensors), std::move(holder));
        TORCH_CHECK(static_cast<int64_t>(outputs.size()) <= room, "a function returned more than ", room, " tensors");
        for (auto& output : outputs) *out++ = give(std::move(output));
        return static_cast<int64_t>(outputs.size()) + 1;
    });
}
