using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using Akka.Actor;

namespace ActorTrain.Actors.Spikes;

/// <summary>Judges steps by rules, isolated from the decisions: a rule that fails ends only this actor, and its next life is asked
/// again.</summary>
public sealed class SpikeDetector : TracedActor
{
    private readonly IActorRef run;

    /// <param name="run">Receives its <see cref="SpikeReport"/>s.</param>
    public SpikeDetector(SpikeDetection detection, IActorRef run)
    {
        ArgumentNullException.ThrowIfNull(detection);
        this.run = run;
        Receive<JudgeStep>(judge => run.Tell(new StepJudged(judge.Round, detection.Judge(judge.Signals, judge.Memory))));
    }

    protected override void PreStart() => run.Tell(new SpikeDetectorStarted());
}
