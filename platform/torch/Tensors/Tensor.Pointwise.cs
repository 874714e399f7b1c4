using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    // Element-wise operations that make a new tensor.
    public partial class Tensor
    {
        /// <summary>|x|.</summary>
        public Tensor abs() => tensor_abs(this);
        /// <summary>All bits inverted; of truth values, not x.</summary>
        public Tensor bitwise_not() => tensor_bitwise_not(this);
        /// <summary>The smallest whole number ≥ x.</summary>
        public Tensor ceil() => tensor_ceil(this);
        /// <summary>cos x, in radians.</summary>
        public Tensor cos() => tensor_cos(this);
        /// <summary>The error function.</summary>
        public Tensor erf() => tensor_erf(this);
        /// <summary>eˣ.</summary>
        public Tensor exp() => tensor_exp(this);
        /// <summary>eˣ − 1, accurate near 0.</summary>
        public Tensor expm1() => tensor_expm1(this);
        /// <summary>The largest whole number ≤ x.</summary>
        public Tensor floor() => tensor_floor(this);
        /// <summary>Mantissas in [0.5, 1) and exponents of 2 (int32), whose product x is; both are 0 for 0.</summary>
        public unsafe (Tensor Mantissa, Tensor Exponent) frexp()
        {
            nint first, second;
            tensor_frexp(this, &first, &second).Check();
            return (new Tensor(first), new Tensor(second));
        }

        /// <summary>Truth values: neither infinite nor NaN.</summary>
        public Tensor isfinite() => tensor_isfinite(this);
        /// <summary>Truth values: +∞ or −∞.</summary>
        public Tensor isinf() => tensor_isinf(this);
        /// <summary>Truth values: not a number.</summary>
        public Tensor isnan() => tensor_isnan(this);
        /// <summary>The natural logarithm; NaN below 0.</summary>
        public Tensor log() => tensor_log(this);
        /// <summary>log(1 + x), accurate near 0.</summary>
        public Tensor log1p() => tensor_log1p(this);
        /// <summary>Truth values: x is 0.</summary>
        public Tensor logical_not() => tensor_logical_not(this);
        /// <summary>−x.</summary>
        public Tensor neg() => tensor_neg(this);
        /// <summary>1 / x.</summary>
        public Tensor reciprocal() => tensor_reciprocal(this);
        /// <summary>max(x, 0).</summary>
        public Tensor relu() => tensor_relu(this);
        /// <summary>The nearest whole number, ties to even.</summary>
        public Tensor round() => tensor_round(this);
        /// <summary>1 / √x.</summary>
        public Tensor rsqrt() => tensor_rsqrt(this);
        /// <summary>1 / (1 + e⁻ˣ).</summary>
        public Tensor sigmoid() => tensor_sigmoid(this);
        /// <summary>−1, 0 or 1.</summary>
        public Tensor sign() => tensor_sign(this);
        /// <summary>Truth values: the sign bit is set, as it is of −0 and may be of NaN.</summary>
        public Tensor signbit() => tensor_signbit(this);
        /// <summary>x σ(x).</summary>
        public Tensor silu() => tensor_silu(this);
        /// <summary>sin x, in radians.</summary>
        public Tensor sin() => tensor_sin(this);
        /// <summary>√x; NaN below 0.</summary>
        public Tensor sqrt() => tensor_sqrt(this);
        /// <summary>x².</summary>
        public Tensor square() => tensor_square(this);
        /// <summary>The hyperbolic tangent.</summary>
        public Tensor tanh() => tensor_tanh(this);

        /// <summary>Bits set in both; integers or truth values, shapes broadcast.</summary>
        public Tensor bitwise_and(Tensor other) => tensor_bitwise_and(this, other);
        /// <summary>Bits set in either; integers or truth values, shapes broadcast.</summary>
        public Tensor bitwise_or(Tensor other) => tensor_bitwise_or(this, other);
        /// <summary>Bits set in one of the two; integers or truth values, shapes broadcast.</summary>
        public Tensor bitwise_xor(Tensor other) => tensor_bitwise_xor(this, other);
        /// <summary>Truth values: both not 0; shapes broadcast.</summary>
        public Tensor logical_and(Tensor other) => tensor_logical_and(this, other);
        /// <summary>Truth values: either not 0; shapes broadcast.</summary>
        public Tensor logical_or(Tensor other) => tensor_logical_or(this, other);
        /// <summary>The larger of each two elements, NaN where either is; shapes broadcast.</summary>
        public Tensor maximum(Tensor other) => tensor_maximum(this, other);
        /// <summary>The smaller of each two elements, NaN where either is; shapes broadcast.</summary>
        public Tensor minimum(Tensor other) => tensor_minimum(this, other);

        /// <summary>Quotient of each two elements, floating-point also for integers; shapes broadcast.</summary>
        public Tensor div(Tensor target) => tensor_div(this, target);
        /// <summary>Each element divided by the number, floating-point also for integers.</summary>
        public Tensor div(Scalar target) => tensor_div_scalar(this, target.Value);
        /// <summary>Truth values: equal; shapes broadcast.</summary>
        public Tensor eq(Tensor target) => tensor_eq(this, target);
        /// <summary>Truth values: equal to the number.</summary>
        public Tensor eq(Scalar target) => tensor_eq_scalar(this, target.Value);
        /// <summary>The quotient of each two elements rounded down; shapes broadcast.</summary>
        public Tensor floor_divide(Tensor other) => tensor_floor_divide(this, other);
        /// <summary>Each element divided by the number, rounded down.</summary>
        public Tensor floor_divide(Scalar other) => tensor_floor_divide_scalar(this, other.Value);
        /// <summary>Truth values: this ≥ target; shapes broadcast.</summary>
        public Tensor ge(Tensor target) => tensor_ge(this, target);
        /// <summary>Truth values: ≥ the number.</summary>
        public Tensor ge(Scalar target) => tensor_ge_scalar(this, target.Value);
        /// <summary>Truth values: this &gt; target; shapes broadcast.</summary>
        public Tensor gt(Tensor target) => tensor_gt(this, target);
        /// <summary>Truth values: &gt; the number.</summary>
        public Tensor gt(Scalar target) => tensor_gt_scalar(this, target.Value);
        /// <summary>Truth values: this ≤ target; shapes broadcast.</summary>
        public Tensor le(Tensor target) => tensor_le(this, target);
        /// <summary>Truth values: ≤ the number.</summary>
        public Tensor le(Scalar target) => tensor_le_scalar(this, target.Value);
        /// <summary>Truth values: this &lt; target; shapes broadcast.</summary>
        public Tensor lt(Tensor target) => tensor_lt(this, target);
        /// <summary>Truth values: &lt; the number.</summary>
        public Tensor lt(Scalar target) => tensor_lt_scalar(this, target.Value);
        /// <summary>Product of each two elements; shapes broadcast.</summary>
        public Tensor mul(Tensor target) => tensor_mul(this, target);
        /// <summary>Each element times the number.</summary>
        public Tensor mul(Scalar target) => tensor_mul_scalar(this, target.Value);
        /// <summary>Truth values: not equal; shapes broadcast.</summary>
        public Tensor ne(Tensor target) => tensor_ne(this, target);
        /// <summary>Truth values: not equal to the number.</summary>
        public Tensor ne(Scalar target) => tensor_ne_scalar(this, target.Value);
        /// <summary>Each element to the power of the other's; shapes broadcast.</summary>
        public Tensor pow(Tensor exponent) => tensor_pow(this, exponent);
        /// <summary>Each element to a fixed power.</summary>
        public Tensor pow(Scalar exponent) => tensor_pow_scalar(this, exponent.Value);
        /// <summary>What is left of each division rounded down, with the divisor's sign; shapes broadcast.</summary>
        public Tensor remainder(Tensor other) => tensor_remainder(this, other);
        /// <summary>What is left of the division by the number rounded down, with its sign.</summary>
        public Tensor remainder(Scalar other) => tensor_remainder_scalar(this, other.Value);

        /// <summary>Sum of each two elements; shapes broadcast.</summary>
        public Tensor add(Tensor target) => tensor_add(this, target, One);
        /// <summary>this + alpha · target; shapes broadcast.</summary>
        public Tensor add(Tensor target, Scalar alpha) => tensor_add(this, target, alpha.Value);
        /// <summary>Each element plus the number.</summary>
        public Tensor add(Scalar scalar) => tensor_add_scalar(this, scalar.Value, One);
        /// <summary>Each element plus alpha · scalar.</summary>
        public Tensor add(Scalar scalar, Scalar alpha) => tensor_add_scalar(this, scalar.Value, alpha.Value);
        /// <summary>Difference of each two elements; shapes broadcast.</summary>
        public Tensor sub(Tensor target) => tensor_sub(this, target, One);
        /// <summary>this − alpha · target; shapes broadcast.</summary>
        public Tensor sub(Tensor target, Scalar alpha) => tensor_sub(this, target, alpha.Value);
        /// <summary>Each element minus the number.</summary>
        public Tensor sub(Scalar scalar) => tensor_sub_scalar(this, scalar.Value, One);
        /// <summary>−x.</summary>
        public Tensor negative() => tensor_neg(this);

        /// <summary>Each element raised to min and lowered to max; null is no bound, but one must be given.</summary>
        public Tensor clamp(Scalar? min = null, Scalar? max = null) => tensor_clamp(this, Has(min), min?.Value ?? default, Has(max), max?.Value ?? default);
        /// <summary>this + weight · (end − this).</summary>
        public Tensor lerp(Tensor end, Scalar weight) => tensor_lerp_scalar(this, end, weight.Value);
        /// <summary>this + weight · (end − this), with a weight per element; shapes broadcast.</summary>
        public Tensor lerp(Tensor end, Tensor weight) => tensor_lerp(this, end, weight);
        /// <summary>A copy with the value where the mask, broadcast to this shape, holds.</summary>
        public Tensor masked_fill(Tensor mask, Scalar value) => tensor_masked_fill(this, mask, value.Value);
        /// <summary>This tensor where the condition holds, the other elsewhere.</summary>
        public Tensor where(Tensor condition, Tensor y) => tensor_where(condition, this, y);
        /// <summary>exp(x) / Σ exp(x) along <c>dim</c>; computed in <c>dtype</c> where given.</summary>
        public Tensor softmax(long dim, ScalarType? dtype = null) => tensor_softmax(this, dim, Code(dtype));
        /// <summary>The logarithm of softmax along <c>dim</c>, without overflow; computed in <c>dtype</c> where given.</summary>
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => tensor_log_softmax(this, dim, Code(dtype));

        /// <inheritdoc cref="neg"/>
        public static Tensor operator -(Tensor tensor) => tensor_neg(tensor);
        /// <inheritdoc cref="bitwise_not"/>
        public static Tensor operator ~(Tensor tensor) => tensor_bitwise_not(tensor);
        /// <inheritdoc cref="logical_not"/>
        public static Tensor operator !(Tensor tensor) => tensor_logical_not(tensor);
        /// <inheritdoc cref="bitwise_and"/>
        public static Tensor operator &(Tensor left, Tensor right) => tensor_bitwise_and(left, right);
        /// <inheritdoc cref="bitwise_or"/>
        public static Tensor operator |(Tensor left, Tensor right) => tensor_bitwise_or(left, right);
        /// <inheritdoc cref="bitwise_xor"/>
        public static Tensor operator ^(Tensor left, Tensor right) => tensor_bitwise_xor(left, right);

        /// <inheritdoc cref="add(Tensor)"/>
        public static Tensor operator +(Tensor left, Tensor right) => left.add(right);
        /// <inheritdoc cref="add(Scalar)"/>
        public static Tensor operator +(Tensor left, Scalar right) => left.add(right);
        /// <summary>The number plus each element.</summary>
        public static Tensor operator +(Scalar left, Tensor right) => right.add(left);
        /// <inheritdoc cref="sub(Tensor)"/>
        public static Tensor operator -(Tensor left, Tensor right) => left.sub(right);
        /// <inheritdoc cref="sub(Scalar)"/>
        public static Tensor operator -(Tensor left, Scalar right) => left.sub(right);
        /// <summary>The number minus each element.</summary>
        public static Tensor operator -(Scalar left, Tensor right) => tensor_rsub_scalar(right, left.Value);
        /// <inheritdoc cref="mul(Tensor)"/>
        public static Tensor operator *(Tensor left, Tensor right) => left.mul(right);
        /// <inheritdoc cref="mul(Scalar)"/>
        public static Tensor operator *(Tensor left, Scalar right) => left.mul(right);
        /// <summary>The number times each element.</summary>
        public static Tensor operator *(Scalar left, Tensor right) => right.mul(left);
        /// <inheritdoc cref="div(Tensor)"/>
        public static Tensor operator /(Tensor left, Tensor right) => left.div(right);
        /// <inheritdoc cref="div(Scalar)"/>
        public static Tensor operator /(Tensor left, Scalar right) => left.div(right);
        /// <summary>The number divided by each element.</summary>
        public static Tensor operator /(Scalar left, Tensor right) => Divide(left, right);
        /// <inheritdoc cref="remainder(Tensor)"/>
        public static Tensor operator %(Tensor left, Tensor right) => left.remainder(right);
        /// <inheritdoc cref="remainder(Scalar)"/>
        public static Tensor operator %(Tensor left, Scalar right) => left.remainder(right);
        /// <inheritdoc cref="lt(Tensor)"/>
        public static Tensor operator <(Tensor left, Tensor right) => left.lt(right);
        /// <inheritdoc cref="lt(Scalar)"/>
        public static Tensor operator <(Tensor left, Scalar right) => left.lt(right);
        /// <summary>Truth values: the number &lt; the element.</summary>
        public static Tensor operator <(Scalar left, Tensor right) => right.gt(left);
        /// <inheritdoc cref="gt(Tensor)"/>
        public static Tensor operator >(Tensor left, Tensor right) => left.gt(right);
        /// <inheritdoc cref="gt(Scalar)"/>
        public static Tensor operator >(Tensor left, Scalar right) => left.gt(right);
        /// <summary>Truth values: the number &gt; the element.</summary>
        public static Tensor operator >(Scalar left, Tensor right) => right.lt(left);
        /// <inheritdoc cref="le(Tensor)"/>
        public static Tensor operator <=(Tensor left, Tensor right) => left.le(right);
        /// <inheritdoc cref="le(Scalar)"/>
        public static Tensor operator <=(Tensor left, Scalar right) => left.le(right);
        /// <summary>Truth values: the number ≤ the element.</summary>
        public static Tensor operator <=(Scalar left, Tensor right) => right.ge(left);
        /// <inheritdoc cref="ge(Tensor)"/>
        public static Tensor operator >=(Tensor left, Tensor right) => left.ge(right);
        /// <inheritdoc cref="ge(Scalar)"/>
        public static Tensor operator >=(Tensor left, Scalar right) => left.ge(right);
        /// <summary>Truth values: the number ≥ the element.</summary>
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
