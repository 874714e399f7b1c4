using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models;

namespace ActorTrain.Actors.Run;

/// <summary>Unacknowledged commands to the metrics publisher, in order. Its file is rewound only once the journal holds the
/// reason.</summary>
/// <remarks>Otherwise the next process would resume from a step that the journal still contains, without the rows before it.</remarks>
/// <param name="step">The step of the last measurement in the file.</param>
internal sealed class MetricsOutbox(long step, long decided)
{
    private readonly Outbox<MetricsItem> items = new(0);

    // Rollbacks that the file has yet to follow: the command's number, and the decision that must be durable first.
    private readonly Queue<(long Number, long Decision)> rewinds = [];
    private GoOnAfter? life;

    /// <summary>The step of the last measurement that is known to be in the file.</summary>
    public long WrittenStep { get; private set; } = step;

    /// <summary>The last number that survives a power cut; 0 for the rows that were in the file at the start, −1 before even these are
    /// known to.</summary>
    public long Durable { get; private set; } = -1;

    public long Last => items.Last;

    public int Count => items.Count;

    public IEnumerable<MetricsItem> Waiting => items.Waiting.Select(static waiting => waiting.Content);

    /// <summary>Unacknowledged commands that may be sent.</summary>
    public IEnumerable<MetricsCommand> Sendable =>
        items.Waiting.TakeWhile(waiting => MaySend(waiting.Number)).Select(static waiting => waiting.Content.At(waiting.Number));

    /// <returns>What to send; null if it may not be sent yet.</returns>
    public MetricsCommand? Add(MetricsItem item, long decision)
    {
        var number = items.Add(item);
        if (item.Measurement is null)
            rewinds.Enqueue((number, decision));
        return MaySend(number) ? item.At(number) : null;
    }

    /// <summary>Decisions up to <paramref name="decision"/> are durable.</summary>
    /// <returns>Whether that permits sending more.</returns>
    public bool NoteDecided(long decision)
    {
        if (decision < decided)
            throw new InvariantException($"Decision {decided} was durable, but now only {decision} are.");
        decided = decision;
        var isAnyFree = false;
        while (rewinds.TryPeek(out var first) && first.Decision <= decision)
        {
            rewinds.Dequeue();
            isAnyFree = true;
        }

        return isAnyFree && life is not null;
    }

    /// <returns>Where it continues, and whether that is new to it, so that it needs the outstanding commands; null for a late message of an
    /// earlier life.</returns>
    /// <remarks>From now on, messages of earlier lives are stale. A publisher announces itself on every message it receives before it knows
    /// where it stands; resending everything each time would flood it.</remarks>
    public (GoOnAfter Start, bool IsNew)? Meet(PublisherStarted started)
    {
        if (started.Life < life?.Life)
            return null;
        var isNew = life?.Life != started.Life;
        if (isNew)
            life = new GoOnAfter(started.Life, items.Acknowledged, WrittenStep);
        return (life!, isNew);
    }

    public void Handle(Published published)
    {
        if (published.Life == life?.Life)
            Acknowledge(published.Number);
    }

    /// <summary>Rows up to a number survive a power cut.</summary>
    /// <remarks>They need no other acknowledgement: if another life wrote them again, they would have to be flushed again, which nothing
    /// would request.</remarks>
    public void Handle(MetricsDurable durable)
    {
        if (durable.Life != life?.Life)
            return;
        Acknowledge(durable.Number);
        Durable = Math.Max(Durable, durable.Number);
    }

    private void Acknowledge(long number)
    {
        if (number > items.Last)
            throw new InvariantException($"Metrics row {number} is in the file, but only {items.Last} were sent.");
        foreach (var (_, item) in items.Waiting.TakeWhile(waiting => waiting.Number <= number))
            WrittenStep = item.Step;
        items.Acknowledge(number);
    }

    private bool MaySend(long number) => !rewinds.Any(rewind => rewind.Number <= number && rewind.Decision > decided);
}
