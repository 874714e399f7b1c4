using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Run;

/// <summary>How trainers that compute wrong bits are detected and handled.</summary>
[OptionGroup(
    MayChangeBecause = "they only affect how often computations are cross-checked and how a faulty trainer is handled")]
public sealed record AuditOptions : IOptions
{
    [Option("steps between audits, in which two trainers compute the same lane and compare hashes; one rollout is also sampled twice, and "
        + "all answers to its prompt are scored twice; 0: never")]
    public int Every { get; init; } = 20;

    [Option("memory corruptions a trainer may detect in its own memory before it is quarantined", Min = 1)]
    public int CorruptionLimit { get; init; } = 3;

    [Option("maximum number of quarantined trainers; with one more, the machine is considered faulty and the run ends")]
    public int QuarantineLimit { get; init; } = 8;
}
