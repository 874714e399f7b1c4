using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Linear Linear(long inputSize, long outputSize, bool hasBias = true, Device? device = null, ScalarType? dtype = null) => new(inputSize, outputSize, hasBias, device, dtype);

            public static Embedding Embedding(
                long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2.0,
                bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null) =>
                max_norm is null
                    ? new(num_embeddings, embedding_dims, padding_idx, scale_grad_by_freq, sparse, device, dtype)
                    : throw new NotImplementedException("Embedding with max_norm");

            public static LayerNorm LayerNorm(long[] normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(normalized_shape, eps, elementwise_affine, bias, device, dtype);

            public static LayerNorm LayerNorm(long normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new([normalized_shape], eps, elementwise_affine, bias, device, dtype);

            public static Dropout Dropout(double p = 0.5, bool inplace = false) => new(p, inplace);

            public static GELU GELU() => new(Modules.GELU.Approximate.none);

            public static GELU GELU(Modules.GELU.Approximate approximate) => new(approximate);

            public static SiLU SiLU(bool inplace = false) => new(inplace);

            public static ModuleList<T> ModuleList<T>(params T[] modules) where T : Module => new(modules);

            public static Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>A tensor that a module learns.</summary>
    public class Parameter : Tensor
    {
        /// <summary>Takes over the tensor's memory; a tensor that is part of a graph is cut from it.</summary>
        public Parameter(Tensor data, bool requires_grad = true) : base(Taken(data))
        {
            if (requires_grad != this.requires_grad) requires_grad_(requires_grad);
        }

        private static nint Taken(Tensor data)
        {
            if (!data.requires_grad) return data.alias().Release();
            return data.detach().Release();
        }
    }

    /// <summary>y = x Aᵀ + b.</summary>
    public sealed class Linear : nn.Module<Tensor, Tensor>
    {
        public Parameter weight;
        public Parameter? bias;

        internal Linear(long inputSize, long outputSize, bool hasBias, Device? device, ScalarType? dtype) : base(nameof(Linear))
        {
            in_features = inputSize;
            out_features = outputSize;
            // Uniform in ±1/√in, for both (the initialisation of PyTorch's Linear).
            var bound = inputSize > 0 ? 1 / Math.Sqrt(inputSize) : 0;
            weight = Layer.Made(empty([outputSize, inputSize], dtype, device).uniform_(-bound, bound));
            bias = hasBias ? Layer.Made(empty([outputSize], dtype, device).uniform_(-bound, bound)) : null;
            RegisterComponents();
        }

        public long in_features { get; }

        public long out_features { get; }

        public override Tensor forward(Tensor input) => F.linear(input, weight, bias);
    }

    /// <summary>Rows of a table by number.</summary>
    public sealed class Embedding : nn.Module<Tensor, Tensor>
    {
        private readonly long? paddingIndex;
        private readonly bool scaleByFrequency, sparse;

        public Parameter weight;

        internal Embedding(long count, long width, long? padding, bool scaleByFrequency, bool sparse, Device? device, ScalarType? dtype) : base(nameof(Embedding))
        {
            paddingIndex = padding;
            this.scaleByFrequency = scaleByFrequency;
            this.sparse = sparse;
            weight = Layer.Made(randn([count, width], dtype, device));
            if (padding is { } index) nn.init.zeros_(weight.narrow(0, index, 1));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => F.embedding(input, weight, paddingIndex, scale_grad_by_freq: scaleByFrequency, sparse: sparse);
    }

    /// <summary>Normalisation over the last dimensions.</summary>
    public sealed class LayerNorm : nn.Module<Tensor, Tensor>
    {
        private readonly long[] normalizedShape;

        public Parameter? weight;
        public Parameter? bias;

        internal LayerNorm(long[] shape, double eps, bool affine, bool hasBias, Device? device, ScalarType? dtype) : base(nameof(LayerNorm))
        {
            normalizedShape = shape;
            this.eps = eps;
            weight = affine ? Layer.Made(ones(shape, dtype, device)) : null;
            bias = affine && hasBias ? Layer.Made(zeros(shape, dtype, device)) : null;
            RegisterComponents();
        }

        public double eps { get; }

        public override Tensor forward(Tensor tensor) => F.layer_norm(tensor, normalizedShape, weight, bias, eps);
    }

    /// <summary>Drops elements while training.</summary>
    public sealed class Dropout(double p, bool inplace) : nn.Module<Tensor, Tensor>(nameof(Dropout))
    {
        public double p { get; } = p;

        public override Tensor forward(Tensor input) => F.dropout(input, p, training, inplace);
    }

    /// <summary>x Φ(x), or its approximation by tanh.</summary>
    public sealed class GELU : nn.Module<Tensor, Tensor>
    {
        private readonly Approximate approximate;

        internal GELU(Approximate approximate) : base(nameof(GELU)) => this.approximate = approximate;

        public enum Approximate
        {
            none,
            tanh,
        }

        public override Tensor forward(Tensor input) => F.gelu(input, approximate);
    }

    /// <summary>x σ(x).</summary>
    public sealed class SiLU(bool inplace) : nn.Module<Tensor, Tensor>(nameof(SiLU))
    {
        public override Tensor forward(Tensor input) => F.silu(input, inplace);
    }

    /// <summary>Modules by number, registered as "0", "1", ...</summary>
    public class ModuleList<T> : nn.Module, IList<T> where T : nn.Module
    {
        private readonly List<T> list = [];

        public ModuleList(params T[] modules) : base(nameof(ModuleList<T>))
        {
            foreach (var module in modules) Add(module);
        }

        public int Count => list.Count;

        public bool IsReadOnly => false;

        public T this[int index]
        {
            get => list[index];
            set => throw new NotSupportedException("a module of a list cannot be replaced once it is registered");
        }

        public void Add(T item)
        {
            register_module(list.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), item);
            list.Add(item);
        }

        public void append(T module) => Add(module);

        public void extend(params T[] modules)
        {
            foreach (var module in modules) Add(module);
        }

        public bool Contains(T item) => list.Contains(item);
        public int IndexOf(T item) => list.IndexOf(item);
        public void CopyTo(T[] array, int arrayIndex) => list.CopyTo(array, arrayIndex);
        public void Insert(int index, T item) => throw new NotSupportedException("modules of a list keep their numbers; append instead");
        public bool Remove(T item) => throw new NotSupportedException("modules of a list keep their numbers");
        public void RemoveAt(int index) => throw new NotSupportedException("modules of a list keep their numbers");
        public void Clear() => throw new NotSupportedException("modules of a list keep their numbers");
        public IEnumerator<T> GetEnumerator() => list.GetEnumerator();
        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => list.GetEnumerator();
    }

    internal static class Layer
    {
        public static Parameter Made(Tensor values)
        {
            using (values) return new Parameter(values);
        }
    }
}
