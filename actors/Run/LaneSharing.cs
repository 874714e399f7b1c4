using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Run;

/// <summary>Who computes which lanes of a round: shares them out by the trainers' paces, and gives those of lost or late trainers to
/// others.</summary>
/// <remarks>Whoever computes a lane, its bits are the same; so two may compute it, and the first counts.</remarks>
internal sealed class LaneSharing(RunLogicOptions options, RunOutput output, TrainerRoster roster, RunProgress progress, Rounds rounds)
{
    // So often a trainer too slow for any lane gets one, to see whether it still is.
    private const int TryEvery = 16;

    // Late: after this many times the time that the lanes should have taken.
    private const int Patience = 3;

    /// <summary>When lanes that are still owed are late; null while none can be.</summary>
    public DateTimeOffset? LateAt => rounds.Current is { LanesAreDone: false, Expected: { } expected } round
        ? round.SharedAt + (expected * Patience > options.RetryInterval ? expected * Patience : options.RetryInterval)
        : null;

    /// <returns>The shares. Without members, all lanes wait.</returns>
    public IReadOnlyList<(TrainerEntry Trainer, IReadOnlyList<LaneBlock> Blocks)> Share(RoundState round)
    {
        var members = roster.Members();
        (round.SharedAt, round.IsShort) = (output.Now, members.Count == 0);
        if (members.Count == 0)
            return [];
        var shares = LaneShares.Of(options.Lanes, [.. members.Select(static member => member.Pace.PerLane)]);
        round.Expected = shares.Expected;
        TellSlow(members, shares);

        // In the last step, all are verified by what they compute.
        if (progress.IsLastStep)
            shares = shares with { Counts = LaneShares.Equal(options.Lanes, members.Count) };
        else if (progress.Step % TryEvery == 0)
            shares = shares.WithAll();
        var (first, given) = (0, new List<(TrainerEntry, IReadOnlyList<LaneBlock>)>());
        foreach (var (member, count) in members.Zip(shares.Counts))
        {
            member.Pace.Begin(output.Now, count);
            given.Add((member, LaneBlock.Cover(first, first + count)));
            first += count;
        }

        return given;
    }

    public void Assign(TrainerEntry trainer, IReadOnlyList<LaneBlock> blocks)
    {
        if (blocks.Count == 0)
            return;
        var (ticket, skips) = (rounds.CurrentTicket, progress.Overrides.Skips);
        foreach (var block in blocks)
            trainer.Owes.Add((ticket, block, skips));
        roster.Tell(trainer, new ComputeLanes(ticket, blocks, skips) { RedundantLanes = [.. rounds.Current!.RedundantLanes] });
    }

    /// <summary>The lanes that a trainer owes are to be computed by others.</summary>
    public void TakeFrom(TrainerEntry trainer)
    {
        if (rounds.Current is { } round && trainer.OwesIn(round.Round).Any())
            round.IsShort = true;
    }

    /// <summary>Assigns lanes that nobody owes to the least loaded members.</summary>
    public void ShareOrphans()
    {
        if (rounds.Current is not { IsShort: true } round || roster.Members() is not { Count: > 0 } members)
            return;
        (round.IsShort, round.SharedAt) = (false, output.Now);
        Spread(Orphans(round), members);
    }

    /// <summary>Has members that have nothing to do compute lanes that are late, too.</summary>
    public void BackUp()
    {
        if (LateAt > output.Now || rounds.Current is not { Expected: not null, LanesAreDone: false } round)
            return;
        round.SharedAt = output.Now;
        List<TrainerEntry> idle = [.. roster.Members().Where(static member => !member.IsAsked)];
        List<(TrainerEntry Trainer, LaneBlock Block)> late =
        [
            .. roster.All.SelectMany(trainer => trainer.OwesIn(round.Round).Select(block => (trainer, block)))
                .Where(one => !roster.All.Any(other => other != one.trainer && other.OwesIn(round.Round).Any(one.block.Overlaps))),
        ];
        if (idle.Count == 0 || late.Count == 0)
            return;
        foreach (var of in late.GroupBy(static one => one.Trainer).Where(static of => !of.Key.Pace.IsSlow))
        {
            output.Inform($"lanes {string.Join(' ', of.Select(static one => one.Block))} of {of.Key.Key} are late at step "
                + $"{progress.Step}; others compute them too");
        }

        Spread(late.Select(static one => one.Block), idle);
    }

