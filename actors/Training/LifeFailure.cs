using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Supervision;
using ActorTrain.Models;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using Akka.Actor;

namespace ActorTrain.Actors.Training;

/// <summary>Why a life of a trainer, or of a worker of rollouts, ended, wherever it was hosted.</summary>
/// <param name="Reason">A sentence.</param>
/// <param name="Damage">The corruption that ended it.</param>
/// <param name="ForMemory">Whether it ran out of memory.</param>
public sealed record LifeFailure(string Reason, FoundDamage? Damage = null, bool ForMemory = false)
{
    /// <summary>Whether its node ended or left, or it is to live elsewhere; it did not fail itself.</summary>
    public NodeEnd? Node { get; init; }

    /// <param name="failure">Null if the actor stopped without one.</param>
    public static LifeFailure Of(Exception? failure)
    {
        if (failure is ActorInitializationException { InnerException: { } cause })
            failure = cause;
        return failure is null ? new LifeFailure("It stopped.")
            : new LifeFailure(ReportingStrategy.Sentence(failure), DamageOf(failure), MemoryExhaustion.IsCauseOf(failure));
    }

    private static FoundDamage? DamageOf(Exception failure) => failure switch
    {
        CorruptionException { Place: FlatPlace.TotalGradient or FlatPlace.PublishedWeights } => FoundDamage.Shared,
        CorruptionException => FoundDamage.Own,
        UnequalRolloutException => FoundDamage.Rollouts,
        _ => null,
    };
}

/// <summary>How a node ended for the run.</summary>
public enum NodeEnd
{
    Lost,

    /// <summary>On request, in order.</summary>
    Left,

    /// <summary>Not at all: another node has room for the life.</summary>
    Moved,
}

/// <summary>A life on a node ended; tells its supervisor why, and then stops.</summary>
public sealed record TrainerEnded(TrainerKey Trainer, LifeFailure Failure) : INoSerializationVerificationNeeded;
