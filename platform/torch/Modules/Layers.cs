using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>A layer y = x Aᵀ + b from [.., inputSize] to [.., outputSize].</summary>
            public static Linear Linear(long inputSize, long outputSize, bool hasBias = true, Device? device = null, ScalarType? dtype = null) => new(inputSize, outputSize, hasBias, device, dtype);

            /// <summary>A table [num_embeddings, embedding_dims] whose rows are looked up by number; <c>max_norm</c> is not supported here.</summary>
            public static Embedding Embedding(
                long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2.0,
                bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null) =>
                max_norm is null
                    ? new(num_embeddings, embedding_dims, padding_idx, scale_grad_by_freq, sparse, device, dtype)
                    : throw new NotImplementedException("Embedding with max_norm");

            /// <summary>Normalisation over the last dimensions [normalized_shape].</summary>
            public static LayerNorm LayerNorm(long[] normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(normalized_shape, eps, elementwise_affine, bias, device, dtype);

            /// <summary>Normalisation over a last dimension of the given size.</summary>
            public static LayerNorm LayerNorm(long normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new([normalized_shape], eps, elementwise_affine, bias, device, dtype);

            /// <summary>A layer that zeros elements with probability p while training.</summary>
            public static Dropout Dropout(double p = 0.5, bool inplace = false) => new(p, inplace);

            /// <summary>The exact x Φ(x) as a module.</summary>
            public static GELU GELU() => new(Modules.GELU.Approximate.none);

            /// <summary>x Φ(x) as a module, exact or by tanh.</summary>
            public static GELU GELU(Modules.GELU.Approximate approximate) => new(approximate);

            /// <summary>x σ(x) as a module.</summary>
            public static SiLU SiLU(bool inplace = false) => new(inplace);

            /// <summary>A list of modules that registers them under their numbers.</summary>
            public static ModuleList<T> ModuleList<T>(params T[] modules) where T : Module => new(modules);

            /// <summary>A parameter that takes over the tensor; <c>data</c> is invalid from then on.</summary>
            public static Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>A tensor that a module learns.</summary>
    public class Parameter : Tensor
    {
        /// <summary>Takes over the native tensor and the scope that holds it; <paramref name="data"/> is invalid from then on.</summary>
        /// <exception cref="InvalidOperationException"><paramref name="data"/> was invalid already.</exception>
        public Parameter(Tensor data, bool requires_grad = true) : this(data, data.OwningDisposeScope, requires_grad)
        {
        }

        private Parameter(Tensor data, DisposeScope? scope, bool requires_grad) : base(Taken(data))
        {
            if (scope is not null) MoveToOtherDisposeScope(scope);
            if (requires_grad != this.requires_grad) this.requires_grad = requires_grad;
        }

        private static nint Taken(Tensor data) => data.IsInvalid ? data.Handle : data.Release();
    }

    /// <summary>y = x Aᵀ + b.</summary>
    public sealed class Linear : nn.Module<Tensor, Tensor>
    {
        /// <summary>A, [out_features, in_features].</summary>
        public Parameter weight;
        /// <summary>b, [out_features]; null in a layer without.</summary>
        public Parameter? bias;

        internal Linear(long inputSize, long outputSize, bool hasBias, Device? device, ScalarType? dtype) : base(nameof(Linear))
        {
            in_features = inputSize;
            out_features = outputSize;
            // Uniform in ±1/√in, for both (the initialisation of PyTorch's Linear).
            var bound = inputSize > 0 ? 1 / Math.Sqrt(inputSize) : 0;
            weight = new Parameter(empty([outputSize, inputSize], dtype, device).uniform_(-bound, bound));
            bias = hasBias ? new Parameter(empty([outputSize], dtype, device).uniform_(-bound, bound)) : null;
            RegisterComponents();
        }

        /// <summary>Size of the last dimension of the input.</summary>
        public long in_features { get; }

        /// <summary>Size of the last dimension of the output.</summary>
        public long out_features { get; }

        /// <summary>[.., in_features] to [.., out_features].</summary>
        public override Tensor forward(Tensor input) => F.linear(input, weight, bias);
    }

    /// <summary>Rows of a table by number.</summary>
    public sealed class Embedding : nn.Module<Tensor, Tensor>
    {
        private readonly long? paddingIndex;
        private readonly bool scaleByFrequency, sparse;

        /// <summary>The table [num_embeddings, embedding_dims].</summary>
        public Parameter weight;

        internal Embedding(long count, long width, long? padding, bool scaleByFrequency, bool sparse, Device? device, ScalarType? dtype) : base(nameof(Embedding))
        {
            paddingIndex = padding;
            this.scaleByFrequency = scaleByFrequency;
            this.sparse = sparse;
            weight = new Parameter(randn([count, width], dtype, device));
            if (padding is { } index) nn.init.zeros_(weight.narrow(0, index, 1));
            RegisterComponents();
        }

        /// <summary>Row numbers [..] (integers) to rows [.., embedding_dims].</summary>
        public override Tensor forward(Tensor input) => F.embedding(input, weight, paddingIndex, scale_grad_by_freq: scaleByFrequency, sparse: sparse);
    }

    /// <summary>Normalisation over the last dimensions.</summary>
    public sealed class LayerNorm : nn.Module<Tensor, Tensor>
    {
        private readonly long[] normalizedShape;

        /// <summary>The scale [normalized_shape]; null without affine parameters.</summary>
        public Parameter? weight;
        /// <summary>The offset [normalized_shape]; null in a layer without.</summary>
        public Parameter? bias;

        internal LayerNorm(long[] shape, double eps, bool affine, bool hasBias, Device? device, ScalarType? dtype) : base(nameof(LayerNorm))
        {
            normalizedShape = shape;
            this.eps = eps;
            weight = affine ? new Parameter(ones(shape, dtype, device)) : null;
            bias = affine && hasBias ? new Parameter(zeros(shape, dtype, device)) : null;
            RegisterComponents();
        }

        /// <summary>Added to the variance under the root.</summary>
        public double eps { get; }

        /// <summary>The tensor normalised, of the same shape.</summary>
        public override Tensor forward(Tensor tensor) => F.layer_norm(tensor, normalizedShape, weight, bias, eps);
    }

    /// <summary>Drops elements while training.</summary>
    public sealed class Dropout(double p, bool inplace) : nn.Module<Tensor, Tensor>(nameof(Dropout))
    {
        /// <summary>The probability that an element is zeroed.</summary>
        public double p { get; } = p;

        /// <summary>The input thinned out while training; unchanged otherwise.</summary>
        public override Tensor forward(Tensor input) => F.dropout(input, p, training, inplace);
    }

    /// <summary>x Φ(x), or its approximation by tanh.</summary>
    public sealed class GELU : nn.Module<Tensor, Tensor>
    {
        private readonly Approximate approximate;

        internal GELU(Approximate approximate) : base(nameof(GELU)) => this.approximate = approximate;

        /// <summary>How the normal distribution function is computed.</summary>
        public enum Approximate
        {
            /// <summary>Exactly, by erf.</summary>
            none,
            /// <summary>By tanh of a cubic polynomial.</summary>
            tanh,
        }

        /// <summary>x Φ(x), of the input's shape.</summary>
        public override Tensor forward(Tensor input) => F.gelu(input, approximate);
    }

    /// <summary>x σ(x).</summary>
    public sealed class SiLU(bool inplace) : nn.Module<Tensor, Tensor>(nameof(SiLU))
    {
        /// <summary>x σ(x), of the input's shape.</summary>
        public override Tensor forward(Tensor input) => F.silu(input, inplace);
    }

    /// <summary>Modules by number, registered as "0", "1", ...</summary>
    public class ModuleList<T> : nn.Module, IList<T> where T : nn.Module
    {
        private readonly List<T> list = [];

        /// <summary>Registers the modules in the order given.</summary>
        public ModuleList(params T[] modules) : base(nameof(ModuleList<T>))
        {
            foreach (var module in modules) Add(module);
        }

        /// <summary>Number of modules.</summary>
        public int Count => list.Count;

        /// <summary>False: modules can be added, though not taken out.</summary>
        public bool IsReadOnly => false;

        /// <summary>The module of that number; setting it throws <see cref="NotSupportedException"/>.</summary>
        public T this[int index]
        {
            get => list[index];
            set => throw new NotSupportedException("a module of a list cannot be replaced once it is registered");
        }

        /// <summary>Registers the module under the next number.</summary>
        public void Add(T item)
        {
            register_module(list.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), item);
            list.Add(item);
        }

        /// <inheritdoc cref="Add"/>
        public void append(T module) => Add(module);

        /// <summary>Registers the modules under the next numbers, in order.</summary>
        public void extend(params T[] modules)
        {
            foreach (var module in modules) Add(module);
        }

        /// <summary>Whether the module is in the list.</summary>
        public bool Contains(T item) => list.Contains(item);
        /// <summary>The module's number, or −1.</summary>
        public int IndexOf(T item) => list.IndexOf(item);
        /// <summary>Copies the references into the array, from <c>arrayIndex</c> on.</summary>
        public void CopyTo(T[] array, int arrayIndex) => list.CopyTo(array, arrayIndex);
        /// <summary>Throws <see cref="NotSupportedException"/>: modules keep their numbers.</summary>
        public void Insert(int index, T item) => throw new NotSupportedException("modules of a list keep their numbers; append instead");
        /// <summary>Throws <see cref="NotSupportedException"/>: modules keep their numbers.</summary>
        public bool Remove(T item) => throw new NotSupportedException("modules of a list keep their numbers");
        /// <summary>Throws <see cref="NotSupportedException"/>: modules keep their numbers.</summary>
        public void RemoveAt(int index) => throw new NotSupportedException("modules of a list keep their numbers");
        /// <summary>Throws <see cref="NotSupportedException"/>: modules keep their numbers.</summary>
        public void Clear() => throw new NotSupportedException("modules of a list keep their numbers");
        /// <summary>The modules in the order of their numbers.</summary>
        public IEnumerator<T> GetEnumerator() => list.GetEnumerator();
        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => list.GetEnumerator();
    }
}
