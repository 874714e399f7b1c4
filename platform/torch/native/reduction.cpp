// Sums, extrema, norms, orders and draws.
#include "common.h"

#include <ATen/ops/all.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/any.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/argmin.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/frexp.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/max.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/min.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/prod.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/std.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/var.h>

using namespace actortrain;

TENSOR_OP(tensor_sum, (Handle a, int32_t dtype), at::sum(T(a), optional_dtype(dtype)))
TENSOR_OP(tensor_sum_dims, (Handle a, const int64_t* d, int64_t n, int32_t keepdim, int32_t dtype),
          at::sum(T(a), dims(d, n), keepdim != 0, optional_dtype(dtype)))
TENSOR_OP(tensor_mean, (Handle a, int32_t dtype), at::mean(T(a), optional_dtype(dtype)))
TENSOR_OP(tensor_mean_dims, (Handle a, const int64_t* d, int64_t n, int32_t keepdim, int32_t dtype),
          at::mean(T(a), dims(d, n), keepdim != 0, optional_dtype(dtype)))
TENSOR_OP(tensor_var, (Handle a, int32_t unbiased), at::var(T(a), unbiased != 0))
TENSOR_OP(tensor_var_dims, (Handle a, const int64_t* d, int64_t n, int32_t unbiased, int32_t keepdim),
          at::var(T(a), dims(d, n), unbiased != 0, keepdim != 0))
TENSOR_OP(tensor_std, (Handle a, int32_t unbiased), at::std(T(a), unbiased != 0))
TENSOR_OP(tensor_std_dims, (Handle a, const int64_t* d, int64_t n, int32_t unbiased, int32_t keepdim),
          at::std(T(a), dims(d, n), unbiased != 0, keepdim != 0))
TENSOR_OP(tensor_prod, (Handle a, int32_t dtype), at::prod(T(a), optional_dtype(dtype)))
TENSOR_OP(tensor_norm, (Handle a, double p), at::norm(T(a), at::Scalar(p)))
TENSOR_OP(tensor_norm_dim, (Handle a, double p, int64_t dim, int32_t keepdim),
          at::norm(T(a), at::Scalar(p), at::IntArrayRef(dim), keepdim != 0))
TENSOR_OP(tensor_amax, (Handle a, const int64_t* d, int64_t n, int32_t keepdim), at::amax(T(a), dims(d, n), keepdim != 0))
TENSOR_OP(tensor_amin, (Handle a, const int64_t* d, int64_t n, int32_t keepdim), at::amin(T(a), dims(d, n), keepdim != 0))
TENSOR_OP(tensor_max, (Handle a), at::max(T(a)))
TENSOR_OP(tensor_min, (Handle a), at::min(T(a)))
TENSOR_OP(tensor_argmax, (Handle a), at::argmax(T(a)))
TENSOR_OP(tensor_argmax_dim, (Handle a, int64_t dim, int32_t keepdim), at::argmax(T(a), dim, keepdim != 0))
TENSOR_OP(tensor_argmin, (Handle a), at::argmin(T(a)))
TENSOR_OP(tensor_argmin_dim, (Handle a, int64_t dim, int32_t keepdim), at::argmin(T(a), dim, keepdim != 0))
TENSOR_OP(tensor_argsort, (Handle a, int64_t dim, int32_t descending), at::argsort(T(a), dim, descending != 0))
TENSOR_OP(tensor_all, (Handle a), at::all(T(a)))
TENSOR_OP(tensor_all_dim, (Handle a, int64_t dim, int32_t keepdim), at::all(T(a), dim, keepdim != 0))
TENSOR_OP(tensor_any, (Handle a), at::any(T(a)))
TENSOR_OP(tensor_any_dim, (Handle a, int64_t dim, int32_t keepdim), at::any(T(a), dim, keepdim != 0))
TENSOR_OP(tensor_cumsum, (Handle a, int64_t dim, int32_t dtype), at::cumsum(T(a), dim, optional_dtype(dtype)))
TENSOR_OP(tensor_logsumexp, (Handle a, int64_t dim, int32_t keepdim), at::logsumexp(T(a), dim, keepdim != 0))
TENSOR_OP(tensor_multinomial, (Handle a, int64_t samples, int32_t replacement, void* generator),
          at::multinomial(T(a), samples, replacement != 0, G(generator)))

namespace {
int32_t give_pair(std::tuple<at::Tensor, at::Tensor> pair, Handle* first, Handle* second) {
    *first = give(std::move(std::get<0>(pair)));
    *second = give(std::move(std::get<1>(pair)));
    return 1;
}
}  // namespace

#define PAIR_OP(name, parameters, expression) \
    ACTORTRAIN_API int32_t name parameters { return guarded([&] { return give_pair(expression, first, second); }); }
PAIR_OP(tensor_frexp, (Handle a, Handle* first, Handle* second), at::frexp(T(a)))
PAIR_OP(tensor_max_dim, (Handle a, int64_t dim, int32_t keepdim, Handle* first, Handle* second), at::max(T(a), dim, keepdim != 0))
PAIR_OP(tensor_min_dim, (Handle a, int64_t dim, int32_t keepdim, Handle* first, Handle* second), at::min(T(a), dim, keepdim != 0))
PAIR_OP(tensor_sort, (Handle a, int64_t dim, int32_t descending, int32_t stable, Handle* first, Handle* second),
        at::sort(T(a), optional<bool>(stable != 0), dim, descending != 0))
PAIR_OP(tensor_topk, (Handle a, int64_t k, int64_t dim, int32_t largest, int32_t sorted, Handle* first, Handle* second),
        at::topk(T(a), k, dim, largest != 0, sorted != 0))

// 1 true, 2 false, 0 failed.
ACTORTRAIN_API int32_t tensor_equal(Handle a, Handle b) {
    return guarded([&]() -> int32_t { return at::equal(T(a), T(b)) ? 1 : 2; }, a, b);
}
ACTORTRAIN_API int32_t tensor_allclose(Handle a, Handle b, double rtol, double atol, int32_t equal_nan) {
    return guarded([&]() -> int32_t { return at::allclose(T(a), T(b), rtol, atol, equal_nan != 0) ? 1 : 2; }, a, b);
}
