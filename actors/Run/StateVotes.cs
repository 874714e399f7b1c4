using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Run;

/// <summary>Checksums of the trainers' states at one step. All have applied the same updates, so a difference means that one applied the
/// last update wrong.</summary>
internal sealed class StateVotes
{
    private readonly Dictionary<TrainerKey, ulong> votes = [];

    /// <param name="checksum">Null if it computed none.</param>
    public void Note(TrainerKey trainer, ulong? checksum)
    {
        if (checksum is { } known)
            votes[trainer] = known;
    }

    public void Clear() => votes.Clear();

    /// <summary>The outcome of a disagreement; null if all agree.</summary>
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

/// <param name="Suspects">Trainers outside the majority; all, if there is no majority.</param>
internal sealed record StateDispute(IReadOnlyList<TrainerKey> Suspects, bool IsProven, string Evidence);
