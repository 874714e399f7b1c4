using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>The trainers of a run: present, former and quarantined.</summary>
internal sealed class TrainerRoster
{
    private readonly SortedDictionary<int, TrainerEntry> trainers = [];
    private readonly Dictionary<int, FormerTrainer> former = [];
    private readonly SortedSet<int> quarantined;
    private readonly RunLogicOptions options;
    private readonly RunOutput output;

    // What is known of a trainer without a record.
    private readonly FormerTrainer stranger = FormerTrainer.None;

    /// <param name="recovery">What is left of the run's last life in this process.</param>
    /// <param name="origin">The state that a new process begins from, with the trainers whose part in it is unverified.</param>
    public TrainerRoster(RunLogicOptions options, RecoveryState recovery, RunOrigin origin, IEnumerable<int> quarantined, RunOutput output)
    {
        (this.options, this.output, this.quarantined) = (options, output, [.. quarantined]);
        (Generation, Wanted) = (recovery.Generation, recovery.Trainers ?? options.Trainers);
        foreach (var (number, trainer) in recovery.Known)
            former.Add(number, trainer);
        if (recovery.Known.Count > 0 || recovery.Held.Count > 0)
            return;

        // A checkpoint of an older version has no record: then no trainer is verified.
        stranger = origin.Unproved is null ? new FormerTrainer(0, 0) : FormerTrainer.None;
        foreach (var (number, since) in origin.Unproved ?? ImmutableDictionary<int, long>.Empty)
            former.Add(number, new FormerTrainer(0, since));
    }

    public IEnumerable<TrainerEntry> All => trainers.Values;

    public int Count => trainers.Count;

    public int Wanted { get; private set; }

    /// <summary>Grows by one whenever a trainer joins or leaves.</summary>
    public long Generation { get; private set; }

    public IReadOnlyCollection<int> Quarantined => quarantined;

    public bool HasMembers => trainers.Values.Any(static trainer => trainer.IsMember);

    /// <summary>Whether any trainer could verify another.</summary>
    public bool CanProve => options.Audit.Every > 0 && trainers.Count > 1;

    /// <summary>Whether one need not wait for a node until one could.</summary>
    public bool CanProveNow => CanProve && trainers.Values.Count(static trainer => trainer.Standing != TrainerStanding.Unplaced) > 1;

    /// <summary>What is known of each present or former trainer.</summary>
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

    public TrainerEntry? this[int number] => trainers.GetValueOrDefault(number);

    /// <summary>The trainer with this key; null if it is gone.</summary>
    public TrainerEntry? Find(TrainerKey key) => trainers.TryGetValue(key.Number, out var trainer) && trainer.Key == key ? trainer : null;

    /// <summary>Trainers that compute: all with a state, except retiring ones if others are left.</summary>
    public IReadOnlyList<TrainerEntry> Members()
    {
        List<TrainerEntry> members = [.. trainers.Values.Where(static trainer => trainer is { IsMember: true, IsRetiring: false })];
        return members.Count > 0 ? members : [.. trainers.Values.Where(static trainer => trainer.IsMember)];
    }

    /// <summary>The least loaded member whose weights will be at a step, if possible not a slow one; null if there is none.</summary>
    public TrainerEntry? Ready(long step) => trainers.Values.Where(trainer => trainer.IsMember && trainer.ToldStep == step)
        .MinBy(static trainer => (trainer.Pace.IsSlow, trainer.LanesOwed));

    /// <summary>The last step up to which all work is verified.</summary>
    public long TrustedStep(long step) =>
        CanProve ? trainers.Values.Select(static trainer => trainer.UnprovedSince).Append(step).Min() : step;

    /// <summary>Trainers whose part in a state is unverified, and since which step.</summary>
    /// <param name="step">Updates that the state has seen.</param>
    public Dictionary<int, long> UnprovedBefore(long step) =>
        Known.Where(known => known.Value.UnprovedSince < step)
            .ToDictionary(static known => known.Key, static known => known.Value.UnprovedSince);

    /// <summary>Former trainers with unverified work; afterwards they count as verified.</summary>
    /// <param name="step">Updates that the state has seen.</param>
    /// <param name="orUnplaced">Whether those that no node has room for are taken for gone, too.</param>
    public IReadOnlyList<(int Number, long Since)> TakeAbsent(long step, bool orUnplaced = false)
    {
        List<(int Number, long Since)> absent =
        [
            .. former.Where(one => one.Value.UnprovedSince < step && !trainers.ContainsKey(one.Key)).OrderBy(static one => one.Key)
                .Select(static one => (one.Key, one.Value.UnprovedSince)),
        ];
        foreach (var (number, _) in absent)
            former[number] = former[number] with { UnprovedSince = long.MaxValue };
        if (orUnplaced)
        {
            absent.AddRange(trainers.Values
                .Where(trainer => trainer.Standing == TrainerStanding.Unplaced && trainer.UnprovedSince < step)
                .Select(static trainer => (trainer.Number, trainer.Doubt())));
        }

        return absent;
    }

    public void Want(int count)
    {
        if (count < 1)
            throw new InvariantException($"A run cannot make progress with {count} trainers.");
        Wanted = count;
    }

    public long NextGeneration() => ++Generation;

    public TrainerEntry Add(int number)
    {
        if (quarantined.Contains(number))
            throw new InvariantException($"Trainer {number} is quarantined.");
        var trainer = new TrainerEntry(number, former.GetValueOrDefault(number, stranger), options.RetryInterval);
        trainers.Add(number, trainer);
        return trainer;
    }

    public void Remove(TrainerEntry trainer)
    {
        if (!trainers.Remove(trainer.Number))
            throw new InvariantException($"Trainer {trainer.Number} was removed twice.");
        former[trainer.Number] = trainer.Former;
    }

    public void Quarantine(int number)
    {
        if (!quarantined.Add(number))
            throw new InvariantException($"Trainer {number} is quarantined twice.");
    }

    public void Release(int number) => quarantined.Remove(number);

    /// <summary>Sends a command. Silence counts from the first unanswered command.</summary>
    public void Tell(TrainerEntry trainer, TrainerCommand command)
    {
        if (trainer.IsQuiet)
            Refresh(trainer);
        trainer.IsQuiet = false;
        output.Do(trainer.Command(command));
    }

    /// <summary>Resets the trainer's silence.</summary>
    public void Refresh(TrainerEntry trainer)
    {
        trainer.IsQuiet = !trainer.IsAsked;
        trainer.HeardAt = output.Now;
        trainer.Retry.Start(output.Now);
    }
}
