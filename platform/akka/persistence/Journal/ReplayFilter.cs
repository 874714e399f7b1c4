using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Persistence.Journal;

/// <summary>What is done about events that two incarnations of an actor wrote at the same time.</summary>
public enum ReplayFilterMode
{
    /// <summary>The replay fails.</summary>
    Fail,

    /// <summary>All are replayed, with a warning.</summary>
    Warn,

    /// <summary>Those of the older incarnation are left out, with a warning.</summary>
    RepairByDiscardOld,

    /// <summary>All are replayed.</summary>
    Disabled,
}

/// <summary>The keys of <c>replay-filter</c>.</summary>
internal sealed record ReplayFilterSettings(ReplayFilterMode Mode, int WindowSize, int MaxOldWriters)
{
    public static ReplayFilterSettings From(Config config) => new(
        config.GetString("mode")?.ToUpperInvariant() switch
        {
            "OFF" => ReplayFilterMode.Disabled,
            "REPAIR-BY-DISCARD-OLD" => ReplayFilterMode.RepairByDiscardOld,
            "FAIL" => ReplayFilterMode.Fail,
            "WARN" => ReplayFilterMode.Warn,
            var other => throw new ConfigurationException($"Invalid replay-filter.mode [{other}], supported values [off, repair-by-discard-old, fail, warn]"),
        },
        config.GetInt("window-size"),
        config.GetInt("max-old-writers"));
}

/// <summary>Hands replayed events on, save those that an incarnation wrote after another had taken over.</summary>
/// <remarks>Looks ahead over a window: a new writer's event with a number that the old writer used already shows the old one's to be
/// wrong.</remarks>
internal sealed class ReplayFilter(ReplayFilterSettings settings, IActorRef target, ILoggingAdapter log)
{
    private readonly LinkedList<IPersistentRepresentation> window = new();
    private readonly LinkedList<string> oldWriters = new();
    private string writer = "";
    private long last;

    /// <summary>Takes the next event of the replay.</summary>
    /// <exception cref="IllegalActorStateException">It is out of order, and the mode is to fail.</exception>
    public void Add(IPersistentRepresentation @event)
    {
        if (@event.IsDeleted)
            return;
        if (settings.Mode == ReplayFilterMode.Disabled)
        {
            Emit(@event);
            return;
        }

        if (window.Count == settings.WindowSize && window.First is { } first)
        {
            window.RemoveFirst();
            Emit(first.Value);
        }

        if (@event.WriterGuid == writer || @event.WriterGuid.Length == 0)
            AddOfSameWriter(@event);
        else if (oldWriters.Contains(@event.WriterGuid))
            Judge(@event, "comes from an old writer");
        else
            AddOfNewWriter(@event);
    }

    /// <summary>Hands on what was held back; call it at the end.</summary>
    public void Flush()
    {
        foreach (var @event in window)
            Emit(@event);
        window.Clear();
    }

    private void AddOfSameWriter(IPersistentRepresentation @event)
    {
        if (@event.SequenceNr <= last)
        {
            Judge(@event, "repeats a sequence number");
            return;
        }

        window.AddLast(@event);
        last = @event.SequenceNr;
    }

    private void AddOfNewWriter(IPersistentRepresentation @event)
    {
        if (writer.Length > 0)
        {
            oldWriters.AddLast(writer);
            if (oldWriters.Count > settings.MaxOldWriters)
                oldWriters.RemoveFirst();
        }

        writer = @event.WriterGuid;
        last = @event.SequenceNr;
        for (var node = window.First; node is not null;)
        {
            var held = node;
            node = node.Next;
            if (held.Value.SequenceNr < @event.SequenceNr)
                continue;
            Say(held.Value, "was written after another writer had taken over");
            if (settings.Mode == ReplayFilterMode.RepairByDiscardOld)
                window.Remove(held);
        }

        window.AddLast(@event);
    }

    private void Judge(IPersistentRepresentation @event, string fault)
    {
        Say(@event, fault);
        if (settings.Mode == ReplayFilterMode.Warn)
            window.AddLast(@event);
    }

    private void Say(IPersistentRepresentation @event, string fault)
    {
        var text = $"The replayed event {@event.SequenceNr} of '{@event.PersistenceId}' by writer {@event.WriterGuid} {fault}; the current writer is {writer}.";
        if (settings.Mode == ReplayFilterMode.Fail)
            throw new IllegalActorStateException(text);
        log.Warning(text + (settings.Mode == ReplayFilterMode.Warn ? "" : " It is left out."));
    }

    private void Emit(IPersistentRepresentation @event) => target.Tell(new ReplayedMessage(@event), ActorRefs.NoSender);
}
