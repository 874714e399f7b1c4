using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Run;

/// <summary>Checksums of the state that trainers hold at one step: all have applied the same updates, so all are equal, or somebody did not
/// apply the last one right.</summary>
internal sealed class StateVotes
{
    private readonly Dictionary<TrainerKey, ulong> votes = [];

    /// <summary>A trainer says what it holds; null: it did not.</summary>
    public void Note(TrainerKey trainer, ulong? checksum)
    {
        if (checksum is { } known)
            votes[trainer] = known;
    }

    public void Clear() => votes.Clear();

    /// <summary>What follows where they differ; null: they agree.</summary>
    /// <param name="step">Updates so far.</param>
    public StateDispute? Dispute(long step)
    {
        var all = votes.GroupBy(static vote => vote.Value).OrderByDescending(static same => same.Count()).ToList();
        if (all.Count < 2)
            return null;
        var isProven = all[0].Count() > all[1].Count();
        var evidence = $"at step {step} " + string.Join(", ",
            all.Select(static same => $"{string.Join(" and ", same.Select(static vote => vote.Key))} had the state {same.Key:x16}"));
        return new StateDispute([.. votes.Where(vote => !isProven || vote.Value != all[0].Key).Select(static vote => vote.Key)], isProven,
            evidence);
    }
}

/// <param name="Suspects">Who holds another than most; all, where there is no majority.</param>
internal sealed record StateDispute(IReadOnlyList<TrainerKey> Suspects, bool IsProven, string Evidence);
