using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

/// <summary>Switches the recording of operations on or off on this thread until it is disposed of.</summary>
public sealed class AutoGradMode : IDisposable
{
    private readonly bool before;

    public AutoGradMode(bool enabled)
    {
        before = IsEnabled;
        grad_mode_set(enabled ? 1 : 0);
    }

    public static bool IsEnabled
    {
        get => grad_mode_enabled() != 0;
        set => grad_mode_set(value ? 1 : 0);
    }

    public void Dispose() => grad_mode_set(before ? 1 : 0);
}

/// <summary>Like no_grad, and tensors made meanwhile can never join a graph.</summary>
public sealed class InferenceMode : IDisposable
{
    private nint guard;

    public InferenceMode(bool mode) => guard = inference_mode_new(mode ? 1 : 0).Check();

    public static bool IsEnabled => inference_mode_enabled() != 0;

    public void Dispose()
    {
        var mine = Interlocked.Exchange(ref guard, 0);
        if (mine != 0) inference_mode_free(mine);
    }
}

public static partial class torch
{
    public static AutoGradMode no_grad() => new(false);

    public static AutoGradMode enable_grad(bool enabled = true) => new(enabled);

    public static AutoGradMode set_grad_enabled(bool mode = true) => new(mode);

    public static bool is_grad_enabled() => AutoGradMode.IsEnabled;

    public static InferenceMode inference_mode(bool mode = true) => new(mode);

    public static bool is_inference_mode_enabled() => InferenceMode.IsEnabled;

    // A tensor's place in the graph.
    public partial class Tensor
    {
        public bool requires_grad
        {
            get { var yes = tensor_requires_grad(Handle) != 0; GC.KeepAlive(this); return yes; }
            set => tensor_set_requires_grad(this, value ? 1 : 0).Check();
        }

        public bool is_leaf { get { var yes = tensor_is_leaf(Handle) != 0; GC.KeepAlive(this); return yes; } }

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

        public Tensor requires_grad_(bool requires_grad = true)
        {
            tensor_requires_grad_(this, requires_grad ? 1 : 0).Check();
            return this;
        }

        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        public void retain_grad() => tensor_retain_grad(this).Check();

        public Tensor detach_()
        {
            tensor_detach_(this).Check();
            return this;
        }

        public void backward(IList<Tensor>? grad_tensors = null, bool create_graph = false, bool retain_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph: retain_graph, create_graph: create_graph, inputs: inputs);
    }
}
