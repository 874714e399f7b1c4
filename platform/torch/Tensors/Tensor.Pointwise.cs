using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    // Element-wise operations that make a new tensor.
    public partial class Tensor
    {
        public Tensor abs() => tensor_abs(this);
        public Tensor bitwise_not() => tensor_bitwise_not(this);
        public Tensor ceil() => tensor_ceil(this);
        public Tensor cos() => tensor_cos(this);
        public Tensor erf() => tensor_erf(this);
        public Tensor exp() => tensor_exp(this);
        public Tensor expm1() => tensor_expm1(this);
        public Tensor floor() => tensor_floor(this);
        public Tensor isfinite() => tensor_isfinite(this);
        public Tensor isinf() => tensor_isinf(this);
        public Tensor isnan() => tensor_isnan(this);
        public Tensor log() => tensor_log(this);
        public Tensor log1p() => tensor_log1p(this);
        public Tensor logical_not() => tensor_logical_not(this);
        public Tensor neg() => tensor_neg(this);
        public Tensor reciprocal() => tensor_reciprocal(this);
        public Tensor relu() => tensor_relu(this);
        public Tensor round() => tensor_round(this);
        public Tensor rsqrt() => tensor_rsqrt(this);
        public Tensor sigmoid() => tensor_sigmoid(this);
        public Tensor sign() => tensor_sign(this);
        public Tensor silu() => tensor_silu(this);
        public Tensor sin() => tensor_sin(this);
        public Tensor sqrt() => tensor_sqrt(this);
        public Tensor square() => tensor_square(this);
        public Tensor tanh() => tensor_tanh(this);

        public Tensor bitwise_and(Tensor other) => tensor_bitwise_and(this, other);
        public Tensor bitwise_or(Tensor other) => tensor_bitwise_or(this, other);
        public Tensor bitwise_xor(Tensor other) => tensor_bitwise_xor(this, other);
        public Tensor logical_and(Tensor other) => tensor_logical_and(this, other);
        public Tensor logical_or(Tensor other) => tensor_logical_or(this, other);
        public Tensor maximum(Tensor other) => tensor_maximum(this, other);
        public Tensor minimum(Tensor other) => tensor_minimum(this, other);

        public Tensor div(Tensor target) => tensor_div(this, target);
        public Tensor div(Scalar target) => tensor_div_scalar(this, target.Value);
        public Tensor eq(Tensor target) => tensor_eq(this, target);
        public Tensor eq(Scalar target) => tensor_eq_scalar(this, target.Value);
        public Tensor floor_divide(Tensor other) => tensor_floor_divide(this, other);
        public Tensor floor_divide(Scalar other) => tensor_floor_divide_scalar(this, other.Value);
        public Tensor ge(Tensor target) => tensor_ge(this, target);
        public Tensor ge(Scalar target) => tensor_ge_scalar(this, target.Value);
        public Tensor gt(Tensor target) => tensor_gt(this, target);
        public Tensor gt(Scalar target) => tensor_gt_scalar(this, target.Value);
        public Tensor le(Tensor target) => tensor_le(this, target);
        public Tensor le(Scalar target) => tensor_le_scalar(this, target.Value);
        public Tensor lt(Tensor target) => tensor_lt(this, target);
        public Tensor lt(Scalar target) => tensor_lt_scalar(this, target.Value);
        public Tensor mul(Tensor target) => tensor_mul(this, target);
        public Tensor mul(Scalar target) => tensor_mul_scalar(this, target.Value);
        public Tensor ne(Tensor target) => tensor_ne(this, target);
        public Tensor ne(Scalar target) => tensor_ne_scalar(this, target.Value);
        public Tensor pow(Tensor exponent) => tensor_pow(this, exponent);
        public Tensor pow(Scalar exponent) => tensor_pow_scalar(this, exponent.Value);
        public Tensor remainder(Tensor other) => tensor_remainder(this, other);
        public Tensor remainder(Scalar other) => tensor_remainder_scalar(this, other.Value);

        public Tensor add(Tensor target) => tensor_add(this, target, One);
        public Tensor add(Tensor target, Scalar alpha) => tensor_add(this, target, alpha.Value);
        public Tensor add(Scalar scalar) => tensor_add_scalar(this, scalar.Value, One);
        public Tensor add(Scalar scalar, Scalar alpha) => tensor_add_scalar(this, scalar.Value, alpha.Value);
        public Tensor sub(Tensor target) => tensor_sub(this, target, One);
        public Tensor sub(Tensor target, Scalar alpha) => tensor_sub(this, target, alpha.Value);
        public Tensor sub(Scalar scalar) => tensor_sub_scalar(this, scalar.Value, One);
        public Tensor negative() => tensor_neg(this);

        public Tensor clamp(Scalar? min = null, Scalar? max = null) => tensor_clamp(this, Has(min), min?.Value ?? default, Has(max), max?.Value ?? default);
        public Tensor lerp(Tensor end, Scalar weight) => tensor_lerp_scalar(this, end, weight.Value);
        public Tensor lerp(Tensor end, Tensor weight) => tensor_lerp(this, end, weight);
        public Tensor masked_fill(Tensor mask, Scalar value) => tensor_masked_fill(this, mask, value.Value);
        /// <summary>This tensor where the condition holds, the other elsewhere.</summary>
        public Tensor where(Tensor condition, Tensor y) => tensor_where(condition, this, y);
        public Tensor softmax(long dim, ScalarType? dtype = null) => tensor_softmax(this, dim, Code(dtype));
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => tensor_log_softmax(this, dim, Code(dtype));

        public static Tensor operator -(Tensor tensor) => tensor_neg(tensor);
        public static Tensor operator ~(Tensor tensor) => tensor_bitwise_not(tensor);
        public static Tensor operator !(Tensor tensor) => tensor_logical_not(tensor);
        public static Tensor operator &(Tensor left, Tensor right) => tensor_bitwise_and(left, right);
        public static Tensor operator |(Tensor left, Tensor right) => tensor_bitwise_or(left, right);
        public static Tensor operator ^(Tensor left, Tensor right) => tensor_bitwise_xor(left, right);

        public static Tensor operator +(Tensor left, Tensor right) => left.add(right);
        public static Tensor operator +(Tensor left, Scalar right) => left.add(right);
        public static Tensor operator +(Scalar left, Tensor right) => right.add(left);
        public static Tensor operator -(Tensor left, Tensor right) => left.sub(right);
        public static Tensor operator -(Tensor left, Scalar right) => left.sub(right);
        public static Tensor operator -(Scalar left, Tensor right) => tensor_rsub_scalar(right, left.Value);
        public static Tensor operator *(Tensor left, Tensor right) => left.mul(right);
        public static Tensor operator *(Tensor left, Scalar right) => left.mul(right);
        public static Tensor operator *(Scalar left, Tensor right) => right.mul(left);
        public static Tensor operator /(Tensor left, Tensor right) => left.div(right);
        public static Tensor operator /(Tensor left, Scalar right) => left.div(right);
        public static Tensor operator /(Scalar left, Tensor right) => Divide(left, right);
        public static Tensor operator %(Tensor left, Tensor right) => left.remainder(right);
        public static Tensor operator %(Tensor left, Scalar right) => left.remainder(right);
        public static Tensor operator <(Tensor left, Tensor right) => left.lt(right);
        public static Tensor operator <(Tensor left, Scalar right) => left.lt(right);
        public static Tensor operator <(Scalar left, Tensor right) => right.gt(left);
        public static Tensor operator >(Tensor left, Tensor right) => left.gt(right);
        public static Tensor operator >(Tensor left, Scalar right) => left.gt(right);
        public static Tensor operator >(Scalar left, Tensor right) => right.lt(left);
        public static Tensor operator <=(Tensor left, Tensor right) => left.le(right);
        public static Tensor operator <=(Tensor left, Scalar right) => left.le(right);
        public static Tensor operator <=(Scalar left, Tensor right) => right.ge(left);
        public static Tensor operator >=(Tensor left, Tensor right) => left.ge(right);
        public static Tensor operator >=(Tensor left, Scalar right) => left.ge(right);
        public static Tensor operator >=(Scalar left, Tensor right) => right.le(left);

        private static Interop.ScalarValue One => Interop.ScalarValue.Of(1L);

        private static Tensor Divide(Scalar left, Tensor right)
        {
            using var inverse = tensor_reciprocal(right);
            return tensor_mul_scalar(inverse, left.Value);
        }

        private static int Has(Scalar? scalar) => scalar is null ? 0 : 1;

        internal static int Code(ScalarType? type) => type is { } known ? (int)known : -1;
    }
}
