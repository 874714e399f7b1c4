using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Chaos;

public enum FaultEffect
{
    /// <summary>An actor throws.</summary>
    Throw,

    /// <summary>An actor's thread stands still.</summary>
    Hang,

    Drop,

    /// <summary>A message is handled twice.</summary>
    Duplicate,

    /// <summary>A message is overtaken by those behind it.</summary>
    Defer,

    /// <summary>A trainer takes three times as long.</summary>
    Slow,

    /// <summary>One bit of a vector changes.</summary>
    Flip,

    /// <summary>One element of a vector becomes NaN.</summary>
    NotANumber,

    /// <summary>Batches become random tokens.</summary>
    Poison,

    Kill,

    /// <summary>The process is killed, and the newest checkpoint is cut short before it is started again.</summary>
    Tear,

    /// <summary>There is no room for a large file.</summary>
    FillDisk,

    /// <summary>The database does not answer.</summary>
    TakeDatabase,

    /// <summary>The wall clock is put forward, and later back.</summary>
    JumpClock,

    PressMemory,
}

/// <summary>A kind of fault, and what ActorTrain promises to do about it.</summary>
/// <param name="Role">The actor that it hits, or whose message triggers it.</param>
public sealed record ChaosKind(string Name, FaultEffect Effect, string Role, string What, string Answer)
{
    /// <summary>Trainers have numbers, and so have reducers; of the others there is one.</summary>
    public const string Trainer = "trainer", Reducer = "reducer", Supervisor = "supervisor", Trainers = "trainers", Spikes = "spikes",
        Checkpointer = "checkpointer",
        Journal = "journal", Metrics = "metrics", Anyone = "any";

    /// <summary>Where a bit is flipped: in the first of these that rests.</summary>
    public IReadOnlyList<FlatPlace> Places { get; init; } = [];

    /// <summary>Whether a decision shows the answer; null where the answer is that nothing need be decided.</summary>
    public Func<RunEvent, ChaosFault, ChaosFired, bool>? Shows { get; init; }

    /// <summary>How long it lasts unless a schedule says so; null where it does not last.</summary>
    public double? Seconds { get; init; }

    /// <summary>Whether a schedule may name the actor.</summary>
    public bool TakesActor => Role is Trainer or Reducer or Anyone;

    /// <summary>Whether a schedule may name the bit.</summary>
    public bool TakesBit => Effect is FaultEffect.Flip;

    /// <summary>Whether the process ends with it.</summary>
    public bool EndsProcess => Effect is FaultEffect.Kill or FaultEffect.Tear;
}
