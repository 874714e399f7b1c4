using System.Globalization;
using Akka.Actor.Internal;

namespace Akka.Actor;

/// <summary>The actors below.</summary>
public sealed partial class ActorCell
{
    private const string NameDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+~";

    private ActorChildren children;
    private Dictionary<string, FunctionRef> functionRefs;
    private long nextName;
    private static long nextUid;

    /// <inheritdoc />
    public IActorRef ActorOf(Props props, string name = null)
    {
        ArgumentNullException.ThrowIfNull(props);
        return MakeChild(props, name is null ? RandomName() : CheckName(name), checkTermination: true);
    }

    /// <inheritdoc />
    public IActorRef Child(string name) => GetSingleChild(name);

    /// <inheritdoc />
    public IEnumerable<IActorRef> GetChildren() => children is null ? [] : children.Refs();

    /// <inheritdoc />
    public void Stop(IActorRef child)
    {
        children?.MarkDying(child);
        ((IInternalActorRef)child).Stop();
    }

    internal IInternalActorRef GetSingleChild(string name)
    {
        var mark = name.IndexOf('#', StringComparison.Ordinal);
        var bare = mark < 0 ? name : name[..mark];
        if (children is not null && children.TryGet(bare, out var stats)
            && (mark < 0 || stats.Uid.ToString(CultureInfo.InvariantCulture) == name[(mark + 1)..]))
            return stats.Child;
        lock (self)
            return functionRefs is not null && functionRefs.TryGetValue(bare, out var function) ? function : Nobody.Instance;
    }

    /// <summary>A reference below this actor that calls a function; it ends with the actor.</summary>
    internal FunctionRef AddFunctionRef(Action<IActorRef, object> tell, string suffix = "")
    {
        var name = "$$" + RandomName()[1..] + (suffix.Length == 0 ? "" : "-" + suffix);
        var reference = new FunctionRef(new ChildActorPath(self.Path, name, NewUid()), system.Provider, tell);
        lock (self)
            (functionRefs ??= [])[name] = reference;
        return reference;
    }

    internal void RemoveFunctionRef(FunctionRef reference)
    {
        lock (self)
            functionRefs?.Remove(reference.Path.Name);
        reference.Stop();
    }

    internal static long NewUid() => Interlocked.Increment(ref nextUid);

    internal LocalActorRef MakeChild(Props props, string name, bool checkTermination = false)
    {
        if (isTerminated && checkTermination)
            throw new InvalidOperationException("Cannot create child while terminating or terminated");
        var container = children ?? Interlocked.CompareExchange(ref children, new ActorChildren(), null) ?? children;
        container.Reserve(name, self);
        LocalActorRef child;
        try
        {
            child = system.Provider.Make(props, self, new ChildActorPath(self.Path, name, NewUid()));
        }
        catch
        {
            container.Release(name);
            throw;
        }
        // Its making is the first thing in its mailbox before anybody can find it by its name.
        child.Cell.EnqueueCreate();
        var fate = container.Init(name, child);
        if (fate == ActorChildren.Fate.Stillborn)
        {
            child.Cell.Dispatcher.Detach(child.Cell);
            throw new InvalidOperationException("Cannot create child while terminating or terminated");
        }
        // A child that is made after its parent has failed waits with it for the judgement.
        for (var suspended = IsFailed ? mailbox.SuspendCount : 0; suspended > 0; suspended--)
            child.Suspend();
        child.Start();
        if (fate == ActorChildren.Fate.Dying)
            child.Stop();
        return child;
    }

    /// <summary>Has a guardian ready for children that any thread gives it, before it has any.</summary>
    internal void TakeChildrenFromOutside() => Interlocked.CompareExchange(ref children, new ActorChildren(), null);

    private static string CheckName(string name)
    {
        if (name.Length == 0)
            throw new InvalidActorNameException("Actor name must not be empty.");
        return ActorPath.IsValidPathElement(name)
            ? name
            : throw new InvalidActorNameException(
                $"Illegal actor name [{name}]. Actor paths MUST: not start with `$`, include only ASCII letters and can only contain these special characters: -_.*$+:@&=,!~';()");
    }

    private string RandomName()
    {
        var number = Interlocked.Increment(ref nextName) - 1;
        Span<char> digits = stackalloc char[12];
        var length = 0;
        digits[length++] = '$';
        do
        {
            digits[length++] = NameDigits[(int)(number & 63)];
            number >>= 6;
        }
        while (number > 0);
        return new string(digits[..length]);
    }

    private void SuspendChildren(IActorRef except)
    {
        foreach (var child in GetChildren())
        {
            if (!child.Equals(except))
                ((IInternalActorRef)child).Suspend();
        }
    }

    private void HandleChildTerminated(IActorRef child)
    {
        var goOn = children.Remove(child);
        if (actor is not null)
        {
            try
            {
                actor.SupervisorStrategyInternal.HandleChildTerminated(this, child, LazyChildren());
            }
            catch (Exception e)
            {
                HandleInvokeFailure(e);
            }
        }
        switch (goOn)
        {
            case SuspendReason.Recreation recreation:
                FinishRecreate(recreation.Cause);
                break;
            case SuspendReason.Creation:
                FinishCreate();
                break;
            case SuspendReason.Termination:
                FinishTerminate();
                break;
        }
    }

    /// <summary>The children, looked up only if somebody reads them: most strategies do not.</summary>
    private IEnumerable<IInternalActorRef> LazyChildren()
    {
        foreach (var child in GetChildren())
            yield return (IInternalActorRef)child;
    }

    private void StopFunctionRefs()
    {
        if (functionRefs is null)
            return;
        FunctionRef[] stopping;
        lock (self)
        {
            stopping = [.. functionRefs.Values];
            functionRefs.Clear();
        }
        foreach (var reference in stopping)
            reference.Stop();
    }
}
