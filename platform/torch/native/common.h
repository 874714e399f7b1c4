// What every file of the shim shares: handles, scalars, and the one place where C++ exceptions end.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/Generator.h>
#include <c10/core/Scalar.h>
#include <c10/core/TensorImpl.h>
#include <c10/util/Exception.h>
#include <c10/util/Optional.h>
#include <torch/version.h>

#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace actortrain {

// libtorch's own optional became the standard one on its way through version 2.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
template <class Value> using optional = std::optional<Value>;
inline constexpr std::nullopt_t nullopt = std::nullopt;
#else
template <class Value> using optional = c10::optional<Value>;
using c10::nullopt;
#endif

// A handle is the reference-counted tensor itself, so that passing one costs neither an allocation nor a count.
// at::Tensor is exactly one such pointer, hence the borrowed view below.
using Handle = c10::TensorImpl*;
static_assert(sizeof(at::Tensor) == sizeof(Handle), "at::Tensor must be one pointer");

inline const at::Tensor& T(const Handle& handle) {
    TORCH_CHECK(handle != nullptr, "a tensor was expected, got null");
    return reinterpret_cast<const at::Tensor&>(handle);
}

inline optional<at::Tensor> optional_tensor(const Handle& handle) {
    return handle ? optional<at::Tensor>(T(handle)) : nullopt;
}

inline Handle give(at::Tensor tensor) { return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr; }

struct ScalarValue {
    int64_t bits;  // a double's bits, an integer, or a truth value
    int32_t kind;  // 0 integer, 1 floating point, 2 bool
    int32_t unused;
};

inline at::Scalar S(ScalarValue value) {
    if (value.kind == 1) {
        double number;
        std::memcpy(&number, &value.bits, sizeof number);
        return at::Scalar(number);
    }
    return value.kind == 2 ? at::Scalar(value.bits != 0) : at::Scalar(value.bits);
}

inline at::IntArrayRef dims(const int64_t* values, int64_t count) {
    return at::IntArrayRef(values, static_cast<size_t>(count));
}

inline optional<at::ScalarType> optional_dtype(int32_t code) {
    return code < 0 ? nullopt : optional<at::ScalarType>(static_cast<at::ScalarType>(code));
}

inline at::TensorOptions options(int32_t dtype, int32_t device, int32_t index) {
    auto made = at::TensorOptions(at::Device(static_cast<at::DeviceType>(device), static_cast<c10::DeviceIndex>(index)));
    return dtype < 0 ? made : made.dtype(static_cast<at::ScalarType>(dtype));
}

inline optional<at::Generator> G(void* generator) {
    return generator ? optional<at::Generator>(*static_cast<at::Generator*>(generator)) : nullopt;
}

inline std::vector<at::Tensor> list(const Handle* handles, int64_t count) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) tensors.push_back(handles[i] ? T(handles[i]) : at::Tensor());
    return tensors;
}

void set_error(std::string message);

inline void describe(std::ostream& out, int& count, const Handle& handle) {
    if (handle) out << (count++ ? " and " : "") << T(handle).sizes();
}

// Runs the body; an exception becomes this thread's error message, with the operands' shapes where there are several,
// and the result a zero (null handle, failed status).
template <class Body, class... Operands>
auto guarded(Body&& body, const Operands&... operands) noexcept -> decltype(body()) {
    std::string message;
    try {
        return body();
    } catch (const c10::Error& error) {
        message = error.what_without_backtrace();
    } catch (const std::exception& error) {
        message = error.what();
    } catch (...) {
        message = "unknown C++ exception";
    }
    if constexpr (sizeof...(operands) > 1) {
        std::ostringstream shapes;
        int count = 0;
        (describe(shapes, count, operands), ...);
        if (count > 1) message += " (shapes " + shapes.str() + ")";
    }
    set_error(std::move(message));
    return {};
}

}  // namespace actortrain

#define ACTORTRAIN_API extern "C" __attribute__((visibility("default")))
// NAME(parameters) returns a new handle. What follows the expression are the operands named in an error.
#define TENSOR_OP(name, parameters, expression, ...) \
    ACTORTRAIN_API Handle name parameters { return guarded([&] { return give(expression); }, ##__VA_ARGS__); }
// NAME(parameters) returns 1, or 0 when it failed.
#define STATUS_OP(name, parameters, statement, ...) \
    ACTORTRAIN_API int32_t name parameters { return guarded([&]() -> int32_t { statement; return 1; }, ##__VA_ARGS__); }
