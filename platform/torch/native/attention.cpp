// scaled_dot_product_attention. PyTorch 2 brings its own. For libtorch 1.13 it is made here from blocks of query rows:
// each block sees whole rows of scores, so its softmax is exact, and only the rows' log-sums are kept for the backward
// (Dao 2023, FlashAttention-2, without the tiling over keys, which matrix products by BLAS do not need).
#include "common.h"

#include <torch/version.h>

#if TORCH_VERSION_MAJOR >= 2

#include <ATen/ops/scaled_dot_product_attention.h>

using namespace actortrain;

TENSOR_OP(tensor_attention, (Handle query, Handle key, Handle value, Handle mask, double p, int32_t is_causal),
          at::scaled_dot_product_attention(T(query), T(key), T(value), optional_tensor(mask), p, is_causal != 0), query, key, value, mask)

#else

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

using namespace actortrain;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

constexpr int64_t block_elements = int64_t{1} << 21;  // scores held at once: 8 MB of float32

struct Problem {
    at::Tensor q, k, v;  // [N, L, E], [N, S, E], [N, S, F]
    at::Tensor mask;     // undefined, or added to the scores: [N or 1, L or 1, S or 1], float
    double scale, p;
    bool causal;
    uint64_t seed;

    int64_t rows() const { return q.size(1); }
    int64_t block() const { return std::max<int64_t>(16, block_elements / std::max<int64_t>(1, q.size(0) * k.size(1))); }
    int64_t columns(int64_t end) const { return causal ? std::min(end, k.size(1)) : k.size(1); }

    // Scores of query rows [begin, end) against the first `width` keys, in float32 (or float64).
    at::Tensor scores(int64_t begin, int64_t end, int64_t width) const {
        auto s = at::bmm(q.slice(1, begin, end), k.slice(1, 0, width).transpose(1, 2));
        if (s.scalar_type() != at::kDouble) s = s.to(at::kFloat);
        s.mul_(scale);
        if (mask.defined()) {
            auto part = mask.size(1) == 1 ? mask : mask.slice(1, begin, end);
            s.add_(part.size(2) == 1 ? part : part.slice(2, 0, width));
        }
        if (causal) {
            auto row = at::arange(begin, end, s.options().dtype(at::kLong)).unsqueeze(1);
            auto column = at::arange(width, s.options().dtype(at::kLong)).unsqueeze(0);
            s.masked_fill_(column.gt(row), -std::numeric_limits<double>::infinity());
        }
        return s;
    }

    // The same draw for the same block in forward and backward: 0 where dropped, 1/(1-p) where kept.
    at::Tensor keep(const at::Tensor& like, int64_t begin) const {
        auto generator = at::detail::createCPUGenerator(seed + static_cast<uint64_t>(begin));
        return at::empty_like(like).bernoulli_(1 - p, generator).mul_(p < 1 ? 1 / (1 - p) : 0);
    }
};

struct BlockedAttention : torch::autograd::Function<BlockedAttention> {
    static Problem problem(AutogradContext* context, at::Tensor q, at::Tensor k, at::Tensor v, at::Tensor mask) {
        return {q, k, v, mask, context->saved_data["scale"].toDouble(), context->saved_data["p"].toDouble(),
                context->saved_data["causal"].toBool(), static_cast<uint64_t>(context->saved_data["seed"].toInt())};
    }

    static at::Tensor forward(AutogradContext* context, at::Tensor q, at::Tensor k, at::Tensor v, optional<at::Tensor> mask,
                              double p, bool causal, int64_t seed) {
        context->saved_data["scale"] = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
        context->saved_data["p"] = p;
        context->saved_data["causal"] = causal;
        context->saved_data["seed"] = seed;
        auto at = problem(context, q, k, v, mask.value_or(at::Tensor()));
        auto output = at::empty({q.size(0), q.size(1), v.size(2)}, q.options());
        auto sums = at::empty({q.size(0), q.size(1), 1}, q.options().dtype(q.scalar_type() == at::kDouble ? at::kDouble : at::kFloat));
        for (int64_t begin = 0; begin < at.rows(); begin += at.block()) {
            const int64_t end = std::min(at.rows(), begin + at.block()), width = at.columns(end);
            auto s = at.scores(begin, end, width);
            auto sum = s.logsumexp(2, true);
            s.sub_(sum).exp_();
            sums.slice(1, begin, end).copy_(sum);
            if (p > 0) s.mul_(at.keep(s, begin));
            output.slice(1, begin, end).copy_(at::bmm(s.to(v.scalar_type()), v.slice(1, 0, width)));
        }
        context->save_for_backward({q, k, v, mask.value_or(at::Tensor()), output, sums});
        return output;
    }

