using System.Globalization;

namespace ActorTrain.Chaos;

public sealed record ChaosFault
{
    /// <summary>From 1.</summary>
    public required int Number { get; init; }

    /// <summary>See <see cref="ChaosKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Applied at the actor's first message of this step, counted from 0, or of a later one.</summary>
    public long? Step { get; init; }

    /// <summary>Or applied this many seconds after the run began.</summary>
    public double? After { get; init; }

    /// <summary>The target: a role, or with a number, such as <c>trainer-1</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>Whether another actor of the same role may be hit if this one is gone.</summary>
    public bool MayStandIn { get; init; }

    /// <summary>Duration, if the kind has one.</summary>
    public double Seconds { get; init; }

    /// <summary>The bit of a vector to flip, or the element to make NaN; modulo its length.</summary>
    public long Bit { get; init; }

    /// <summary>The first poisoned position of the sample stream.</summary>
    public long FirstPosition { get; init; }

    /// <summary>Number of consecutive poisoned positions.</summary>
    public long Positions { get; init; }

    /// <summary>Whether [first, end) contains a poisoned position.</summary>
    public bool IsPoisoned(long first, long end) => Positions > 0 && first < FirstPosition + Positions && FirstPosition < end;

    /// <summary>Whether it hits an actor of this name, in any life.</summary>
    public bool AppliesTo(string actor)
    {
        var parts = actor.Split('-');
        return parts[0] == Actor || (parts.Length > 1 && $"{parts[0]}-{parts[1]}" == Actor);
    }

    /// <summary>Whether another actor of this name may be hit instead.</summary>
    public bool MayApplyTo(string actor, long step) => MayStandIn && step >= Step + 3 && actor.Split('-')[0] == Actor.Split('-')[0];

    public override string ToString() => Step is { } step
        ? string.Create(CultureInfo.InvariantCulture, $"fault {Number}, {Kind} at step {step}")
        : string.Create(CultureInfo.InvariantCulture, $"fault {Number}, {Kind} after {After} s");
}

/// <summary>A fault that was applied.</summary>
/// <param name="At">By the clock of its process.</param>
public sealed record ChaosFired(int Fault, DateTimeOffset At, long Step, string Actor, string What)
{
    public long? TornStep { get; init; }
}
