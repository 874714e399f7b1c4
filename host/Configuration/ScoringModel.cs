using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Configuration;

/// <summary>Records which reward model a run scores its rollouts with.</summary>
internal static class ScoringModel
{
    private const string ModelKey = "scoring.model", DigestKey = "scoring.digest";

    /// <summary>Adds the digest of the reward model that is named, unless the run file records one.</summary>
    /// <exception cref="UserErrorException">There is no such reward model.</exception>
    public static void Complete(GivenSettings given)
    {
        if (!given.Has(ModelKey) || given[ModelKey] is not string { Length: > 0 } name || given.Has(DigestKey))
            return;
        var origin = given.OriginOf(ModelKey);
        if (BaseModel.Recorded(given) is { Scoring: { Digest.Length: > 0 } own } && own.Model == name)
        {
            given.Add(DigestKey, own.Digest, origin);
            return;
        }

        try
        {
            given.Add(DigestKey, DigestOf(name), origin);
        }
        catch (UserErrorException error)
        {
            throw new UserErrorException($"{origin}: {ModelKey}: {error.Message}", error);
        }
    }

    /// <summary>What the score of a reward model is besides its weights.</summary>
    /// <exception cref="UserErrorException">Its scores are not normalised.</exception>
    public static ScorerFacts FactsOf(RunDirectory run, CheckpointManifest manifest) => RewardScale.Read(run.RewardFile) is { } scale
        && scale.Source.Weights == manifest.WeightsHash
        ? new ScorerFacts(manifest.Facts.Model, scale.Gain, scale.Bias, scale.Source.Precision)
        : throw new UserErrorException($"{run.RewardFile} does not normalise the scores of step {manifest.Facts.Step}; run "
            + "`actortrain reward` of that run again, to its last step, which writes it.");

    private static string DigestOf(string name)
    {
        var manifest = BaseModel.Newest(name) ?? throw new UserErrorException(
            $"{name} has no intact checkpoint; name another run.");
        if (manifest.Facts.Model.Output is not ModelOutput.Score)
            throw new UserErrorException($"{name} is a language model, which has no score; name a run of `actortrain reward`.");
        return ScorerCopy.DigestOf(manifest.WeightsHash, FactsOf(NamedRun.Find(name).Directory, manifest));
    }
}
