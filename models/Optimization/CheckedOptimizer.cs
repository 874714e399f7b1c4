using ActorTrain.Models.Storage;

namespace ActorTrain.Models.Optimization;

/// <summary>Checks all that an optimizer reads against the checksums that it had when it was written.</summary>
public sealed class CheckedOptimizer : IOptimizer
{
    private readonly IOptimizer inner;
    private readonly FlatParameters parameters;
    private readonly Moments moments;

    /// <summary>Wraps <paramref name="inner"/> and takes the checksums of the state as it is now.</summary>
    /// <param name="inner">Updates <paramref name="parameters"/> and <paramref name="moments"/>.</param>
    /// <param name="parameters">The weights; not owned.</param>
    /// <param name="moments">The moments; not owned.</param>
    public CheckedOptimizer(IOptimizer inner, FlatParameters parameters, Moments moments)
    {
        (this.inner, this.parameters, this.moments) = (inner, parameters, moments);
        Checksum = Measure();
    }

    /// <summary>Checksums of weights and moments as they were last written.</summary>
    public StateChecksum Checksum { get; private set; }

    /// <exception cref="CorruptionException">Something that was read had changed in memory. The update is made of it nonetheless: weights
    /// and moments must not be used any more.</exception>
    public double Apply(Update update)
    {
        var norm = inner.Apply(With(update, out var found));
        found.VerifyRead(Checksum, update.GradientChecksum);
        Checksum = found.Written;
        return norm;
    }

    /// <exception cref="CorruptionException">Something that was read had changed in memory.</exception>
    public double Preview(Update update)
    {
        var norm = inner.Preview(With(update, out var found));
        found.VerifyRead(Checksum, update.GradientChecksum);
        return norm;
    }

    /// <summary>To be called when weights or moments were written by anyone else: takes their checksums as they are now.</summary>
    public void StateWritten() => Checksum = Measure();

    private Update With(Update update, out UpdateChecksums found)
    {
        found = new UpdateChecksums(parameters.Layout.Length);
        return update with { Checksums = found };
    }

    private StateChecksum Measure() => StateChecksum.Of(parameters.Weights, moments.First, moments.Second);
}
