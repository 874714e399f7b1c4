using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    // Sums, extrema, norms, orders and draws.
    public partial class Tensor
    {
        public Tensor sum(ScalarType? type = null) => tensor_sum(this, Code(type));
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);

        public unsafe Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null)
        {
            fixed (long* d = dim) return tensor_sum_dims(this, d, dim.Length, keepdim ? 1 : 0, Code(type));
        }

        public Tensor mean() => tensor_mean(this, -1);

        public unsafe Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null)
        {
            fixed (long* d = dimensions) return tensor_mean_dims(this, d, dimensions.Length, keepdim ? 1 : 0, Code(type));
        }

        public Tensor var(bool unbiased = true) => tensor_var(this, unbiased ? 1 : 0);
        public Tensor var(long dim, bool unbiased = true, bool keepdim = false) => var([dim], unbiased, keepdim);

        public unsafe Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false)
        {
            fixed (long* d = dimensions) return tensor_var_dims(this, d, dimensions.Length, unbiased ? 1 : 0, keepdim ? 1 : 0);
        }

        public Tensor std(bool unbiased = true) => tensor_std(this, unbiased ? 1 : 0);
        public Tensor std(long dim, bool unbiased = true, bool keepdim = false) => std([dim], unbiased, keepdim);

        public unsafe Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false)
        {
            fixed (long* d = dimensions) return tensor_std_dims(this, d, dimensions.Length, unbiased ? 1 : 0, keepdim ? 1 : 0);
        }

        public Tensor prod(ScalarType? type = null) => tensor_prod(this, Code(type));
        public Tensor norm(float p = 2.0f) => tensor_norm(this, p);
        public Tensor norm(int dim, bool keepdim = false, float p = 2.0f) => tensor_norm_dim(this, p, dim, keepdim ? 1 : 0);

        public unsafe Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false)
        {
            fixed (long* d = dims) return tensor_amax(this, d, dims.Length, keepdim ? 1 : 0);
        }

        public unsafe Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false)
        {
            fixed (long* d = dims) return tensor_amin(this, d, dims.Length, keepdim ? 1 : 0);
        }

        public Tensor max() => tensor_max(this);
        public Tensor min() => tensor_min(this);
        public Tensor argmax() => tensor_argmax(this);
        public Tensor argmax(long dim, bool keepdim = false) => tensor_argmax_dim(this, dim, keepdim ? 1 : 0);
        public Tensor argmin() => tensor_argmin(this);
        public Tensor argmin(long dim, bool keepdim = false) => tensor_argmin_dim(this, dim, keepdim ? 1 : 0);
        public Tensor argsort(long dim = -1, bool descending = false) => tensor_argsort(this, dim, descending ? 1 : 0);
        public Tensor all() => tensor_all(this);
        public Tensor all(long dim, bool keepdim = false) => tensor_all_dim(this, dim, keepdim ? 1 : 0);
        public Tensor any() => tensor_any(this);
        public Tensor any(long dim, bool keepdim = false) => tensor_any_dim(this, dim, keepdim ? 1 : 0);
        public Tensor cumsum(long dim, ScalarType? type = null) => tensor_cumsum(this, dim, Code(type));
        public Tensor logsumexp(long dim, bool keepdim = false) => tensor_logsumexp(this, dim, keepdim ? 1 : 0);

        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null)
        {
            var drawn = tensor_multinomial(this, num_samples, replacement ? 1 : 0, generator?.Handle ?? 0);
            GC.KeepAlive(generator);
            return drawn;
        }

        public unsafe (Tensor values, Tensor indexes) max(long dim, bool keepdim = false)
        {
            nint first, second;
            tensor_max_dim(this, dim, keepdim ? 1 : 0, &first, &second).Check();
            return (new Tensor(first), new Tensor(second));
        }

        public unsafe (Tensor values, Tensor indexes) min(long dim, bool keepdim = false)
        {
            nint first, second;
            tensor_min_dim(this, dim, keepdim ? 1 : 0, &first, &second).Check();
            return (new Tensor(first), new Tensor(second));
        }

        public unsafe (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false)
        {
            nint first, second;
            tensor_sort(this, dim, descending ? 1 : 0, stable ? 1 : 0, &first, &second).Check();
            return (new Tensor(first), new Tensor(second));
        }

        public unsafe (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true)
        {
            nint first, second;
            tensor_topk(this, k, dim, largest ? 1 : 0, sorted ? 1 : 0, &first, &second).Check();
            return (new Tensor(first), new Tensor(second));
        }

        public bool equal(Tensor other) => Truth(tensor_equal(this, other));

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Truth(tensor_allclose(this, target, rtol, atol, equal_nan ? 1 : 0));

        private static bool Truth(int answer) => answer == 0 ? throw NativeError.Take() : answer == 1;
    }
}
