using Akka.Actor.Internal;

namespace Akka.Actor;

/// <summary>Why an actor waits for children to end.</summary>
internal abstract class SuspendReason
{
    /// <summary>It stopped them and goes on meanwhile.</summary>
    public sealed class UserRequest : SuspendReason
    {
        public static readonly UserRequest Instance = new();
    }

    /// <summary>It restarts when they are gone.</summary>
    public sealed class Recreation(Exception cause) : SuspendReason
    {
        public Exception Cause => cause;
    }

    /// <summary>It is made when they are gone.</summary>
    public sealed class Creation : SuspendReason
    {
    }

    /// <summary>It ends when they are gone.</summary>
    public sealed class Termination : SuspendReason
    {
        public static readonly Termination Instance = new();
    }
}

/// <summary>The children of an actor by name, and which of them are about to end. Safe for any thread: others may look, and the guardians are given children from outside.</summary>
internal sealed class ActorChildren
{
    /// <summary>What becomes of a child that is taken in.</summary>
    public enum Fate
    {
        Living,
        Dying,
        Stillborn,
    }

    private readonly Lock gate = new();
    private readonly Dictionary<string, IChildStats> byName = new(StringComparer.Ordinal);
    private HashSet<IActorRef> dying;
    private SuspendReason reason = SuspendReason.UserRequest.Instance;
    private bool awaitsEnd;
    private bool closed;

    /// <summary>Whether the actor restarts or is made once the dying are gone.</summary>
    public bool WaitsToGoOn
    {
        get
        {
            lock (gate)
                return dying is { Count: > 0 } && reason is SuspendReason.Recreation or SuspendReason.Creation;
        }
    }

    /// <summary>Whether the actor ends once the dying are gone.</summary>
    public bool IsDying
    {
        get
        {
            lock (gate)
                return closed || reason is SuspendReason.Termination;
        }
    }

    /// <summary>Whether none is left and none is taken in any more.</summary>
    public bool IsClosed
    {
        get
        {
            lock (gate)
                return closed;
        }
    }

    public void Reserve(string name, IActorRef parent)
    {
        lock (gate)
        {
            if (closed || reason is SuspendReason.Termination)
                throw new InvalidOperationException($"Cannot reserve actor name '{name}': {(closed ? "terminated" : "terminating")}");
            if (!byName.TryAdd(name, ChildNameReserved.Instance))
                throw new InvalidActorNameException($"Actor name \"{name}\" is not unique!");
        }
    }

    public void Release(string name)
    {
        lock (gate)
            byName.Remove(name);
    }

    /// <summary>Takes a child in whose name was reserved. The guardians are given children by any thread, so meanwhile the end may have begun.</summary>
    public Fate Init(string name, IInternalActorRef child)
    {
        lock (gate)
        {
            if (closed)
                return Fate.Stillborn;
            byName[name] = new ChildRestartStats(child);
            if (reason is not SuspendReason.Termination)
                return Fate.Living;
            (dying ??= []).Add(child);
            return Fate.Dying;
        }
    }

    public bool TryGet(string name, out ChildRestartStats stats)
    {
        lock (gate)
            return (stats = byName.GetValueOrDefault(name) as ChildRestartStats) is not null;
    }

    public bool TryGet(IActorRef child, out ChildRestartStats stats)
    {
        if (TryGet(child.Path.Name, out stats) && stats.Child.Equals(child))
            return true;
        stats = null;
        return false;
    }

    public IActorRef[] Refs()
    {
        lock (gate)
            return [.. byName.Values.OfType<ChildRestartStats>().Select(stats => stats.Child)];
    }

    public ChildRestartStats[] Stats()
    {
        lock (gate)
            return [.. byName.Values.OfType<ChildRestartStats>()];
    }

    /// <summary>Notes that a child was told to end.</summary>
    public void MarkDying(IActorRef child)
    {
        if (!TryGet(child, out _))
            return;
        lock (gate)
            (dying ??= []).Add(child);
    }

    /// <summary>Says why the end of the dying is waited for; false where none is dying.</summary>
    public bool AwaitDying(SuspendReason why)
    {
        lock (gate)
        {
            if (dying is not { Count: > 0 })
                return false;
            reason = why;
            return true;
        }
    }

    /// <summary>Begins the actor's end, in one step for all threads: every child is dying from now on, one that is taken in later too, and
    /// none is taken in where there is none. Gives the children to stop.</summary>
    public IActorRef[] BeginEnd()
    {
        lock (gate)
        {
            reason = SuspendReason.Termination.Instance;
            var living = Refs();
            (dying ??= []).UnionWith(living);
            closed = dying.Count == 0;
            return living;
        }
    }

    /// <summary>True the first time that the actor's end waits for its children.</summary>
    public bool EndsWhenEmpty()
    {
        lock (gate)
        {
            var first = !awaitsEnd;
            awaitsEnd = true;
            return first;
        }
    }

    /// <summary>Takes out a child that has ended; gives why the last of the dying was waited for, if it was the last.</summary>
    public SuspendReason Remove(IActorRef child)
    {
        lock (gate)
        {
            if (byName.GetValueOrDefault(child.Path.Name) is ChildRestartStats stats && stats.Child.Equals(child))
                byName.Remove(child.Path.Name);
            if (dying is null || !dying.Remove(child) || dying.Count > 0)
                return null;
            var was = reason;
            if (was is SuspendReason.Termination)
                closed = true;
            else
                reason = SuspendReason.UserRequest.Instance;
            return was;
        }
    }

    public void Close()
    {
        lock (gate)
        {
            closed = true;
            byName.Clear();
        }
    }
}
