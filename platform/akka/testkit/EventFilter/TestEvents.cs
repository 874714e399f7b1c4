using Akka.Actor;

namespace Akka.TestKit.TestEvent;

/// <summary>Published on the event stream to make <see cref="TestEventListener"/> use filters.</summary>
public sealed class Mute : INoSerializationVerificationNeeded
{
    /// <summary>Names the filters.</summary>
    public Mute(params IEventFilter[] filters) => Filters = filters;

    /// <summary>Names the filters.</summary>
    public Mute(IReadOnlyCollection<IEventFilter> filters) => Filters = filters;

    /// <summary>The filters.</summary>
    public IReadOnlyCollection<IEventFilter> Filters { get; }
}

/// <summary>Published on the event stream to make <see cref="TestEventListener"/> drop filters.</summary>
public sealed class Unmute : INoSerializationVerificationNeeded
{
    /// <summary>Names the filters.</summary>
    public Unmute(params IEventFilter[] filters) => Filters = filters;

    /// <summary>Names the filters.</summary>
    public Unmute(IReadOnlyCollection<IEventFilter> filters) => Filters = filters;

    /// <summary>The filters.</summary>
    public IReadOnlyCollection<IEventFilter> Filters { get; }
}
