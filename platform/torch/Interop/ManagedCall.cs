using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace TorchSharp.Interop;

/// <summary>The functions through which native code calls back into one managed function; see native/autograd.cpp.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ManagedCallbacks
{
    public delegate* unmanaged<nint, nint, nint, int> Forward;
    public delegate* unmanaged<nint, nint, nint*, long, nint*, long, int> Backward;
    public delegate* unmanaged<nint, void> Release;
    public delegate* unmanaged<nint> Error;
}

/// <summary>Exceptions on their way through native code: the message carries a number under which the exception waits.</summary>
internal static class ManagedFailures
{
    private const string Mark = "managed exception #";
    private static readonly ConcurrentDictionary<long, ExceptionDispatchInfo> Waiting = new();
    private static long last;

    [ThreadStatic]
    private static nint message;

    public static void Keep(Exception exception)
    {
        var number = Interlocked.Increment(ref last);
        Waiting[number] = ExceptionDispatchInfo.Capture(exception);
        Marshal.FreeCoTaskMem(message);
        message = Marshal.StringToCoTaskMemUTF8(Mark + number.ToString(CultureInfo.InvariantCulture) + ";");
    }

    [UnmanagedCallersOnly]
    public static nint Message() => message;

    /// <summary>Throws the exception that the message stands for, with the trace of where it was first thrown; null for another message.</summary>
    public static Exception? Find(string text)
    {
        var start = text.IndexOf(Mark, StringComparison.Ordinal);
        if (start < 0) return null;
        var digits = text[(start + Mark.Length)..].Split(';')[0];
        if (!long.TryParse(digits, CultureInfo.InvariantCulture, out var number) || !Waiting.TryRemove(number, out var kept)) return null;
        kept.Throw();
        return null;
    }
}

/// <summary>One application of a managed autograd function; native code holds it until the graph is gone.</summary>
internal sealed unsafe class ManagedCall : IDisposable
{
    private const int MostOutputs = 64;

    private readonly AutogradContext context = new();
    private readonly bool[] isTensor;
    private readonly string name;
    private readonly Func<AutogradContext, List<Tensor>, List<Tensor?>?> backward;
    private Func<AutogradContext, object?[], List<Tensor>>? forward;
    private object?[]? arguments;

    private ManagedCall(
        object?[] arguments, string name, Func<AutogradContext, object?[], List<Tensor>> forward, Func<AutogradContext, List<Tensor>, List<Tensor?>?> backward)
    {
        this.arguments = arguments;
        this.name = name;
        this.forward = forward;
        this.backward = backward;
        isTensor = arguments.Select(argument => argument is Tensor { IsInvalid: false }).ToArray();
    }

    public static List<Tensor> Apply(
        object?[] arguments, string name, Func<AutogradContext, object?[], List<Tensor>> forward, Func<AutogradContext, List<Tensor>, List<Tensor?>?> backward)
    {
        var call = new ManagedCall(arguments, name, forward, backward);
        var inputs = arguments.OfType<Tensor>().Where(tensor => !tensor.IsInvalid).ToList();
        if (inputs.Count == 0) throw new ArgumentException($"Function {name} needs at least one tensor among its arguments.");
        var handles = Handles(inputs);
        var callbacks = new ManagedCallbacks { Forward = &Forward, Backward = &Backward, Release = &Release, Error = &ManagedFailures.Message };
        var made = stackalloc nint[MostOutputs];
        long count;
        fixed (nint* first = handles)
            count = LibTorch.function_apply(first, handles.Length, GCHandle.ToIntPtr(GCHandle.Alloc(call)), &callbacks, made, MostOutputs);
        GC.KeepAlive(inputs);
        if (count == 0) throw NativeError.Take();
        var outputs = new List<Tensor>((int)count - 1);
        for (var i = 0; i < count - 1; i++) outputs.Add(Tensor.Optional(made[i])!);
        return outputs;
    }

    public void Dispose() => context.Dispose();

    private static ManagedCall Of(nint state) => (ManagedCall)GCHandle.FromIntPtr(state).Target!;

    [UnmanagedCallersOnly]
    private static int Forward(nint state, nint native, nint outputs)
    {
        try
        {
            var call = Of(state);
            var (forward, arguments) = (call.forward!, call.arguments!);
            (call.forward, call.arguments) = (null, null);
            call.context.Native = native;
            try
            {
                var made = forward(call.context, arguments);
                call.context.Commit();
                foreach (var output in made) LibTorch.function_add_output(outputs, output).Check();
            }
            finally
            {
                call.context.Native = 0;
            }

            return 1;
        }
        catch (Exception exception)
        {
            ManagedFailures.Keep(exception);
            return 0;
        }
    }

    [UnmanagedCallersOnly]
    private static int Backward(nint state, nint native, nint* grads, long n, nint* results, long m)
    {
        try
        {
            var call = Of(state);
            var given = new List<Tensor>((int)n);
            for (var i = 0; i < n; i++) given.Add(grads[i] == 0 ? null! : new Tensor(LibTorch.tensor_share(grads[i]).Check()));
            call.context.Native = native;
            List<Tensor?>? returned;
            try
            {
                returned = call.backward(call.context, given);
            }
            finally
            {
                call.context.Native = 0;
            }

            call.Hand(returned ?? [], results, m);
            return 1;
        }
        catch (Exception exception)
        {
            ManagedFailures.Keep(exception);
            return 0;
        }
    }

    [UnmanagedCallersOnly]
    private static void Release(nint state)
    {
        Of(state).Dispose();
        GCHandle.FromIntPtr(state).Free();
    }

    private void Hand(List<Tensor?> returned, nint* results, long m)
    {
        // Too many entries are allowed as long as the surplus is empty.
        if (returned.Count < isTensor.Length || returned.Skip(isTensor.Length).Any(surplus => surplus is not null))
            throw new NotImplementedException($"Function {name} returned an incorrect number of gradients (expected {isTensor.Length}, got {returned.Count})");
        var at = 0;
        for (var i = 0; i < isTensor.Length; i++)
        {
            if (!isTensor[i])
            {
                if (returned[i] is not null)
                    throw new NotImplementedException($"Function {name} returned a gradient at position {i + 1}, but the corresponding forward input was not a Tensor");
                continue;
            }

            results[at++] = returned[i] is { } grad ? LibTorch.tensor_share(grad.Handle).Check() : 0;
        }
    }
}
