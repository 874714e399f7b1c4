using System.Text.RegularExpressions;

namespace Akka.Actor;

/// <summary>The actors of a path, looked up anew with each message.</summary>
public class ActorSelection : ICanTell
{
    private readonly SelectionPathElement[] elements;

    /// <summary>Of a path below an anchor.</summary>
    public ActorSelection(IActorRef anchor, SelectionPathElement[] path)
    {
        Anchor = anchor;
        elements = path;
    }

    /// <summary>Of a path below an anchor.</summary>
    public ActorSelection(IActorRef anchor, string path) : this(anchor, Parse(path.Split('/')))
    {
    }

    /// <summary>Where the path begins.</summary>
    public IActorRef Anchor { get; }

    /// <summary>The parts of the path.</summary>
    public SelectionPathElement[] Path => elements;

    /// <summary>The parts of the path as text.</summary>
    public string PathString => string.Join('/', elements.Select(e => e.ToString()));

    /// <inheritdoc />
    public void Tell(object message, IActorRef sender = null)
        => Deliver((IInternalActorRef)Anchor, sender ?? ActorCell.GetCurrentSelfOrNoSender(), new ActorSelectionMessage(message, elements, false));

    /// <summary>The actor of the path.</summary>
    /// <exception cref="ActorNotFoundException">There is none, or it did not answer in time.</exception>
    public Task<IActorRef> ResolveOne(TimeSpan timeout) => ResolveOne(timeout, CancellationToken.None);

    /// <summary>The actor of the path.</summary>
    /// <exception cref="ActorNotFoundException">There is none, or it did not answer in time.</exception>
    public async Task<IActorRef> ResolveOne(TimeSpan timeout, CancellationToken ct)
    {
        try
        {
            var identity = await this.Ask<ActorIdentity>(new Identify(null), timeout, ct).ConfigureAwait(false);
            return identity.Subject ?? throw new ActorNotFoundException($"Failed to resolve ActorSelection '{PathString}': there is no such actor.");
        }
        catch (Exception e) when (e is not ActorNotFoundException)
        {
            throw new ActorNotFoundException($"Failed to resolve ActorSelection '{PathString}'.", e);
        }
    }

    /// <inheritdoc />
    public override bool Equals(object obj) => obj is ActorSelection other && Equals(Anchor, other.Anchor) && elements.SequenceEqual(other.elements);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Anchor, PathString);

    /// <inheritdoc />
    public override string ToString() => $"ActorSelection[Anchor({Anchor.Path}), Path({PathString})]";

    internal static ActorSelection At(IActorRef anchor, string path)
    {
        if (ActorPath.TryParse(path, out var whole))
            return At((ActorSystemImpl)((IInternalActorRef)anchor).Provider.System, whole);
        if (path.StartsWith('/'))
            return new ActorSelection(((IInternalActorRef)anchor).Provider.RootGuardian, Parse(path.Split('/')));
        return new ActorSelection(anchor, Parse(path.Split('/')));
    }

    internal static ActorSelection At(ActorSystemImpl system, ActorPath path)
        => new(path.Address.Equals(system.Provider.RootPath.Address) ? system.Provider.RootGuardian : system.DeadLetters, Parse(path.Elements));

    /// <summary>Goes down the tree as far as this process knows it, and sends on what is left of the path.</summary>
    internal static void Deliver(IInternalActorRef anchor, IActorRef sender, ActorSelectionMessage selection)
    {
        var at = anchor;
        for (var i = 0; i < selection.Elements.Length; i++)
        {
            var last = i == selection.Elements.Length - 1;
            switch (selection.Elements[i])
            {
                case SelectParent:
                    at = at.Parent;
                    break;
                case SelectChildName { Name: "" }:
                    break;
                case SelectChildName child:
                    var found = (IInternalActorRef)at.GetChild([child.Name]);
                    if (found is Nobody)
                    {
                        if (!selection.WildCardFanOut)
                        {
                            var provider = anchor.Provider;
                            var missing = new EmptyLocalActorRef(provider, selection.Elements.Skip(i).Aggregate(at.Path, (path, e) => path / e.ToString()), provider.System.EventStream);
                            missing.Tell(new ActorSelectionMessage(selection.Message, selection.Elements[i..], false), sender);
                        }
                        return;
                    }
                    at = found;
                    break;
                case SelectChildPattern pattern:
                    if (at is LocalActorRef local)
                        FanOut(local, pattern, sender, selection, i, last);
                    return;
            }
        }
        if (at is Nobody)
            return;
        // A message of the system's own kind goes on to the actor, which opens it.
        at.Tell(selection.Message, sender);
    }

    private static void FanOut(LocalActorRef at, SelectChildPattern pattern, IActorRef sender, ActorSelectionMessage selection, int index, bool last)
    {
        var matching = at.Cell.GetChildren().Cast<IInternalActorRef>().Where(child => pattern.Matches(child.Path.Name)).ToList();
        if (matching.Count == 0 && !selection.WildCardFanOut)
        {
            var provider = at.Provider;
            new EmptyLocalActorRef(provider, at.Path / pattern.ToString(), provider.System.EventStream)
                .Tell(new ActorSelectionMessage(selection.Message, selection.Elements[index..], false), sender);
            return;
        }
        foreach (var child in matching)
        {
            if (last)
                child.Tell(selection.Message, sender);
            else
                Deliver(child, sender, new ActorSelectionMessage(selection.Message, selection.Elements[(index + 1)..], selection.WildCardFanOut || matching.Count > 1));
        }
    }

    private static SelectionPathElement[] Parse(IEnumerable<string> names) =>
    [
        .. names.Where(name => name.Length > 0).Select<string, SelectionPathElement>(name => name switch
        {
            ".." => new SelectParent(),
            _ when name.Contains('*', StringComparison.Ordinal) || name.Contains('?', StringComparison.Ordinal) => new SelectChildPattern(name),
            _ => new SelectChildName(name),
        }),
    ];
}

/// <summary>A part of the path of a selection.</summary>
public abstract class SelectionPathElement
{
    /// <inheritdoc />
    public override bool Equals(object obj) => obj is SelectionPathElement other && other.GetType() == GetType() && other.ToString() == ToString();

    /// <inheritdoc />
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);
}

/// <summary>The child of a name.</summary>
public class SelectChildName : SelectionPathElement
{
    /// <summary>With a name.</summary>
    public SelectChildName(string name) => Name = name;

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <inheritdoc />
    public override string ToString() => Name;
}

/// <summary>The children whose names fit a pattern with `*` and `?`.</summary>
public class SelectChildPattern : SelectionPathElement
{
    private readonly Regex regex;

    /// <summary>With a pattern.</summary>
    public SelectChildPattern(string patternStr)
    {
        PatternStr = patternStr;
        regex = new Regex("^" + Regex.Escape(patternStr).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal) + "$");
    }

    /// <summary>The pattern.</summary>
    public string PatternStr { get; }

    /// <inheritdoc />
    public override string ToString() => PatternStr;

    internal bool Matches(string name) => regex.IsMatch(name);
}

/// <summary>The actor above.</summary>
public class SelectParent : SelectionPathElement
{
    /// <inheritdoc />
    public override string ToString() => "..";
}
