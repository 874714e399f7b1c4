using System.Runtime.InteropServices;
using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>What a function's forward keeps for its backward.</summary>
        public class AutogradContext : IDisposable
        {
            private readonly Dictionary<string, object?> data = [];
            private List<Tensor?> toSave = [];
            private List<Tensor> dirty = [], nonDifferentiable = [];
            private int savedCount;

            internal AutogradContext()
            {
            }

            /// <summary>What <c>set_materialize_grads</c> was told; true at first.</summary>
            public bool MaterializeGrads { get; private set; } = true;

            /// <summary>The native context, known during forward and backward only.</summary>
            internal nint Native { get; set; }

            /// <summary>Keeps arguments or results of forward until backward; a second call replaces the first.</summary>
            public void save_for_backward(List<Tensor> tensors) => toSave = [.. tensors];

            /// <summary>Keeps any other value for backward, under a key.</summary>
            public void save_data(string key, object? value) => data[key] = value;

            /// <summary>The value kept under the key, or null.</summary>
            public object? get_data(string key) => data.GetValueOrDefault(key);

            /// <summary>Declares which arguments forward wrote into.</summary>
            public void mark_dirty(List<Tensor> tensors) => dirty = [.. tensors];

            /// <summary>Declares which results take no gradient.</summary>
            public void mark_non_differentiable(List<Tensor> tensors) => nonDifferentiable = [.. tensors];

            /// <summary>Whether backward sees zeros (the default) or null for an output that no gradient reached.</summary>
            public void set_materialize_grads(bool value) => MaterializeGrads = value;

            /// <summary>The tensors of <see cref="save_for_backward"/>, refused if they were written to since.</summary>
            public unsafe List<Tensor> get_saved_variables()
            {
                if (savedCount == 0) return [];
                if (Native == 0) throw new InvalidOperationException("Saved variables can be had during backward only.");
                var handles = new nint[savedCount];
                fixed (nint* first = handles) function_saved(Native, first, handles.Length).Check();
                return handles.Select(handle => Tensor.Optional(handle)!).ToList();
            }

            /// <summary>Hands over to the native context what forward marked and saved.</summary>
            internal unsafe void Commit()
            {
                savedCount = toSave.Count;
                fixed (nint* saved = Handles(toSave!), written = Handles(dirty), constant = Handles(nonDifferentiable))
                {
                    if (toSave.Count > 0) function_save(Native, saved, toSave.Count).Check();
                    if (dirty.Count > 0) function_mark_dirty(Native, written, dirty.Count).Check();
                    if (nonDifferentiable.Count > 0) function_mark_non_differentiable(Native, constant, nonDifferentiable.Count).Check();
                }

                if (!MaterializeGrads) function_materialize_grads(Native, 0).Check();
                GC.KeepAlive(toSave);
                toSave = [];
                dirty = [];
                nonDifferentiable = [];
            }

            /// <summary>Lets go of nothing itself: the native context owns what was saved.</summary>
            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            /// <summary>For derived contexts that hold something of their own.</summary>
            protected virtual void Dispose(bool disposing)
            {
            }
        }

        /// <summary>A differentiable operation whose forward and backward are managed code.</summary>
        public abstract class Function<T> where T : Function<T>, new()
        {
            private static readonly T instance = new();

            /// <summary>The node's name in the graph, as error messages show it.</summary>
            public abstract string Name { get; }

            internal abstract List<Tensor> Forward(AutogradContext ctx, object?[] vars);

            internal abstract List<Tensor?>? Backward(AutogradContext ctx, List<Tensor> grad_outputs);

            /// <summary>Runs forward and, where an input requires a gradient, enters this function into the graph.</summary>
            public static List<Tensor> apply_internal(params object?[] vars) => ManagedCall.Apply(vars, instance.Name, instance.Forward, instance.Backward);
        }

        /// <summary>A differentiable operation of one result.</summary>
        public abstract class SingleTensorFunction<T> : Function<T> where T : SingleTensorFunction<T>, new()
        {
            /// <summary>Runs forward on the arguments; the result carries this function in its graph where an argument requires a gradient.</summary>
            public static Tensor apply(params object?[] vars) => apply_internal(vars)[0];

            /// <summary>Runs unrecorded; <paramref name="vars"/> are the arguments of apply.</summary>
            public abstract Tensor forward(AutogradContext ctx, params object[] vars);

            /// <summary>One entry per argument of apply: a gradient, or null where there is none.</summary>
            public abstract List<Tensor> backward(AutogradContext ctx, Tensor grad_output);

            internal sealed override List<Tensor> Forward(AutogradContext ctx, object?[] vars) => [forward(ctx, vars!)];

            internal sealed override List<Tensor?>? Backward(AutogradContext ctx, List<Tensor> grad_outputs) => backward(ctx, grad_outputs[0])!;
        }

        /// <summary>A differentiable operation of several results.</summary>
        public abstract class MultiTensorFunction<T> : Function<T> where T : MultiTensorFunction<T>, new()
        {
            /// <summary>Runs forward on the arguments; one tensor per result.</summary>
            public static List<Tensor> apply(params object?[] vars) => apply_internal(vars);

            /// <summary>Runs unrecorded; <c>vars</c> are the arguments of apply.</summary>
            public abstract List<Tensor> forward(AutogradContext ctx, params object[] vars);

            /// <summary>From one gradient per result, one entry per argument of apply: a gradient, or null where there is none.</summary>
            public abstract List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs);

            internal sealed override List<Tensor> Forward(AutogradContext ctx, object?[] vars) => forward(ctx, vars!);

            internal sealed override List<Tensor?>? Backward(AutogradContext ctx, List<Tensor> grad_outputs) => backward(ctx, grad_outputs)!;
        }
    }
}
