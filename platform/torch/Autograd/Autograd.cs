using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

/// <summary>Tensors, the functions on them, random numbers, derivatives and modules, under the names they have in Python.</summary>
public static partial class torch
{
    /// <summary>Derivatives.</summary>
    public static partial class autograd
    {
        /// <summary>The gradients of the outputs with respect to the inputs, one per input.</summary>
        public static unsafe IList<Tensor> grad(
            IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            nint[] from = Handles(outputs), to = Handles(inputs), seeds = Seeds(grad_outputs, outputs.Count), made = new nint[inputs.Count];
            fixed (nint* f = from, t = to, s = seeds, m = made)
                autograd_grad(f, from.Length, t, to.Length, s, seeds.Length, retain_graph || create_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, m).Check();
            GC.KeepAlive(outputs);
            GC.KeepAlive(inputs);
            GC.KeepAlive(grad_outputs);
            return made.Select(handle => Tensor.Optional(handle)!).ToList();
        }

        /// <summary>Adds to the gradients of the leaves (or of <paramref name="inputs"/> alone).</summary>
        public static unsafe void backward(
            IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null)
        {
            nint[] from = Handles(tensors), seeds = Seeds(grad_tensors, tensors.Count), to = Handles(inputs);
            fixed (nint* f = from, s = seeds, t = to)
                autograd_backward(f, from.Length, s, seeds.Length, retain_graph ?? create_graph ? 1 : 0, create_graph ? 1 : 0, t, to.Length).Check();
            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        private static nint[] Seeds(IList<Tensor>? seeds, int count) =>
            seeds is null || seeds.Count == count ? Handles(seeds) : throw new ArgumentException($"{seeds.Count} gradients for {count} tensors");
    }
}
