using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Chaos;

public enum FaultEffect
{
    Throw,

    /// <summary>An actor's thread blocks.</summary>
    Hang,

    Drop,

    /// <summary>A message is handled twice.</summary>
    Duplicate,

    /// <summary>A message is overtaken by later ones.</summary>
    Defer,

    /// <summary>A trainer takes three times as long.</summary>
    Slow,

    /// <summary>One bit of a vector is flipped.</summary>
    Flip,

    NotANumber,

    /// <summary>Batches become random tokens.</summary>
    Poison,

    Kill,

    /// <summary>The process is killed, and the newest checkpoint is truncated before the restart.</summary>
    Tear,

    /// <summary>There is no room for a large file.</summary>
    FillDisk,

    /// <summary>The database is unavailable.</summary>
    TakeDatabase,

    /// <summary>The wall clock is put forward, and later back.</summary>
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

    /// <summary>Whether a schedule may name the actor.</summary>
    public bool TakesActor => Role is Trainer or Reducer or Anyone;

    /// <summary>Whether a schedule may name the bit.</summary>
    public bool TakesBit => Effect is FaultEffect.Flip;

    public bool EndsProcess => Effect is FaultEffect.Kill or FaultEffect.Tear;
}
