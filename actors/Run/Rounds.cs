using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>The current attempt at a step: has its lanes computed and their gradients reduced.</summary>
internal sealed class Rounds
{
    private readonly RunLogicOptions options;
    private readonly RunOutput output;
    private readonly TrainerRoster roster;
    private readonly RunProgress progress;
    private readonly Decisions decisions;
    private readonly RetryTimer reducersRetry;
    private DateTimeOffset reducersAskedAt;

    /// <summary>Continues after the last round of the run's last life in this process.</summary>
    public Rounds(RunLogicOptions options, long lastNumber, RunOutput output, TrainerRoster roster, RunProgress progress,
        Decisions decisions)
    {
        (this.options, this.output, this.roster, this.progress, this.decisions) = (options, output, roster, progress, decisions);
        Owners = new ShardOwners(options, roster, this);
        Lanes = new LaneSharing(options, output, roster, progress, this);
        (LastNumber, FirstNumber, reducersRetry) = (lastNumber, lastNumber + 1, new RetryTimer(options.RetryInterval));
    }

    public RoundState? Current { get; private set; }

    public ShardOwners Owners { get; }

    public LaneSharing Lanes { get; }

    public CommittedUpdates Updates { get; } = new();

    /// <summary>Whether owners of shards apply the current update: no copy and no evaluation begins before it is committed.</summary>
    public bool IsUpdating => Current?.Update is not null;

    public long FirstNumber { get; }

    public long LastNumber { get; private set; }

    public bool HaveBegun => LastNumber >= FirstNumber;

    public bool IsFirst => LastNumber == FirstNumber;

    /// <summary>When reducers are reminded; null if none owes an answer.</summary>
    public DateTimeOffset? ReducersDueAt => Current is { LanesAreDone: true, IsReduced: false } ? reducersRetry.At : null;

    public Round NextName() => new(++LastNumber, progress.Step);

    public Ticket CurrentTicket => new(roster.Generation, Current!.Round);

    /// <returns>The assignment of lanes. Without members, all lanes wait.</returns>
    public IReadOnlyList<(TrainerEntry Trainer, IReadOnlyList<LaneBlock> Blocks)> Open()
    {
        if (Current is not null)
            throw new InvariantException($"A round was started while {Current.Round} is in progress.");
        Current = new RoundState(NextName(), options.Lanes, options.Reducers);
        output.Do(new OpenRound(Current.Round));
        return Lanes.Share(Current);
    }

    /// <returns>Whether it counts: one of a round that is over does not.</returns>
    public bool Complete(TrainerEntry trainer, BlockComputed computed)
    {
        var index = trainer.Owes.FindIndex(owed => owed.Ticket == computed.Ticket && owed.Block == computed.Block);
        if (index < 0)
            return false;
        trainer.Owes.RemoveAt(index);
        if (Current is not { } round || round.Round != computed.Ticket.Round)
            return false;

        // Lanes are computed on the weights that this round begins from, so these have been reached.
        trainer.Step = Math.Max(trainer.Step, computed.Ticket.Round.Step);
        trainer.UnprovedSince = Math.Min(trainer.UnprovedSince, progress.Step);
        round.Add(computed);
        Lanes.Settle(trainer, round, computed.Block);
        for (var reducer = 0; reducer < options.Reducers; reducer++)
            output.Do(new ToReducer(reducer, new AddBlock(round.Round, computed.Block)));
        if (round.LanesAreDone)
        {
            reducersAskedAt = output.Now;
            reducersRetry.Start(output.Now);
        }

        return true;
    }

    public void Handle(ReducerReport report)
    {
        switch (report)
        {
            case ReducerStarted started when Current is not null && !Current.IsReducedBy(started.Reducer):
                AskReducer(started.Reducer);
                break;
            case ShardReduced reduced when Current is not null && reduced.Round == Current.Round:
                Current.Add(reduced);
                break;
            case BlockDamaged damaged when Current is not null && damaged.Round == Current.Round:
                decisions.Record(new CorruptionFound(output.Now, progress.Step, ActorId.Reducer(damaged.Reducer), damaged.Reason));
                output.Warn($"{damaged.Reason} Recomputing step {progress.Step}.");
                Abandon();
                break;
        }
    }

    /// <summary>Repeats requests to silent reducers, and replaces those that hang.</summary>
    public void RemindReducers()
    {
        if (Current is not { LanesAreDone: true, IsReduced: false } round || !reducersRetry.IsDue(output.Now))
            return;
        var areHung = output.Now - reducersAskedAt >= options.TrainerTimeout;
        for (var reducer = 0; reducer < options.Reducers; reducer++)
        {
            if (round.IsReducedBy(reducer))
                continue;
            if (areHung)
                output.Do(new ReplaceReducer(reducer));
            AskReducer(reducer);
        }

        if (areHung)
            reducersAskedAt = output.Now;
        reducersRetry.Repeat(output.Now);
    }

    /// <summary>Commits the round's update: all trainers at its step apply it.</summary>
    /// <param name="record">For trainers that outlive this process; null for none.</param>
    public void Commit(double gradientNorm, UpdateAdjustment adjustment, StateRecord? record)
    {
        var round = Current!.Round;
        if (round.Step != progress.Step || !Current.IsReduced)
            throw new InvariantException($"{round} cannot be committed at step "
                + $"{progress.Step}{(Current.IsReduced ? "" : " before it is reduced")}.");
        var update = new ApplyUpdate(round, gradientNorm, adjustment) { Record = record };
        Updates.Add(update);
        foreach (var trainer in roster.All.Where(trainer => trainer.ToldStep == round.Step))
        {
            (trainer.Updating, trainer.OwesShards) = (null, false);
            roster.Tell(trainer, update);
            trainer.ToldStep = round.Step + 1;
        }

        Current = null;
    }

    public void Abandon()
    {
        if (Current is not { } round)
            return;
        output.Do(new CloseRound(round.Round));
        foreach (var trainer in roster.All.Where(static trainer => trainer.Owes.Count > 0))
        {
            trainer.Owes.Clear();
            roster.Refresh(trainer);
        }

        foreach (var asked in round.Checks.Select(static check => check.Asked).OfType<TrainerEntry>().Distinct())
        {
            asked.Rechecks.RemoveAll(recheck => recheck.Ticket.Round == round.Round);
            roster.Refresh(asked);
        }

        Current = null;
    }

    public void ForgetUpdates()
    {
        foreach (var left in Updates.ForgetBefore(long.MaxValue))
            output.Do(new CloseRound(left));
    }

    /// <summary>Frees the totals of rounds that all trainers have applied.</summary>
    public void Close()
    {
        if (!roster.HasMembers)
            return;
        foreach (var done in Updates.ForgetBefore(roster.All.Where(static trainer => trainer.HasState)
            .Min(static trainer => trainer.Loading?.Step ?? trainer.Step)))
            output.Do(new CloseRound(done));
    }

    /// <summary>Others take its lanes and its part in checks.</summary>
    public void Release(TrainerEntry trainer)
    {
        if (Current is not { } round)
            return;
        foreach (var check in round.Checks.Where(check => check.Asked == trainer))
            check.Asked = null;
        Lanes.TakeFrom(trainer);
    }

    private void AskReducer(int reducer)
    {
        foreach (var part in Current!.Done)
            output.Do(new ToReducer(reducer, new AddBlock(Current.Round, part.Block)));
    }
}
