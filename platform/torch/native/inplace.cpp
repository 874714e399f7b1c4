// Operations that write into their first operand.
#include "common.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/addcdiv.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/copy.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/div.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/fill.h>
#include <ATen/ops/index_add.h>
#include <ATen/ops/index_copy.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/log.h>
#include <ATen/ops/masked_fill.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/normal.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/scatter.h>
#include <ATen/ops/scatter_add.h>
#include <ATen/ops/set.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/square.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tril.h>
#include <ATen/ops/triu.h>
#include <ATen/ops/uniform.h>
#include <ATen/ops/zero.h>

using namespace actortrain;

#define UNARY(op) STATUS_OP(tensor_##op##_, (Handle a), T(a).op##_())
UNARY(abs) UNARY(cos) UNARY(exp) UNARY(log) UNARY(neg) UNARY(reciprocal) UNARY(rsqrt) UNARY(sigmoid) UNARY(sin) UNARY(sqrt)
UNARY(square) UNARY(tanh) UNARY(zero)

STATUS_OP(tensor_add_, (Handle a, Handle b, ScalarValue alpha), T(a).add_(T(b), S(alpha)), a, b)
STATUS_OP(tensor_add_scalar_, (Handle a, ScalarValue b, ScalarValue alpha), T(a).add_(S(b), S(alpha)))
STATUS_OP(tensor_sub_, (Handle a, Handle b, ScalarValue alpha), T(a).sub_(T(b), S(alpha)), a, b)
STATUS_OP(tensor_sub_scalar_, (Handle a, ScalarValue b, ScalarValue alpha), T(a).sub_(S(b), S(alpha)))
STATUS_OP(tensor_mul_, (Handle a, Handle b), T(a).mul_(T(b)), a, b)
STATUS_OP(tensor_mul_scalar_, (Handle a, ScalarValue b), T(a).mul_(S(b)))
STATUS_OP(tensor_div_, (Handle a, Handle b), T(a).div_(T(b)), a, b)
STATUS_OP(tensor_div_scalar_, (Handle a, ScalarValue b), T(a).div_(S(b)))
STATUS_OP(tensor_pow_, (Handle a, Handle b), T(a).pow_(T(b)), a, b)
STATUS_OP(tensor_pow_scalar_, (Handle a, ScalarValue b), T(a).pow_(S(b)))
STATUS_OP(tensor_addcmul_, (Handle a, Handle b, Handle c, ScalarValue value), T(a).addcmul_(T(b), T(c), S(value)), a, b, c)
STATUS_OP(tensor_addcdiv_, (Handle a, Handle b, Handle c, ScalarValue value), T(a).addcdiv_(T(b), T(c), S(value)), a, b, c)
STATUS_OP(tensor_lerp_, (Handle a, Handle end, Handle weight), T(a).lerp_(T(end), T(weight)), a, end, weight)
STATUS_OP(tensor_lerp_scalar_, (Handle a, Handle end, ScalarValue weight), T(a).lerp_(T(end), S(weight)), a, end)
STATUS_OP(tensor_fill_, (Handle a, ScalarValue value), T(a).fill_(S(value)))
STATUS_OP(tensor_copy_, (Handle a, Handle source, int32_t non_blocking), T(a).copy_(T(source), non_blocking != 0), a, source)
STATUS_OP(tensor_masked_fill_, (Handle a, Handle mask, ScalarValue value), T(a).masked_fill_(T(mask), S(value)), a, mask)
STATUS_OP(tensor_index_add_, (Handle a, int64_t dim, Handle index, Handle source, ScalarValue alpha),
          T(a).index_add_(dim, T(index), T(source), S(alpha)), a, index, source)
STATUS_OP(tensor_index_copy_, (Handle a, int64_t dim, Handle index, Handle source),
          T(a).index_copy_(dim, T(index), T(source)), a, index, source)
STATUS_OP(tensor_scatter_, (Handle a, int64_t dim, Handle index, Handle source), T(a).scatter_(dim, T(index), T(source)), a, index, source)
STATUS_OP(tensor_scatter_add_, (Handle a, int64_t dim, Handle index, Handle source),
          T(a).scatter_add_(dim, T(index), T(source)), a, index, source)
STATUS_OP(tensor_set_, (Handle a, Handle source), T(a).set_(T(source)))
STATUS_OP(tensor_tril_, (Handle a, int64_t diagonal), T(a).tril_(diagonal))
STATUS_OP(tensor_triu_, (Handle a, int64_t diagonal), T(a).triu_(diagonal))
STATUS_OP(tensor_normal_, (Handle a, double mean, double std, void* generator), T(a).normal_(mean, std, G(generator)))
STATUS_OP(tensor_uniform_, (Handle a, double from, double to, void* generator), T(a).uniform_(from, to, G(generator)))

ACTORTRAIN_API int32_t tensor_clamp_(Handle a, int32_t has_min, ScalarValue min, int32_t has_max, ScalarValue max) {
    return guarded([&]() -> int32_t {
        T(a).clamp_(has_min ? optional<at::Scalar>(S(min)) : nullopt,
                    has_max ? optional<at::Scalar>(S(max)) : nullopt);
        return 1;
    });
}
