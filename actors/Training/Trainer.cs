using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models.Runtime;
using Akka.Actor;

namespace ActorTrain.Actors.Training;

/// <summary>Computes lanes on one device, on a thread of its own, and hears commands between two of them.</summary>
/// <remarks>What it does is in <see cref="TrainerLogic"/>. It owns its device, which is made and freed on its thread. Whatever goes wrong
/// is thrown: its supervisor ends this life and begins another.</remarks>
public sealed class Trainer : TracedActor
{
    private readonly TrainerLife life;
    private readonly Func<ITrainerDevice> makeDevice;
    private readonly int threads;
    private readonly IActorRef run;
    private ITrainerDevice? device;
    private TrainerLogic? logic;
    private long workNumber;
    private int computesOn;

    /// <param name="makeDevice">Makes its device, on its thread.</param>
    /// <param name="threads">Threads that its computations use, at least 1.</param>
    /// <param name="run">Who hears its <see cref="TrainerReport"/>s.</param>
    public Trainer(TrainerLife life, Func<ITrainerDevice> makeDevice, int threads, IActorRef run)
    {
        this.life = life;
        this.makeDevice = makeDevice;
        this.threads = threads;
        this.run = run;
        Receive<TrainerCommand>(command => Do(trainer => trainer.Handle(command)));
        Receive<Work>(work => work.Number == workNumber, _ => Do(static trainer => trainer.Work()));
        Receive<Work>(static _ => { });
    }

    protected override void PreStart()
    {
        if (life.IsAbandoned)
            return;
        SetThreads();
        device = makeDevice();
        logic = new TrainerLogic(life.Key, device, report => run.Tell(report));
    }

    protected override void PostStop() => device?.Dispose();

    // The number belongs to the thread, which a dispatcher may replace.
    private void SetThreads()
    {
        if (computesOn == Environment.CurrentManagedThreadId)
            return;
        computesOn = Environment.CurrentManagedThreadId;
        ComputeThreads.Set(threads);
    }

    // One that was given up while it hung does nothing more.
    private void Do(Action<TrainerLogic> act)
    {
        if (life.IsAbandoned || logic is null)
            return;
        SetThreads();
        act(logic);

        // Always anew, behind what has come in the meantime: a reminder that got lost is made good by the next command.
        workNumber++;
        if (logic.HasWork)
            Self.Tell(new Work(workNumber));
    }

    /// <summary>Do the next piece of what is owed.</summary>
    internal sealed record Work(long Number) : INoSerializationVerificationNeeded;
}
