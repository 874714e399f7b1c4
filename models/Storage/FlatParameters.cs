using System.Diagnostics.CodeAnalysis;
using ActorTrain.Models.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>All parameters of a model in one contiguous float32 tensor, and all their gradients in another; each parameter is a
/// view.</summary>
/// <remarks>So reduction, clipping, the optimizer, snapshots and hashing are operations on ranges. Whoever changes the weights says so with
/// <see cref="WeightsChanged"/>: copies in other formats (packed, bfloat16) are made again from then on.</remarks>
public sealed class FlatParameters : IDisposable
{
    private readonly Dictionary<string, ParameterSlot> slots;
    private Tensor? gradients;
    private Tensor? ownGradients;
    private nint gradientAddress;

    /// <param name="device">Where they live; null for the CPU.</param>
    public FlatParameters(FlatLayout layout, Device? device = null)
    {
        Layout = layout;
        Weights = zeros(layout.Length, dtype: float32, device: device).DetachFromDisposeScope();
        slots = layout.Entries.ToDictionary(static entry => entry.Name, entry => new ParameterSlot(this, entry));
    }

    public FlatLayout Layout { get; }

    /// <summary>The parameters, <c>[Layout.Length]</c>, float32.</summary>
    public Tensor Weights { get; }

    /// <summary>Their gradients, <c>[Layout.Length]</c>, float32, in the memory that was lent, else in memory of its own, allocated when
    /// first used.</summary>
    public Tensor Gradients
    {
        get
        {
            if (gradients is null)
                Use(ownGradients ??= zeros(Layout.Length, dtype: float32, device: Device).DetachFromDisposeScope());
            return gradients;
        }
    }

    /// <summary>Grows by one with every change of the weights.</summary>
    public long Version { get; private set; }

    /// <summary>The device on which they live.</summary>
    public Device Device => Weights.device;

    /// <summary>The parameter of that name.</summary>
    /// <exception cref="KeyNotFoundException">The layout has none of that name.</exception>
    public ParameterSlot this[string name] => slots[name];

    /// <summary>Has gradients computed into memory of the caller until it is taken back, so that a gradient need not be copied aside to
    /// make room for the next.</summary>
    /// <param name="memory">Laid out as the parameters, zero in the gaps, on their device; it stays the caller's.</param>
    public void LendGradients(Tensor memory)
    {
        if (memory.numel() != Layout.Length || memory.dtype != float32 || memory.device.type != Device.type)
        {
            throw new ArgumentException(
                $"Gradients of {memory.numel()} elements of {memory.dtype} on {memory.device} do not match the layout of "
                    + $"{Layout.Length} float32 "
                + $"parameters on {Device}.",
                nameof(memory));
        }

        Use(memory);
    }

    /// <summary>Takes back what <see cref="LendGradients"/> lent: nothing is written into it any more.</summary>
    public void TakeBackGradients() => gradients = null;

    /// <summary>Checks the copies of the weights, in other formats, that were made since they changed last.</summary>
    /// <exception cref="CorruptionException">A bit of one was flipped.</exception>
    public void VerifyCopies()
    {
        var copies = Copies.SelectMany(static owner => owner.CopiesInUse).ToList();
        var found = FlatSums.Checksums([.. copies.Select(static copy => copy.Address)], [.. copies.Select(static copy => copy.Count)]);
        foreach (var (copy, now) in copies.Zip(found))
            copy.Written.Verify(now.Blocks, FlatPlace.PackedWeights);
    }

    /// <summary>Where those copies lie: address and number of floats of each.</summary>
    public IEnumerable<(nint Address, long Count)> PackedCopies() =>
        Copies.SelectMany(static owner => owner.CopiesInUse).Select(static copy => (copy.Address, copy.Count));

    /// <summary>Who holds copies of the weights in other formats.</summary>
    internal List<IWeightCopies> Copies { get; } = [];

    /// <summary>Address of an element of the gradients; CPU only.</summary>
    internal nint GradientAddress(long offset)
    {
        _ = Gradients;
        return gradientAddress + (nint)(offset * sizeof(float));
    }

    /// <summary>To be called after every change of <see cref="Weights"/>.</summary>
    public void WeightsChanged() => Version++;

    /// <summary>Begins a new gradient: what was summed so far is forgotten.</summary>
    /// <param name="byOverwriting">True when every parameter's gradient is going to be written by a fused kernel, which overwrites the
    /// first time and adds from then on; that saves clearing the memory. False clears it, as autograd needs, which only ever adds.</param>
    public void ClearGradients(bool byOverwriting)
    {
        if (!byOverwriting)
            Gradients.zero_();
        foreach (var slot in slots.Values)
        {
            slot.HoldsGradient = !byOverwriting;
            if (!byOverwriting)
                slot.Attach();
        }
    }

    public void Dispose()
    {
        foreach (var slot in slots.Values)
            slot.Dispose();
        Weights.Dispose();
        ownGradients?.Dispose();
    }

    [MemberNotNull(nameof(gradients))]
    private void Use(Tensor memory)
    {
        gradients = memory;
        gradientAddress = memory.device.type == DeviceType.CPU ? memory.Address() : 0;
    }
}

/// <summary>One parameter: the view that autograd and modules see, and the addresses that fused kernels use.</summary>
public sealed class ParameterSlot : IDisposable
{
    private readonly FlatParameters owner;
    private readonly long[] shape;
    private Tensor? gradient;
    private Tensor? viewed;

    internal ParameterSlot(FlatParameters owner, FlatEntry entry)
    {
        this.owner = owner;
        Entry = entry;
        shape = [.. entry.Shape];
        using var all = owner.Weights.narrow(0, entry.Offset, entry.Count);
        using var shaped = all.view(shape);
        Parameter = new Parameter(shaped);
        Parameter.DetachFromDisposeScope();
    }

    /// <summary>Its place in the flat vector.</summary>
    public FlatEntry Entry { get; }

    /// <summary>The parameter as modules use it.</summary>
    public Parameter Parameter { get; }

    /// <summary>The view of the flat gradient that belongs to it; autograd adds into it.</summary>
    public Tensor Gradient
    {
        get
        {
            Attach();
            return gradient!;
        }
    }

    /// <summary>Who holds copies of the weights in other formats.</summary>
    internal List<IWeightCopies> Copies => owner.Copies;

    /// <summary>Version of the weights that it shows.</summary>
    internal long Version => owner.Version;

    /// <summary>Whether something was written into the gradient since it was cleared.</summary>
    internal bool HoldsGradient { get; set; }

    /// <summary>For a kernel that is about to write the gradient: whether it must add to what is there (1) or overwrite it (0).</summary>
    internal int BeginGradient()
    {
        var accumulate = HoldsGradient ? 1 : 0;
        HoldsGradient = true;
        return accumulate;
    }

    /// <summary>Address of the first weight; CPU only.</summary>
    internal nint WeightAddress => Parameter.Address();

    /// <summary>Address of the first element of the gradient; CPU only.</summary>
    internal nint GradientAddress => owner.GradientAddress(Entry.Offset);

    /// <summary>Shows autograd the memory that gradients are now computed into. Fused kernels need no view of it.</summary>
    internal void Attach()
    {
        if (ReferenceEquals(viewed, owner.Gradients))
            return;
        gradient?.Dispose();
        viewed = owner.Gradients;
        using var all = viewed.narrow(0, Entry.Offset, Entry.Count);
        gradient = all.view(shape).DetachFromDisposeScope();
        Parameter.grad = gradient;
    }

    public void Dispose()
    {
        Parameter.Dispose();
        gradient?.Dispose();
    }
}
