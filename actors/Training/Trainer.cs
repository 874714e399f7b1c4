using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models.Runtime;
using Akka.Actor;

namespace ActorTrain.Actors.Training;

/// <summary>Computes lanes on one device, on a thread of its own, and handles commands between lanes.</summary>
/// <remarks>Its logic is in <see cref="TrainerLogic"/>. It owns its device, which is made and freed on its thread. Every failure is thrown:
/// its supervisor ends this life and begins another.</remarks>
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

    // Whether it is in the midst of a command, or has thrown there: then nobody knows its state.
    private bool isAtWork;

    /// <param name="makeDevice">Called on its thread.</param>
    /// <param name="threads">Threads for computations, at least 1.</param>
    /// <param name="run">Receives its <see cref="TrainerReport"/>s.</param>
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

    protected override void PostStop()
    {
        try
        {
            if (!isAtWork && life.Retain is { } retain && logic is { Record: { } record })
                retain(device!, logic.Step, record);
        }
        finally
        {
            device?.Dispose();
        }
    }

    // The setting belongs to the thread, which a dispatcher may replace.
    private void SetThreads()
    {
        if (computesOn == Environment.CurrentManagedThreadId)
            return;
        computesOn = Environment.CurrentManagedThreadId;
        ComputeThreads.Set(threads);
    }

    // A trainer that was abandoned while it hung does nothing more.
    private void Do(Action<TrainerLogic> act)
    {
        if (life.IsAbandoned || logic is null)
            return;
        SetThreads();
        isAtWork = true;
        act(logic);
        isAtWork = false;

        // Always resent, behind newly arrived commands; a lost reminder is replaced at the next command.
        workNumber++;
        if (logic.HasWork)
            Self.Tell(new Work(workNumber));
    }

    internal sealed record Work(long Number) : INoSerializationVerificationNeeded;
}
