using ActorTrain.Models;

namespace ActorTrain.Host.Configuration;

/// <summary>The reward model that a run's critic starts with.</summary>
internal static class CriticModel
{
    private const string ModelKey = "critic.model", DigestKey = "critic.digest";

    /// <summary>Reads the manifest of the named model and adds the digest of its weights to the settings, unless the run file itself
    /// records it. A run that exists already goes by its own record.</summary>
    /// <param name="policy">What the run starts with; null for none.</param>
    /// <exception cref="UserErrorException">There is no such model, or it is no reward model of the policy's shape.</exception>
    public static void Complete(GivenSettings given, BaseModel? policy)
    {
        if (!given.Has(ModelKey) || given[ModelKey] is not string { Length: > 0 } name || given.Has(DigestKey))
            return;
        var origin = given.OriginOf(ModelKey);
        var own = BaseModel.Recorded(given)?.Critic;
        if (own is { Digest.Length: > 0 } && own.Model == name)
        {
            given.Add(DigestKey, own.Digest, origin);
            return;
        }

        try
        {
            var manifest = BaseModel.Newest(name) ?? throw new UserErrorException(
                $"{name} has no intact checkpoint; name another run or checkpoint.");
            if (manifest.Facts.Model.Output is not ModelOutput.Score)
                throw new UserErrorException($"{name} is a language model, which has no score; name a run of `actortrain reward`, or omit "
                    + $"{ModelKey}.");
            if (policy is not null && manifest.Facts.Model != policy.Shape.ShapeOfCritic())
                throw new UserErrorException($"{name} is of another shape than {policy.Name}, whose shape the critic has; name a reward "
                    + $"model that started with {policy.Name}, or omit {ModelKey}.");
            given.Add(DigestKey, manifest.WeightsHash, origin);
        }
        catch (UserErrorException error)
        {
            throw new UserErrorException($"{origin}: {ModelKey}: {error.Message}", error);
        }
    }
}
