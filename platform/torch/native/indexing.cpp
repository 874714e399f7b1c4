// Picking and placing elements.
#include "common.h"

#include <ATen/TensorIndexing.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index_add.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/masked_select.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/scatter.h>
#include <ATen/ops/scatter_add.h>

using namespace actortrain;

// One entry of an index expression. kind: 0 position, 1 slice, 2 tensor, 3 ellipsis, 4 new axis, 5 truth value.
struct IndexEntry {
    int64_t kind, start, stop, step;
    Handle tensor;
};

namespace {
constexpr int64_t absent = INT64_MIN;

optional<int64_t> bound(int64_t value) { return value == absent ? nullopt : optional<int64_t>(value); }

std::vector<at::indexing::TensorIndex> indices(const IndexEntry* entries, int64_t count) {
    std::vector<at::indexing::TensorIndex> made;
    made.reserve(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) {
        const auto& entry = entries[i];
        switch (entry.kind) {
            case 0: made.emplace_back(entry.start); break;
            case 1: made.emplace_back(at::indexing::Slice(bound(entry.start), bound(entry.stop), bound(entry.step))); break;
            case 2: made.emplace_back(T(entry.tensor)); break;
            case 3: made.emplace_back(at::indexing::Ellipsis); break;
            case 4: made.emplace_back(at::indexing::None); break;
            default: made.emplace_back(entry.start != 0); break;
        }
    }
    return made;
}
}  // namespace

TENSOR_OP(tensor_index, (Handle a, const IndexEntry* entries, int64_t n), T(a).index(indices(entries, n)))
STATUS_OP(tensor_index_put_, (Handle a, const IndexEntry* entries, int64_t n, Handle value), at::Tensor(T(a)).index_put_(indices(entries, n), T(value)), a, value)
STATUS_OP(tensor_index_put_scalar_, (Handle a, const IndexEntry* entries, int64_t n, ScalarValue value), at::Tensor(T(a)).index_put_(indices(entries, n), S(value)))
TENSOR_OP(tensor_index_select, (Handle a, int64_t dim, Handle index), at::index_select(T(a), dim, T(index)), a, index)
TENSOR_OP(tensor_index_add, (Handle a, int64_t dim, Handle index, Handle source, ScalarValue alpha),
          at::index_add(T(a), dim, T(index), T(source), S(alpha)), a, index, source)
TENSOR_OP(tensor_gather, (Handle a, int64_t dim, Handle index), at::gather(T(a), dim, T(index)), a, index)
TENSOR_OP(tensor_scatter, (Handle a, int64_t dim, Handle index, Handle source), at::scatter(T(a), dim, T(index), T(source)), a, index, source)
TENSOR_OP(tensor_scatter_add, (Handle a, int64_t dim, Handle index, Handle source),
          at::scatter_add(T(a), dim, T(index), T(source)), a, index, source)
TENSOR_OP(tensor_masked_select, (Handle a, Handle mask), at::masked_select(T(a), T(mask)), a, mask)
TENSOR_OP(tensor_nonzero, (Handle a), at::nonzero(T(a)))
