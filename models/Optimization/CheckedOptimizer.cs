using ActorTrain.Models.Storage;

namespace ActorTrain.Models.Optimization;

/// <summary>Verifies the checksums of everything an optimizer reads.</summary>
public sealed class CheckedOptimizer : IOptimizer
{
    private readonly IOptimizer inner;
    private readonly FlatParameters parameters;
    private readonly Moments moments;

    /// <summary>Wraps <paramref name="inner"/>; takes checksums of the current state.</summary>
    /// <param name="inner">Updates <paramref name="parameters"/> and <paramref name="moments"/>.</param>
    /// <param name="parameters">Not owned.</param>
    /// <param name="moments">Not owned.</param>
    public CheckedOptimizer(IOptimizer inner, FlatParameters parameters, Moments moments)
    {
        (this.inner, this.parameters, this.moments) = (inner, parameters, moments);
        Checksum = Measure();
    }

    /// <summary>Of weights and moments when they were last written.</summary>
    public StateChecksum Checksum { get; private set; }

    /// <exception cref="CorruptionException">Data changed in memory since they were written. The update is made nonetheless: weights and
    /// moments must not be used any more.</exception>
    public double Apply(Update update)
    {
        var norm = inner.Apply(With(update, out var found));
        found.VerifyRead(Checksum, update.GradientChecksum);
        Checksum = found.Written;
        return norm;
    }

    /// <exception cref="CorruptionException">Data changed in memory since they were written.</exception>
    public double Preview(Update update)
    {
        var norm = inner.Preview(With(update, out var found));
        found.VerifyRead(Checksum, update.GradientChecksum);
        return norm;
    }

    /// <summary>Takes new checksums; call it after other code has written weights or moments.</summary>
    public void StateWritten() => Checksum = Measure();

    private Update With(Update update, out UpdateChecksums found)
    {
        found = new UpdateChecksums(parameters.Layout.Length);
        return update with { Checksums = found };
    }

    private StateChecksum Measure() => StateChecksum.Of(parameters.Weights, moments.First, moments.Second);
}
