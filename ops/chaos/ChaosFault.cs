using System.Globalization;

namespace ActorTrain.Chaos;

/// <summary>One fault of a schedule: when, what, to whom.</summary>
public sealed record ChaosFault
{
    /// <summary>Its number in the schedule, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Its kind; see <see cref="ChaosKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>It comes with the first message of its actor that belongs to this step, counted from 0, or to a later one.</summary>
    public long? Step { get; init; }

    /// <summary>Or it comes so many seconds after the run began.</summary>
    public double? After { get; init; }

    /// <summary>The actor it hits: a role, or with its number, as in <c>trainer-1</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>Whether another actor of the same role may stand in, should this one be gone.</summary>
    public bool MayStandIn { get; init; }

    /// <summary>How long it lasts, for those that last.</summary>
    public double Seconds { get; init; }

    /// <summary>Which bit of a vector is flipped, or which element of it becomes NaN; counted modulo its length.</summary>
    public long Bit { get; init; }

    /// <summary>The first poisoned position of the sample stream.</summary>
    public long FirstPosition { get; init; }

    /// <summary>How many follow one another.</summary>
    public long Positions { get; init; }

    /// <summary>Whether positions from one to before another hold a poisoned one.</summary>
    public bool IsPoisoned(long first, long end) => Positions > 0 && first < FirstPosition + Positions && FirstPosition < end;

    /// <summary>Whether it hits an actor of this name, which may be in a later life.</summary>
    public bool AppliesTo(string actor)
    {
        var parts = actor.Split('-');
        return parts[0] == Actor || (parts.Length > 1 && $"{parts[0]}-{parts[1]}" == Actor);
    }

    /// <summary>Whether another actor of this name may stand in for the one it is meant for.</summary>
    public bool MayApplyTo(string actor, long step) => MayStandIn && step >= Step + 3 && actor.Split('-')[0] == Actor.Split('-')[0];

    public override string ToString() => Step is { } step
        ? string.Create(CultureInfo.InvariantCulture, $"fault {Number}, {Kind} at step {step}")
        : string.Create(CultureInfo.InvariantCulture, $"fault {Number}, {Kind} after {After} s");
}

/// <summary>That a fault came to pass.</summary>
/// <param name="At">When, by the clock of the process that it befell.</param>
public sealed record ChaosFired(int Fault, DateTimeOffset At, long Step, string Actor, string What)
{
    /// <summary>For a torn checkpoint: its step.</summary>
    public long? TornStep { get; init; }
}
