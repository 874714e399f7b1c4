using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

/// <summary>Switches the recording of operations on or off on this thread until it is disposed of.</summary>
public sealed class AutoGradMode : IDisposable
{
    private readonly bool before;

    /// <summary>Sets recording on this thread to <c>enabled</c>.</summary>
    public AutoGradMode(bool enabled)
    {
        before = IsEnabled;
        grad_mode_set(enabled ? 1 : 0);
    }

    /// <summary>Whether operations on this thread are recorded.</summary>
    public static bool IsEnabled
    {
        get => grad_mode_enabled() != 0;
        set => grad_mode_set(value ? 1 : 0);
    }

    /// <summary>Restores what was set before.</summary>
    public void Dispose() => grad_mode_set(before ? 1 : 0);
}

/// <summary>Like no_grad, and tensors made meanwhile can never join a graph.</summary>
public sealed class InferenceMode : IDisposable
{
    private nint guard;

    /// <summary>Enters inference mode on this thread, or leaves it where <c>mode</c> is false.</summary>
    public InferenceMode(bool mode) => guard = inference_mode_new(mode ? 1 : 0).Check();

    /// <summary>Whether this thread is in inference mode.</summary>
    public static bool IsEnabled => inference_mode_enabled() != 0;

    /// <summary>Returns to the mode before; on the thread that made it.</summary>
    public void Dispose()
    {
        var mine = Interlocked.Exchange(ref guard, 0);
        if (mine != 0) inference_mode_free(mine);
    }
}

public static partial class torch
{
    /// <summary>Stops recording on this thread until the result is disposed of.</summary>
    public static IDisposable no_grad() => new AutoGradMode(false);

    /// <summary>Records on this thread (or not, where <c>enabled</c> is false) until the result is disposed of.</summary>
    public static IDisposable enable_grad(bool enabled = true) => new AutoGradMode(enabled);

    /// <summary>Sets recording on this thread until the result is disposed of.</summary>
    public static IDisposable set_grad_enabled(bool mode = true) => new AutoGradMode(mode);

    /// <summary>Whether operations on this thread are recorded.</summary>
    public static bool is_grad_enabled() => AutoGradMode.IsEnabled;

    /// <summary>Computes on this thread without recording or version counters until the result is disposed of.</summary>
    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    /// <summary>Whether this thread is in inference mode.</summary>
    public static bool is_inference_mode_enabled() => InferenceMode.IsEnabled;

    // A tensor's place in the graph.
    public partial class Tensor
    {
        /// <summary>Whether operations on the tensor are recorded; setting it throws on a tensor that is no leaf.</summary>
        public bool requires_grad
        {
            get { var yes = tensor_requires_grad(Handle) != 0; GC.KeepAlive(this); return yes; }
            set => tensor_set_requires_grad(this, value ? 1 : 0).Check();
        }

        /// <summary>Whether no recorded operation made the tensor.</summary>
        public bool is_leaf { get { var yes = tensor_is_leaf(Handle) != 0; GC.KeepAlive(this); return yes; } }

        /// <summary>Whether a tensor that is no leaf keeps its gradient.</summary>
        public bool retains_grad { get { var yes = tensor_retains_grad(Handle) != 0; GC.KeepAlive(this); return yes; } }

        /// <summary>The gradient that backward accumulated, or null; a new reference to it at each reading.</summary>
        public Tensor? grad
        {
            get { var made = Optional(tensor_grad(Handle)); GC.KeepAlive(this); return made; }
            set
            {
                tensor_set_grad(Handle, value?.Handle ?? 0).Check();
                GC.KeepAlive(this);
                GC.KeepAlive(value);
            }
        }

        /// <summary>Sets <see cref="requires_grad"/> in place and returns this tensor.</summary>
        public Tensor requires_grad_(bool requires_grad = true)
        {
            tensor_requires_grad_(this, requires_grad ? 1 : 0).Check();
            return this;
        }

        /// <inheritdoc cref="requires_grad_"/>
        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        /// <summary>Asks backward to keep this tensor's gradient although it is no leaf.</summary>
        public void retain_grad() => tensor_retain_grad(this).Check();

        /// <summary>Cuts the tensor out of its graph, in place; throws on a view.</summary>
        public Tensor detach_()
        {
            tensor_detach_(this).Check();
            return this;
        }

        /// <summary>Adds the gradients of this tensor to its leaves (or to <c>inputs</c> alone); one that is no single number needs its own gradient in <c>grad_tensors</c>.</summary>
        public void backward(IList<Tensor>? grad_tensors = null, bool create_graph = false, bool retain_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph: retain_graph, create_graph: create_graph, inputs: inputs);
    }
}
