using ActorTrain.Actors.Protocol;
using ActorTrain.Models;

namespace ActorTrain.Actors.Run;

/// <summary>Which trainers hold the optimizer's state of which shards: two for each, on different nodes where there are two, so that none
/// is lost with one of them, and each checks the other. Without division, all trainers hold everything.</summary>
/// <remarks>Shares follow from the numbers of the trainers and their nodes. A trainer gets its share with the state that it loads, so
/// another share means that it loads a state again.</remarks>
internal sealed class ShardOwners(RunLogicOptions options, TrainerRoster roster, Rounds rounds)
{
    public bool AreDivided => options.DividesOptimizer;

    /// <summary>Whether the trainers with a state hold all of it together.</summary>
    public bool HoldAll => !AreDivided || Shards.All(shard => roster.All.Any(trainer => trainer.HasState && trainer.Owns(shard)));

    private IEnumerable<int> Shards => Enumerable.Range(0, options.Reducers);

    /// <summary>Whether states are not given yet, because who starts with the run decides about the shares.</summary>
    public bool AreAwaited => AreDivided && !rounds.HaveBegun && roster.All.Any(static trainer =>
        trainer is { Key: null, Standing: TrainerStanding.Starting, Faults: 0, IsRetiring: false });

    /// <summary>The shards that a trainer is to own; null for all.</summary>
    public OwnedShards? ShareOf(TrainerEntry trainer)
    {
        if (!AreDivided)
            return null;
        var owners = Assigned();
        return new OwnedShards(options.Reducers, [.. Shards.Where(shard => owners[shard].Contains(trainer))]);
    }

    /// <summary>Members that own another share than they are to.</summary>
    public IReadOnlyList<TrainerEntry> Misplaced()
    {
        if (!AreDivided || rounds.IsUpdating)
            return [];
        var owners = Assigned();
        return [.. roster.All.Where(trainer => trainer is { IsMember: true, IsRetiring: false, Copying: null }
            && !Shards.All(shard => trainer.Owns(shard) == owners[shard].Contains(trainer)))];
    }

    /// <summary>Trainers whose shards have seen an update of a round that was abandoned.</summary>
    public IReadOnlyList<TrainerEntry> Spoilt() =>
        [.. roster.All.Where(trainer => trainer.Updating is { } update && rounds.Current?.Round != update.Round)];

    /// <summary>Whether it is the only member that owns one of its shards.</summary>
    public bool Need(TrainerEntry trainer) => AreDivided && trainer.IsMember && Shards.Any(shard => trainer.Owns(shard)
        && !roster.All.Any(other => other != trainer && other is { IsMember: true, IsRetiring: false } && other.Owns(shard)));

    /// <summary>Who copies which part of the state of a step; null for the whole. Empty while nobody can.</summary>
    public IReadOnlyList<(TrainerEntry Trainer, OwnedShards? Part)> SourcesAt(long step)
    {
        if (!AreDivided)
            return roster.Ready(step) is { } ready ? [(ready, null)] : [];
        var parts = new SortedDictionary<int, List<int>>();
        foreach (var shard in Shards)
        {
            var owners = roster.All.Where(trainer => trainer.IsMember && trainer.ToldStep == step && trainer.Owns(shard));
            if (owners.MinBy(owner => (owner.Pace.IsSlow, parts.GetValueOrDefault(owner.Number)?.Count ?? 0)) is not { } source)
                return [];
            if (!parts.TryGetValue(source.Number, out var part))
                parts.Add(source.Number, part = []);
            part.Add(shard);
        }

        return [.. parts.Select(part => (roster[part.Key]!, (OwnedShards?)new OwnedShards(options.Reducers, [.. part.Value])))];
    }

    /// <summary>Whether a shard has not seen the update that others have seen, and nobody is left who owns it.</summary>
    public bool HaveLostAnUpdate => rounds.Current is { Update: { } update } && roster.All.Any(static trainer => trainer.HasState)
        && Shards.Any(shard => !update.Covers(shard) && !roster.All.Any(trainer => trainer.HasState && trainer.Owns(shard)));

    /// <summary>Has all members that own shards apply the round's update to them.</summary>
    /// <returns>Whether each shard is updated, and all of them have answered.</returns>
    public bool Update(RoundState round, UpdateShards update)
    {
        // As long as a shard is without an owner, others may have to take it over.
        if (round.Update is null && !Shards.All(shard => roster.All.Any(trainer =>
            trainer.IsMember && trainer.ToldStep == round.Round.Step && trainer.Owns(shard))))
            return false;
        var asked = round.Update ??= new ShardUpdates(update);
        foreach (var trainer in roster.All.Where(trainer => trainer.IsMember && trainer.ToldStep == round.Round.Step
            && trainer.Shards is { Numbers.Count: > 0 } && trainer.Updating is null))
        {
            (trainer.Updating, trainer.OwesShards) = (asked.Command, true);
            roster.Tell(trainer, asked.Command);
        }

        return Shards.All(asked.Covers) && roster.All.All(trainer => trainer.Updating is null || asked.IsAnsweredBy(trainer.Key!.Value));
    }

    /// <summary>Notes an update of shards.</summary>
    /// <returns>Whether it counts.</returns>
    public bool Note(TrainerEntry trainer, ShardsUpdated updated)
    {
        if (trainer.Updating?.Round != updated.Round || rounds.Current is not { Update: { } asked } round || round.Round != updated.Round)
            return false;
        if (!updated.Shards.Select(static shard => shard.Shard).SequenceEqual(trainer.Shards!.Numbers))
            throw new InvariantException($"{trainer.Key} owns shards {trainer.Shards}, and has updated others.");
        trainer.OwesShards = false;
        return asked.Note(updated);
    }

    // To those with the fewest shards, the second owner on another node than the first if there is one.
    private List<TrainerEntry>[] Assigned()
    {
        var candidates = roster.All.Where(static trainer => !trainer.IsRetiring
            && trainer.Standing is not (TrainerStanding.Unplaced or TrainerStanding.GivenUp)).ToList();
        if (candidates.Count == 0)
            candidates = [.. roster.All];
        var load = candidates.ToDictionary(static trainer => trainer, static _ => 0);
        return [.. Shards.Select(_ => Owners())];

        List<TrainerEntry> Owners()
        {
            if (Least(candidates) is not { } first)
                return [];
            var second = Least(candidates.Where(trainer => trainer.Node != first.Node))
                ?? Least(candidates.Where(trainer => trainer != first));
            List<TrainerEntry> owners = second is null ? [first] : [first, second];
            owners.ForEach(owner => load[owner]++);
            return owners;
        }

        TrainerEntry? Least(IEnumerable<TrainerEntry> of) => of.MinBy(trainer => (load[trainer], trainer.Number));
    }
}

/// <summary>The update of a round that owners apply to their shards.</summary>
internal sealed class ShardUpdates(UpdateShards command)
{
    private readonly Dictionary<TrainerKey, ShardsUpdated> answers = [];

    public UpdateShards Command => command;

    public bool IsAnsweredBy(TrainerKey trainer) => answers.ContainsKey(trainer);

    public bool Covers(int shard) => answers.Values.Any(answer => answer.Shards.Any(updated => updated.Shard == shard));

    /// <returns>False if it was answered already.</returns>
    public bool Note(ShardsUpdated updated) => answers.TryAdd(updated.Trainer, updated);
}
