using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    // Sums, extrema, norms, orders and draws.
    public partial class Tensor
    {
        /// <summary>The sum of all elements []; integers are summed as int64.</summary>
        public Tensor sum(ScalarType? type = null) => tensor_sum(this, Code(type));
        /// <summary>The sums along one dimension, which disappears, or becomes 1 where <c>keepdim</c>.</summary>
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);

        /// <summary>The sums along dimensions, which disappear, or become 1 where <c>keepdim</c>.</summary>
        public unsafe Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null)
        {
            fixed (long* d = dim) return tensor_sum_dims(this, d, dim.Length, keepdim ? 1 : 0, Code(type));
        }

        /// <summary>The mean of all elements []; floating-point tensors only.</summary>
        public Tensor mean() => tensor_mean(this, -1);

        /// <summary>The means along dimensions, which disappear, or become 1 where <c>keepdim</c>.</summary>
        public unsafe Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null)
        {
            fixed (long* d = dimensions) return tensor_mean_dims(this, d, dimensions.Length, keepdim ? 1 : 0, Code(type));
        }

        /// <summary>The variance of all elements []; unbiased: divided by n − 1.</summary>
        public Tensor var(bool unbiased = true) => tensor_var(this, unbiased ? 1 : 0);
        /// <summary>The variances along one dimension; unbiased: divided by n − 1.</summary>
        public Tensor var(long dim, bool unbiased = true, bool keepdim = false) => var([dim], unbiased, keepdim);

        /// <summary>The variances along dimensions; unbiased: divided by n − 1.</summary>
        public unsafe Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false)
        {
            fixed (long* d = dimensions) return tensor_var_dims(this, d, dimensions.Length, unbiased ? 1 : 0, keepdim ? 1 : 0);
        }

        /// <summary>The root of the variance of all elements []; unbiased: divided by n − 1.</summary>
        public Tensor std(bool unbiased = true) => tensor_std(this, unbiased ? 1 : 0);
        /// <summary>The standard deviations along one dimension; unbiased: divided by n − 1.</summary>
        public Tensor std(long dim, bool unbiased = true, bool keepdim = false) => std([dim], unbiased, keepdim);

        /// <summary>The standard deviations along dimensions; unbiased: divided by n − 1.</summary>
        public unsafe Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false)
        {
            fixed (long* d = dimensions) return tensor_std_dims(this, d, dimensions.Length, unbiased ? 1 : 0, keepdim ? 1 : 0);
        }

        /// <summary>The product of all elements [].</summary>
        public Tensor prod(ScalarType? type = null) => tensor_prod(this, Code(type));
        /// <summary>(Σ |x|ᵖ)^(1/p) over all elements [].</summary>
        public Tensor norm(float p = 2.0f) => tensor_norm(this, p);
        /// <summary>(Σ |x|ᵖ)^(1/p) along one dimension, which disappears, or becomes 1 where <c>keepdim</c>.</summary>
        public Tensor norm(int dim, bool keepdim = false, float p = 2.0f) => tensor_norm_dim(this, p, dim, keepdim ? 1 : 0);

        /// <summary>The largest elements along dimensions; a gradient is shared among equal ones.</summary>
        public unsafe Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false)
        {
            fixed (long* d = dims) return tensor_amax(this, d, dims.Length, keepdim ? 1 : 0);
        }

        /// <summary>The smallest elements along dimensions; a gradient is shared among equal ones.</summary>
        public unsafe Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false)
        {
            fixed (long* d = dims) return tensor_amin(this, d, dims.Length, keepdim ? 1 : 0);
        }

        /// <summary>The largest element [].</summary>
        public Tensor max() => tensor_max(this);
        /// <summary>The smallest element [].</summary>
        public Tensor min() => tensor_min(this);
        /// <summary>The position of the largest element in row-major order [], int64.</summary>
        public Tensor argmax() => tensor_argmax(this);
        /// <summary>The positions of the largest elements along one dimension, int64.</summary>
        public Tensor argmax(long dim, bool keepdim = false) => tensor_argmax_dim(this, dim, keepdim ? 1 : 0);
        /// <summary>The position of the smallest element in row-major order [], int64.</summary>
        public Tensor argmin() => tensor_argmin(this);
        /// <summary>The positions of the smallest elements along one dimension, int64.</summary>
        public Tensor argmin(long dim, bool keepdim = false) => tensor_argmin_dim(this, dim, keepdim ? 1 : 0);
        /// <summary>The positions (int64) in which the elements along <c>dim</c> would be in order.</summary>
        public Tensor argsort(long dim = -1, bool descending = false) => tensor_argsort(this, dim, descending ? 1 : 0);
        /// <summary>Whether all elements are not 0 [].</summary>
        public Tensor all() => tensor_all(this);
        /// <summary>Whether all elements along one dimension are not 0.</summary>
        public Tensor all(long dim, bool keepdim = false) => tensor_all_dim(this, dim, keepdim ? 1 : 0);
        /// <summary>Whether any element is not 0 [].</summary>
        public Tensor any() => tensor_any(this);
        /// <summary>Whether any element along one dimension is not 0.</summary>
        public Tensor any(long dim, bool keepdim = false) => tensor_any_dim(this, dim, keepdim ? 1 : 0);
        /// <summary>Sums from the first element of <c>dim</c> up to each, of this shape.</summary>
        public Tensor cumsum(long dim, ScalarType? type = null) => tensor_cumsum(this, dim, Code(type));
        /// <summary>log Σ exp(x) along one dimension, without overflow.</summary>
        public Tensor logsumexp(long dim, bool keepdim = false) => tensor_logsumexp(this, dim, keepdim ? 1 : 0);

        /// <summary>Draws columns with probabilities in proportion to the weights [n] or [m, n]: int64 [num_samples] or [m, num_samples].</summary>
        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null)
        {
            var drawn = tensor_multinomial(this, num_samples, replacement ? 1 : 0, generator?.Handle ?? 0);
            GC.KeepAlive(generator);
            return drawn;
        }

        /// <summary>The largest elements along one dimension and their positions in it (int64).</summary>
        public unsafe (Tensor values, Tensor indexes) max(long dim, bool keepdim = false)
        {
            nint first, second;
            tensor_max_dim(this, dim, keepdim ? 1 : 0, &first, &second).Check();
            return (new Tensor(first), new Tensor(second));
        }

        /// <summary>The smallest elements along one dimension and their positions in it (int64).</summary>
        public unsafe (Tensor values, Tensor indexes) min(long dim, bool keepdim = false)
        {
            nint first, second;
            tensor_min_dim(this, dim, keepdim ? 1 : 0, &first, &second).Check();
            return (new Tensor(first), new Tensor(second));
        }

        /// <summary>The elements in order along <c>dim</c> and their former positions (int64); equal ones keep their order where <c>stable</c>.</summary>
        public unsafe (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false)
        {
            nint first, second;
            tensor_sort(this, dim, descending ? 1 : 0, stable ? 1 : 0, &first, &second).Check();
            return (new Tensor(first), new Tensor(second));
        }

        /// <summary>The k largest (or smallest) elements along <c>dim</c> and their positions (int64), in order where <c>sorted</c>.</summary>
        public unsafe (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true)
        {
            nint first, second;
            tensor_topk(this, k, dim, largest ? 1 : 0, sorted ? 1 : 0, &first, &second).Check();
            return (new Tensor(first), new Tensor(second));
        }

        /// <summary>Whether both have the same shape and elements; NaN equals nothing.</summary>
        public bool equal(Tensor other) => Truth(tensor_equal(this, other));

        /// <summary>Whether |this − target| ≤ atol + rtol · |target| everywhere.</summary>
        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Truth(tensor_allclose(this, target, rtol, atol, equal_nan ? 1 : 0));

        private static bool Truth(int answer) => answer == 0 ? throw NativeError.Take() : answer == 1;
    }
}
