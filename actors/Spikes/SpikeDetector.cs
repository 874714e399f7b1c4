using ActorTrain.Actors.Faults;
using ActorTrain.Actors.Protocol;
using Akka.Actor;

namespace ActorTrain.Actors.Spikes;

/// <summary>Judges steps by rules, apart from those who decide: a rule that fails takes nobody with it, and the next life of this actor is asked
/// again.</summary>
public sealed class SpikeDetector : BreakableActor
{
    private readonly IActorRef run;

    /// <summary>Makes a detector.</summary>
    /// <param name="detection">The rules.</param>
    /// <param name="run">Receives its <see cref="SpikeReport"/>s.</param>
    /// <param name="faults">What breaks it, under test.</param>
    public SpikeDetector(SpikeDetection detection, IActorRef run, IFaultInjector? faults = null)
        : base(faults)
    {
        ArgumentNullException.ThrowIfNull(detection);
        this.run = run;
        Receive<JudgeStep>(judge => run.Tell(new StepJudged(judge.Round, detection.Judge(judge.Signals, judge.Memory))));
    }

    /// <inheritdoc/>
    protected override void PreStart() => run.Tell(new SpikeDetectorStarted());
}
