using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Run;

/// <summary>How broken machines are found, and what becomes of them.</summary>
[OptionGroup(
    MayChangeBecause = "bits that are computed twice agree; it only says how often that is checked, and what happens to a faulty trainer")]
public sealed record AuditOptions : IOptions
{
    [Option("steps from one lane that two trainers compute, and compare by hash, to the next; 0: never")]
    public int Every { get; init; } = 20;

    [Option("how often a trainer may find corrupt bits in its own memory before it is quarantined", Min = 1)]
    public int CorruptionLimit { get; init; } = 3;

    [Option("trainers that may be quarantined; with one more the machine is not to be trusted, and the run ends")]
    public int QuarantineLimit { get; init; } = 8;
}
