using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    // Operations that write into this tensor and return it.
    public partial class Tensor
    {
        /// <summary>|x|, in place.</summary>
        public Tensor abs_() => Written(tensor_abs_(this));
        /// <summary>cos x, in radians, in place.</summary>
        public Tensor cos_() => Written(tensor_cos_(this));
        /// <summary>eˣ, in place.</summary>
        public Tensor exp_() => Written(tensor_exp_(this));
        /// <summary>The natural logarithm, in place; NaN below 0.</summary>
        public Tensor log_() => Written(tensor_log_(this));
        /// <summary>−x, in place.</summary>
        public Tensor neg_() => Written(tensor_neg_(this));
        /// <summary>1 / x, in place.</summary>
        public Tensor reciprocal_() => Written(tensor_reciprocal_(this));
        /// <summary>1 / √x, in place.</summary>
        public Tensor rsqrt_() => Written(tensor_rsqrt_(this));
        /// <summary>1 / (1 + e⁻ˣ), in place.</summary>
        public Tensor sigmoid_() => Written(tensor_sigmoid_(this));
        /// <summary>sin x, in radians, in place.</summary>
        public Tensor sin_() => Written(tensor_sin_(this));
        /// <summary>√x, in place; NaN below 0.</summary>
        public Tensor sqrt_() => Written(tensor_sqrt_(this));
        /// <summary>x², in place.</summary>
        public Tensor square_() => Written(tensor_square_(this));
        /// <summary>The hyperbolic tangent, in place.</summary>
        public Tensor tanh_() => Written(tensor_tanh_(this));
        /// <summary>Writes 0 everywhere.</summary>
        public Tensor zero_() => Written(tensor_zero_(this));
        /// <summary>Adds the target, broadcast to this shape, in place.</summary>
        public Tensor add_(Tensor target) => Written(tensor_add_(this, target, One));
        /// <summary>Adds alpha · target, broadcast to this shape, in place.</summary>
        public Tensor add_(Tensor target, Scalar alpha) => Written(tensor_add_(this, target, alpha.Value));
        /// <summary>Adds the number, in place.</summary>
        public Tensor add_(Scalar scalar) => Written(tensor_add_scalar_(this, scalar.Value, One));
        /// <summary>Adds alpha · scalar, in place.</summary>
        public Tensor add_(Scalar scalar, Scalar alpha) => Written(tensor_add_scalar_(this, scalar.Value, alpha.Value));
        /// <summary>Subtracts the target, broadcast to this shape, in place.</summary>
        public Tensor sub_(Tensor target) => Written(tensor_sub_(this, target, One));
        /// <summary>Subtracts alpha · target, broadcast to this shape, in place.</summary>
        public Tensor sub_(Tensor target, Scalar alpha) => Written(tensor_sub_(this, target, alpha.Value));
        /// <summary>Subtracts the number, in place.</summary>
        public Tensor sub_(Scalar scalar) => Written(tensor_sub_scalar_(this, scalar.Value, One));
        /// <summary>Multiplies by the target, broadcast to this shape, in place.</summary>
        public Tensor mul_(Tensor target) => Written(tensor_mul_(this, target));
        /// <summary>Multiplies by the number, in place.</summary>
        public Tensor mul_(Scalar scalar) => Written(tensor_mul_scalar_(this, scalar.Value));
        /// <summary>Divides by the target, broadcast to this shape, in place; floating-point tensors only.</summary>
        public Tensor div_(Tensor target) => Written(tensor_div_(this, target));
        /// <summary>Divides by the number, in place; floating-point tensors only.</summary>
        public Tensor div_(Scalar target) => Written(tensor_div_scalar_(this, target.Value));
        /// <summary>Raises to the exponents, broadcast to this shape, in place.</summary>
        public Tensor pow_(Tensor exponent) => Written(tensor_pow_(this, exponent));
        /// <summary>Raises to a fixed power, in place.</summary>
        public Tensor pow_(Scalar exponent) => Written(tensor_pow_scalar_(this, exponent.Value));
        /// <summary>Adds value · tensor1 · tensor2, in place.</summary>
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Written(tensor_addcmul_(this, tensor1, tensor2, value.Value));
        /// <summary>Adds tensor1 · tensor2, in place.</summary>
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2) => Written(tensor_addcmul_(this, tensor1, tensor2, One));
        /// <summary>Adds value · tensor1 / tensor2, in place.</summary>
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Written(tensor_addcdiv_(this, tensor1, tensor2, value.Value));
        /// <summary>Adds tensor1 / tensor2, in place.</summary>
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => Written(tensor_addcdiv_(this, tensor1, tensor2, One));
        /// <summary>Moves towards <c>end</c> by weight · (end − this), in place.</summary>
        public Tensor lerp_(Tensor end, Scalar weight) => Written(tensor_lerp_scalar_(this, end, weight.Value));
        /// <summary>Moves towards <c>end</c> by weight · (end − this), with a weight per element, in place.</summary>
        public Tensor lerp_(Tensor end, Tensor weight) => Written(tensor_lerp_(this, end, weight));
        /// <summary>Writes the value everywhere.</summary>
        public Tensor fill_(Scalar value) => Written(tensor_fill_(this, value.Value));
        /// <summary>Writes the source's elements, converted and broadcast to this shape, in place; across devices where need be.</summary>
        public Tensor copy_(Tensor source, bool non_blocking = false) => Written(tensor_copy_(this, source, non_blocking ? 1 : 0));
        /// <summary>Raises elements to min and lowers them to max, in place; null is no bound, but one must be given.</summary>
        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Written(tensor_clamp_(this, Has(min), min?.Value ?? default, Has(max), max?.Value ?? default));
        /// <summary>Writes the value where the mask, broadcast to this shape, holds.</summary>
        public Tensor masked_fill_(Tensor mask, Scalar value) => Written(tensor_masked_fill_(this, mask, value.Value));
        /// <summary>Adds alpha · source at the positions of <c>dim</c> that index [n] names, in place.</summary>
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => Written(tensor_index_add_(this, dim, index, source, alpha.Value));
        /// <summary>Writes source at the positions of <c>dim</c> that index [n] names, in place.</summary>
        public Tensor index_copy_(long dim, Tensor index, Tensor source) => Written(tensor_index_copy_(this, dim, index, source));
        /// <summary>Writes src at the positions of <c>index</c> along <c>dim</c>, in place.</summary>
        public Tensor scatter_(long dim, Tensor index, Tensor src) => Written(tensor_scatter_(this, dim, index, src));
        /// <summary>Adds src at the positions of <c>index</c> along <c>dim</c>, in place.</summary>
        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => Written(tensor_scatter_add_(this, dim, index, src));
        /// <summary>Makes this tensor a view of the source's memory, with its sizes and strides.</summary>
        public Tensor set_(Tensor source) => Written(tensor_set_(this, source));
        /// <summary>Writes zeros above the diagonal (0: the main one, positive: above it).</summary>
        public Tensor tril_(long diagonal = 0) => Written(tensor_tril_(this, diagonal));
        /// <summary>Writes zeros below the diagonal (0: the main one, positive: above it).</summary>
        public Tensor triu_(long diagonal = 0) => Written(tensor_triu_(this, diagonal));
        /// <summary>Fills with normal numbers of the given mean and deviation, in place.</summary>
        public Tensor normal_(double mean = 0.0, double stddev = 1.0, Generator? generator = null) => Written(tensor_normal_(this, mean, stddev, generator?.Handle ?? 0));
        /// <summary>Fills with numbers from [from, to), in place.</summary>
        public Tensor uniform_(double from, double to, Generator? generator = null) => Written(tensor_uniform_(this, from, to, generator?.Handle ?? 0));

        private Tensor Written(Status status)
        {
            status.Check();
            return this;
        }
    }
}