    /// <summary>Nobody else needs to compute lanes that are done.</summary>
    public void Settle(TrainerEntry by, RoundState round, LaneBlock block)
    {
        foreach (var trainer in roster.All)
        {
            var overtaken = trainer.Owes.RemoveAll(owed => owed.Ticket.Round == round.Round && owed.Block.Overlaps(block));

            // A part of a late block is done, and whoever was to compute the rest of it may be gone.
            round.IsShort |= overtaken > 0;
            if (overtaken > 0 || (trainer == by && !trainer.OwesIn(round.Round).Any()))
                trainer.Pace.Finish(output.Now);
        }
    }

    // In pieces small enough for all to share.
    private void Spread(IEnumerable<LaneBlock> blocks, IReadOnlyList<TrainerEntry> members)
    {
        var given = members.ToDictionary(static member => member, static _ => new List<LaneBlock>());
        var load = new PriorityQueue<TrainerEntry, (int Lanes, int Number)>(
            members.Select(static member => (member, (member.LanesOwed, member.Number))));
        foreach (var block in blocks.SelectMany(block => Pieces(block, members.Count)).OrderBy(static block => block.First))
        {
            load.TryDequeue(out var member, out var priority);
            given[member!].Add(block);
            load.Enqueue(member!, (priority.Lanes + block.Count, priority.Number));
        }

        foreach (var member in members.Where(member => given[member].Count > 0))
        {
            member.Pace.GiveUp();
            Assign(member, given[member]);
        }
    }

    private IEnumerable<LaneBlock> Orphans(RoundState round)
    {
        var hasOwner = new bool[options.Lanes + 1];
        hasOwner[options.Lanes] = true;
        foreach (var block in round.Done.Select(static part => part.Block).Concat(roster.All.SelectMany(one => one.OwesIn(round.Round))))
            hasOwner.AsSpan(block.First, block.Count).Fill(true);
        for (var first = 0; first < options.Lanes; first++)
        {
            if (hasOwner[first])
                continue;
            var end = Array.IndexOf(hasOwner, true, first);
            foreach (var block in LaneBlock.Cover(first, end))
                yield return block;
            first = end;
        }
    }

    private void TellSlow(IReadOnlyList<TrainerEntry> members, LaneShares shares)
    {
        foreach (var (member, count) in members.Zip(shares.Counts))
        {
            var isSlow = count < options.Lanes / members.Count;
            if (isSlow == member.Pace.IsSlow)
                continue;
            member.Pace.IsSlow = isSlow;
            var place = member.Node is { } node ? $" on {node}" : "";
            var paces = $"a lane takes it {Seconds(member.Pace.PerLane)}, and the fastest trainer "
                + Seconds(members.Min(static other => other.Pace.PerLane));
            if (isSlow)
                output.Warn($"{member.Key}{place} is slow: {paces}; it gets {count} of {options.Lanes} lanes");
            else
                output.Inform($"{member.Key}{place} is no longer slow: {paces}");
        }
    }

    private static string Seconds(TimeSpan? time) => $"{time?.TotalSeconds ?? 0:0.###} s";

    private static IEnumerable<LaneBlock> Pieces(LaneBlock block, int count)
    {
        var size = block.Count;
        while (size > 1 && block.Count / size < count)
            size /= 2;
        for (var first = block.First; first < block.End; first += size)
            yield return new LaneBlock(first, size);
    }
}
