using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.PostTraining;

/// <summary>What a worker computes with, all on the worker's thread: a model, a reward function, or a simulation.</summary>
public interface IWorkerDevice : IDisposable
{
    /// <summary>Whether orders are under way.</summary>
    bool HasWork { get; }

    /// <summary>The weights that it computes with, in memory of its own; null if it has none.</summary>
    FlatParameters? Parameters => null;

    /// <summary>Begins an order, beside those under way.</summary>
    /// <returns>Null, or one sentence why it cannot: the weights that it needs are gone or damaged.</returns>
    string? Begin(WorkerCommand order);

    /// <summary>Does the next piece of work: short, so that commands are handled between pieces.</summary>
    /// <returns>What is done, without who did it: the worker's name is filled in.</returns>
    IReadOnlyList<WorkerReport> Advance();

    /// <summary>Gives up all orders under way.</summary>
    void GiveUp();
}
