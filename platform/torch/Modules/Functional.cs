using TorchSharp.Modules;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Modules, the functions they are made of, and first values for their parameters.</summary>
    public static partial class nn
    {
        /// <summary>How a loss over many elements becomes a result.</summary>
        public enum Reduction : long
        {
            /// <summary>The losses themselves, one per element.</summary>
            None = 0,
            /// <summary>Their mean.</summary>
            Mean = 1,
            /// <summary>Their sum.</summary>
            Sum = 2,
        }

        /// <summary>The functions of a neural network, without state.</summary>
        public static partial class functional
        {
            /// <summary>x Aᵀ + b for x [.., in], A [out, in], b [out].</summary>
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) => tensor_linear(input, weights, bias);

            /// <summary>Not part of the API; a module's forward.</summary>
            internal static Tensor embedding(Tensor x, Tensor weight, long? padding_idx = null, double? max_norm = null, double norm_type = 2.0, bool scale_grad_by_freq = false, bool sparse = false) =>
                max_norm is null
                    ? tensor_embedding(weight, x, padding_idx ?? -1, scale_grad_by_freq ? 1 : 0, sparse ? 1 : 0)
                    : throw new NotImplementedException("embedding with max_norm");

            /// <summary>exp(x) / Σ exp(x) along <c>dim</c>, of input's shape; computed in <c>dtype</c> where given.</summary>
            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => tensor_softmax(input, dim, Tensor.Code(dtype));

            /// <summary>The logarithm of softmax along <c>dim</c>, without overflow; computed in <c>dtype</c> where given.</summary>
            public static Tensor log_softmax(Tensor input, long dim, ScalarType? dtype = null) => tensor_log_softmax(input, dim, Tensor.Code(dtype));

            /// <summary>Mean negative log-likelihood of the target classes [N] under logits [N, C].</summary>
            public static Tensor cross_entropy(
                Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0.0) =>
                tensor_cross_entropy(input, target, weight, (long)reduction, ignore_index, label_smoothing);

            /// <summary>(input − target)², reduced.</summary>
            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => tensor_mse_loss(input, target, (long)reduction);

            /// <summary>(x − mean) / √(variance + eps) over the last dimensions [normalized_shape], then · weight + bias, each [normalized_shape].</summary>
            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5) =>
                layer_norm(input, normalized_shape.AsSpan(), weight, bias, eps);

            private static unsafe Tensor layer_norm(Tensor input, ReadOnlySpan<long> shape, Tensor? weight, Tensor? bias, double eps)
            {
                fixed (long* d = shape) return tensor_layer_norm(input, d, shape.Length, weight, bias, eps);
            }

            /// <summary>x Φ(x), with Φ the normal distribution function.</summary>
            public static Tensor gelu(Tensor x) => tensor_gelu(x, 0);

            /// <summary>x Φ(x), exact or with Φ approximated by tanh.</summary>
            public static Tensor gelu(Tensor x, Modules.GELU.Approximate approximate) => tensor_gelu(x, approximate == Modules.GELU.Approximate.tanh ? 1 : 0);

            /// <summary>max(x, 0); into x itself where <c>inplace</c>.</summary>
            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.clamp_(0) : x.relu();

            /// <summary>x σ(x); into x itself where <c>inplace</c>.</summary>
            public static Tensor silu(Tensor x, bool inplace = false) => tensor_silu(x) is var made && inplace ? Into(x, made) : made;

            /// <summary>1 / (1 + e⁻ˣ).</summary>
            public static Tensor sigmoid(Tensor x) => x.sigmoid();

            /// <summary>tanh x; into x itself where <c>inplace</c>.</summary>
            public static Tensor tanh(Tensor x, bool inplace = false) => inplace ? x.tanh_() : x.tanh();

            /// <summary>While training, zeros each element with probability p and divides the others by 1 − p; else the input.</summary>
            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                tensor_dropout(input, p, training ? 1 : 0) is var made && inplace ? Into(input, made) : made;

            /// <summary>Class numbers [..] as int64 rows [.., num_classes] with a single 1; −1 classes: one more than the largest number.</summary>
            public static Tensor one_hot(Tensor x, long num_classes = -1) => tensor_one_hot(x, num_classes);

            /// <summary>softmax(Q Kᵀ / √E) V for query [.., L, E], key [.., S, E], value [.., S, F].</summary>
            /// <param name="query">[.., L, E]</param>
            /// <param name="key">[.., S, E]</param>
            /// <param name="value">[.., S, F]</param>
            /// <param name="attn_mask">Broadcastable to [.., L, S]: truth values (true: attend) or numbers added to the scores.</param>
            /// <param name="p">The probability that a weight is dropped.</param>
            /// <param name="is_casual">Whether row i sees columns up to i only.</param>
            public static Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask = null, double p = 0.0, bool is_casual = false) =>
                p is >= 0 and <= 1
                    ? attn_mask is null || !is_casual
                        ? tensor_attention(query, key, value, attn_mask, p, is_casual ? 1 : 0)
                        : throw new ArgumentException("Casual attention masking cannot pass a mask.")
                    : throw new ArgumentException("Dropout probability must be in [0,1]");

            private static Tensor Into(Tensor target, Tensor made)
            {
                using (made) return target.copy_(made);
            }
        }

        /// <summary>First values of parameters.</summary>
        public static class init
        {
            /// <summary>Fills the tensor in place from the normal distribution, unrecorded.</summary>
            public static Tensor normal_(Tensor tensor, double mean = 0.0, double std = 1.0, Generator? generator = null) => Unrecorded(tensor, t => t.normal_(mean, std, generator));

            /// <summary>Fills the tensor in place from [low, high), unrecorded.</summary>
            public static Tensor uniform_(Tensor tensor, double low = 0.0, double high = 1.0, Generator? generator = null) => Unrecorded(tensor, t => t.uniform_(low, high, generator));

            /// <summary>Fills the tensor in place with 0, unrecorded.</summary>
            public static Tensor zeros_(Tensor tensor) => Unrecorded(tensor, t => t.zero_());

            /// <summary>Fills the tensor in place with 1, unrecorded.</summary>
            public static Tensor ones_(Tensor tensor) => Unrecorded(tensor, t => t.fill_(1));

            /// <summary>Fills the tensor in place with <c>val</c>, unrecorded.</summary>
            public static Tensor constant_(Tensor tensor, Scalar val) => Unrecorded(tensor, t => t.fill_(val));

            private static Tensor Unrecorded(Tensor tensor, Func<Tensor, Tensor> write)
            {
                using var mode = no_grad();
                return write(tensor);
            }
        }
    }
}
