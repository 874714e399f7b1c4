using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models;

namespace ActorTrain.Actors.Run;

/// <summary>What is owed to the publisher of metrics, in order; what is rewound in its file, only once the journal holds why.</summary>
/// <remarks>Else the next process would resume from a step that it still knows of, without the rows of those before.</remarks>
/// <param name="step">The step of the last measurement in the file.</param>
internal sealed class MetricsOutbox(long step, long decided)
{
    private readonly Outbox<MetricsItem> items = new(0);

    // Of each way back that the file has yet to follow: its number here, and the decision that must be durable before.
    private readonly Queue<(long Number, long Decision)> rewinds = [];
    private GoOnAfter? life;

    /// <summary>The step of the last measurement that is known to be in the file.</summary>
    public long WrittenStep { get; private set; } = step;

    /// <summary>The last number that a power cut cannot take any more.</summary>
    public long Durable { get; private set; }

    public long Last => items.Last;

    public int Count => items.Count;

    public IEnumerable<MetricsItem> Waiting => items.Waiting.Select(static waiting => waiting.Content);

    /// <summary>What is owed and may be sent.</summary>
    public IEnumerable<MetricsCommand> Sendable =>
        items.Waiting.TakeWhile(waiting => MaySend(waiting.Number)).Select(static waiting => waiting.Content.At(waiting.Number));

    /// <returns>What to send; null: it may not be sent yet.</returns>
    public MetricsCommand? Add(MetricsItem item, long decision)
    {
        var number = items.Add(item);
        if (item.Measurement is null)
            rewinds.Enqueue((number, decision));
        return MaySend(number) ? item.At(number) : null;
    }

    /// <summary>Decisions up to a number are durable.</summary>
    /// <returns>Whether more may be sent for it.</returns>
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

    /// <returns>Where it continues, and whether that is new to it: then it is sent what is owed; null where an earlier life says so late.
    /// </returns>
    /// <remarks>What an earlier life says from now on comes too late. One says that it lives to each thing that it is told before it has
    /// heard where it stands; to be told everything each time would end in a flood.</remarks>
    public (GoOnAfter Start, bool IsNew)? Meet(PublisherStarted started)
    {
        if (started.Life < life?.Life)
            return null;
        var isNew = life?.Life != started.Life;
        if (isNew)
            life = new GoOnAfter(started.Life, items.Acknowledged, WrittenStep);
        return (life!, isNew);
    }

    /// <summary>Rows are in the file.</summary>
    public void Handle(Published published)
    {
        if (published.Life == life?.Life)
            Acknowledge(published.Number);
    }

    /// <summary>Rows are in the file, and a power cut cannot take them any more.</summary>
    /// <remarks>They need no other acknowledgement: were they written once more by another life, they would have to be flushed once more,
    /// which nobody would ask for.</remarks>
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
