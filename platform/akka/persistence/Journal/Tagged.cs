using System.Collections.Immutable;

namespace Akka.Persistence.Journal;

/// <summary>An event with tags by which it can be found; the journal keeps the event and the tags apart.</summary>
/// <param name="payload">The event.</param>
/// <param name="tags">Its tags.</param>
public struct Tagged(object payload, IImmutableSet<string> tags)
{
    /// <summary>With any collection of tags.</summary>
    public Tagged(object payload, IEnumerable<string> tags)
        : this(payload, tags.ToImmutableHashSet())
    {
    }

    /// <summary>The event.</summary>
    public readonly object Payload => payload;

    /// <summary>Its tags.</summary>
    public readonly IImmutableSet<string> Tags => tags;
}
