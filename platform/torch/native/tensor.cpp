// What a tensor says of itself.
#include "common.h"

#include <ATen/ops/_local_scalar_dense.h>

using namespace actortrain;

ACTORTRAIN_API void tensor_free(Handle a) { c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(a); }

// Read without a transition of the garbage collector: these neither allocate, block nor call back.
ACTORTRAIN_API int64_t tensor_numel(Handle a) { return T(a).numel(); }
ACTORTRAIN_API int64_t tensor_ndim(Handle a) { return T(a).dim(); }
ACTORTRAIN_API int32_t tensor_dtype(Handle a) { return static_cast<int32_t>(T(a).scalar_type()); }
ACTORTRAIN_API int32_t tensor_device_type(Handle a) { return static_cast<int32_t>(T(a).device().type()); }
ACTORTRAIN_API int32_t tensor_device_index(Handle a) { return static_cast<int32_t>(T(a).device().index()); }
ACTORTRAIN_API int32_t tensor_is_contiguous(Handle a) { return T(a).is_contiguous(); }
ACTORTRAIN_API int32_t tensor_requires_grad(Handle a) { return T(a).requires_grad(); }
ACTORTRAIN_API int64_t tensor_element_size(Handle a) { return T(a).element_size(); }
ACTORTRAIN_API int64_t tensor_storage_offset(Handle a) { return T(a).storage_offset(); }
ACTORTRAIN_API void tensor_shape(Handle a, int64_t* out) {
    for (auto size : T(a).sizes()) *out++ = size;
}
ACTORTRAIN_API void tensor_strides(Handle a, int64_t* out) {
    for (auto stride : T(a).strides()) *out++ = stride;
}

ACTORTRAIN_API void* tensor_data(Handle a) {
    return guarded([&]() -> void* { return T(a).data_ptr(); });
}
ACTORTRAIN_API int32_t tensor_item(Handle a, ScalarValue* out) {
    return guarded([&]() -> int32_t {
        TORCH_CHECK(T(a).numel() == 1, "a Tensor with ", T(a).numel(), " elements cannot be converted to Scalar");
        auto value = at::_local_scalar_dense(T(a));
        if (value.isFloatingPoint()) {
            double number = value.toDouble();
            std::memcpy(&out->bits, &number, sizeof number);
            out->kind = 1;
        } else if (value.isBoolean()) {
            out->bits = value.toBool();
            out->kind = 2;
        } else {
            out->bits = value.toLong();
            out->kind = 0;
        }
        return 1;
    });
}
