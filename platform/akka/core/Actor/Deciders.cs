namespace Akka.Actor;

/// <summary>What is to become of a child that failed.</summary>
public enum Directive
{
    /// <summary>Goes on with the next message, its state as it is.</summary>
    Resume,

    /// <summary>Goes on with the next message in a new instance.</summary>
    Restart,

    /// <summary>Fails the parent with the same exception.</summary>
    Escalate,

    /// <summary>Ends.</summary>
    Stop,
}

/// <summary>Judges failures.</summary>
public interface IDecider
{
    /// <summary>What is to become of the child that threw.</summary>
    Directive Decide(Exception cause);
}

/// <summary>Judges failures by a function.</summary>
public class LocalOnlyDecider : IDecider
{
    private readonly Func<Exception, Directive> decider;

    /// <summary>By a function.</summary>
    public LocalOnlyDecider(Func<Exception, Directive> decider) => this.decider = decider;

    /// <inheritdoc />
    public Directive Decide(Exception cause) => decider(cause);
}

/// <summary>Judges failures by the type of what was thrown; a type's own entry comes before those of its bases.</summary>
public class DeployableDecider : IDecider
{
    /// <summary>With what becomes of a type that is not named.</summary>
    public DeployableDecider(Directive defaultDirective, IEnumerable<KeyValuePair<Type, Directive>> pairs) : this(defaultDirective, pairs.ToArray())
    {
    }

    /// <summary>With what becomes of a type that is not named.</summary>
    public DeployableDecider(Directive defaultDirective, params KeyValuePair<Type, Directive>[] pairs)
    {
        DefaultDirective = defaultDirective;
        Pairs = pairs;
    }

    /// <summary>What becomes of a type that is not named.</summary>
    public Directive DefaultDirective { get; }

    /// <summary>What becomes of the types that are named.</summary>
    public KeyValuePair<Type, Directive>[] Pairs { get; }

    /// <inheritdoc />
    public Directive Decide(Exception cause)
    {
        foreach (var (type, directive) in Pairs)
        {
            if (type == cause.GetType())
                return directive;
        }
        foreach (var (type, directive) in Pairs)
        {
            if (type.IsInstanceOfType(cause))
                return directive;
        }
        return DefaultDirective;
    }
}

/// <summary>Makes deciders.</summary>
public static class Decider
{
    /// <summary>By a function.</summary>
    public static LocalOnlyDecider From(Func<Exception, Directive> localOnlyDecider) => new(localOnlyDecider);

    /// <summary>By types.</summary>
    public static DeployableDecider From(Directive defaultDirective, params KeyValuePair<Type, Directive>[] pairs) => new(defaultDirective, pairs);

    /// <summary>By types.</summary>
    public static DeployableDecider From(Directive defaultDirective, IEnumerable<KeyValuePair<Type, Directive>> pairs) => new(defaultDirective, pairs);

    /// <summary>An entry of a decider by types.</summary>
    public static KeyValuePair<Type, Directive> When<TException>(this Directive self) where TException : Exception => new(typeof(TException), self);
}
