using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>The attempt at a step that is under way: its lanes are shared out, and their gradients reduced.</summary>
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
        (LastNumber, FirstNumber, reducersRetry) = (lastNumber, lastNumber + 1, new RetryTimer(options.RetryInterval));
    }

    /// <summary>The round under way; null: there is none.</summary>
    public RoundState? Current { get; private set; }

    /// <summary>Updates that some trainer has yet to apply.</summary>
    public CommittedUpdates Updates { get; } = new();

    /// <summary>The number of the first round of this life of the run.</summary>
    public long FirstNumber { get; }

    /// <summary>The number of the last round so far.</summary>
    public long LastNumber { get; private set; }

    /// <summary>Whether this life of the run has begun a round.</summary>
    public bool HaveBegun => LastNumber >= FirstNumber;

    /// <summary>Whether the round under way is the first of this life.</summary>
    public bool IsFirst => LastNumber == FirstNumber;

    /// <summary>When reducers are asked again; null: none owes anything.</summary>
    public DateTimeOffset? ReducersDueAt => Current is { LanesAreDone: true, IsReduced: false } ? reducersRetry.At : null;

    /// <summary>A name for another round at this step.</summary>
    public Round NextName() => new(++LastNumber, progress.Step);

    /// <summary>What is asked under the round under way stands under this ticket.</summary>
    public Ticket CurrentTicket => new(roster.Generation, Current!.Round);

    /// <returns>Who is to compute what. Without any member all lanes wait for one.</returns>
    public IReadOnlyList<(TrainerEntry Trainer, IReadOnlyList<LaneBlock> Blocks)> Open()
    {
        if (Current is not null)
            throw new InvariantException($"A round was started while {Current.Round} is in progress.");
        Current = new RoundState(NextName(), options.Lanes, options.Reducers);
        output.Do(new OpenRound(Current.Round));
        var members = roster.Members();
        if (members.Count > 0)
            return [.. members.Zip(LaneBlock.Share(options.Lanes, members.Count), static (member, share) => (member, share))];
        Current.Orphans.Add(new LaneBlock(0, options.Lanes));
        return [];
    }

    /// <summary>Has a trainer compute blocks of the round under way.</summary>
    public void Assign(TrainerEntry trainer, IReadOnlyList<LaneBlock> blocks)
    {
        if (blocks.Count == 0)
            return;
        var (ticket, skips) = (CurrentTicket, progress.Overrides.Skips);
        foreach (var block in blocks)
            trainer.Owes.Add((ticket, block, skips));
        roster.Tell(trainer, new ComputeLanes(ticket, blocks, skips) { RedundantLanes = [.. Current!.RedundantLanes] });
    }

    /// <summary>Lanes that a lost trainer owed go to those who owe least, in pieces small enough for all to share.</summary>
    public void ShareOrphans()
    {
        if (Current is not { Orphans.Count: > 0 } round)
            return;
        var members = roster.Members();
        if (members.Count == 0)
            return;
        var given = members.ToDictionary(static member => member, static _ => new List<LaneBlock>());
        var load =
            new PriorityQueue<TrainerEntry, (int Lanes, int Number)>(members.Select(member => (member, (member.LanesOwed, member.Number))));
        foreach (var block in round.Orphans.SelectMany(block => Pieces(block, members.Count)).OrderBy(static block => block.First))
        {
            load.TryDequeue(out var member, out var priority);
            given[member!].Add(block);
            load.Enqueue(member!, (priority.Lanes + block.Count, priority.Number));
        }

        round.Orphans.Clear();
        foreach (var member in members)
            Assign(member, given[member]);
    }

    /// <summary>A trainer computed a block.</summary>
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
        for (var reducer = 0; reducer < options.Reducers; reducer++)
            output.Do(new ToReducer(reducer, new AddBlock(round.Round, computed.Block)));
        if (round.LanesAreDone)
        {
            reducersAskedAt = output.Now;
            reducersRetry.Start(output.Now);
        }

        return true;
    }

    /// <summary>Handles what a reducer reports.</summary>
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

    /// <summary>Reducers that do not answer are asked again, and replaced where they hang.</summary>
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

    /// <summary>The round's update is made: all trainers that are at its step apply it.</summary>
    public void Commit(double gradientNorm, UpdateAdjustment adjustment)
    {
        var round = Current!.Round;
        if (round.Step != progress.Step || !Current.IsReduced)
            throw new InvariantException($"{round} cannot be committed at step "
                + $"{progress.Step}{(Current.IsReduced ? "" : " before it is reduced")}.");
        Updates.Add(round, gradientNorm, adjustment);
        foreach (var trainer in roster.All.Where(trainer => trainer.ToldStep == round.Step))
        {
            roster.Tell(trainer, new ApplyUpdate(round, gradientNorm, adjustment));
            trainer.ToldStep = round.Step + 1;
        }

        Current = null;
    }

    /// <summary>Gives the round under way up; its step is taken again.</summary>
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

    /// <summary>Forgets updates of abandoned steps.</summary>
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

    /// <summary>A trainer does no more of what it was asked: others take its lanes and its part in checks.</summary>
    public void Release(TrainerEntry trainer)
    {
        if (Current is not { } round)
            return;
        foreach (var check in round.Checks.Where(check => check.Asked == trainer))
            check.Asked = null;
    }

    /// <summary>The lanes that a trainer owed go to others.</summary>
    public void TakeLanes(TrainerEntry trainer)
    {
        if (Current is { } round)
            round.Orphans.AddRange(trainer.Owes.Where(owed => owed.Ticket.Round == round.Round).Select(static owed => owed.Block));
    }

    private static IEnumerable<LaneBlock> Pieces(LaneBlock block, int count)
    {
        var size = block.Count;
        while (size > 1 && block.Count / size < count)
            size /= 2;
        for (var first = block.First; first < block.End; first += size)
            yield return new LaneBlock(first, size);
    }

    private void AskReducer(int reducer)
    {
        foreach (var part in Current!.Done)
            output.Do(new ToReducer(reducer, new AddBlock(Current.Round, part.Block)));
    }
}
