using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>The trainers of a run, those that were, and those that may take no part.</summary>
internal sealed class TrainerRoster
{
    private readonly SortedDictionary<int, TrainerEntry> trainers = [];
    private readonly Dictionary<int, FormerTrainer> former = [];
    private readonly SortedSet<int> quarantined;
    private readonly RunLogicOptions options;
    private readonly RunOutput output;

    // What is known of a trainer that was never heard of.
    private readonly FormerTrainer stranger = FormerTrainer.None;

    /// <summary>Continues with what is known of former trainers.</summary>
    /// <param name="recovery">What is left of the run's last life in this process.</param>
    /// <param name="origin">The state that a new process begins from: it says whose part in it is not proved.</param>
    public TrainerRoster(RunLogicOptions options, RecoveryState recovery, RunOrigin origin, IEnumerable<int> quarantined, RunOutput output)
    {
        (this.options, this.output, this.quarantined) = (options, output, [.. quarantined]);
        (Generation, Wanted) = (recovery.Generation, recovery.Trainers ?? options.Trainers);
        foreach (var (number, trainer) in recovery.Known)
            former.Add(number, trainer);
        if (recovery.Known.Count > 0)
            return;

        // A checkpoint of an older version has no record: then no trainer is verified.
        stranger = origin.Unproved is null ? new FormerTrainer(0, 0) : FormerTrainer.None;
        foreach (var (number, since) in origin.Unproved ?? ImmutableDictionary<int, long>.Empty)
            former.Add(number, new FormerTrainer(0, since));
    }

    public IEnumerable<TrainerEntry> All => trainers.Values;

    public int Count => trainers.Count;

    public int Wanted { get; private set; }

    /// <summary>The membership: it grows by one whenever a trainer joins or leaves.</summary>
    public long Generation { get; private set; }

    /// <summary>Numbers of those that may take no part.</summary>
    public IReadOnlyCollection<int> Quarantined => quarantined;

    public bool HasMembers => trainers.Values.Any(static trainer => trainer.IsMember);

    /// <summary>Whether there is anybody who could prove another right.</summary>
    public bool CanProve => options.Audit.Every > 0 && trainers.Count > 1;

    /// <summary>What is to be known of each trainer that there is or was.</summary>
    public IReadOnlyDictionary<int, FormerTrainer> Known
    {
        get
        {
            var known = new Dictionary<int, FormerTrainer>(former);
            foreach (var trainer in trainers.Values)
                known[trainer.Number] = trainer.Former;
            return known;
        }
    }

    /// <summary>The trainer of a number; null: there is none.</summary>
    public TrainerEntry? this[int number] => trainers.GetValueOrDefault(number);

    /// <summary>The trainer that lives under a key; null: it is gone.</summary>
    public TrainerEntry? Find(TrainerKey key) => trainers.TryGetValue(key.Number, out var trainer) && trainer.Key == key ? trainer : null;

    /// <summary>Those who compute: all that take part, save those that are to go where others are left.</summary>
    public IReadOnlyList<TrainerEntry> Members()
    {
        List<TrainerEntry> members = [.. trainers.Values.Where(static trainer => trainer is { IsMember: true, IsRetiring: false })];
        return members.Count > 0 ? members : [.. trainers.Values.Where(static trainer => trainer.IsMember)];
    }

    /// <summary>The member with least to do whose weights will be those of a step; null: there is none.</summary>
    public TrainerEntry? Ready(long step) =>
        trainers.Values.Where(trainer => trainer.IsMember && trainer.ToldStep == step).MinBy(static trainer => trainer.LanesOwed);

    /// <summary>The last step up to which all that was computed is proved.</summary>
    /// <param name="step">Updates so far.</param>
    public long TrustedStep(long step) =>
        CanProve ? trainers.Values.Select(static trainer => trainer.UnprovedSince).Append(step).Min() : step;

    /// <summary>Whose part in a state is not proved, and since which step.</summary>
    /// <param name="step">Updates that the state has seen.</param>
    public Dictionary<int, long> UnprovedBefore(long step) =>
        Known.Where(known => known.Value.UnprovedSince < step)
            .ToDictionary(static known => known.Key, static known => known.Value.UnprovedSince);

    /// <summary>Trainers that are gone with unverified work; after this they count as verified.</summary>
    /// <param name="step">Updates that the state has seen.</param>
    public IReadOnlyList<(int Number, long Since)> TakeAbsent(long step)
    {
        List<(int Number, long Since)> absent =
        [
            .. former.Where(one => one.Value.UnprovedSince < step && !trainers.ContainsKey(one.Key)).OrderBy(static one => one.Key)
                .Select(static one => (one.Key, one.Value.UnprovedSince)),
        ];
        foreach (var (number, _) in absent)
            former[number] = former[number] with { UnprovedSince = long.MaxValue };
        return absent;
    }

    /// <summary>So many are wanted from now on.</summary>
    public void Want(int count)
    {
        if (count < 1)
            throw new InvariantException($"A run cannot make progress with {count} trainers.");
        Wanted = count;
    }

    /// <summary>A trainer joined or left.</summary>
    /// <returns>The new membership.</returns>
    public long NextGeneration() => ++Generation;

    public TrainerEntry Add(int number)
    {
        if (quarantined.Contains(number))
            throw new InvariantException($"Trainer {number} is quarantined.");
        var trainer = new TrainerEntry(number, former.GetValueOrDefault(number, stranger), options.RetryInterval);
        trainers.Add(number, trainer);
        return trainer;
    }

    /// <summary>Removes a trainer, and remembers what outlives it.</summary>
    public void Remove(TrainerEntry trainer)
    {
        if (!trainers.Remove(trainer.Number))
            throw new InvariantException($"Trainer {trainer.Number} was removed twice.");
        former[trainer.Number] = trainer.Former;
    }

    /// <summary>A trainer may take no part.</summary>
    public void Quarantine(int number)
    {
        if (!quarantined.Add(number))
            throw new InvariantException($"Trainer {number} is quarantined twice.");
    }

    /// <summary>A trainer may take part again.</summary>
    public void Release(int number) => quarantined.Remove(number);

    /// <summary>Commands a trainer. A silence counts from the first command that is not answered.</summary>
    public void Tell(TrainerEntry trainer, TrainerCommand command)
    {
        if (trainer.IsQuiet)
            Refresh(trainer);
        trainer.IsQuiet = false;
        output.Do(trainer.Command(command));
    }

    /// <summary>A trainer was heard of, or is to be waited for again.</summary>
    public void Refresh(TrainerEntry trainer)
    {
        trainer.IsQuiet = !trainer.IsAsked;
        trainer.HeardAt = output.Now;
        trainer.Retry.Start(output.Now);
    }
}
