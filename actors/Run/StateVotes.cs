using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Run;

/// <summary>Checksums of the trainers' states at one step. All have applied the same updates, so a difference means that one applied the
/// last update wrong.</summary>
internal sealed class StateVotes
{
    // Of shards, where the optimizer's state is divided.
    private readonly Dictionary<(TrainerKey Trainer, int? Shard), ulong> votes = [];

    /// <param name="checksum">Null if it computed none.</param>
    public void Note(TrainerKey trainer, ulong? checksum)
    {
        if (checksum is { } known)
            votes[(trainer, null)] = known;
    }

    /// <summary>Notes shards after the update that is being applied.</summary>
    public void NoteShards(TrainerKey trainer, IEnumerable<ShardChecksum> shards)
    {
        foreach (var (shard, state) in shards)
            votes[(trainer, shard)] = state;
    }

    /// <summary>Their update was abandoned.</summary>
    public void ForgetShards()
    {
        foreach (var subject in votes.Keys.Where(static subject => subject.Shard is not null).ToList())
            votes.Remove(subject);
    }

    public void Clear() => votes.Clear();

    /// <summary>The outcome of a disagreement; null if all agree.</summary>
    public StateDispute? Dispute(long step)
    {
        foreach (var subject in votes.GroupBy(static vote => vote.Key.Shard))
        {
            var all = subject.GroupBy(static vote => vote.Value, static vote => vote.Key.Trainer)
                .OrderByDescending(static same => same.Count()).ToList();
            if (all.Count < 2)
                continue;
            var isProven = all[0].Count() > all[1].Count();
            var what = subject.Key is { } shard ? $"shard {shard} of the next state" : "the state";
            var evidence = $"at step {step} "
                + string.Join(", ", all.Select(same => $"{string.Join(" and ", same)} had {what} {same.Key:x16}"));
            return new StateDispute([.. all.Skip(isProven ? 1 : 0).SelectMany(static same => same)], isProven, evidence);
        }

        return null;
    }
}

/// <param name="Suspects">Trainers outside the majority; all, if there is no majority.</param>
internal sealed record StateDispute(IReadOnlyList<TrainerKey> Suspects, bool IsProven, string Evidence);
