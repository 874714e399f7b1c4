using System.Diagnostics.CodeAnalysis;
using ActorTrain.Models.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>All parameters of a model in one contiguous float32 tensor, and all their gradients in another; each parameter is a
/// view.</summary>
/// <remarks>So reduction, clipping, the optimizer, snapshots and hashing are operations on ranges. Code that changes the weights must call
/// <see cref="WeightsChanged"/>, so that copies in other formats (packed, bfloat16) are refreshed.</remarks>
public sealed class FlatParameters : IDisposable
{
    private readonly Dictionary<string, ParameterSlot> slots;
    private readonly FlatParameters? whole;
    private Tensor? gradients;
    private Tensor? ownGradients;
    private nint gradientAddress;

    public FlatParameters(FlatLayout layout, Device? device = null)
    {
        Layout = layout;
        Weights = zeros(layout.Length, dtype: float32, device: device).DetachFromDisposeScope();
        slots = layout.Entries.ToDictionary(static entry => entry.Name, entry => new ParameterSlot(this, entry));
    }

    /// <summary>A range of others, in their memory: for an optimizer of its own, and without views of single parameters.</summary>
    /// <param name="whole">Must outlive it.</param>
    /// <param name="layout">Of the range.</param>
    /// <param name="offset">Its first element.</param>
    internal FlatParameters(FlatParameters whole, FlatLayout layout, long offset)
    {
        (this.whole, Layout, slots) = (whole, layout, []);
        Weights = whole.Weights.narrow(0, offset, layout.Length).DetachFromDisposeScope();
    }

    public FlatLayout Layout { get; }

    /// <summary><c>[Layout.Length]</c>, float32.</summary>
    public Tensor Weights { get; }

    /// <summary><c>[Layout.Length]</c>, float32, in lent memory, else in its own, allocated when first used.</summary>
    public Tensor Gradients
    {
        get
        {
            if (gradients is null)
                Use(ownGradients ??= zeros(Layout.Length, dtype: float32, device: Device).DetachFromDisposeScope());
            return gradients;
        }
    }

    /// <summary>Lanes whose gradients are computed at once.</summary>
    public int Lanes { get; private set; } = 1;

    /// <summary>Grows by one with every change of the weights.</summary>
    public long Version { get; private set; }

    public Device Device => Weights.device;

    /// <summary>The parameter of that name.</summary>
    /// <exception cref="KeyNotFoundException">The layout has none of that name.</exception>
    public ParameterSlot this[string name] => slots[name];

    /// <summary>Computes gradients into the caller's memory until it is taken back, which avoids a copy.</summary>
    /// <param name="memory">In the parameters' layout, with zeros in the gaps, on their device; owned by the caller.</param>
    /// <param name="lanes">Of how many lanes the rows of each pass are: equal parts, one after another, each summed by itself and then
    /// along the lane tree. More than one only on the fused kernels.</param>
    public void LendGradients(Tensor memory, int lanes = 1)
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
        Lanes = lanes;
    }

    /// <summary>Ends <see cref="LendGradients"/>: the memory is not written any more.</summary>
    public void TakeBackGradients() => (gradients, Lanes) = (null, 1);

    /// <summary>Verifies the copies of the current weights in other formats.</summary>
    /// <exception cref="CorruptionException">A bit of one was flipped.</exception>
    public void VerifyCopies()
    {
        var copies = Copies.SelectMany(static owner => owner.CopiesInUse).ToList();
        var found = FlatSums.Checksums([.. copies.Select(static copy => copy.Address)], [.. copies.Select(static copy => copy.Count)]);
        foreach (var (copy, now) in copies.Zip(found))
            copy.Written.Verify(now.Blocks, FlatPlace.PackedWeights);
    }

    /// <summary>Address and number of floats of each copy.</summary>
    public IEnumerable<(nint Address, long Count)> PackedCopies() =>
        Copies.SelectMany(static owner => owner.CopiesInUse).Select(static copy => (copy.Address, copy.Count));

    /// <summary>Holders of copies of the weights in other formats.</summary>
    internal List<IWeightCopies> Copies { get; } = [];

    /// <summary>Address of an element of the gradients; CPU only.</summary>
    internal nint GradientAddress(long offset)
    {
        _ = Gradients;
        return gradientAddress + (nint)(offset * sizeof(float));
    }

    /// <summary>Call after every change of <see cref="Weights"/>.</summary>
    public void WeightsChanged()
    {
        Version++;
        whole?.WeightsChanged();
    }

    /// <summary>Begins a new gradient.</summary>
    /// <param name="byOverwriting">True if fused kernels will write every parameter's gradient: they overwrite the first time and then add,
    /// which saves clearing the memory. False clears it, as needed by autograd, which only adds.</param>
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

/// <summary>One parameter: the view for autograd and modules, and the addresses for fused kernels.</summary>
public sealed class ParameterSlot : IDisposable
{
    private readonly FlatParameters owner;
    private readonly long[] shape;
    private Tensor? gradient;
    private Tensor? viewed;
    private nint weightAddress;

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

    public FlatEntry Entry { get; }

    public Parameter Parameter { get; }

    /// <summary>The view of the flat gradient, to which autograd adds.</summary>
    public Tensor Gradient
    {
        get
        {
            Attach();
            return gradient!;
        }
    }

    internal List<IWeightCopies> Copies => owner.Copies;

    internal long Version => owner.Version;

    internal int Lanes => owner.Lanes;

    /// <summary>Whether the gradient was written since it was cleared.</summary>
    internal bool HoldsGradient { get; set; }

    /// <summary>For a kernel about to write the gradient: 1 to add, 0 to overwrite.</summary>
    internal int BeginGradient()
    {
        var accumulate = HoldsGradient ? 1 : 0;
        HoldsGradient = true;
        return accumulate;
    }

    /// <summary>Of the first weight; CPU only.</summary>
    internal nint WeightAddress => weightAddress != 0 ? weightAddress : weightAddress = Parameter.Address();

    /// <summary>Of the gradient's first element; CPU only.</summary>
    internal nint GradientAddress => owner.GradientAddress(Entry.Offset);

    /// <summary>Gives autograd the current gradient memory. Fused kernels need no view of it.</summary>
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