    static variable_list backward(AutogradContext* context, variable_list grads) {
        TORCH_CHECK(!at::GradMode::is_enabled(), "scaled_dot_product_attention has no second derivative");
        auto saved = context->get_saved_variables();
        auto at = problem(context, saved[0], saved[1], saved[2], saved[3]);
        auto& sums = saved[5];
        auto grad = grads[0].contiguous();
        auto delta = (grad.to(sums.scalar_type()) * saved[4]).sum(2, true);
        auto dq = at::empty_like(at.q), dk = at::zeros_like(at.k, sums.options()), dv = at::zeros_like(at.v, sums.options());
        for (int64_t begin = 0; begin < at.rows(); begin += at.block()) {
            const int64_t end = std::min(at.rows(), begin + at.block()), width = at.columns(end);
            auto weights = at.scores(begin, end, width).sub_(sums.slice(1, begin, end)).exp_();
            auto rows = grad.slice(1, begin, end);
            auto d = at::bmm(rows, at.v.slice(1, 0, width).transpose(1, 2)).to(sums.scalar_type());
            auto kept = weights;
            if (at.p > 0) {
                auto keep = at.keep(weights, begin);
                kept = weights * keep;
                d.mul_(keep);
            }
            add(dv.slice(1, 0, width), kept.to(grad.scalar_type()), rows);
            d.sub_(delta.slice(1, begin, end)).mul_(weights).mul_(at.scale);
            d = d.to(at.q.scalar_type());
            dq.slice(1, begin, end).copy_(at::bmm(d, at.k.slice(1, 0, width)));
            add(dk.slice(1, 0, width), d, at.q.slice(1, begin, end));
        }
        return {dq, dk.to(at.k.scalar_type()), dv.to(at.v.scalar_type()), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
    }

    static void add(at::Tensor sum, const at::Tensor& left, const at::Tensor& right) {
        if (sum.scalar_type() == left.scalar_type()) sum.baddbmm_(left.transpose(1, 2), right);
        else sum.add_(at::bmm(left.transpose(1, 2), right));
    }
};

at::Tensor flat(const at::Tensor& tensor, std::vector<int64_t> batch) {
    batch.push_back(tensor.size(-2));
    batch.push_back(tensor.size(-1));
    return tensor.expand(batch).reshape({-1, tensor.size(-2), tensor.size(-1)});
}

at::Tensor additive(const at::Tensor& mask, const at::Tensor& query) {
    auto kind = query.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    if (mask.scalar_type() != at::kBool) return mask.to(kind);
    return at::zeros(mask.sizes(), query.options().dtype(kind)).masked_fill_(mask.logical_not(), -std::numeric_limits<double>::infinity());
}

// With a mask that needs a gradient the scores must be kept; so here they are.
at::Tensor composed(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& mask, double p) {
    auto weights = at::softmax(at::matmul(q, k.transpose(-2, -1)) / std::sqrt(static_cast<double>(q.size(-1))) + mask, -1);
    return at::matmul(p > 0 ? at::dropout(weights, p, true) : weights, v);
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const optional<at::Tensor>& mask, double p, bool causal) {
    TORCH_CHECK(q.dim() >= 2 && k.dim() >= 2 && v.dim() >= 2, "scaled_dot_product_attention: query, key and value need at least two dimensions");
    TORCH_CHECK(q.size(-1) == k.size(-1), "scaled_dot_product_attention: query and key differ in width");
    TORCH_CHECK(k.size(-2) == v.size(-2), "scaled_dot_product_attention: key and value differ in length");
    TORCH_CHECK(!(mask.has_value() && causal), "scaled_dot_product_attention: give attn_mask or is_casual, not both");
    TORCH_CHECK(p >= 0 && p <= 1, "scaled_dot_product_attention: p must lie in [0, 1], got ", p);
    if (mask.has_value() && mask->requires_grad()) return composed(q, k, v, *mask, p);

    auto batch = at::infer_size(at::infer_size(q.sizes().slice(0, q.dim() - 2), k.sizes().slice(0, k.dim() - 2)), v.sizes().slice(0, v.dim() - 2));
    optional<at::Tensor> flat_mask;
    if (mask.has_value()) {
        auto m = additive(*mask, q);
        while (m.dim() < 2) m = m.unsqueeze(0);
        auto leading = m.sizes().slice(0, m.dim() - 2);
        const bool shared = std::all_of(leading.begin(), leading.end(), [](int64_t size) { return size == 1; });
        flat_mask = shared ? m.reshape({1, m.size(-2), m.size(-1)}) : flat(m, batch);
    }
    int64_t seed = 0;
    if (p > 0) {
        TORCH_CHECK(q.device().is_cpu(), "scaled_dot_product_attention: dropout on a GPU needs PyTorch 2");
        auto generator = at::globalContext().defaultGenerator(at::kCPU);
        std::lock_guard<std::mutex> lock(generator.mutex());
        seed = static_cast<int64_t>(at::check_generator<at::CPUGeneratorImpl>(generator)->random64() >> 1);
    }
    auto output = BlockedAttention::apply(flat(q, batch), flat(k, batch), flat(v, batch), flat_mask, p, causal, seed);
    auto shape = batch;
    shape.push_back(q.size(-2));
    shape.push_back(v.size(-1));
    return output.view(shape);
}

}  // namespace

TENSOR_OP(tensor_attention, (Handle query, Handle key, Handle value, Handle mask, double p, int32_t is_causal),
          attention(T(query), T(key), T(value), optional_tensor(mask), p, is_causal != 0), query, key, value, mask)

#endif
