using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.PostTraining;

/// <summary>A worker's copy of one model of published weights.</summary>
/// <param name="offset">Element of the published weights at which the model begins.</param>
public sealed class InstalledWeights(ModelOptions shape, IWeightSource source, long offset = 0) : IDisposable
{
    private FlatChecksum? checksum;

    public FlatParameters Parameters { get; } = new(ModelLayout.Of(shape));

    /// <summary>Null before any are installed.</summary>
    public PublishedWeights? Present { get; private set; }

    /// <param name="isInUse">Whether work with the present ones is under way, so that no others may be installed.</param>
    /// <returns>Null, or one sentence why it failed.</returns>
    public string? Install(PublishedWeights wanted, bool isInUse)
    {
        if (Present is { } present && (present.Step, present.Hash) == (wanted.Step, wanted.Hash))
            return null;
        if (isInUse)
            throw new InvariantException($"Weights of step {wanted.Step} are to be installed while others are in use.");
        Present = null;
        if (source.Load(wanted, Parameters, offset) is { } refusal)
            return refusal;
        checksum = FlatChecksum.Of(Parameters.Weights);
        Present = wanted;
        return null;
    }

    /// <summary>Call it before passing on what was computed with them.</summary>
    /// <exception cref="CorruptionException">A bit of them was flipped.</exception>
    public void Verify()
    {
        checksum!.Verify(Parameters.Weights, FlatPlace.Weights);
        Parameters.VerifyCopies();
    }

    public void Dispose() => Parameters.Dispose();
}
