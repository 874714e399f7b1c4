// Element-wise operations that make a new tensor.
#include "common.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/bitwise_and.h>
#include <ATen/ops/bitwise_not.h>
#include <ATen/ops/bitwise_or.h>
#include <ATen/ops/bitwise_xor.h>
#include <ATen/ops/ceil.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/div.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/expm1.h>
#include <ATen/ops/floor.h>
#include <ATen/ops/floor_divide.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isinf.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/le.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log1p.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/logical_not.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/masked_fill.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/round.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/rsub.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/signbit.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/square.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/where.h>

using namespace actortrain;

#define UNARY(op) TENSOR_OP(tensor_##op, (Handle a), at::op(T(a)))
UNARY(abs) UNARY(bitwise_not) UNARY(ceil) UNARY(cos) UNARY(erf) UNARY(exp) UNARY(expm1) UNARY(floor) UNARY(isfinite)
UNARY(isinf) UNARY(isnan) UNARY(log) UNARY(log1p) UNARY(logical_not) UNARY(neg) UNARY(reciprocal) UNARY(relu) UNARY(round)
UNARY(rsqrt) UNARY(sigmoid) UNARY(sign) UNARY(signbit) UNARY(silu) UNARY(sin) UNARY(sqrt) UNARY(square) UNARY(tanh)

#define BINARY(op) TENSOR_OP(tensor_##op, (Handle a, Handle b), at::op(T(a), T(b)), a, b)
#define BINARY_SCALAR(op) TENSOR_OP(tensor_##op##_scalar, (Handle a, ScalarValue b), at::op(T(a), S(b)))
BINARY(bitwise_and) BINARY(bitwise_or) BINARY(bitwise_xor) BINARY(div) BINARY(eq) BINARY(floor_divide) BINARY(ge) BINARY(gt)
BINARY(le) BINARY(logical_and) BINARY(logical_or) BINARY(lt) BINARY(maximum) BINARY(minimum) BINARY(mul) BINARY(ne) BINARY(pow)
BINARY(remainder)
BINARY_SCALAR(div) BINARY_SCALAR(eq) BINARY_SCALAR(floor_divide) BINARY_SCALAR(ge) BINARY_SCALAR(gt) BINARY_SCALAR(le)
BINARY_SCALAR(lt) BINARY_SCALAR(mul) BINARY_SCALAR(ne) BINARY_SCALAR(pow) BINARY_SCALAR(remainder)

TENSOR_OP(tensor_add, (Handle a, Handle b, ScalarValue alpha), at::add(T(a), T(b), S(alpha)), a, b)
TENSOR_OP(tensor_add_scalar, (Handle a, ScalarValue b, ScalarValue alpha), at::add(T(a), S(b), S(alpha)))
TENSOR_OP(tensor_sub, (Handle a, Handle b, ScalarValue alpha), at::sub(T(a), T(b), S(alpha)), a, b)
TENSOR_OP(tensor_sub_scalar, (Handle a, ScalarValue b, ScalarValue alpha), at::sub(T(a), S(b), S(alpha)))
TENSOR_OP(tensor_rsub_scalar, (Handle a, ScalarValue b), at::rsub(T(a), S(b)))
TENSOR_OP(tensor_scalar_pow, (ScalarValue a, Handle b), at::pow(S(a), T(b)))
TENSOR_OP(tensor_lerp, (Handle a, Handle end, Handle weight), at::lerp(T(a), T(end), T(weight)), a, end, weight)
TENSOR_OP(tensor_lerp_scalar, (Handle a, Handle end, ScalarValue weight), at::lerp(T(a), T(end), S(weight)), a, end)
TENSOR_OP(tensor_masked_fill, (Handle a, Handle mask, ScalarValue value), at::masked_fill(T(a), T(mask), S(value)), a, mask)
TENSOR_OP(tensor_where, (Handle condition, Handle a, Handle b), at::where(T(condition), T(a), T(b)), condition, a, b)

ACTORTRAIN_API Handle tensor_clamp(Handle a, int32_t has_min, ScalarValue min, int32_t has_max, ScalarValue max) {
    return guarded([&] {
        return give(at::clamp(T(a), has_min ? optional<at::Scalar>(S(min)) : nullopt,
                              has_max ? optional<at::Scalar>(S(max)) : nullopt));
    });
}
