using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models.Runtime;
using ActorTrain.Persistence.Journal;
using Akka.Actor;

namespace ActorTrain.Actors.PostTraining;

/// <summary>One life of a worker. Shared without messages, since a worker that hangs handles none.</summary>
public sealed class WorkerLife(ActorId worker)
{
    private volatile bool isAbandoned;

    public ActorId Worker => worker;

    /// <summary>Whether it was given up: if it returns from a hang, it only frees its memory.</summary>
    public bool IsAbandoned => isAbandoned;

    public void Abandon() => isAbandoned = true;
}

/// <summary>Samples, scores or compares rollouts, on a thread of its own, and handles orders between pieces of work.</summary>
/// <remarks>Its logic is in <see cref="WorkerLogic"/>. It owns its device, which is made and freed on its thread. Every failure is thrown:
/// its supervisor begins another life.</remarks>
public sealed class RolloutWorker : TracedActor
{
    private readonly WorkerLife life;
    private readonly Func<IWorkerDevice> makeDevice;
    private readonly int threads;
    private readonly IActorRef supervisor;
    private IWorkerDevice? device;
    private WorkerLogic? logic;
    private long workNumber;
    private int computesOn;

    /// <param name="makeDevice">Called on its thread.</param>
    /// <param name="threads">Threads for computations, at least 1.</param>
    /// <param name="supervisor">Receives its <see cref="WorkerReport"/>s.</param>
    public RolloutWorker(WorkerLife life, Func<IWorkerDevice> makeDevice, int threads, IActorRef supervisor)
    {
        (this.life, this.makeDevice, this.threads, this.supervisor) = (life, makeDevice, threads, supervisor);
        Receive<WorkerCommand>(command => Do(worker => worker.Handle(command)));
        Receive<Work>(work => work.Number == workNumber, _ => Do(static worker => worker.Work()));
        Receive<Work>(static _ => { });
    }

    protected override void PreStart()
    {
        if (life.IsAbandoned)
            return;
        SetThreads();
        device = makeDevice();
        logic = new WorkerLogic(life.Worker, device, report => supervisor.Tell(report));
    }

    protected override void PostStop() => device?.Dispose();

    // The setting belongs to the thread, which a dispatcher may replace.
    private void SetThreads()
    {
        if (computesOn == Environment.CurrentManagedThreadId)
            return;
        computesOn = Environment.CurrentManagedThreadId;
        ComputeThreads.Set(threads);
    }

    private void Do(Action<WorkerLogic> act)
    {
        if (life.IsAbandoned || logic is null)
            return;
        SetThreads();
        act(logic);

        // Always sent anew, behind newly arrived orders.
        workNumber++;
        if (logic.HasWork)
            Self.Tell(new Work(workNumber));
    }

    internal sealed record Work(long Number) : INoSerializationVerificationNeeded;
}
