using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Chaos;

public enum FaultEffect
{
    Throw,

    Hang,

    Drop,

    Duplicate,

    Defer,

    /// <summary>A trainer takes three times as long.</summary>
    Slow,

    Flip,

    NotANumber,

    Poison,

    Kill,

    /// <summary>The process is killed, and the newest checkpoint is truncated before the restart.</summary>
    Tear,

    FillDisk,

    TakeDatabase,

    JumpClock,

    PressMemory,
}

/// <summary>A kind of fault, and ActorTrain's promised response.</summary>
/// <param name="Role">The actor that it hits, or whose message triggers it.</param>
public sealed record ChaosKind(string Name, FaultEffect Effect, string Role, string What, string Answer)
{
    /// <summary>Trainers and reducers are numbered; of the others there is one each.</summary>
    public const string Trainer = "trainer", Reducer = "reducer", Supervisor = "supervisor", Trainers = "trainers", Spikes = "spikes",
        Checkpointer = "checkpointer",
        Journal = "journal", Metrics = "metrics", Anyone = "any";

    /// <summary>Where to flip a bit: in the first of these that is stored.</summary>
    public IReadOnlyList<FlatPlace> Places { get; init; } = [];

    /// <summary>Whether a decision shows the response; null if no decision is needed.</summary>
    public Func<RunEvent, ChaosFault, ChaosFired, bool>? Shows { get; init; }

    /// <summary>Default duration; null if it has none.</summary>
    public double? Seconds { get; init; }

    public bool TakesActor => Role is Trainer or Reducer or Anyone;

    public bool TakesBit => Effect is FaultEffect.Flip;

    public bool EndsProcess => Effect is FaultEffect.Kill or FaultEffect.Tear;
}
