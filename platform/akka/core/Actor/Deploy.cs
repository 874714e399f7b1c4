namespace Akka.Actor;

/// <summary>How and where an actor is to run.</summary>
public sealed class Deploy : IEquatable<Deploy>
{
    /// <summary>Runs in this process with the settings of its kind.</summary>
    public static readonly Deploy Local = new();

    /// <summary>No dispatcher was named.</summary>
    public static readonly string NoDispatcherGiven = string.Empty;

    /// <summary>No mailbox was named.</summary>
    public static readonly string NoMailboxGiven = string.Empty;

    /// <summary>No bound of the stash was named.</summary>
    public const int NoStashSize = -1;

    /// <summary>Nothing named.</summary>
    public Deploy()
    {
    }

    private Deploy(string dispatcher, string mailbox, int stashCapacity)
    {
        Dispatcher = dispatcher;
        Mailbox = mailbox;
        StashCapacity = stashCapacity;
    }

    /// <summary>The path of the dispatcher's settings; empty where none is named.</summary>
    public string Dispatcher { get; } = "";

    /// <summary>The path of the mailbox's settings; empty where none is named.</summary>
    public string Mailbox { get; } = "";

    /// <summary>How many messages the stash holds; -1 where nothing is said.</summary>
    public int StashCapacity { get; } = NoStashSize;

    /// <summary>The same with a dispatcher.</summary>
    public Deploy WithDispatcher(string dispatcher) => new(dispatcher, Mailbox, StashCapacity);

    /// <summary>The same with a mailbox.</summary>
    public Deploy WithMailbox(string mailbox) => new(Dispatcher, mailbox, StashCapacity);

    /// <summary>The same with a bound of the stash.</summary>
    public Deploy WithStashCapacity(int stashSize) => new(Dispatcher, Mailbox, stashSize);

    /// <inheritdoc />
    public bool Equals(Deploy other)
        => other is not null && Dispatcher == other.Dispatcher && Mailbox == other.Mailbox && StashCapacity == other.StashCapacity;

    /// <inheritdoc />
    public override bool Equals(object obj) => Equals(obj as Deploy);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Dispatcher, Mailbox, StashCapacity);
}
