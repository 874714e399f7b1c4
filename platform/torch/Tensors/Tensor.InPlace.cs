using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    // Operations that write into this tensor and return it.
    public partial class Tensor
    {
        public Tensor abs_() => Written(tensor_abs_(this));
        public Tensor cos_() => Written(tensor_cos_(this));
        public Tensor exp_() => Written(tensor_exp_(this));
        public Tensor log_() => Written(tensor_log_(this));
        public Tensor neg_() => Written(tensor_neg_(this));
        public Tensor reciprocal_() => Written(tensor_reciprocal_(this));
        public Tensor rsqrt_() => Written(tensor_rsqrt_(this));
        public Tensor sigmoid_() => Written(tensor_sigmoid_(this));
        public Tensor sin_() => Written(tensor_sin_(this));
        public Tensor sqrt_() => Written(tensor_sqrt_(this));
        public Tensor square_() => Written(tensor_square_(this));
        public Tensor tanh_() => Written(tensor_tanh_(this));
        public Tensor zero_() => Written(tensor_zero_(this));
        public Tensor add_(Tensor target) => Written(tensor_add_(this, target, One));
        public Tensor add_(Tensor target, Scalar alpha) => Written(tensor_add_(this, target, alpha.Value));
        public Tensor add_(Scalar scalar) => Written(tensor_add_scalar_(this, scalar.Value, One));
        public Tensor add_(Scalar scalar, Scalar alpha) => Written(tensor_add_scalar_(this, scalar.Value, alpha.Value));
        public Tensor sub_(Tensor target) => Written(tensor_sub_(this, target, One));
        public Tensor sub_(Tensor target, Scalar alpha) => Written(tensor_sub_(this, target, alpha.Value));
        public Tensor sub_(Scalar scalar) => Written(tensor_sub_scalar_(this, scalar.Value, One));
        public Tensor mul_(Tensor target) => Written(tensor_mul_(this, target));
        public Tensor mul_(Scalar scalar) => Written(tensor_mul_scalar_(this, scalar.Value));
        public Tensor div_(Tensor target) => Written(tensor_div_(this, target));
        public Tensor div_(Scalar target) => Written(tensor_div_scalar_(this, target.Value));
        public Tensor pow_(Tensor exponent) => Written(tensor_pow_(this, exponent));
        public Tensor pow_(Scalar exponent) => Written(tensor_pow_scalar_(this, exponent.Value));
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Written(tensor_addcmul_(this, tensor1, tensor2, value.Value));
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2) => Written(tensor_addcmul_(this, tensor1, tensor2, One));
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Written(tensor_addcdiv_(this, tensor1, tensor2, value.Value));
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => Written(tensor_addcdiv_(this, tensor1, tensor2, One));
        public Tensor lerp_(Tensor end, Scalar weight) => Written(tensor_lerp_scalar_(this, end, weight.Value));
        public Tensor lerp_(Tensor end, Tensor weight) => Written(tensor_lerp_(this, end, weight));
        public Tensor fill_(Scalar value) => Written(tensor_fill_(this, value.Value));
        public Tensor copy_(Tensor source, bool non_blocking = false) => Written(tensor_copy_(this, source, non_blocking ? 1 : 0));
        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Written(tensor_clamp_(this, Has(min), min?.Value ?? default, Has(max), max?.Value ?? default));
        public Tensor masked_fill_(Tensor mask, Scalar value) => Written(tensor_masked_fill_(this, mask, value.Value));
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => Written(tensor_index_add_(this, dim, index, source, alpha.Value));
        public Tensor index_copy_(long dim, Tensor index, Tensor source) => Written(tensor_index_copy_(this, dim, index, source));
        public Tensor scatter_(long dim, Tensor index, Tensor src) => Written(tensor_scatter_(this, dim, index, src));
        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => Written(tensor_scatter_add_(this, dim, index, src));
        public Tensor set_(Tensor source) => Written(tensor_set_(this, source));
        public Tensor tril_(long diagonal = 0) => Written(tensor_tril_(this, diagonal));
        public Tensor triu_(long diagonal = 0) => Written(tensor_triu_(this, diagonal));
        public Tensor normal_(double mean = 0.0, double stddev = 1.0, Generator? generator = null) => Written(tensor_normal_(this, mean, stddev, generator?.Handle ?? 0));
        public Tensor uniform_(double from, double to, Generator? generator = null) => Written(tensor_uniform_(this, from, to, generator?.Handle ?? 0));

        private Tensor Written(Status status)
        {
            status.Check();
            return this;
        }
    }
}
