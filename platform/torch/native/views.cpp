// Shapes, strides, joins and splits.
#include "common.h"

#include <ATen/ops/alias.h>
#include <ATen/ops/as_strided.h>
#include <ATen/ops/broadcast_to.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/chunk.h>
#include <ATen/ops/clone.h>
#include <ATen/ops/contiguous.h>
#include <ATen/ops/detach.h>
#include <ATen/ops/expand.h>
#include <ATen/ops/flatten.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/narrow.h>
#include <ATen/ops/permute.h>
#include <ATen/ops/repeat.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/select.h>
#include <ATen/ops/slice.h>
#include <ATen/ops/split.h>
#include <ATen/ops/split_with_sizes.h>
#include <ATen/ops/squeeze.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/t.h>
#include <ATen/ops/to.h>
#include <ATen/ops/transpose.h>
#include <ATen/ops/tril.h>
#include <ATen/ops/triu.h>
#include <ATen/ops/unbind.h>
#include <ATen/ops/unsqueeze.h>
#include <ATen/ops/view.h>

using namespace actortrain;

TENSOR_OP(tensor_alias, (Handle a), at::alias(T(a)))
TENSOR_OP(tensor_as_strided, (Handle a, const int64_t* size, int64_t n, const int64_t* stride, int64_t m, int64_t offset),
          at::as_strided(T(a), dims(size, n), dims(stride, m), offset))
TENSOR_OP(tensor_broadcast_to, (Handle a, const int64_t* d, int64_t n), at::broadcast_to(T(a), dims(d, n)))
TENSOR_OP(tensor_clone, (Handle a), at::clone(T(a)))
TENSOR_OP(tensor_contiguous, (Handle a), T(a).contiguous())
TENSOR_OP(tensor_detach, (Handle a), at::detach(T(a)))
TENSOR_OP(tensor_expand, (Handle a, const int64_t* d, int64_t n, int32_t is_implicit), T(a).expand(dims(d, n), is_implicit != 0))
TENSOR_OP(tensor_flatten, (Handle a, int64_t start, int64_t end), at::flatten(T(a), start, end))
TENSOR_OP(tensor_flip, (Handle a, const int64_t* d, int64_t n), at::flip(T(a), dims(d, n)))
TENSOR_OP(tensor_narrow, (Handle a, int64_t dim, int64_t start, int64_t length), at::narrow(T(a), dim, start, length))
TENSOR_OP(tensor_permute, (Handle a, const int64_t* d, int64_t n), at::permute(T(a), dims(d, n)))
TENSOR_OP(tensor_repeat, (Handle a, const int64_t* d, int64_t n), T(a).repeat(dims(d, n)))
TENSOR_OP(tensor_repeat_interleave, (Handle a, int64_t repeats, int32_t has_dim, int64_t dim),
          at::repeat_interleave(T(a), repeats, has_dim ? optional<int64_t>(dim) : nullopt))
TENSOR_OP(tensor_reshape, (Handle a, const int64_t* d, int64_t n), at::reshape(T(a), dims(d, n)))
TENSOR_OP(tensor_roll, (Handle a, const int64_t* shifts, int64_t n, const int64_t* d, int64_t m), at::roll(T(a), dims(shifts, n), dims(d, m)))
TENSOR_OP(tensor_select, (Handle a, int64_t dim, int64_t index), at::select(T(a), dim, index))
TENSOR_OP(tensor_slice, (Handle a, int64_t dim, int64_t start, int64_t end, int64_t step), at::slice(T(a), dim, start, end, step))
TENSOR_OP(tensor_squeeze, (Handle a), at::squeeze(T(a)))
TENSOR_OP(tensor_squeeze_dim, (Handle a, int64_t dim), at::squeeze(T(a), dim))
TENSOR_OP(tensor_t, (Handle a), at::t(T(a)))
TENSOR_OP(tensor_transpose, (Handle a, int64_t dim0, int64_t dim1), at::transpose(T(a), dim0, dim1))
TENSOR_OP(tensor_tril, (Handle a, int64_t diagonal), at::tril(T(a), diagonal))
TENSOR_OP(tensor_triu, (Handle a, int64_t diagonal), at::triu(T(a), diagonal))
TENSOR_OP(tensor_unsqueeze, (Handle a, int64_t dim), at::unsqueeze(T(a), dim))
TENSOR_OP(tensor_view, (Handle a, const int64_t* d, int64_t n), T(a).view(dims(d, n)))
TENSOR_OP(tensor_cat, (const Handle* tensors, int64_t n, int64_t dim), at::cat(list(tensors, n), dim))
TENSOR_OP(tensor_stack, (const Handle* tensors, int64_t n, int64_t dim), at::stack(list(tensors, n), dim))
TENSOR_OP(tensor_to_dtype, (Handle a, int32_t dtype, int32_t copy), T(a).to(static_cast<at::ScalarType>(dtype), false, copy != 0))
TENSOR_OP(tensor_to, (Handle a, int32_t dtype, int32_t device, int32_t index, int32_t non_blocking, int32_t copy),
          T(a).to(options(dtype < 0 ? static_cast<int32_t>(T(a).scalar_type()) : dtype, device, index), non_blocking != 0, copy != 0))

namespace {
// The caller's array holds room for as many handles as there are pieces; the count comes back.
int64_t give_all(std::vector<at::Tensor> pieces, Handle* out, int64_t room) {
    TORCH_CHECK(static_cast<int64_t>(pieces.size()) <= room, "more pieces than expected");
    int64_t count = 0;
    for (auto& piece : pieces) out[count++] = give(std::move(piece));
    return count;
}
}  // namespace

#define PIECES_OP(name, parameters, expression) \
    ACTORTRAIN_API int64_t name parameters { return guarded([&] { return give_all(expression, out, room); }); }
PIECES_OP(tensor_chunk, (Handle a, int64_t chunks, int64_t dim, Handle* out, int64_t room), at::chunk(T(a), chunks, dim))
PIECES_OP(tensor_split, (Handle a, int64_t size, int64_t dim, Handle* out, int64_t room), at::split(T(a), size, dim))
PIECES_OP(tensor_split_sizes, (Handle a, const int64_t* sizes, int64_t n, int64_t dim, Handle* out, int64_t room),
          at::split_with_sizes(T(a), dims(sizes, n), dim))
PIECES_OP(tensor_unbind, (Handle a, int64_t dim, Handle* out, int64_t room), at::unbind(T(a), dim))
